"""Calling a graph on other values: only what depends on them is made again."""

from __future__ import annotations

import numpy as np

import chainrule as cr
from chainrule import reference
from chainrule.graph import Graph, make_constant, make_input
from chainrule.transforms.inline import substitute


def test_replaced_inputs_and_untouched_rest():
    graph = cr.trace(lambda x, y: (np.sin(x) + np.cos(y), np.cos(y)), 1.0, 2.0)
    x, y = graph.inputs
    z = make_input("z", x.type)
    total, untouched = substitute(graph.outputs, {x: z})
    assert untouched is graph.outputs[1]
    assert total.operands[1] is graph.outputs[0].operands[1]
    (result,) = reference.as_function(Graph((z, y), (total,)))([np.float64(3), np.float64(4)])
    assert result == np.sin(3.0) + np.cos(4.0)


def test_nothing_to_replace_gives_the_same_nodes():
    graph = cr.trace(lambda x: np.sin(x), 1.0)
    assert substitute(graph.outputs, {}) == list(graph.outputs)
    assert substitute(graph.outputs, {graph.inputs[0]: graph.inputs[0]}) == list(graph.outputs)


def test_values_between_can_be_replaced():
    graph = cr.trace(lambda x: np.exp(np.sin(x)), 1.0)
    sine = graph.outputs[0].operands[0]
    (replaced,) = substitute(graph.outputs, {sine: make_constant(2.0)})
    (result,) = reference.as_function(Graph((), (replaced,)))([])
    assert result == np.exp(2.0)


def test_copies_keep_the_origin_of_the_line_that_was_written():
    graph = cr.trace(lambda x: np.sin(x), 1.0)
    (copy,) = substitute(graph.outputs, {graph.inputs[0]: make_constant(2.0)})
    assert copy.origin == graph.outputs[0].origin
