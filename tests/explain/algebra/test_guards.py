"""The engine's guards are left away where that changes nothing; what the author wrote stays."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.algebra.guards import without_guards
from chainrule.explain.expression import Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.source.text import parse


def of(text):
    return parse(f"f = {text}")["f"]


@pytest.mark.parametrize("function", ["max", "min"])
def test_the_choice_of_a_side_is_the_same_everywhere_ties_too(function):
    guarded = of(f"where(x == {function}(x, y), where(y == {function}(x, y), 1/2, 1), 0)")
    plain = without_guards(guarded, "f", of(f"{function}(x, y)"))
    assert write(plain) == f"1 if x {'>' if function == 'max' else '<'} y else ½ if x = y else 0"
    x, y = np.meshgrid(np.arange(4.0), np.arange(4.0))
    values = {Symbol("x"): x, Symbol("y"): y}
    np.testing.assert_array_equal(evaluate(plain, values), evaluate(guarded, values))


def test_a_tie_has_the_engines_value():
    assert cr.derive("f = max(x, y)", "x", (1, 1)).value == 0.5


def test_a_power_tells_for_which_base_its_derivative_is_written():
    for wrt, domain in (("x", "x ≠ 0"), ("y", "x > 0")):
        derivation = cr.derive("f = x^y", wrt, (0, 2))
        assert f"the derivative of xʸ is written for {domain}" in derivation.notes
        assert derivation.value == 0
    assert cr.derive("f = x^3 + 2^x").notes == ()


@pytest.mark.parametrize(
    "text", ["x*where(x == 0, 1, x)", "where(x == y, where(y == x, 1/2, 1), 0)", "where(y == 0, 1, x)"]
)
def test_what_only_looks_like_a_guard_stays(text):
    guarded = of(text)
    assert without_guards(guarded, "f", guarded) == guarded
    others = ("where(x == y, where(y == x, 1/2, 1), 0)", "where(y == 0, 1, x)")
    assert text not in others or without_guards(guarded, "f", of("x*y")) == guarded


@pytest.mark.parametrize(
    ("f", "wrt", "domain"),
    [
        ("x^2^3", "x", None),  # x⁸
        ("x^(y-y^0)", "x", "x ≠ 0"),
        ("x^y", "y", "x > 0"),
        ("x^x", "x", "x > 0"),
        ("exp(x)^x", "x", None),
        ("2^x", "x", None),
        ("z^y*x", "x", None),  # the derivative with respect to x has z^y as it is
    ],
)
def test_a_derivative_of_a_power_is_said_to_be_written_where_it_is(f, wrt, domain):
    notes = [note for note in cr.derive(f"f = {f}", wrt=wrt).notes if "is written for" in note]
    assert [note.partition(" is written for ")[2] for note in notes] == ([domain] if domain else [])


@pytest.mark.parametrize("miss", [-3.0, -0.5, 0.0, 0.4, 2.0])
def test_a_path_is_called_cut_only_where_no_edge_beside_it_passes(miss):
    """Of a choice, as Huber's loss is, one branch always has the derivative 0; the other has not."""
    text = "L = r^2/2 if abs(r) <= 1 else abs(r) - 1/2; r = y - 1"
    derivation = cr.derive(text, wrt="y", at=1 + miss)
    slope = miss if abs(miss) <= 1 else np.sign(miss)
    assert derivation.value == pytest.approx(slope, abs=1e-12)
    assert any("path cut at L" in note for note in derivation.notes) == (slope == 0)
