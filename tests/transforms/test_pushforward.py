"""Forward mode comes from the reverse rules, transposed: which must therefore be linear."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import GraphError
from chainrule.graph import REGISTRY, make_input, topological_order
from chainrule.transforms.pushforward import push_forward

X = np.array([0.4, -1.1])


def traced_tangents(f, *arrays):
    graph = cr.trace(f, *arrays)
    tangents = [make_input(f"t{i}", node.type) for i, node in enumerate(graph.inputs)]
    return graph, tangents, push_forward(graph.outputs, graph.inputs, tangents)


def test_the_tangent_of_an_input_is_given():
    _, (tangent,), (result,) = traced_tangents(lambda x: x, X)
    assert result is tangent


def test_no_path_gives_no_tangent():
    _, _, results = traced_tangents(lambda x: (np.ones(2), x > 0, np.sign(x)), X)
    assert results == [None, None, None]


def test_unknown_cotangents_do_not_stay_in_the_result():
    _, _, (result,) = traced_tangents(lambda x: np.sum(np.where(x > 0, x**3, np.max(x) / x) @ x), X)
    names = {str(node.keywords["slot"]) for node in topological_order([result]) if node.op.name == "input"}
    assert names <= {"x", "t0"}


def test_forward_mode_computes_nothing_of_the_function_twice():
    graph, _, (result,) = traced_tangents(lambda x: np.exp(np.tanh(np.sin(x))), X)
    names = [node.op.name for node in topological_order([*graph.outputs, result])]
    assert [names.count(name) for name in ("sin", "tanh", "exp")] == [1, 1, 1]


def test_a_rule_that_is_not_linear_in_its_cotangent_is_found():
    op = REGISTRY["sin"]
    right = op.rules
    object.__setattr__(op, "rules", (lambda g, y, x: g * g * np.cos(x),))
    try:
        with pytest.raises(GraphError, match="the derivative rule of sin is not linear in its cotangent"):
            cr.jvp(np.sin, (X,), (X,))
    finally:
        object.__setattr__(op, "rules", right)
    np.testing.assert_allclose(cr.jvp(np.sin, (X,), (X,))[1], np.cos(X) * X, rtol=1e-15)
