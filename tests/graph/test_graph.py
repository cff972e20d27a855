"""Graphs: their order, what verification finds, how they print, and where nodes say they come from."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import GraphError
from chainrule.graph import (
    REGISTRY,
    EachOperand,
    Graph,
    Kind,
    Node,
    Op,
    current_origin,
    dependants,
    inherit,
    make_constant,
    make_input,
    make_node,
    register,
    topological_order,
)
from chainrule.ops.elementwise import ADD, SIN
from chainrule.types import ArrayType

F64 = np.dtype(np.float64)
VECTOR, NUMBER = ArrayType((3,), F64), ArrayType((), F64)


@pytest.fixture
def x():
    return make_input("x", VECTOR)


# Order


def test_operands_stand_before_their_users_and_every_node_once(x):
    a = make_node(SIN, (x,))
    b = make_node(ADD, (a, x))
    c = make_node(ADD, (b, a))
    order = topological_order([c, b])
    assert set(order) == {x, a, b, c}
    assert len(order) == 4
    for node in order:
        assert all(order.index(operand) < order.index(node) for operand in node.operands)


def test_the_order_is_that_of_writing(x):
    f = lambda x: np.cos(np.sin(x)) + np.tan(x)
    graph = cr.trace(f, np.ones(3))
    assert [node.op.name for node in graph.nodes] == ["input", "sin", "cos", "tan", "add"]


def test_nothing_below_known_nodes_is_looked_at(x):
    a = make_node(SIN, (x,))
    b = make_node(SIN, (a,))
    assert topological_order([b], known=[a]) == (b,)


def test_a_node_that_no_output_needs_is_not_part_of_the_graph():
    def f(x):
        np.exp(x)
        return np.sin(x)

    assert [node.op.name for node in cr.trace(f, 1.0).nodes] == ["input", "sin"]


def test_dependants(x):
    y = make_input("y", VECTOR)
    a, b = make_node(SIN, (x,)), make_node(SIN, (y,))
    c = make_node(ADD, (a, b))
    order = topological_order([c])
    assert dependants(order, [y]) == {y, b, c}


# Verification


def test_a_sound_graph_verifies(x):
    Graph((x,), (make_node(SIN, (x,)),)).verify()


def test_an_input_listed_twice_is_found(x):
    with pytest.raises(GraphError, match="same input twice"):
        Graph((x, x), (x,)).verify()


def test_a_computed_node_listed_as_input_is_found(x):
    with pytest.raises(GraphError, match="listed as an input but is the result"):
        Graph((make_node(SIN, (x,)),), ()).verify()


def test_an_input_of_another_graph_is_found(x):
    with pytest.raises(GraphError, match="the graph uses x, which belongs to another trace"):
        Graph((), (make_node(SIN, (x,)),)).verify()


def test_a_node_of_the_wrong_type_is_found(x):
    wrong = Node(SIN, (x,), (), NUMBER, None)
    with pytest.raises(GraphError, match=r"has type f64\[\], but its operation gives f64\[3\]"):
        Graph((x,), (wrong,)).verify()


def test_a_node_with_operands_that_do_not_fit_is_found(x):
    wrong = Node(ADD, (x, make_constant(1.0)), (), VECTOR, current_origin())
    with pytest.raises(GraphError, match=r"made at .*test_graph.py:\d+\) does not accept its operands"):
        Graph((x,), (wrong,)).verify()


def test_an_operation_outside_the_registry_is_found(x):
    stranger = Op("sin", Kind.ELEMENTWISE, "sin {0}", lambda x: x, np.sin, (None,))
    with pytest.raises(GraphError, match="not registered"):
        Graph((x,), (Node(stranger, (x,), (), VECTOR, None),)).verify()


def test_a_list_of_nodes_in_the_wrong_order_is_found(x):
    graph = Graph((x,), (make_node(SIN, (x,)),))
    object.__setattr__(graph, "nodes", graph.nodes[::-1])
    with pytest.raises(GraphError, match="stands before one of its operands"):
        graph.verify()


def test_an_output_that_is_missing_is_found(x):
    graph = Graph((x,), (make_node(SIN, (x,)),))
    object.__setattr__(graph, "nodes", graph.nodes[:1])
    with pytest.raises(GraphError, match="output is not among the nodes"):
        graph.verify()


# Operations


def test_a_name_can_be_registered_once():
    with pytest.raises(GraphError, match="'sin' exists already"):
        register(Op("sin", Kind.ELEMENTWISE, "sin {0}", lambda x: x, np.sin, (None,)))


def test_a_forgotten_facet_is_an_error():
    with pytest.raises(TypeError, match="rules"):
        Op("new", Kind.ELEMENTWISE, "new {0}", lambda x: x, np.sin)


@pytest.mark.parametrize("op", REGISTRY.values(), ids=repr)
def test_every_record_is_complete(op):
    assert REGISTRY[op.name] is op
    infer = inspect.signature(op.infer)
    positional = [p for p in infer.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if isinstance(op.rules, EachOperand):
        assert any(p.kind is p.VAR_POSITIONAL for p in positional)
        assert "{*}" in op.formula
    else:
        written = {f"{{{i}}}" for i in range(len(op.rules))}
        assert op.kind is Kind.SOURCE or all(operand in op.formula for operand in written)
        assert f"{{{len(op.rules)}}}" not in op.formula


def test_rules_for_any_number_of_operands_are_asked_for_by_position():
    rules = EachOperand(lambda position, g: (position, g))
    assert rules[7]("g") == (7, "g")
    with pytest.raises(TypeError, match="by position"):
        list(rules)


# Printing


def test_a_graph_prints_as_a_program():
    def f(x, w):
        return np.sum(np.tanh(x @ w) ** 2 * 0.5)

    graph = cr.trace(f, np.ones((4, 3), np.float32), np.ones((3, 2), np.float32))
    assert str(graph) == repr(graph)
    lines = str(graph).splitlines()
    assert lines[0] == "f(x: f32[4,3], w: f32[3,2]) -> f32[]"
    assert [line.split("   ")[0].strip() for line in lines[1:]] == [
        "%1 = x @ w",
        "%2 = tanh %1",
        "%3 = %2^2",
        "%4 = %3·0.5",
        "%5 = Σ %4  (axis=(0, 1))",
        "return %5",
    ]
    assert [line.split()[-1] for line in lines[1:-1]] == ["f32[4,2]"] * 4 + ["f32[]"]


def test_constants_print_short():
    graph = cr.trace(lambda x: x + np.arange(100.0), np.ones(100))
    assert "constant [ 0.  1. ... 98. 99.]" in str(graph)
    assert "0.1" in str(cr.trace(lambda x: x * 0.1, 1.0))


@pytest.mark.parametrize("value", [np.nan, -np.inf, -0.0, 1e-300, 0.1, 1 / 3])
def test_numbers_print_so_that_they_can_be_read_back(value):
    line = str(cr.trace(lambda x: x + value, np.float64(1))).splitlines()[1]
    printed = float(line.split()[4])
    np.testing.assert_array_equal(printed, value)
    assert np.signbit(printed) == np.signbit(value)


def test_names_with_braces_print():
    graph = cr.trace(lambda p: p["{0}"] * np.sin(p["{x}"]), {"{0}": 1.0, "{x}": 2.0})
    assert "p['{0}']" in str(graph)
    assert "sin p['{x}']" in str(graph)


def test_concatenate_prints_all_operands():
    graph = cr.trace(lambda x, y: np.concatenate([x, y, x]), np.ones(2), np.ones(3))
    assert "concatenate x, y, x" in str(graph)


# Origins


def test_nodes_know_the_users_line():
    def f(x):
        y = np.sin(x)
        return y.sum()

    start = inspect.getsourcelines(f)[1]
    graph = cr.trace(f, np.ones(3))
    assert [(n.op.name, n.origin.line - start, n.origin.function) for n in graph.nodes[1:]] == [
        ("sin", 1, "f"),
        ("sum", 2, "f"),
    ]
    assert all(node.origin.file == __file__ for node in graph.nodes)


def test_derivatives_belong_to_the_line_that_they_differentiate():
    def f(x):
        y = np.sin(x)
        return np.sum(y * y)

    start = inspect.getsourcelines(f)[1]
    graph, _ = cr.backprop(cr.trace(f, np.ones(3)))
    lines = {node.origin.line - start for node in graph.nodes if node.op.name == "cos"}
    assert lines == {1}


def test_an_inherited_origin_ends_with_its_block():
    here = current_origin()
    with inherit(here):
        assert current_origin() is here
        with inherit(None):
            assert current_origin() is not here
        assert current_origin() is here
    assert current_origin().line > here.line
