"""Mathematics on one line: as it is written on a board, and so that it can be read in one way only."""

import math
from fractions import Fraction

import pytest

from boards import BOARDS
from chainrule.explain.expression import (
    Call,
    Choice,
    Derivative,
    ElementwiseProduct,
    Indexed,
    MatrixProduct,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Summation,
    Symbol,
    Transpose,
)
from chainrule.explain.notation.infix import ASCII, transliterated, write

a, b, n, q, r, s, u, x, y, z = map(Symbol, "abnqrsuxyz")
one, two = Number(1), Number(2)

FORMS = [
    (Product((two, Power(r, two), s)), "2r²s", "2*r^2*s"),
    (Product((r, s)), "rs", "r*s"),
    (Product((u, u)), "u·u", "u*u"),
    (Product((Product((r, s)), s)), "rs·s", "r*s*s"),
    (Product((two, Number(3))), "2·3", "2*3"),
    (Product((Symbol("rate"), x)), "rate·x", "rate*x"),
    (Product((Symbol("δ²"), Symbol("a¹"))), "δ²·a¹", "delta2*a1"),
    (Product((Symbol("σ"), Sum((one, Negative(Symbol("σ")))))), "σ(1−σ)", "sigma*(1-sigma)"),
    (Product((Number(10), Power(Sum((Product((two, x)), one)), Number(4)))), "10(2x+1)⁴", "10*(2*x+1)^4"),
    (Product((Call("cos", (Power(x, two),)), two, x)), "cos(x²)·2x", "cos(x^2)*2*x"),
    (Product((Number(Fraction(1, 2)), Power(a, two))), "½a²", "(1/2)*a^2"),
    (Product((Number(Fraction(2, 7)), x)), "(2/7)x", "(2/7)*x"),
    (Product((Power(r, n), s)), "rⁿ·s", "r^n*s"),
    (Product((Negative(x), y)), "(−x)y", "(-x)*y"),
    (Product((Quotient(x, y), z)), "(x/y)z", "(x/y)*z"),
    (Product((Number(-0.4), Number(0.5))), "(−0.4)·0.5", "(-0.4)*0.5"),
    (Sum((x, Number(-0.4), Negative(y))), "x − 0.4 − y", "x - 0.4 - y"),
    (Sum((x, Negative(Sum((y, z))))), "x − (y+z)", "x - (y+z)"),
    (Sum((Negative(x), y)), "−x + y", "-x + y"),
    (Negative(Negative(x)), "−(−x)", "-(-x)"),
    (Quotient(Sum((x, one)), Product((x, y))), "(x+1)/(xy)", "(x+1)/(x*y)"),
    (Quotient(Quotient(x, y), Quotient(y, x)), "(x/y)/(y/x)", "(x/y)/(y/x)"),
    (Quotient(one, Sum((one, Call("exp", (Negative(x),))))), "1/(1+e⁻ˣ)", "1/(1+exp(-x))"),
    (Power(Power(x, two), Number(3)), "(x²)³", "(x^2)^3"),
    (Power(Symbol("a¹"), two), "(a¹)²", "(a1)^2"),
    (Power(x, Number(-1)), "x⁻¹", "x^(-1)"),
    (Power(x, Sum((n, one))), "xⁿ⁺¹", "x^(n+1)"),
    (Power(x, Sum((q, one))), "x^(q+1)", "x^(q+1)"),
    (Power(Number(-2), two), "(−2)²", "(-2)^2"),
    (Power(Call("exp", (x,)), two), "(eˣ)²", "(exp(x))^2"),
    (Call("exp", (Product((q, x)),)), "exp(qx)", "exp(q*x)"),
    (Product((x, Call("exp", (x,)))), "x·eˣ", "x*exp(x)"),
    (Product((Sum((x, one)), Call("exp", (x,)))), "(x+1)eˣ", "(x+1)*exp(x)"),
    (Product((two, x, Call("sin", (x,)))), "2x sin x", "2*x*sin(x)"),
    (Product((Call("sin", (x,)), Call("cos", (x,)))), "sin(x)·cos(x)", "sin(x)*cos(x)"),
    (Quotient(Call("sin", (x,)), x), "sin(x)/x", "sin(x)/x"),
    (Power(Call("sin", (x,)), two), "sin(x)²", "sin(x)^2"),
    (Negative(Call("sin", (x,))), "−sin x", "-sin(x)"),
    (Product((Symbol("w₁"), x)), "w₁x", "w[1]*x"),
    (Product((x,)), "x", "x"),
    (Call("sqrt", (x,)), "√x", "sqrt(x)"),
    (Call("abs", (x,)), "|x|", "abs(x)"),
    (Call("σ", (Sum((Product((Symbol("w"), x)), b)),)), "σ(wx+b)", "sigma(w*x+b)"),
    (Derivative("ℒ", "W¹[1,2]"), "∂ℒ/∂W¹[1,2]", "dL/dW1[1,2]"),
    (Derivative("f", "x", total=True), "df/dx", "df/dx"),
    (Product((Derivative("f", "x"), Number(0)), apart=True), "(∂f/∂x)(0)", "(df/dx)*(0)"),
    (MatrixProduct((Transpose(Symbol("W²")), Symbol("δ²"))), "W²ᵀ δ²", "W2.T @ delta2"),
    (ElementwiseProduct((MatrixProduct((a, b)), Sum((one, x)))), "(a b) ⊙ (1+x)", "(a @ b) .* (1+x)"),
    (Transpose(Sum((x, y))), "(x+y)ᵀ", "(x+y).T"),
    (Indexed(Symbol("W¹"), (1, 2)), "W¹[1,2]", "W1[1,2]"),
    (Indexed(Symbol("Wˡ"), ("i", "j")), "Wˡᵢⱼ", "W{l}[ij]"),
    (Indexed(Symbol("z¹"), (1,)), "z¹₁", "z1[1]"),
    (Summation("j", Product((Indexed(a, ("j",)), x))), "Σⱼ aⱼx", "sum[j] a[j]*x"),
    (Choice(Relation(">=", x, Number(0)), x, Number(0)), "x if x ≥ 0 else 0", "x if x >= 0 else 0"),
    (Product((Choice(Relation("<", x, one), x, y), z)), "(x if x < 1 else y)z", "(x if x < 1 else y)*z"),
    (Number(1.5e-7), "1.5·10⁻⁷", "1.5e-7"),
    (Product((Number(1.5e-7), x)), "(1.5·10⁻⁷)x", "(1.5e-7)*x"),
    (Number(0.1 + 0.2), "0.3", "0.3"),
    (Number(24.0), "24", "24"),
    (Number(float("-inf")), "−∞", "-inf"),
    (Number(float("nan")), "NaN", "NaN"),
]


@pytest.mark.parametrize(("expression", "unicode", "plain"), FORMS, ids=[form[1] for form in FORMS])
def test_forms(expression, unicode, plain):
    assert write(expression) == unicode
    assert write(expression, ASCII) == plain


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Product((Symbol("w1"), Symbol("x1"))), "w1·x1"),
        (Product((Number(Fraction(1, 2)), Power(Sum((a, Negative(y))), two))), "½(a−y)²"),
        (Product((Call("sin", (x,)), y)), "sin(x)·y"),
        (Product((a, Sum((one, Negative(a))))), "a(1−a)"),
        (Product((Symbol("a²"), Sum((one, Negative(Symbol("a²")))))), "a²(1−a²)"),
        (Product((Call("σ", (x,)), Sum((one, Negative(Call("σ", (x,))))))), "σ(x)(1−σ(x))"),
        (Product((Call("exp", (x,)), Sum((one, x)))), "eˣ·(1+x)"),
        (Product((Symbol("rate"), Sum((one, x)))), "rate·(1+x)"),
        (Product((x, Number(-2))), "x(−2)"),
        (Product((Derivative("f", "x"), Derivative("x", "s")), apart=True), "(∂f/∂x)(∂x/∂s)"),
        (Sum((x, Negative(Sum((y, z))), Number(-1))), "x − (y+z) − 1"),
        (Negative(Power(x, two)), "−x²"),
        (Power(Negative(x), two), "(−x)²"),
        (Power(x, Product((a, b, y, z))), "x^(abyz)"),
        (Power(Number(Fraction(2, 7)), two), "(2/7)²"),
        (Quotient(x, Power(y, two)), "x/y²"),
        (Quotient(Sum((x, y)), z), "(x+y)/z"),
        (Call("exp", (Power(x, two),)), "exp(x²)"),
        (Call("abs", (Negative(x),)), "|−x|"),
        (Call("sqrt", (Sum((x, y)),)), "√(x+y)"),
        (Call("max", (x, Number(0))), "max(x, 0)"),
        (Choice(Relation(">", x, y), Choice(Relation(">", x, z), x, z), y), "(x if x > z else z) if x > y else y"),
        (Choice(Relation(">", x, y), x, Choice(Relation(">", y, z), y, z)), "x if x > y else y if y > z else z"),
        (ElementwiseProduct((a, Sum((one, Negative(a))))), "a ⊙ (1−a)"),
        (Summation("k", Product((Indexed(a, ("i", "k")), Indexed(b, ("k", "j"))))), "Σₖ aᵢₖbₖⱼ"),
        (Indexed(a, (10, 2)), "a[10,2]"),
        (Number(Fraction(3, 8)), "⅜"),
        (Number(-math.pi), "−π"),
    ],
)
def test_forms_of_a_board(expression, text):
    assert write(expression) == text


def test_dots_show_what_was_put_in():
    shown = [Product((x, y, z)), Product((Product((r, s)), s)), Product((r, s)), Product((two, x, y))]
    assert [write(form, dots=True) for form in shown] == ["x·y·z", "rs·s", "r·s", "2x·y"]


@pytest.mark.parametrize("board", BOARDS)
def test_ascii_is_ascii(board):
    derivation = BOARDS[board]()
    for expression in [*derivation.definitions.values(), *(line.expression for line in derivation.lines)]:
        assert write(expression, ASCII).isascii()


def test_prose_in_ascii():
    assert transliterated("σ′(z) ≤ ¼: ŷ → ∂ℒ/∂W¹ ✓ 中 é") == "sigma'(z) <= 1/4: y_hat  ->  dL/dW1 OK u4e2d e_acute"


def test_what_is_not_a_number_has_no_sign():
    assert write(Number(-math.nan)) == write(Number(math.nan)) == "NaN"
    assert write(Sum((x, Number(math.copysign(math.nan, -1))))) == "x + NaN"


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        (Call("exp", (Product((a, b)),)), "eᵃᵇ"),
        (Call("exp", (Negative(x),)), "e⁻ˣ"),
        (Call("exp", (Symbol("lam"),)), "exp(lam)"),
        (Call("exp", (Negative(Symbol("ab")),)), "exp(−ab)"),
        (Power(x, Symbol("ab")), "x^ab"),
        (Power(x, Symbol("n")), "xⁿ"),
    ],
)
def test_a_word_is_not_raised_where_its_letters_would_be_factors(expression, written):
    assert write(expression) == written
