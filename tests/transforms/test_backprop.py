"""Back propagation on graphs: the derivative graph, and the backward pass that says how it came about."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError
from chainrule.graph import Graph, make_constant, make_input
from chainrule.transforms.backprop import backprop, pull_back
from chainrule.types import ArrayType

X = np.array([0.4, -1.1])


def operations(steps):
    return [step.node.op.name for step in steps]


def test_the_derivative_graph_gives_the_value_and_the_gradient():
    graph, _ = backprop(cr.trace(lambda x, y: np.sum(np.sin(x) * y), X, X))
    assert [str(node.keywords["slot"]) for node in graph.inputs] == ["x", "y", "df"]
    assert graph.name == "∂f"
    value, dx, dy = reference.as_function(graph)([X, 2 * X, np.float64(3)])
    np.testing.assert_allclose(value, np.sum(np.sin(X) * 2 * X), rtol=1e-15)
    np.testing.assert_allclose(dx, 3 * np.cos(X) * 2 * X, rtol=1e-15)
    np.testing.assert_allclose(dy, 3 * np.sin(X), rtol=1e-15)


def test_only_the_chosen_inputs_are_differentiated():
    traced = cr.trace(lambda x, i, y: np.sum(x[i] * y), X, np.array([0, 1]), X)
    graph, backward_pass = backprop(traced, wrt=[2])
    assert len(graph.outputs) == 2
    assert backward_pass.wrt == (traced.inputs[2],)
    everything, _ = backprop(traced)
    assert [node.type.dtype for node in everything.outputs[1:]] == [np.float64, np.float64]


def test_the_steps_walk_from_the_output_to_the_input():
    traced = cr.trace(lambda x: np.sum(np.exp(np.sin(x)) ** 2), X)
    _, backward_pass = backprop(traced)
    assert operations(backward_pass.steps) == ["sum", "power", "exp", "sin", "input"]
    assert backward_pass.steps[0].terms == backward_pass.seeds
    assert backward_pass.steps[-1].cotangent is backward_pass.results[0]


def test_where_paths_meet_their_cotangents_are_added():
    """f = (x + 2)·(x·3): at x two paths meet, as in the lecture's graph."""
    traced = cr.trace(lambda x: (x + 2) * (x * 3), 5.0)
    graph, backward_pass = backprop(traced)
    (x,) = traced.inputs
    step = backward_pass.step(x)
    assert len(step.terms) == 2
    values = Graph(graph.inputs, (*step.terms, step.cotangent))
    first, second, total = reference.as_function(values)([np.float64(5), np.float64(1)])
    assert {float(first), float(second)} == {15.0, 21.0}
    assert total == 36


def test_an_operation_on_one_value_twice_makes_two_contributions():
    traced = cr.trace(lambda x: x * x, 3.0)
    _, backward_pass = backprop(traced)
    contributions = backward_pass.steps[0].contributions
    assert [(c.position, c.operand) for c in contributions] == [(0, traced.inputs[0]), (1, traced.inputs[0])]


def test_nodes_off_every_path_are_not_visited():
    traced = cr.trace(lambda x, y: np.sin(x) + np.exp(np.cos(y)), 1.0, 2.0)
    _, backward_pass = backprop(traced, wrt=[0])
    assert operations(backward_pass.steps) == ["add", "sin", "input"]
    (y,) = traced.inputs[1:]
    assert backward_pass.step(y) is None


def test_no_path_gives_zeros_of_the_right_type_and_no_step():
    traced = cr.trace(lambda x, y: np.sum(y), np.ones((2, 3), np.float32), X)
    graph, backward_pass = backprop(traced, wrt=[0])
    assert backward_pass.steps == ()
    assert backward_pass.results == (None,)
    zeros = reference.as_function(graph)([np.ones((2, 3), np.float32), X, np.float64(1)])[1]
    assert (zeros.dtype, zeros.shape, np.any(zeros)) == (np.float32, (2, 3), False)


def test_values_between_can_be_differentiated_by():
    traced = cr.trace(lambda x: np.sum(np.sin(x) ** 2), X)
    sine = next(node for node in traced.nodes if node.op.name == "sin")
    seed = make_constant(1.0)
    backward_pass = pull_back(traced.outputs, [seed], [sine])
    assert operations(backward_pass.steps) == ["sum", "power", "sin"]
    (result,) = reference.as_function(Graph(traced.inputs, backward_pass.results))([X])
    np.testing.assert_allclose(result, 2 * np.sin(X), rtol=1e-15)


def test_an_output_that_is_also_used_gets_both_cotangents():
    traced = cr.trace(lambda x: (np.sin(x), np.sin(x) * 2), 1.0)
    graph, _ = backprop(traced)
    assert [str(node.keywords["slot"]) for node in graph.inputs[1:]] == ["df", "df1"]
    *_, slope = reference.as_function(graph)([np.float64(1), np.float64(10), np.float64(1)])
    np.testing.assert_allclose(slope, 12 * np.cos(1.0), rtol=1e-15)


def test_the_same_output_twice_gets_the_sum_of_both_seeds():
    traced = cr.trace(lambda x: (x * 2, x * 2), 1.0)
    graph, _ = backprop(traced)
    *_, slope = reference.as_function(graph)([np.float64(1), np.float64(10), np.float64(1)])
    assert slope == 22


def test_a_function_that_returns_its_argument():
    graph, backward_pass = backprop(cr.trace(lambda x: x, X))
    assert len(backward_pass.steps) == 1
    np.testing.assert_array_equal(reference.as_function(graph)([X, 5 * X])[1], 5 * X)


def test_derivatives_through_integers_and_truths_stop():
    f = lambda x: np.sum(x * np.astype(x > 0, np.float64) + np.astype(np.astype(x, np.int64), np.float64))
    np.testing.assert_array_equal(cr.grad(f)(np.array([-1.5, 2.5])), [0, 1])


@pytest.mark.parametrize(("f", "wrt"), [(lambda x, i: x > 0, None), (lambda x, i: x, [1])])
def test_what_is_no_float_cannot_be_differentiated(f, wrt):
    with pytest.raises(ArgumentError, match=r"f cannot be differentiated at .*derivatives need float32"):
        backprop(cr.trace(f, X, np.array([1])), wrt)


def test_the_derivative_of_a_derivative_graph():
    second, _ = backprop(backprop(cr.trace(lambda x: x**3, 2.0))[0])
    second.verify()
    x, seed, to_value, to_slope = (np.float64(v) for v in (2, 1, 0, 1))
    *_, slope_of_slope, _ = reference.as_function(second)([x, seed, to_value, to_slope])
    assert slope_of_slope == 12


def test_no_node_of_the_graph_is_computed_a_second_time():
    traced = cr.trace(lambda x: np.sum(np.tanh(np.exp(x))), X)
    graph, _ = backprop(traced)
    assert set(traced.nodes) <= set(graph.nodes)
    assert [node.op.name for node in graph.nodes].count("exp") == 1
    assert [node.op.name for node in graph.nodes].count("tanh") == 1


def test_a_cotangent_has_the_type_of_its_node():
    x = make_input("x", ArrayType((2, 1), np.dtype(np.float32)))
    traced = cr.trace(lambda x, y: np.sum(x * y), np.ones((2, 1), np.float32), np.ones(3))
    _, backward_pass = backprop(traced)
    assert backward_pass.results[0].type == x.type
    assert all(step.cotangent.type == step.node.type for step in backward_pass.steps)


def test_a_backward_pass_prints_one_line_for_each_application_of_the_chain_rule():
    """The lecture's f = xyz with x = r, y = rs, z = s: two paths meet at r, and two at s."""
    graph, backward_pass = backprop(cr.trace(lambda r, s: r * (r * s) * s, 2.0, 3.0))
    assert str(backward_pass).splitlines() == [
        "nodes",
        "  %1 = r·s         f64[]",
        "  %2 = r·%1        f64[]",
        "  %3 = %2·s        f64[]",
        "  %4 = df·s        f64[]",
        "  %5 = %4·%1       f64[]",
        "  %6 = %4·r        f64[]",
        "  %7 = %6·s        f64[]",
        "  %8 = %5 + %7     f64[]",
        "  %9 = df·%2       f64[]",
        "  %10 = %6·r       f64[]",
        "  %11 = %9 + %10   f64[]",
        "chain rule",
        "  at %3 arrives df; passes %4 to %2, %9 to s",
        "  at %2 arrives %4; passes %5 to r, %6 to %1",
        "  at %1 arrives %6; passes %7 to r, %10 to s",
        "  at s arrives %9 + %10 = %11",
        "  at r arrives %5 + %7 = %8",
    ]
    assert [float(x) for x in reference.as_function(graph)([2.0, 3.0, 1.0])] == [36.0, 36.0, 24.0]
