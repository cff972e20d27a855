"""The worked examples: texts and numbers were published or computed by hand, not by chainrule."""

import math
import re

import numpy as np
import pytest

import chainrule as cr
from boards import XYZ_BOARD, label
from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.explain.derivation import Derivation
from chainrule.explain.differences import difference, of_traced
from chainrule.explain.expression import Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.render.board import checked
from chainrule.explain.scalar.computation import Computation
from chainrule.explain.source.text import parse

XYZ = "f=x*y*z; x=r; y=r*s; z=s"


def written_lines(derivation):
    return {label(line): write(line.expression) for line in derivation.lines[1:]}


def test_the_board_of_the_lecture_to_the_letter():
    assert str(cr.derive(XYZ, wrt="s", at={"r": 2, "s": 3})) == XYZ_BOARD


@pytest.mark.parametrize(
    ("text", "wrt", "at", "rule", "result", "value"),
    [
        (XYZ, "s", (2, 3), "collect", "2r²s", 24),
        (XYZ, "r", (2, 3), "local derivatives", "(yz)(1) + (xz)(s) + (xy)(0)", 36),
        (XYZ, "r", (2, 3), "drop zero terms", "rs² + rs²", 36),
        (XYZ, "r", (2, 3), "collect", "2rs²", 36),
        ("f = u^5; u = 2*x + 1", "x", 1, "local derivatives", "(5u⁴)(2)", 810),
        ("f = u^5; u = 2*x + 1", "x", 1, "multiply out", "10(2x+1)⁴", 810),
        ("f = sin(x^2)", "x", 1.5, "eliminate u₁", "(cos(x²))(2x)", math.cos(2.25) * 3),
        ("f = u*u; u = 3*x + 2", "x", 1, "local derivatives", "(u)(3) + (u)(3)", 30),
        ("f = u*u; u = 3*x + 2", "x", 1, "collect", "6u", 30),
        ("f = u*u; u = 3*x + 2", "x", 1, "multiply out", "18x + 12", 30),
        ("f = a*b; a = x^2; b = sin(x)", "x", 1, "multiply out", "2x sin x + x² cos x", 2.223244275),
        ("f = c*d; c = a + b; d = b + 1", "b", (2, 1), "local derivatives", "(d)(1) + (c)(1)", 5),
        ("f = c*d; c = a + b; d = b + 1", "b", (2, 1), "collect", "a + 2b + 1", 5),
        ("f = c*d; c = a + b; d = b + 1", "a", (2, 1), "drop zero terms", "b + 1", 2),
        ("f = x²*y; y = x³", "x", 1, "local derivatives", "2xy + (x²)(3x²)", 5),
        ("f = x²*y; y = x³", "x", 1, "collect", "5x⁴", 5),
        ("f = 1/v; v = 1 + u; u = e^(-x)", "x", 0.5, "multiply out", "e⁻ˣ/(1+e⁻ˣ)²", 0.235003712201594),
        ("f = σ(x)", "x", 0.5, "local derivatives", "f(1−f)", 0.235003712201594),
        ("f = softplus(w*x + b)", "w", (1, 2, 3), "multiply out", "σ(wx+b)·x", 2 / (1 + math.exp(-5))),
        ("f = sin(x^2)", "x", 1.5, "multiply out", "cos(x²)·2x", math.cos(2.25) * 3),
        ("f = sin(cos(x^2))", "x", 0.5, "multiply out", "−cos(cos(x²))·sin(x²)·2x", -0.1400792124),
        ("f = sin(2*x)", "x", 0.5, "multiply out", "2·cos(2x)", 2 * math.cos(1)),
        ("f = 1/(1 + e^(-x))", "x", 0.5, "recognise σ", "σ(x)(1−σ(x))", 0.235003712201594),
        ("f = 1/v; v = 1 + u; u = e^(-x)", "x", 0.5, "recognise σ", "σ(x)(1−σ(x))", 0.235003712201594),
        ("f = ln(1 + e^(w*x))", "w", (0, 3), "recognise σ", "x·σ(wx)", 1.5),
        ("f = 2*max(x, y)", "x", (2, 1), "local derivatives", "2 if x > y else 1 if x = y else 0", 2),
        ("f = min(x, 3)", "x", 2, "local derivatives", "1 if x < 3 else ½ if x = 3 else 0", 1),
        ("f = x^y", "x", (2, 3), "local derivatives", "y·xʸ⁻¹", 12),
        ("f = x^y", "y", (2, 3), "eliminate f", "xʸ log x", 8 * math.log(2)),
        ("f = 2^x", "x", 3, "eliminate f", "2ˣ·log(2)", 8 * math.log(2)),
    ],
)
def test_worked_examples(text, wrt, at, rule, result, value):
    derivation = cr.derive(text, wrt, at)
    assert result in [write(line.expression) for line in derivation.lines if label(line) == rule]
    assert derivation.value == pytest.approx(value, rel=1e-9)
    assert derivation.difference == pytest.approx(value, rel=1e-7)


def test_a_total_derivative_is_told_from_a_partial_one():
    derivation = cr.derive("f = x²*y; y = x³", at=1)
    assert write(derivation.lines[0].expression) == "df/dx"
    assert written_lines(derivation)["chain rule"] == "∂f/∂x + (∂f/∂y)(dy/dx)"


ONE_VARIABLE = "f = u^5; u = 2*x + 1"
"""The ways to show a board of f, and how each writes the derivatives of f by x, of f by u and of u by x."""
FORMS = [
    (str, "d{}/d{}"),
    (Derivation.latex, r"\frac{{\mathrm{{d}}{}}}{{\mathrm{{d}}{}}}"),
    (
        Derivation.html,
        '<mfrac><mrow><mi mathvariant="normal">d</mi><mi>{}</mi></mrow>'
        '<mrow><mi mathvariant="normal">d</mi><mi>{}</mi></mrow></mfrac>',
    ),
    (Derivation.svg, "d{}/d{}"),
]


@pytest.mark.parametrize(("shown", "form"), FORMS)
@pytest.mark.parametrize("again", [False, True])
def test_d_is_written_in_a_function_of_one_variable(shown, form, again):
    derivation = cr.derive(ONE_VARIABLE, at=1)
    page = shown(Derivation.from_json(derivation.json()) if again else derivation)
    assert all(form.format(of, by) in page for of, by in ["fx", "fu", "ux"])
    assert "∂" not in page
    assert r"\partial" not in page


@pytest.mark.parametrize(
    ("text", "wrt", "style", "rule", "line"),
    [
        ("f = a*b; a = x^2; b = sin(x)", "x", "paths", "chain rule", "(∂f/∂a)(da/dx) + (∂f/∂b)(db/dx)"),
        ("f = a*b; a = u; b = sin(u); u = 2*x", "x", "reverse", "df/du", "(∂f/∂b)(cos u) + (∂f/∂a)(1)"),
        (ONE_VARIABLE, "x", "forward", "chain rule", "(5u⁴)(du/dx)"),
        (ONE_VARIABLE, "u", "paths", "sought", "df/du"),
        ("f = c*x; c = 3", "x", "paths", "chain rule", "(∂f/∂c)(dc/dx) + ∂f/∂x"),
        ("f = u^5; u = 2*x + y", "x", "paths", "chain rule", "(∂f/∂u)(∂u/∂x)"),
        ("f = u*y; u = x^2", "u", "paths", "sought", "∂f/∂u"),
    ],
)
def test_partial_derivatives_are_those_with_other_names_held_fixed(text, wrt, style, rule, line):
    lines = cr.derive(text, wrt, style=style).lines
    assert [write(shown.expression) for shown in lines if label(shown) == rule] == [line]


def test_a_neuron():
    text = "L = 1/2*(a - y)^2; a = σ(z); z = w*x + b"
    at = {"w": 0.5, "x": 2, "b": -0.25, "y": 1}
    derivation = cr.derive(text, "w", at)
    assert derivation.value == pytest.approx(-0.139810711, abs=1e-9)
    assert cr.derive(text, "z", at).value == pytest.approx(-0.069905355, abs=1e-9)
    assert written_lines(derivation)["local derivatives"] == "(a−y)(a(1−a))(x)"
    assert [round(edge.value, 6) for edge in derivation.paths[0].edges] == [2, 0.217895, -0.320821]


def test_softmax_with_cross_entropy():
    text = "L = ln(S) - z₁; S = exp(z₁) + exp(z₂) + exp(z₃)"
    values = [cr.derive(text, name, {"z₁": 2, "z₂": 1, "z₃": 0.1}).value for name in ("z₁", "z₂", "z₃")]
    assert values == pytest.approx([-0.340998861, 0.242432971, 0.098565890], abs=1e-9)


def test_ten_sigmoids_in_a_chain():
    def chain(x):
        a = x
        for _ in range(10):
            a = ops.sigmoid(a)
        return a

    derivation = cr.derive(chain, at=0)
    (path,) = derivation.paths
    assert [edge.value for edge in path.edges[:3]] == pytest.approx([0.25, 0.235004, 0.227266], abs=1e-6)
    assert path.edges[-1].value == pytest.approx(0.224704, abs=1e-6)
    assert derivation.value == pytest.approx(3.875220232e-7, rel=1e-9)
    assert [edge.target for edge in path.edges] == [f"a{n}" for n in "₁₂₃₄₅₆₇₈₉"] + ["a₁₀"]


def test_where_names_the_branch_that_was_not_chosen():
    derivation = cr.derive("f = where(x > 0, log(x), 0)", at=0)
    assert math.isnan(derivation.value)
    assert any("(1 if x > 0 else 0)/x is NaN" in note for note in derivation.notes)
    assert any("log(where(x > 0, x, 1))" in note for note in derivation.notes)


def test_a_dead_relu_cuts_the_path():
    at = {"w₁": -1, "w₂": -0.5, "x₁": 1, "x₂": 2, "b": 0.5}
    for wrt in at:
        derivation = cr.derive("a = relu(z); z = w₁*x₁ + w₂*x₂ + b", wrt, at)
        assert derivation.value == 0
        assert "path cut at relu: ∂a/∂z = 0 at this point" in derivation.notes
        assert "relu′(0) = 0" in derivation.notes


def test_second_derivatives_derive_the_derived_function():
    first, second = cr.derive("f = x*exp(x)", at=1), cr.derive("f = x*exp(x)", at=1, order=2)
    assert written_lines(first)["collect"] == "(x+1)eˣ"
    assert written_lines(second)["collect"] == "(x+2)eˣ"
    assert second.value == pytest.approx(3 * math.e, rel=1e-12)
    assert str(cr.derive("f = x*exp(x)", "x,x", 1)) == str(second)


def test_mixed_derivatives():
    derivation = cr.derive("f = x²*y³", "x,y", (2, 3))
    assert derivation.function == "f′"
    assert written_lines(derivation)["local derivatives"] == "6xy²"
    assert derivation.value == 108


@pytest.mark.parametrize("style", ["paths", "reverse", "forward"])
def test_styles_agree(style):
    derivation = cr.derive("f = x*y*z; x = r*s; y = sin(x); z = y*s + x", "s", (0.7, 1.3), style)
    assert derivation.style == style
    assert derivation.value == pytest.approx(derivation.difference, rel=1e-7)


def test_reverse_and_forward_name_what_stands_between():
    reverse = written_lines(cr.derive(XYZ, "s", style="reverse"))
    assert reverse["∂f/∂y"] == "xz"
    assert reverse["chain rule"] == "(∂f/∂z)(1) + (∂f/∂y)(r)"
    forward = written_lines(cr.derive(XYZ, "s", style="forward"))
    assert forward["∂y/∂s"] == "r"
    assert forward["chain rule"] == "(xz)(∂y/∂s) + (xy)(∂z/∂s)"


def test_many_paths_are_counted_and_walked_backwards():
    text = "f = u₆*u₆; " + "; ".join(f"u{n} = u{m}*u{m}" for n, m in ["₆₅", "₅₄", "₄₃", "₃₂", "₂₁"]) + "; u₁ = x + 1"
    derivation = cr.derive(text, at=0.01)
    assert (derivation.style, derivation.path_count, derivation.paths) == ("reverse", 64, ())
    assert derivation.value == pytest.approx(64 * 1.01**63, rel=1e-12)
    assert any("64 paths" in note for note in derivation.notes)
    assert cr.derive(text, at=0.01, order=2).value == pytest.approx(64 * 63 * 1.01**62, rel=1e-12)


def test_names_come_from_the_function():
    def loss(w, x, b, y):
        z = w * x + b
        a = ops.sigmoid(z)
        error = a - y
        return 0.5 * error**2

    derivation = cr.derive(loss, "w", (0.5, 2, -0.25, 1))
    shown = {name: write(meaning, dots=True) for name, meaning in derivation.definitions.items()}
    assert shown == {"z": "w·x + b", "a": "σ(z)", "error": "a − y", "loss": "½·error²"}
    assert derivation.value == pytest.approx(-0.139810711, abs=1e-9)
    assert derivation.value == cr.grad(loss)(0.5, 2.0, -0.25, 1.0)


@pytest.mark.parametrize("at", [{"w": 0.5, "b": -0.25}, (0.5, -0.25), {"w": 0.5, "b": -0.25, "y": 1}])
def test_parameters_that_the_point_does_not_give_take_their_defaults(at):
    def neuron(w, b, x=2.0, y=1, activation=ops.sigmoid):
        return 0.5 * (activation(w * x + b) - y) ** 2

    derivation = cr.derive(neuron, "w", at)
    assert derivation.point == {"w": 0.5, "b": -0.25, "x": 2, "y": 1}
    assert derivation.value == pytest.approx(-0.139810711, abs=1e-9)
    assert cr.derive(neuron, "x", {"w": 0, "b": 0, "x": 3}).point == {"w": 0, "b": 0, "x": 3, "y": 1}
    assert cr.derive(neuron, "w").point == {}
    with pytest.raises(ArgumentError, match="at needs a number for each of w, b, x, y, got b, x, y"):
        cr.derive(neuron, "w", {"b": 1})


def test_defaults_of_a_function_of_arrays():
    examples = np.array([1.0, 2.0])

    def loss(w, x=examples, rate=0.5):
        return rate * np.sum((w * x) ** 2)

    first, second = np.array([3.0, -1.0]), np.array([0.5, 4.0])
    np.testing.assert_allclose(cr.derive(loss, "w", [first]).lines[-1].value, first * [1, 4])
    np.testing.assert_allclose(cr.derive(loss, "w", {"w": first, "x": second}).lines[-1].value, first * second**2)


def test_a_function_without_names():
    derivation = cr.derive(lambda x: np.sin(x**2), at=1.5)
    assert "f = sin u₁,  u₁ = x²" in str(derivation)


def test_no_path():
    derivation = cr.derive(lambda x, y: x * x, "y", (1, 2))
    assert (derivation.path_count, derivation.value) == (0, 0)


def test_towers_of_powers_take_no_time():
    assert cr.derive("f = x + x/2^9^9^9 + x/9^99999999 + x*1/2^99999999", at=1).value == 1


def test_at_a_kink_the_engines_rule_is_taken():
    for y in (-0.5, 0.5):
        derivation = cr.derive("f = relu(v); v = relu(y)", at=y)
        assert derivation.value == (y > 0)
    assert cr.derive("f = abs(v)*v + y; v = max(y, 0)", at=-1).value == 1
    assert cr.derive("f = y + u; u = relu(v); v = y - y", at=1).value == 1


def test_terms_that_cancel_leave_rounding_only():
    assert cr.derive("f = v2*v0 - v0*v1 + y; v0 = 1/3*y; v1 = sin(y)*3; v2 = v1", at=0.7).value == pytest.approx(1)
    assert cr.derive("f = v0*v2 + v2; v0 = y*y; v1 = y^2; v2 = v1 - v0", at=0.7).value == 0


def test_a_kink_is_not_called_right():
    assert "central difference 0.500000: the function has a kink here" in str(cr.derive("f = relu(x)", at=0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("f = 3",), "has no inputs"),
        (("f = x*y",), "choose one of x, y"),
        (("f = x*y", "q"), "wrt must be one of x, y"),
        (("f = x*y", "f"), "wrt must be one of x, y"),
        (("f = x*y", 5), "wrt must be one of x, y"),
        (("f = x*y", "x", {"x": 1}), "at needs a number for each of x, y, got x"),
        (("f = x*y", "x", (1, 2, 3)), "at needs a number for each of x, y, got 3"),
        (("f = x*y", "x", (1, 2), "sideways"), "style must be"),
        (("f = x*y", "x", (1, 2), "paths", 0), "order must be at least 1"),
        (("f = x; x = y; y = f + 1", "x"), "is defined by itself"),
        ((lambda x: x > 0,), "one float number"),
        ((3,), "a function or a text"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        cr.derive(*arguments)


def test_values_that_vanish_at_random_points_do_not_fail_the_check():
    """x·sin x six times over falls to 1e-58 near 0, where differences over a step hold nothing but rounding."""

    def f(x):
        for _ in range(6):
            x = x * np.sin(x)
        return x

    x, h = 1.5, 1e-5
    derivation = cr.derive(f, at=x)
    assert derivation.value == pytest.approx((f(x + h) - f(x - h)) / (2 * h), rel=1e-7)


@pytest.mark.parametrize("number", ["two", None, 1j, [1.0, 2.0], (), {}])
def test_a_point_that_is_no_number_is_refused_by_name(number):
    with pytest.raises(ArgumentError, match="at: y must be a number, got"):
        cr.derive("f = x*y", wrt="x", at={"x": 1.0, "y": number})


@pytest.mark.parametrize("order", [1.5, "2", True, 0])
def test_an_order_is_a_whole_number(order):
    with pytest.raises(ArgumentError, match="order must be at least 1, a whole number"):
        cr.derive("f = x*y", wrt="x", order=order)


def test_an_array_for_a_function_written_as_text_is_refused():
    with pytest.raises(ArgumentError, match="at: x must be a number, got an array of shape"):
        cr.derive("f = x*y", wrt="x", at={"x": np.ones(3), "y": 1})


def test_a_function_without_a_result_is_told_so():
    with pytest.raises(ArgumentError, match="returned nothing"):
        cr.derive(lambda x: None)
    with pytest.raises(ArgumentError, match="returned 2 values"):
        cr.derive(lambda x: (x, x))
    with pytest.raises(ArgumentError, match=r"returned f64\[2\]"):
        cr.derive(lambda x: x * 2, at=np.ones(2))
    with pytest.raises(ArgumentError, match=r"returned i64\[\]; use floats"):
        cr.derive(lambda x: np.sum(x), at=np.ones(2, int))


@pytest.mark.parametrize(
    ("text", "at", "told", "value"),
    [
        ("f = log(x)", -2.0, "f = log x is NaN at this point, outside of its domain", -0.5),
        ("f = 1/x", 0.0, "f = 1/x is ∞ at this point", -math.inf),
        ("f = x*y", {"x": 1.0, "y": math.inf}, "y is ∞ at this point", math.inf),
    ],
)
def test_where_the_function_is_not_finite_the_board_says_why(text, at, told, value):
    derivation = cr.derive(text, wrt="x", at=at)
    assert told in derivation.notes
    assert derivation.value == value
    assert "check: no central difference: f is not finite here" in derivation.text(200, colour=False)
    assert "kink" not in str(derivation)
    assert Derivation.from_json(derivation.json()).json() == derivation.json()


def test_a_cross_entropy_that_overflows_is_told_from_a_kink():
    """σ(40) is 1 in float64, so log(1 − a) is −∞; the true derivative at y = 0 is σ(40) = 1 − 4e-18."""
    text = "L = -((1-y)*log(1-a) + y*log(a)); a = sigmoid(z)"
    derivation = cr.derive(text, wrt="z", at={"z": 40.0, "y": 0.0})
    assert not math.isfinite(derivation.value)
    assert "a = σ(z) is rounded to 1 at this point" in derivation.notes
    assert "the last line, which does without what is not finite, is 1 at this point" in derivation.notes
    assert "kink" not in str(derivation)


def test_ascii_tells_partial_from_total_derivatives():
    rows = cr.derive("f = x^2*y; y = x^3", wrt="x", at=1.0).text(120, ascii=True, colour=False).splitlines()
    assert rows[0].startswith("df/dx   where")
    assert any(row.endswith("(partial f/partial x holds the other names fixed; d does not)") for row in rows)
    (chain,) = (row for row in rows if "chain rule" in row)
    assert chain.split("= ")[1] == "partial f/partial x + (partial f/partial y)*(dy/dx)"
    assert "partial" not in cr.derive("f = x*y", wrt="x").text(ascii=True)


def test_many_paths_over_the_same_names_are_told_once():
    derivation = cr.derive("f = u*u*u; u = v*v; v = 2*x", wrt="x")
    assert derivation.path_count == len(derivation.paths) == 6
    assert "paths from x to f:  x→v→u→f (6×)" in str(derivation)
    assert r"x \to v \to u \to f\quad (6\times)" in derivation.latex()
    assert "x→v→u→f (6×)</summary>" in derivation.html()
    assert "x→u→f,  x→u→f" in str(cr.derive("f = u*u; u = 3*x + 2"))  # two edges, as in the lecture


def test_a_missing_variable_is_asked_for():
    with pytest.raises(
        ArgumentError, match="wrt names the variable to differentiate with respect to; choose one of x, y"
    ):
        cr.derive("f = x*y")
    with pytest.raises(ArgumentError, match="no parameters with names"):
        cr.derive(lambda *x: x[0])


def test_a_number_that_would_overflow_is_not_collected():
    derivation = cr.derive("f = 1e308*x*x", at=0.5)
    assert written_lines(derivation) == {"local derivatives": "(1·10³⁰⁸)x + (1·10³⁰⁸)x"}
    assert derivation.value == pytest.approx(1e308)


# Where lines are checked


@pytest.mark.parametrize(
    "f",
    [
        "log(x-5)",
        "sqrt(x^2-9)",
        "log(log(log(x)))",
        "sqrt(x-5)*sqrt(5.1-x)",
        "log(x-1e7)",
        "sqrt(-x-3)",
        "log(x-y)*sqrt(y-20)",
        "log(1-x)+log(x-0.999)",
    ],
)
def test_points_are_looked_for_in_the_domain(f):
    derivation = cr.derive(f"f = {f}", wrt="x")
    assert all(line.check.points >= 2 for line in derivation.lines[1:])
    assert "was looked at" not in str(derivation)


@pytest.mark.parametrize("style", ["paths", "reverse", "forward"])
@pytest.mark.parametrize("f", ["1/0*x", "-x/0", "x + 1/0*x", "1/0*x^2", "u*x; u = x/0", "1e999*x"])
def test_a_derivative_that_is_infinite_everywhere_is_written_and_said(f, style):
    formula, _, definition = f.partition("; ")
    derivation = cr.derive(f"{definition}\nf = {formula}".strip(), wrt="x", at={"x": 1.0}, style=style)
    assert derivation.value == (-math.inf if f.startswith("-") else math.inf)
    assert not re.search("[∂d]", write(derivation.lines[-1].expression))
    assert "at no point that was looked at" in derivation.notes[0]


def test_where_no_point_is_found_it_is_said():
    derivation = cr.derive("f = log(-1-x^2)", wrt="x")
    assert derivation.notes == ("f has a finite derivative at no point that was looked at, so no line was checked",)
    assert "every line was checked" not in checked(derivation)
    assert {line.check.points for line in derivation.lines[1:]} == {0}


@pytest.mark.parametrize(
    ("f", "at"),
    [
        ("cos(exp(b^4))", {"b": 1.6}),
        ("sin(1e6*b)", {"b": 1.0}),
        ("sin(exp(c*b))", {"c": 3.0, "b": 3.0}),
        ("log(b)", {"b": 1e-6}),
        ("sqrt(b)", {"b": 1e-8}),
        ("sin(b)/b", {"b": 1e-4}),
        ("exp(-1e5*b)", {"b": 1e-4}),
    ],
)
def test_what_changes_fast_is_compared_with_differences_of_short_steps(f, at):
    mpmath = pytest.importorskip("mpmath")
    derivation = cr.derive(f"f = {f}", wrt="b", at=at)
    assert all(line.check.points == 12 for line in derivation.lines[1:])
    with mpmath.workdps(40):
        names = {"cos": mpmath.cos, "sin": mpmath.sin, "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt}
        exact = mpmath.diff(lambda b: eval(f.replace("^", "**"), names | at | {"b": b}), at["b"])
    assert derivation.value == pytest.approx(float(exact), rel=1e-6, abs=1e-6)
    assert derivation.difference == pytest.approx(float(exact), rel=1e-5, abs=1e-6)
    assert not derivation.notes


@pytest.mark.parametrize(("f", "b"), [("cos(exp(b^4))", 3.0), ("sin(1e15*b)", 1.0), ("sin(exp(b))", 40.0)])
def test_where_rounding_leaves_no_digits_there_is_no_word_of_a_kink(f, b):
    derivation = cr.derive(f"f = {f}", wrt="b", at=b)
    assert derivation.difference is None
    assert "rounding leaves f few digits at this point, so no difference tells its slope" in derivation.notes


@pytest.mark.parametrize("f", ["relu(x)+sin(x)", "abs(x)*exp(x)", "max(x,2*x)+x^3", "sqrt(x^2)"])
def test_a_kink_is_told_from_a_fast_change(f):
    """Both one-sided slopes converge, and not to each other."""
    found = difference(of_traced(lambda x: parsed(f, x), np.array([0.0, 0.7])), np.array([0.0, 0.7]))
    assert found.kink.tolist() == [True, False]


def parsed(f, x):
    computation = Computation.of(parse(f"f = {f}"))
    return computation.values({"x": x})[Symbol("f")]
