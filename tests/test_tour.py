"""The two-minute tour: what a newcomer tries first, each line with its answer."""

from __future__ import annotations

import numpy as np

import chainrule as cr


def test_a_derivative():
    assert cr.grad(lambda x: x**3)(2.0) == 12


def test_a_gradient_of_plain_numpy_code():
    X, Y = np.ones((2, 3)), np.full((3, 2), 0.1)
    value, (by_x, by_y) = cr.value_and_grad(lambda x, y: np.sum(np.tanh(x @ y)), argnums=(0, 1))(X, Y)
    slope = 1 - np.tanh(0.3) ** 2
    np.testing.assert_allclose(value, 4 * np.tanh(0.3))
    np.testing.assert_allclose(by_x, np.full((2, 3), 0.2 * slope))
    np.testing.assert_allclose(by_y, np.full((3, 2), 2 * slope))


def test_second_derivatives():
    assert cr.grad(cr.grad(np.sin))(0.5) == -np.sin(0.5)
    np.testing.assert_array_equal(cr.hessian(lambda x: x @ x)(np.ones(2)), 2 * np.eye(2))


def test_a_network_in_five_lines_learns_exclusive_or():
    rng = np.random.default_rng(0)
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])
    p = {"W1": rng.normal(size=(2, 8)), "b1": np.zeros(8), "W2": rng.normal(size=8), "b2": 0.0}
    output = lambda p: cr.ops.sigmoid(np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])
    loss = cr.grad(lambda p: np.mean((output(p) - y) ** 2))
    for _ in range(300):
        gradient = loss(p)
        p = {name: p[name] - 2 * gradient[name] for name in p}
    np.testing.assert_array_equal(np.round(output(p)), y)


def test_a_graph_can_be_read():
    graph = cr.trace(lambda x, w: np.tanh(x @ w), np.ones(3), np.ones((3, 2)))
    assert "tanh" in str(graph)
    assert str(graph).startswith("f(x: f64[3], w: f64[3,2]) -> f64[2]")


def test_back_propagation_shows_its_steps():
    _, derivation = cr.backprop(cr.trace(lambda x: np.exp(np.sin(x)), 1.0))
    assert [step.node.op.name for step in derivation.steps] == ["exp", "sin", "input"]
