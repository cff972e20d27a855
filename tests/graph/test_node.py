"""Hash-consing: one node for one expression, constants equal by their bits, and nothing outlives its users."""

from __future__ import annotations

import gc
import weakref
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError
from chainrule.graph import CONSTANT, FrozenArray, make_constant, make_input, make_node
from chainrule.ops.elementwise import ADD, SIN
from chainrule.ops.shape import RESHAPE
from chainrule.types import ArrayType

VECTOR = ArrayType((3,), np.dtype(np.float64))


def test_the_same_expression_is_the_same_node():
    x, y = make_input("x", VECTOR), make_input("y", VECTOR)
    assert make_node(SIN, (x,)) is make_node(SIN, (x,))
    assert make_node(ADD, (x, y)) is make_node(ADD, (x, y))
    assert make_node(ADD, (x, y)) is not make_node(ADD, (y, x))
    assert make_node(SIN, (x,)) is not make_node(SIN, (y,))
    assert make_node(RESHAPE, (x,), shape=(3, 1)) is make_node(RESHAPE, (x,), shape=(3, 1))
    assert make_node(RESHAPE, (x,), shape=(3, 1)) is not make_node(RESHAPE, (x,), shape=(1, 3))


def test_a_common_subexpression_is_computed_once():
    graph = cr.trace(lambda x: np.sin(x * 2) + np.sin(2.0 * x * 1) * np.sin(x * 2), np.ones(3))
    assert [node.op.name for node in graph.nodes].count("sin") == 2  # x·2 and 2·x·1 are written differently
    graph = cr.trace(lambda x: np.sin(x * 2) + np.sin(x * 2.0), np.ones(3))
    assert [node.op.name for node in graph.nodes].count("sin") == 1


def test_two_inputs_of_one_name_and_type_are_two():
    assert make_input("x", VECTOR) is not make_input("x", VECTOR)
    (result,) = reference.as_function(cr.trace(lambda x, *y: x - y[0], 5.0, 3.0))([np.float64(5), np.float64(3)])
    assert result == 2


def test_a_node_disappears_with_its_last_user():
    x = make_input("x", VECTOR)
    node = make_node(SIN, (x,))
    alive = weakref.ref(node)
    origin = node.origin
    del node
    gc.collect()
    assert alive() is None
    again = make_node(SIN, (x,))
    assert again.origin != origin


def test_a_graph_nobody_uses_disappears():
    graph = cr.trace(lambda x: np.sin(x) * np.cos(x), np.ones(3))
    alive = [weakref.ref(node) for node in graph.nodes]
    del graph
    gc.collect()
    assert [node() for node in alive] == [None] * len(alive)


def test_derivatives_leave_no_nodes_behind():
    from chainrule.graph import node as module

    f = lambda x: np.sum(np.tanh(x) * x)
    cr.hessian(f)(np.ones(3))
    gc.collect()
    before = len(module._interned)
    for _ in range(3):
        cr.grad(f)(np.ones(3))
        cr.hessian(f)(np.ones(3))
    gc.collect()
    assert len(module._interned) == before


# Constants


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, np.nan, np.inf, [1.0, 2.0], np.zeros((0, 3)), True, 3])
def test_small_constants_of_the_same_bits_are_one(value):
    assert make_constant(value) is make_constant(np.array(value))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (0.0, -0.0),
        (1.0, np.float32(1)),
        (1.0, 1),
        (1, True),
        ([1.0, 2.0], [[1.0, 2.0]]),
        (np.zeros((0, 3)), np.zeros((3, 0))),
        (np.float64(np.nan), -np.float64(np.nan)),
    ],
)
def test_constants_of_other_bits_types_or_shapes_are_two(first, second):
    assert make_constant(first) is not make_constant(second)


def test_negative_zero_survives_a_trace():
    (result,) = reference.as_function(cr.trace(lambda x: [x * 0.0, x * -0.0][1], 1.0))([np.float64(1)])
    assert np.signbit(result)


def test_large_constants_are_compared_by_identity():
    large = np.arange(1000.0)
    assert FrozenArray(large) != FrozenArray(large)
    constant = FrozenArray(large)
    assert constant == constant
    assert make_node(CONSTANT, (), value=constant) is make_node(CONSTANT, (), value=constant)


@pytest.mark.parametrize("size", [3, 1000])
def test_changing_a_captured_array_does_not_change_the_graph(size):
    weights = np.ones(size)
    graph = cr.trace(lambda x: np.sum(x * weights), np.ones(size))
    weights[:] = 99
    assert reference.as_function(graph)([np.ones(size)])[0] == size


def test_changing_the_base_of_a_captured_read_only_view_does_not_change_the_graph():
    base = np.ones(100)
    view = base[:]
    view.flags.writeable = False
    graph = cr.trace(lambda x: np.sum(x * view), np.ones(100))
    base[:] = 99
    assert reference.as_function(graph)([np.ones(100)])[0] == 100


def test_constants_cannot_be_written_to():
    constant = FrozenArray(np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        constant.array[0] = 2


# Immutability


def test_nodes_and_graphs_cannot_be_changed():
    graph = cr.trace(lambda x: x * 2, 1.0)
    for thing, attribute in [(graph, "outputs"), (graph, "name"), (graph.nodes[0], "op"), (graph.outputs[0], "type")]:
        with pytest.raises(FrozenInstanceError):
            setattr(thing, attribute, None)
    with pytest.raises(FrozenInstanceError):
        graph.outputs[0].op.rules = ()
    with pytest.raises(FrozenInstanceError):
        graph.outputs[0].type.shape = (1,)
    assert isinstance(graph.nodes, tuple)


def test_operands_that_do_not_fit_are_refused_when_the_node_is_made():
    x, y = make_input("x", VECTOR), make_input("y", ArrayType((2,), np.dtype(np.float64)))
    with pytest.raises(ArgumentError, match=r"must have one type, got f64\[3\], f64\[2\]"):
        make_node(ADD, (x, y))
