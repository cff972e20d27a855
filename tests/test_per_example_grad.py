"""Gradients of single examples: those of a loop over the rows, bit for bit nothing else."""

import copy

import numpy as np
import pytest

import chainrule as cr
from chainrule import tree
from chainrule.errors import ArgumentError, TraceError

RNG = np.random.default_rng(0)
PARAMETERS = {"W": RNG.normal(size=(7, 5)), "rest": [{"b": RNG.normal(size=5)}, RNG.normal(size=(5,))]}
X, Y = RNG.normal(size=(11, 7)), RNG.normal(size=11)
EXECUTORS = pytest.mark.parametrize("executor", ["engine", "reference"])


def loss(p, x, y):
    b, v = p["rest"][0]["b"], p["rest"][1]
    return (np.tanh(x @ p["W"] + b) @ v - y) ** 2


def assert_trees_close(actual, expected, rtol=1e-12):
    tree.require_same_structure(actual, expected)
    for a, b in zip(tree.leaves(actual), tree.leaves(expected), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@EXECUTORS
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_it_is_the_gradient_of_every_row(monkeypatch, executor, dtype):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    p, x, y = tree.map_leaves(lambda a: a.astype(dtype), (PARAMETERS, X, Y))
    gradients = cr.per_example_grad(loss)(p, x, y)
    rows = [cr.grad(loss)(p, x[i], y[i]) for i in range(len(x))]
    stacked = tree.map_leaves(lambda *leaves: np.stack(leaves), *rows)
    assert_trees_close(gradients, stacked, 1e-12 if dtype == "float64" else 1e-4)


def test_a_dense_layer_has_outer_products():
    """∂ℒ/∂W of one example is a δᵀ, by hand."""
    x, y = X, Y[:, None] * np.ones(5)
    W = PARAMETERS["W"]
    gradients = cr.per_example_grad(lambda W, x, y: np.sum((x @ W - y) ** 2) / 2)(W, x, y)
    np.testing.assert_allclose(gradients, X[:, :, None] * (X @ W - y)[:, None, :], rtol=1e-12)


def test_they_add_up_to_the_gradient_of_the_sum():
    gradients = cr.per_example_grad(loss)(PARAMETERS, X, Y)

    def total(p):
        return sum(loss(p, x, y) for x, y in zip(X, Y, strict=True))

    assert_trees_close(tree.map_leaves(lambda g: g.sum(axis=0), gradients), cr.grad(total)(PARAMETERS))


def test_any_arguments_may_be_the_differentiated_ones():
    x, W, b = X, PARAMETERS["W"], np.ones(5)
    f = lambda batch, W, b: np.sum(np.sin(batch["x"] @ W + b) * batch["i"])
    batch = {"x": x, "i": np.arange(11)}
    by_W, by_b = cr.per_example_grad(f, argnums=(1, 2))(batch, W, b)
    assert (by_W.shape, by_b.shape) == ((11, 7, 5), (11, 5))
    row = {"x": x[3], "i": batch["i"][3]}
    np.testing.assert_allclose(by_W[3], cr.grad(f, 1)(row, W, b), rtol=1e-12)
    np.testing.assert_allclose(by_b[3], cr.grad(f, 2)(row, W, b), rtol=1e-12)


def test_indices_are_examples_too():
    table = RNG.normal(size=(4, 3))
    gradients = cr.per_example_grad(lambda t, i: np.sum(t[i] ** 2))(table, np.array([2, 0, 2]))
    for gradient, i in zip(gradients, (2, 0, 2), strict=True):
        expected = np.zeros((4, 3))
        expected[i] = 2 * table[i]
        np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_one_example_and_none():
    one = cr.per_example_grad(loss)(PARAMETERS, X[:1], Y[:1])
    assert_trees_close(tree.map_leaves(lambda g: g[0], one), cr.grad(loss)(PARAMETERS, X[0], Y[0]))
    none = cr.per_example_grad(loss)(PARAMETERS, X[:0], Y[:0])
    assert [g.shape for g in tree.leaves(none)] == [(0, 7, 5), (0, 5), (0, 5)]


def test_results_stay_when_it_is_called_again():
    f = cr.per_example_grad(loss)
    first = f(PARAMETERS, X, Y)
    kept = tree.map_leaves(np.copy, first)
    f(PARAMETERS, -X, Y)
    assert_trees_close(first, kept, 0)


def test_a_copy_computes_the_same():
    f = cr.per_example_grad(loss)
    assert_trees_close(copy.copy(f)(PARAMETERS, X, Y), f(PARAMETERS, X, Y), 0)


def test_what_is_wrong_is_refused():
    f = cr.per_example_grad(loss)
    with pytest.raises(ArgumentError, match=r"batches with one row .* argument 1 \[11, 7\], argument 2 \[10\]"):
        f(PARAMETERS, X, Y[:10])
    with pytest.raises(ArgumentError, match=r"argument 2 \[\]"):
        f(PARAMETERS, X, 1.0)
    with pytest.raises(ArgumentError, match="got none"):
        cr.per_example_grad(lambda p: np.sum(p))(X)
    with pytest.raises(ArgumentError, match="returns one float number"):
        cr.per_example_grad(lambda p, x: p * x)(np.ones(7), X)
    with pytest.raises(TraceError, match="cannot be recorded"):
        cr.grad(lambda p: np.sum(cr.per_example_grad(lambda q, x: q @ x)(p, X)))(np.ones(7))
