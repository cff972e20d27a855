"""Bounds for rounding: every float32 result lies within its bound of the float64 one, and no bound says nothing."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference
from chainrule.graph import Kind
from chainrule.transforms.rounding import bounded, with_bounds
from op_cases import CASES


def compared(f, *arrays):
    """A function's results in float32 and in float64, each of the same float32 numbers, and the bounds of the first."""
    narrow = [np.asarray(x, np.float32) if np.asarray(x).dtype.kind == "f" else np.asarray(x) for x in arrays]
    wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in narrow]
    found, bound = bounded(f, narrow)
    (exact,) = reference.as_function(cr.trace(f, *wide))(wide)
    return found, exact, bound


def within(f, *arrays):
    """Assert that a function's float32 result is within its bound, and return the bound."""
    found, exact, bound = compared(f, *arrays)
    assert np.all(np.abs(found.astype(np.float64) - exact) <= bound), (found, exact, bound)
    return bound


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_operation_is_within_its_bound(case):
    arrays = case.arguments(np.float32)
    found, exact, bound = compared(case.traced, *arrays)
    if found.dtype.kind == "f" and not case.op.startswith("sparse"):
        assert np.all(np.abs(found.astype(np.float64) - exact.astype(np.float64)) <= bound)
        assert np.all(bound <= 1e-4 * (np.abs(exact) + 10))


@pytest.mark.parametrize("seed", range(20))
def test_what_cancels_keeps_the_error_of_its_operands(seed):
    """p − y of a softmax that is all but sure: p − 1 has no digit that is right, and the bound says so."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 12, (5, 4))
    y = np.eye(4)[np.argmax(logits, axis=1)]
    bound = within(lambda z: ops.softmax(z) - y.astype(z.dtype), logits)
    sure = np.argmax(logits, axis=1)[:, None]
    assert np.all(np.take_along_axis(bound, sure, 1) > np.finfo(np.float32).eps / 2)
    assert np.all(bound < 1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_through_layers_and_their_derivatives(seed):
    random = np.random.default_rng(seed)
    W, V, x = random.normal(size=(6, 9)), random.normal(size=(3, 6)), random.normal(size=(4, 9))

    def loss(W, V, x):
        return np.sum(ops.logsumexp(np.tanh(ops.relu(x @ W.T)) @ V.T, axis=1) ** 2)

    for position in range(3):
        bound = within(lambda *args, position=position: cr.grad(loss, position)(*args), W, V, x)
        assert np.max(bound) < 0.05


def test_a_comparison_closer_than_rounding_is_undecided():
    """x − x/3·3 is a rounding error, of either sign; so relu lets it through or does not."""
    x = np.linspace(0.1, 3, 50)
    within(lambda x: np.where(x / 3 * 3 - x < 0, 0, x), x)
    within(lambda x: np.sign(x / 3 * 3 - x), x)
    within(lambda x: np.floor(x / 3 * 3 / x), x)
    _, decided = bounded(lambda x: np.where(x < 1, 0, x), [np.array([0.5, 2.0], np.float32)])
    assert decided.tolist() == [0, 0]


def test_the_bounds_of_the_inputs_go_through():
    run = reference.as_function(with_bounds(cr.trace(lambda x: 3 * x * x, 2.0)))
    value, bound = run([2.0, 0.01])
    assert value == 12
    assert bound == pytest.approx(0.12, rel=1e-9)


def test_an_operation_whose_rounding_is_unknown_is_not_trusted():
    node = cr.trace(lambda x: ops.sparse_matmul(np.ones(1), [0], [0, 1], [0], x), np.ones((1, 2))).outputs[0]
    assert node.op.kind is Kind.CONTRACTION
    assert np.all(bounded(lambda x: ops.sparse_matmul(np.ones(1), [0], [0, 1], [0], x), [np.ones((1, 2))])[1] == np.inf)
