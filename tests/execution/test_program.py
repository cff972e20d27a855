"""A program: prepared once for every combination of types, and only for that."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, TraceError
from chainrule.execution import choice, program
from chainrule.execution.program import Program


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
    as_function = choice.as_function
    monkeypatch.setattr(choice, "as_function", lambda graph, *rest: prepared.append(graph) or as_function(graph, *rest))
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


@pytest.mark.parametrize(
    "same",
    [
        np.arange(3.0)[::-1],
        np.array([2.0, 1.0, 0.0], ">f8"),
        np.array([2.0, 9.0, 1.0, 9.0, 0.0, 9.0])[::2],
        np.broadcast_to(np.array([2.0, 1.0, 0.0]), (3,)),
        np.array([2.0, 1.0, 0.0]).view(np.recarray),
    ],
    ids=["backwards", "big-endian", "strided", "read-only", "subclass"],
)
def test_arrays_of_one_type_need_one_preparation_however_they_lie(same):
    f = Counted(lambda x: x * 10)
    program = Program(f)
    program(np.ones(3))
    result = program(same)
    assert (f.times, type(result), result.tolist()) == (1, np.ndarray, [20, 10, 0])


def test_half_floats_are_widened():
    result = Program(lambda x: x + x)(np.array([1, 100], np.float16))
    assert (result.dtype, result.tolist()) == (np.float32, [2, 200])


def test_arguments_are_checked_at_every_call():
    p = Program(lambda x, y: x @ y)
    x = np.arange(6.0).reshape(2, 3)
    for y in (np.ones((3, 2)), np.ones((3, 2), order="F"), np.ones((3, 4)), np.ones(3, np.float32), np.ones((0, 3)).T):
        np.testing.assert_array_equal(p(x, y), x @ y)
    with pytest.raises(ArgumentError, match="matmul cannot multiply"):
        p(x, np.ones((2, 2)))


def test_what_was_used_least_recently_is_prepared_again(monkeypatch):
    monkeypatch.setattr(program, "KEPT", 2)
    f = Counted(lambda x: x + x)
    p = Program(f)
    recorded = []
    for size in (1, 2, 1, 3, 1, 2):
        before = f.times
        assert p(np.ones(size)).tolist() == [2] * size
        recorded.append(f.times - before)
    assert recorded == [1, 1, 0, 1, 0, 1]


def test_while_a_function_is_recorded_it_becomes_a_part_of_it():
    program = Program(lambda x, y: {"product": x * y})
    gradient = cr.grad(lambda x: np.sum(program(x, np.array([5.0, 6.0]))["product"] * x))
    np.testing.assert_array_equal(gradient(np.array([1.0, 2.0])), [10, 24])


def test_threads_share_a_program():
    program = Program(lambda x: x @ x)
    with ThreadPoolExecutor(4) as pool:
        for size, result in pool.map(lambda n: (n % 5 + 1, program(np.full((n % 5 + 1,) * 2, float(n)))), range(200)):
            assert result.shape == (size, size)
            assert (result == result[0, 0]).all()


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
        ({1: 1.0}, {True: 1.0}),
    ],
    ids=["list-tuple", "dict-list", "tuple-named", "order", "none", "nesting", "equal-keys"],
)
def test_every_structure_is_its_own(first, second):
    """The result has the structure of this call's arguments, not that of an earlier call."""
    program = Program(lambda tree: tree)
    for tree in (first, second, first):
        result = program(tree)
        assert result == tree
        assert type(result) is type(tree)
        assert not isinstance(tree, dict) or repr(list(result)) == repr(list(tree))


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
    with pytest.raises(ArgumentError, match=r"argument x\['W'\]\[1\] has dtype"):
        Program(lambda y, x: x)(1.0, {"W": (2.0, argument)})


def test_results_that_are_no_arrays_are_refused():
    with pytest.raises(TraceError, match=r"returned str"):
        Program(lambda x: "text")(1.0)
