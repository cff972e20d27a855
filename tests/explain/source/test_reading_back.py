"""What is written can be read: in every format a random expression, read as people read, has the value that it has."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.expression import Call, Negative, Number, Power, Product, Quotient, Sum, Symbol
from chainrule.explain.notation.infix import ASCII, write
from chainrule.explain.notation.latex import Latex
from chainrule.explain.notation.mathml import to_mathml
from chainrule.explain.source import text as definitions
from notation_reader import of_latex, of_mathml, of_text

VALUES = {"x": np.float64(1.3), "y": np.float64(0.7), "z": np.float64(2.1)}
KNOWN = {Symbol(name): value for name, value in VALUES.items()}
FUNCTIONS = ("sin", "cos", "tanh", "exp", "sqrt", "abs", "arctan", "σ")


def expression(random, depth):
    """A random expression in three names."""
    if depth == 0 or random.random() < 0.15:
        name = random.choice(list(VALUES))
        return Symbol(str(name)) if random.random() < 0.75 else Number(int(random.integers(1, 5)))

    def part():
        return expression(random, depth - 1)

    match random.integers(9):
        case 0 | 1:
            return Sum((part(), Negative(part()) if random.random() < 0.5 else part()))
        case 2 | 3:
            return Product((part(), part()) if random.random() < 0.7 else (part(), part(), part()))
        case 4:
            return Quotient(part(), part())
        case 5:
            return Power(part(), Number(2) if random.random() < 0.5 else part())
        case 6:
            return Negative(part())
        case _:
            return Call(str(random.choice(FUNCTIONS)), (part(),))


def read_ascii(text, values):
    return evaluate(definitions.parse(f"f = {text}")["f"], {Symbol(name): value for name, value in values.items()})


FORMATS = {
    "text": (write, of_text),
    "text with dots": (lambda e: write(e, dots=True), of_text),
    "ASCII": (lambda e: write(e, ASCII), read_ascii),
    "LaTeX": (lambda e: Latex().write(e), of_latex),
    "MathML": (to_mathml, of_mathml),
}


@pytest.mark.parametrize("form", FORMATS)
def test_random_expressions_are_read_as_they_are_meant(form):
    written, read = FORMATS[form]
    random = np.random.default_rng(5)
    with np.errstate(all="ignore"):
        for _ in range(1500):
            e = expression(random, int(random.integers(1, 4)))
            value = float(evaluate(e, KNOWN))
            if np.isfinite(value):
                assert float(read(written(e), VALUES)) == pytest.approx(value, rel=1e-9, abs=1e-12), (written(e), e)


@pytest.mark.parametrize(
    ("e", "shown"),
    [
        ("sqrt(x)^2", "(√x)²"),
        ("sqrt(x+1)^2", "(√(x+1))²"),
        ("sqrt(x^2)", "√(x²)"),
        ("1/(2*(1+sqrt(x)^2)*sqrt(x))", "1/(2(1+(√x)²)·√x)"),
        ("sqrt(x)^y", "(√x)ʸ"),
    ],
)
def test_a_root_without_a_bar_shows_where_it_ends(e, shown):
    assert write(definitions.parse(f"f = {e}")["f"]) == shown


def test_the_board_of_arctan_of_a_root_and_its_picture():
    derivation = cr.derive("f = arctan(sqrt(x))", wrt="x")
    assert "1/(2(1+(√x)²)·√x)" in str(derivation)
    assert "√x²" not in str(derivation) + derivation.svg() + derivation.html()
