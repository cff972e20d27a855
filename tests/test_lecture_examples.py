"""Sixteen worked examples with answers that are known to the printed digit."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim


def printed(value, expected, digits=9):
    """Equal to what is printed with so many digits after the point, the last of them rounded or cut."""
    np.testing.assert_allclose(value, expected, rtol=0, atol=10.0**-digits)


ONE_VARIABLE = [
    ("2: u⁵, u = 2x+1", lambda x: (2 * x + 1) ** 5, 1.0, 810.0),
    ("2: sin(x²)", lambda x: np.sin(x**2), 1.0, np.cos(1.0) * 2),
    ("3: u·u, u = 3x+2", lambda x: (3 * x + 2) * (3 * x + 2), 1.0, 30.0),
    ("4: ab, a = x², b = sin x", lambda x: x**2 * np.sin(x), 1.0, 2.223244275),
    ("6: f = x²y, y = x³, in total", lambda x: x**2 * x**3, 1.5, 5 * 1.5**4),
    ("7: σ", ops.sigmoid, 0.3, 0.2444583),
    ("7: 1/(1+e⁻ˣ)", lambda x: 1 / (1 + np.exp(-x)), 0.3, 0.2444583),
    ("7: softplus(wx+b) by w", lambda w: ops.softplus(w * 2.0 - 0.25), 0.5, 2 / (1 + np.exp(-0.75))),
    ("16: x·eˣ, first", lambda x: x * np.exp(x), 1.0, 2 * np.e),
    ("16: x·eˣ, second", cr.grad(lambda x: x * np.exp(x)), 1.0, 3 * np.e),
]


@pytest.mark.parametrize(("f", "x", "expected"), [case[1:] for case in ONE_VARIABLE], ids=[c[0] for c in ONE_VARIABLE])
def test_functions_of_one_variable(f, x, expected):
    printed(cr.grad(f)(x), expected, digits=7)


def test_1_xyz():
    assert cr.grad(lambda r, s: r * (r * s) * s, argnums=(0, 1))(2.0, 3.0) == (36.0, 24.0)


def test_3_the_same_node_twice_is_two_edges():
    def f(x):
        u = 3 * x + 2
        return u * u

    assert cr.grad(f)(1.0) == 30.0


def test_5_two_paths_from_b():
    def f(a, b):
        c, d = a + b, b + 1
        return c * d

    assert cr.grad(f, argnums=(0, 1))(2.0, 1.0) == (2.0, 5.0)


def test_6_partial_is_not_total():
    x = 1.5
    assert cr.grad(lambda x, y: x**2 * y)(x, x**3) == 2 * x * x**3
    np.testing.assert_allclose(cr.grad(lambda x: x**2 * x**3)(x), 5 * x**4, rtol=1e-15)


def test_8_one_neuron():
    net = nn.Network(1, [nn.Dense(1, "sigmoid", weights=[[0.5]], biases=[-0.25])], dtype="float64")
    t = net.backpropagate([2.0], [1.0])
    printed(t.a[1], 0.679178699)
    printed(t.loss, 0.051463154)
    printed(t.delta[1], -0.069905355)
    printed(t.grad.W[1], -0.139810711)


def test_9_softmax_and_cross_entropy():
    net = nn.Network(3, [nn.Dense(3, weights=np.eye(3))], loss="cross_entropy", dtype="float64")
    z = [2.0, 1.0, 0.1]
    t = net.backpropagate(z, 0)
    printed(net.predict_proba(z), [0.659001139, 0.242432971, 0.098565890])
    printed(t.loss, 0.417030016)
    printed(t.delta[1], [-0.340998861, 0.242432971, 0.098565890])


@pytest.fixture
def two_two_one():
    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")], loss="half_squared", dtype="float64")
    net.set_parameters(weights=[[[0.2, -0.4], [0.6, 0.1]], [[0.5, -0.3]]], biases=[[0.1, -0.2], [0.05]])
    return net


def test_10_one_step_of_a_network_with_numbers(two_two_one):
    net, x, y = two_two_one, np.array([1.0, 0.5]), np.array([1.0])
    t = net.backpropagate(x, y)
    printed(t.z[1], [0.1, 0.45], 6)
    printed(t.a[1], [0.099668, 0.421899], 6)
    printed(t.z[2], -0.026736, 6)
    printed(t.a[2], 0.493316, 6)
    printed(t.loss, 0.128364, 6)
    printed(t.delta[2], -0.126648, 6)
    printed(t.grad.W[2], [[-0.012623, -0.053433]], 6)
    printed(t.grad.b[2], -0.126648, 6)
    printed(t.delta[1], [-0.062695, 0.031232], 6)
    printed(t.grad.W[1], [[-0.062695, -0.031348], [0.031232, 0.015616]], 6)
    printed(-0.5 * sum(np.sum(g**2) for g in [*t.grad.W.values(), *t.grad.b.values()]), -0.015046, 6)
    net.fit(x[None], y[None], optimizer=optim.SGD(0.5), epochs=1, batch_size=1, progress=False)
    printed(net.weights[1], [[0.506311, -0.273284]], 6)
    printed(net.biases[1], 0.113324, 6)
    printed(net.weights[0], [[0.231348, -0.384326], [0.584384, 0.092192]], 6)
    printed(net.biases[0], [0.131348, -0.215616], 6)
    printed(net.backpropagate(x, y).loss, 0.113826, 6)


def two_two_two_loss(W, x, t):
    hidden = ops.sigmoid(x @ np.transpose(W[0]) + 0.35)
    output = ops.sigmoid(hidden @ np.transpose(W[1]) + 0.60)
    return 0.5 * np.sum((output - t) ** 2, axis=-1)


def test_11_two_two_two_with_frozen_biases():
    W = [np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])]
    x, target = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    layers = [nn.Dense(2, "sigmoid", weights=w, biases=[b, b]) for w, b in zip(W, (0.35, 0.60), strict=True)]
    t = nn.Network(2, layers, dtype="float64").backpropagate(x[0], target[0])
    printed(t.loss, 0.298371109)
    printed(t.delta[2], [0.138498562, -0.038098236])
    printed(t.delta[1], [0.008771355, 0.009954255])

    def train(steps):
        options = {"optimizer": optim.SGD(0.5), "epochs": 1, "order": [[0] * steps], "batch_size": 1, "progress": False}
        return cr.fit(two_two_two_loss, W, (x, target), **options).parameters

    first, second = train(1)
    printed(second.ravel(), [0.358916480, 0.408666186, 0.511301270, 0.561370121])
    printed(first.ravel(), [0.149780716, 0.199561432, 0.249751144, 0.299502287])
    printed(two_two_two_loss([first, second], x, target), 0.291027774)
    printed(two_two_two_loss(train(10_000), x, target), 3.5102e-5, 9)


def test_12_ten_sigmoids_in_a_chain():
    net = nn.Network(1, [nn.Dense(1, "sigmoid", weights=[[1.0]]) for _ in range(10)], dtype="float64")
    t = net.backpropagate([0.0], [0.0])
    factors = [float((t.a[layer] * (1 - t.a[layer]))[0]) for layer in range(1, 11)]
    printed(factors[0], 0.25, 6)
    printed(factors[1:3], [0.235004, 0.227266], 6)
    printed(factors[9], 0.224704, 6)
    printed(np.prod(factors), 3.875220232e-7, 16)

    def chain(x):
        for _ in range(10):
            x = ops.sigmoid(x)
        return x

    printed(cr.grad(chain)(0.0), 3.875220232e-7, 16)


def test_13_where_around_a_logarithm_needs_a_second_where():
    x = np.array([0.0, 2.0])

    def once(x):
        return np.where(x > 0, np.log(x), 0)

    def twice(x):
        positive = x > 0
        return np.where(positive, np.log(np.where(positive, x, 1)), 0)

    with np.errstate(divide="ignore"):
        printed(once(x), [0, 0.693147181])
    printed(twice(x), [0, 0.693147181])
    slope = cr.grad(lambda x: np.sum(once(x)))(x)
    assert np.isnan(slope[0])
    assert slope[1] == 0.5
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(twice(x)))(x), [0, 0.5])


def test_14_binary_cross_entropy_needs_the_fused_form():
    z = np.float32(40)
    a = ops.sigmoid(z)
    assert a == 1
    with np.errstate(divide="ignore"):
        assert -np.log(1 - a) == np.inf
    net = nn.Network(1, [nn.Dense(1, weights=[[1.0]])], loss="binary_cross_entropy")
    t = net.backpropagate([z], [0.0])
    assert t.loss == 40
    assert t.delta[1] == 1


def test_15_dead_relu_cuts_the_path():
    net = nn.Network(2, [nn.Dense(1, "relu", weights=[[-1.0, -0.5]], biases=[0.5])], dtype="float64")
    t = net.backpropagate([1.0, 2.0], [1.0])
    assert (t.z[1], t.a[1]) == (-1.5, 0)
    assert not any(np.any(g) for g in (t.delta[1], t.grad.W[1], t.grad.b[1], t.grad.x))
    assert cr.grad(ops.relu)(0.0) == 0


def test_16_first_step_of_adam():
    W = np.zeros(2)
    gradient = np.array([0.3, -0.002])
    adam = optim.Adam(0.001)
    moved, _ = adam.update(W, gradient, adam.initialise(W), 0, 1)
    printed(moved, [-0.001000000, 0.000999995])
    options = {"optimizer": adam, "epochs": 1, "progress": False}
    fitted = cr.fit(lambda W, g: np.sum(W * g, axis=-1), W, gradient[None], **options)
    printed(fitted.parameters, [-0.001000000, 0.000999995])


def test_the_calls_of_the_first_page_work_as_written():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    value, (dX, dY) = cr.value_and_grad(lambda x, y: np.sum(np.tanh(x @ y)), argnums=(0, 1))(X, Y)
    slope = 1 - np.tanh(X @ Y) ** 2
    np.testing.assert_allclose(value, np.tanh(X @ Y).sum())
    np.testing.assert_allclose(dX, slope @ Y.T)
    np.testing.assert_allclose(dY, X.T @ slope)

    X, y = rng.normal(size=(200, 784)), rng.integers(10, size=200)
    net = nn.Network(784, [nn.Dense(128, "relu"), nn.Dense(64, "relu"), nn.Dense(10)], loss="cross_entropy", seed=0)
    net.fit(X, y, optimizer=optim.Adam(1e-3), epochs=3, batch_size=64, progress=False)
    assert net.predict(X).shape == (200,)
    assert net.outputs(X).shape == (200, 10)
    assert net.history["loss"][-1] < net.history["loss"][0]

    hw = nn.Network(2, [nn.Dense(3, "sigmoid"), nn.Dense(2, "sigmoid")], loss="half_squared", dtype="float64")
    W1, W2, b1, b2 = rng.normal(size=(3, 2)), rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=2)
    hw.set_parameters(weights=[W1, W2], biases=[b1, b2])
    for read, given in zip([*hw.weights, *hw.biases], [W1, W2, b1, b2], strict=True):
        np.testing.assert_array_equal(read, given)
    X, Y = rng.normal(size=(20, 2)), np.eye(2)[rng.integers(2, size=20)]
    order = [rng.permutation(20) for _ in range(5)]
    hw.fit(X, Y, optimizer=optim.SGD(0.25), epochs=5, batch_size=1, order=order, l2=0.2, progress=False)
    t = hw.backpropagate(X[0], Y[0])
    shapes = [v.shape for v in (t.z[1], t.a[0], t.delta[2], t.grad.W[1], t.grad.b[2], t.grad.x)]
    assert shapes == [(3,), (2,), (2,), (3, 2), (2,), (2,)]
