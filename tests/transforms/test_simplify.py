"""The named rewrites: each alone keeps every bit, and none drops a nan or the sign of a zero."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import GraphError
from chainrule.transforms import simplify
from chainrule.transforms.rules import REWRITES, Rewrite

SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan])


def names(graph):
    return [node.op.name for node in graph.nodes]


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda x: x * 1, ["input"]),
        (lambda x: 1 * x, ["input"]),
        (lambda x: x / 1, ["input"]),
        (lambda x: np.negative(-x), ["input"]),
        (lambda x: x + (-x), ["input", "subtract"]),
        (lambda x: x - (-x), ["input", "add"]),
        (lambda x: np.reshape(np.reshape(x, (7, 1)), (7,)), ["input"]),
        (lambda x: np.transpose(np.transpose(x)), ["input"]),
        (lambda x: x * (np.float64(2) * 3), ["input", "constant", "broadcast", "multiply"]),
    ],
    ids=["x·1", "1·x", "x/1", "−(−x)", "x + (−x)", "x − (−x)", "reshape twice", "transpose twice", "2·3"],
)
def test_what_can_be_simpler_is(function, left):
    graph = simplify(cr.trace(function, SPECIAL))
    graph.verify()
    assert sorted(names(graph)) == sorted(left)
    bits(graph, cr.trace(function, SPECIAL))


@pytest.mark.parametrize(
    "function",
    [lambda x: x * 0, lambda x: x + 0, lambda x: 0 - x, lambda x: x - x, lambda x: x / x, lambda x: np.abs(x) * -1],
    ids=["x·0", "x + 0", "0 − x", "x − x", "x/x", "−|x|"],
)
def test_what_would_drop_a_nan_or_a_sign_is_left_alone(function):
    bits(simplify(cr.trace(function, SPECIAL)), cr.trace(function, SPECIAL))


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.name)
def test_each_rewrite_alone_keeps_every_bit_of_a_gradient(rewrite):
    def loss(W, x):
        hidden = cr.ops.sigmoid(x @ W.T) * 1
        return np.sum((np.negative(-hidden) - 0.5) ** 2) / 1 + np.mean(np.reshape(np.reshape(x, (6,)), (2, 3)).T.T)

    arguments = [np.random.default_rng(3).standard_normal(shape) for shape in ((4, 3), (2, 3))]
    graph, _ = cr.backprop(cr.trace(loss, *arguments))
    simpler = simplify(graph, [rewrite])
    simpler.verify()
    assert str(simplify(simpler, [rewrite])) == str(simpler)
    inputs = [*arguments, np.float64(1)]
    for before, after in zip(reference.as_function(graph)(inputs), reference.as_function(simpler)(inputs), strict=True):
        assert before.tobytes() == after.tobytes()


def test_a_rewrite_that_changes_the_type_is_named():
    wrong = Rewrite("forget the shape", lambda node: np.sum(cr.ops.Value(node)) if node.type.shape else None)
    with pytest.raises(GraphError, match='rewrite "forget the shape"'):
        simplify(cr.trace(lambda x: x + x, SPECIAL), [wrong])


def bits(graph, original):
    (simple,), (expected,) = reference.as_function(graph)([SPECIAL]), reference.as_function(original)([SPECIAL])
    assert simple.tobytes() == expected.tobytes()
