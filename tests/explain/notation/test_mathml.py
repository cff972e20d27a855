"""MathML Core: well formed, in its namespace, of known elements with the right number of children."""

import xml.etree.ElementTree as ElementTree

import pytest

from boards import BOARDS
from chainrule.explain.expression import (
    Call,
    Choice,
    Derivative,
    Indexed,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Symbol,
    Transpose,
)
from chainrule.explain.notation.mathml import NAMESPACE, to_mathml

CHILDREN = {
    "mfrac": 2,
    "msup": 2,
    "msub": 2,
    "mover": 2,
    "munder": 2,
    "msubsup": 3,
    "mn": 0,
    "mi": 0,
    "mo": 0,
    "mtext": 0,
}
"""How many children the elements have whose children have places of their own; tokens have none."""
ROWS = {"math", "mrow", "msqrt", "mtable", "mtr", "mtd"}

x, y = Symbol("x"), Symbol("y")


def parsed(expression):
    return ElementTree.fromstring(to_mathml(expression))


def shown(expression):
    """The content in short: name(children) and the texts."""

    def short(element):
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        children = list(map(short, element))
        if not children:
            return element.text
        return children[0] if name == "mrow" and len(children) == 1 else f"{name}({' '.join(children)})"

    (root,) = parsed(expression)
    return short(root)


@pytest.mark.parametrize("board", BOARDS)
def test_known_elements(board):
    derivation = BOARDS[board]()
    for expression in [*derivation.definitions.values(), *(line.expression for line in derivation.lines)]:
        for element in parsed(expression).iter():
            namespace, name = element.tag[1:].split("}")
            assert namespace == NAMESPACE
            assert name in CHILDREN or name in ROWS
            if name in CHILDREN:
                assert len(element) == CHILDREN[name]
            assert bool((element.text or "").strip()) == (CHILDREN.get(name) == 0)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Quotient(x, Power(y, Number(2))), "mfrac(x msup(y 2))"),
        (Symbol("ŷ"), "mover(y ^)"),
        (Symbol("δ²"), "msup(δ 2)"),
        (Symbol("aˡ⁻¹ₖ"), "msubsup(a k mrow(l − 1))"),
        (Indexed(Symbol("W¹"), (1, 2)), "msubsup(W mrow(1 , 2) 1)"),
        (Derivative("ℒ", "w"), "mfrac(mrow(∂ ℒ) mrow(∂ w))"),
        (Derivative("f", "x", total=True), "mfrac(mrow(d f) mrow(d x))"),
        (Call("exp", (Negative(x),)), "msup(e mrow(− x))"),
        (Call("sqrt", (x,)), "msqrt(x)"),
        (Call("sin", (x,)), "mrow(sin \u2061 x)"),
        (Product((x, Call("sin", (x,)))), "mrow(x \u2062 mrow(sin \u2061 x))"),
        (Call("σ", (x,)), "mrow(σ \u2061 mrow(( x )))"),
        (Transpose(Symbol("W")), "msup(W T)"),
        (Product((Number(2), x)), "mrow(2 \u2062 x)"),
        (Product((Number(2), Number(3))), "mrow(2 · 3)"),
        (Relation("<", x, y), "mrow(x < y)"),
        (
            Choice(Relation(">", x, y), x, y),
            "mrow({ mtable(mtr(mtd(x) mtd(if  mrow(x > y))) mtr(mtd(y) mtd(otherwise))))",
        ),
    ],
)
def test_forms(expression, expected):
    assert shown(expression) == expected


def test_names_are_escaped():
    assert shown(Symbol("a<b&c")) == "a<b&c"
