"""The forms of g′ on a board are what the registered rules give, written in z and a."""

import pytest

from chainrule.explain.algebra.from_graph import expression_of, with_composites
from chainrule.explain.algebra.rewrite import Order
from chainrule.explain.expression import Choice, Number, Symbol
from chainrule.explain.notation.infix import write
from chainrule.graph import make_constant
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.step_report.closed_forms import _SLOPES
from chainrule.nn.step_report.text import formula_text
from chainrule.tracing import trace_call
from chainrule.transforms import pull_back


@pytest.mark.parametrize("activation", _SLOPES)
def test_the_form_is_that_of_the_rules(activation):
    traced = trace_call(ACTIVATIONS[activation], (0.3,), {}, range(1))
    z, a = traced.inputs[0].node, traced.outputs[0].node
    shown = with_composites([a])[a]
    (slope,) = pull_back([shown], [make_constant(1.0)], [z]).results
    written = Order(("a", "z")).one(expression_of(slope, {z: Symbol("z"), shown: Symbol("a")}))
    match written:
        case Choice(condition, Number(1), Number(0)):
            text = f"[{write(condition)}]"
        case _:
            text = write(written)
    form = _SLOPES[activation].formula(Symbol("z"), Symbol("a"))
    assert text.replace(" ", "") == formula_text(form).text.replace(" ", "")
