"""A program: prepared once for every combination of types, and only for that."""

from typing import NamedTuple

import numpy as np
import pytest

from chainrule import reference
from chainrule.errors import ArgumentError, TraceError
from chainrule.program import Program


class Point(NamedTuple):
    x: object
    y: object


class Counted:
    """A function that counts how often it is recorded."""

    def __init__(self, function):
        self.function, self.times = function, 0

    def __call__(self, *args):
        self.times += 1
        return self.function(*args)


def test_it_is_recorded_once_for_the_same_types():
    f = Counted(lambda x, y: x @ y)
    program = Program(f)
    rng = np.random.default_rng(0)
    for _ in range(3):
        x, y = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))
        np.testing.assert_array_equal(program(x, y), x @ y)
    assert f.times == 1


def test_it_is_prepared_once_for_the_same_types(monkeypatch):
    prepared = []
    monkeypatch.setattr(
        reference, "prepare", lambda graph, prepare=reference.prepare: prepared.append(graph) or prepare(graph)
    )
    program = Program(lambda x: 2 * x)
    for _ in range(3):
        program(np.ones(2))
    program(np.ones(3))
    assert [str(graph.outputs[0].type) for graph in prepared] == ["f64[2]", "f64[3]"]


@pytest.mark.parametrize("other", [np.ones(4), np.ones((3, 1)), np.ones(3, np.float32), np.ones(3, np.int64)])
def test_other_types_are_another_preparation(other):
    f = Counted(lambda x: x + x)
    program = Program(f)
    program(np.ones(3))
    result = program(other)
    assert (f.times, result.shape, result.dtype) == (2, other.shape, other.dtype)
    program(np.ones(3))
    assert f.times == 2


def test_trees_go_in_and_out():
    def f(tree, point):
        a, (b, c) = tree["a"], tree["rest"]
        return {"sum": a + b, "pair": (b * 2, [c]), "point": Point(point.y, point.x)}

    arrays = [np.array(v) for v in (1.0, 2.0, 3.0)]
    result = Program(f)({"a": arrays[0], "rest": (arrays[1], arrays[2])}, Point(np.zeros(2), np.ones(3)))
    assert list(result) == ["sum", "pair", "point"]
    assert result["sum"] == 3
    assert isinstance(result["pair"], tuple)
    assert isinstance(result["pair"][1], list)
    assert result["pair"] == (4, [3])
    assert isinstance(result["point"], Point)
    np.testing.assert_array_equal(result["point"].x, np.ones(3))


def test_none_holds_no_leaf():
    f = Counted(lambda x, weight: (x.sum() if weight is None else (x * weight).sum(), None))
    program = Program(f)
    x = np.arange(4.0)
    assert program(x, None) == (6, None)
    assert program(x, np.full(4, 2.0)) == (12, None)
    assert program(x, None) == (6, None)
    assert f.times == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0, 2.0], (1.0, 2.0)),
        ({0: 1.0, 1: 2.0}, [1.0, 2.0]),
        ((1.0, 2.0), Point(1.0, 2.0)),
        ({"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 2.0}),
        ({"a": 1.0}, {"a": 1.0, "b": None}),
        ([[1.0], [2.0]], [[1.0, 2.0], []]),
    ],
    ids=["list-tuple", "dict-list", "tuple-named", "order", "none", "nesting"],
)
def test_every_structure_is_its_own(first, second):
    """The result has the structure of this call's arguments, not that of an earlier call."""
    program = Program(lambda tree: tree)
    for tree in (first, second, first):
        result = program(tree)
        assert result == tree
        assert type(result) is type(tree)
        assert not isinstance(tree, dict) or list(result) == list(tree)


def test_results_are_new_arrays():
    x = np.ones(3)
    same, constant = Program(lambda x: (x, np.zeros(2)))(x)
    assert not np.shares_memory(same, x)
    same += 1
    constant += 1
    np.testing.assert_array_equal(x, 1)
    np.testing.assert_array_equal(Program(lambda x: (x, np.zeros(2)))(x)[1], 0)


def test_a_constant_is_not_changed_through_a_result():
    program = Program(lambda x: (x, np.zeros(2)))
    program(np.ones(1))[1][:] = 7
    np.testing.assert_array_equal(program(np.ones(1))[1], 0)


def test_numbers_are_arguments_not_constants():
    program = Program(lambda x, factor: x * factor)
    assert program(np.float64(3), 2.0) == 6
    assert program(np.float64(3), 5.0) == 15


def test_captured_arrays_keep_the_values_they_were_recorded_with():
    """A program must not depend on what changes; what it took in, a later change outside does not reach."""
    captured = np.ones(3)
    program = Program(lambda x: x + captured)
    program(np.zeros(3))
    captured += 10
    np.testing.assert_array_equal(program(np.zeros(3)), 1)


def test_a_function_that_fails_is_recorded_again():
    allowed = []

    def f(x):
        if not allowed:
            raise RuntimeError("not yet")
        return x + 1

    program = Program(f)
    with pytest.raises(RuntimeError, match="not yet"):
        program(1.0)
    allowed.append(True)
    assert program(1.0) == 2


def test_the_graph_is_simplified():
    graph = Program(lambda x: x + x * 1.0).graph(np.ones(3))
    assert [node.op.name for node in graph.nodes] == ["input", "add"]


@pytest.mark.parametrize("argument", ["text", 1j, object()])
def test_arguments_that_are_no_arrays_are_named(argument):
    with pytest.raises(ArgumentError, match="argument 0"):
        Program(lambda x: x)(argument)


def test_results_that_are_no_arrays_are_refused():
    with pytest.raises(TraceError, match=r"returned str"):
        Program(lambda x: "text")(1.0)
