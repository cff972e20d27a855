"""The grammar of definitions, and how its errors point at the place."""

import pytest

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.expression import Call, Negative, Number, Power, Product, Sum, Symbol
from chainrule.explain.source.text import DEEPEST, LONGEST, parse

X, Y = Symbol("x"), Symbol("y")


def value(text, **names):
    return evaluate(parse(f"f = {text}")["f"], {Symbol(name): number for name, number in names.items()})


def test_definitions_keep_the_authors_order():
    found = parse("f=x*y*z; x=r;\n\n y = r·s ;; z=s\n")
    assert list(found) == ["f", "x", "y", "z"]
    assert found["f"] == Product((X, Y, Symbol("z")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x^2", -9),
        ("2^-x", 0.125),
        ("2^x^2", 512),
        ("2**x", 8),
        ("x² - 1", 8),
        ("x⁻²", 1 / 9),
        ("1 - 2 - x", -4),
        ("12 / 2 / x", 2),
        ("2·x − 1", 5),
        ("--x", 3),
        ("1/2*x", 1.5),
        (".5*x + 1e-3", 1.501),
        ("max(x, 1, 7)", 7),
        ("where(x >= 3, 1, 0)", 1),
        ("1 if x != 3 else 2", 2),
        ("sqrt(x + 1) * abs(-2)", 4),
        ("ln(e^x)", 3),
        ("cos(π)", -1),
        ("sigmoid(0*x)", 0.5),
        ("(1 + 2) * x", 9),
        ("½*x", 1.5),
        ("1/(1 - 1) * x", float("inf")),
        ("9^9^9^9 * x", float("inf")),
    ],
)
def test_operators_bind_as_in_python(text, expected):
    assert value(text, x=3) == pytest.approx(expected)


def test_names_have_greek_letters_subscripts_and_layers():
    assert parse("δ₁ = w_1*α₂")["δ₁"] == Product((Symbol("w_1"), Symbol("α₂")))
    assert parse("f = a²; a² = x")["f"] == Symbol("a²")
    assert parse("f = a²; a = x")["f"] == Power(Symbol("a"), Number(2))
    assert parse("f = e^x; e = 2")["f"] == Power(Symbol("e"), X)
    assert parse("f = e^x")["f"] == Call("exp", (X,))
    assert parse("f = x - y")["f"] == Sum((X, Negative(Y)))


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("f=(x", "never closed", 2),
        ("f=sin(x", "never closed", 5),
        ("f=foo(x)", "foo is no known function", 2),
        ("f=x $ 2", "'$' has no meaning", 4),
        ("f=x x", "expected an operator", 4),
        ("f=", "expected a number, a name or (", 2),
        ("f=x+", "expected a number, a name or (", 4),
        ("f", "expected = and what", 1),
        ("f=sin(x,y)", "sin takes 1 argument, got 2", 2),
        ("f=max(x)", "max takes 2 arguments, got 1", 2),
        ("f=where(x,y)", "where takes a condition", 2),
        ("f=x if y", "expected else", 8),
        ("f=x;f=y", "defined twice", 4),
        ("f=__import__('os')", "no meaning", 13),
        ("f=softmax(x)", "softmax is no known function", 2),
        ("f=x.y", "no meaning", 3),
    ],
)
def test_a_mistake_is_shown_with_a_caret(text, reason, place):
    with pytest.raises(ArgumentError) as error:
        parse(text)
    message, line, caret = str(error.value).split("\n")
    assert reason in message
    assert line == f"  {text}"
    assert caret.index("^") - 2 == place


def test_the_caret_stands_below_the_right_line():
    with pytest.raises(ArgumentError) as error:
        parse("f = x*y\nx = (r\ny = s")
    assert str(error.value).split("\n")[1:] == ["  x = (r", "      ^"]


def test_long_texts_are_refused():
    with pytest.raises(ArgumentError, match="may have"):
        parse("f = " + "x+" * LONGEST + "x")


@pytest.mark.parametrize("text", ["", "  ", ";", " ; \n"])
def test_an_empty_text_is_told_so(text):
    with pytest.raises(ArgumentError, match="the text holds no definition; write one such as f = x"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["f=" + "(" * (DEEPEST + 1) + "x", "f = " + "(" * 3000, "f = " + "x + " * 500 + "? + x", "f = ? + " + "x + " * 500],
)
def test_of_a_long_line_the_place_is_shown(text):
    with pytest.raises(ArgumentError) as told:
        parse(text)
    _, line, caret = str(told.value).split("\n")
    assert len(line) <= 78
    assert "…" in line
    assert line[len(caret) - 1] == ("?" if "?" in text else "x" if "x" in text else "(")
