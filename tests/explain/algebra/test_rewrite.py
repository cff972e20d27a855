"""The named rewrites keep values and write terms as their author would."""

import random

import numpy as np
import pytest

from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.algebra.rewrite import Order, eliminated, symbols_of
from chainrule.explain.expression import Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.source.text import parse

ORDER = Order(["x", "y", "z"])


def of(text):
    return parse(f"f = {text}")["f"]


@pytest.mark.parametrize(
    ("rewrite", "text", "expected"),
    [
        ("one", "1*x*1", "x"),
        ("one", "z*y*x*2", "2xyz"),
        ("one", "y*x*y", "xy²"),
        ("one", "-(-x)", "x"),
        ("one", "(-x)*(-y)*(-2)", "−2xy"),
        ("one", "x/y*y", "x"),
        ("one", "1/(1/x)", "x"),
        ("one", "-x/y*(-y)", "x"),
        ("one", "x*0*y", "0"),
        ("one", "x/3", "⅓x"),
        ("one", "2*x/4", "½x"),
        ("one", "x/7*2", "2x/7"),
        ("one", "sin(1*x)*x", "x sin x"),
        ("one", "(x*y)^2", "x²y²"),
        ("one", "x^0.5*x^0.5", "x"),
        ("without_zeros", "x*0 + y*x + 0*z", "xy"),
        ("without_zeros", "0*x", "0"),
        ("without_zeros", "3*(3*x+2)", "9x + 6"),
        ("collected", "x + y + x", "2x + y"),
        ("collected", "y + 1 + x + y", "x + 2y + 1"),
        ("collected", "x - x", "0"),
        ("collected", "x^2*y - x*y*x*3", "−2x²y"),
        ("collected", "exp(x) + x*exp(x)", "(x+1)eˣ"),
        ("collected", "2*x^4 + 3*x^4", "5x⁴"),
        ("in_one_case", "where(x > 0, 1, 0) + 3*where(x > 0, 0, 1)", "1 if x > 0 else 3"),
        ("in_one_case", "y*where(x > 0, 2, z) + where(x > 0, 1, y)*exp(x)", "2y + eˣ if x > 0 else yz + y·eˣ"),
        ("in_one_case", "where(x > 0, 1, 2) + y + where(x > y, 1, 2)", "(1 if x > 0 else 2) + y + (1 if x > y else 2)"),
        ("in_one_case", "where(x > 0, 1, 0)*where(x > 0, 0, 1)", "(1 if x > 0 else 0)(0 if x > 0 else 1)"),
        ("in_one_case", "x*y", "xy"),
    ],
)
def test_a_rewrite(rewrite, text, expected):
    assert write(getattr(ORDER, rewrite)(of(text))) == expected


def test_zero_in_a_denominator_stays():
    assert write(ORDER.one(of("x/(0*y)"))) == "x/0"


def random_expression(dice, depth=0):
    if depth > 3 or dice.random() < 0.2:
        return dice.choice(["x", "y", "z", "2", "3", "1", "0.5"])
    parts = [random_expression(dice, depth + 1) for _ in range(2)]
    form = dice.choice(["({}+{})", "({}-{})", "{}*{}", "-({}*{})", "({})/(4+({})^2)", "({}+{})^2", "sin({}*{})"])
    return form.format(*parts)


@pytest.mark.parametrize("seed", range(60))
def test_rewrites_keep_the_value(seed):
    expression = of(random_expression(random.Random(seed)))
    points = np.random.default_rng(seed).standard_normal((3, 20)) + 0.1
    values = dict(zip(map(Symbol, "xyz"), points, strict=True))
    expected = evaluate(expression, values)
    for rewrite in (ORDER.one, ORDER.without_zeros, ORDER.collected):
        np.testing.assert_allclose(
            evaluate(rewrite(expression), values) + 0 * points[0], expected, rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("seed", range(30))
def test_one_case_keeps_the_value(seed):
    dice = random.Random(seed)
    condition = dice.choice(["x > y", "x*y > 0.2"])
    terms = [
        f"{random_expression(dice, 3)}*where({condition}, {random_expression(dice, 2)}, {random_expression(dice, 2)})"
        for _ in range(3)
    ]
    expression = of("+".join([*terms, random_expression(dice, 2)]))
    values = dict(zip(map(Symbol, "xyz"), np.random.default_rng(seed).standard_normal((3, 20)), strict=True))
    together = ORDER.in_one_case(expression)
    np.testing.assert_allclose(evaluate(together, values), evaluate(expression, values), rtol=1e-9, atol=1e-9)
    assert write(together).count(" if ") < write(expression).count(" if ")


def test_names_are_replaced_by_what_they_stand_for():
    definitions = {"x": of("2*r"), "y": of("x + r")}
    assert write(eliminated(of("x*y"), definitions)) == "2r·(2r+r)"
    assert symbols_of(of("y*sin(x) + y")) == ("y", "x")
