"""Derivations written by hand, as a lecturer would."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from chainrule.explain.derivation import Derivation
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
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Check, Edge, Line, Path, Rule

f, r, s, x, y, z = map(Symbol, "frsxyz")
CHECK = Check(points=7, worst=2e-16)

XYZ_BOARD = """\
∂f/∂s   where f = x·y·z,  x = r,  y = r·s,  z = s
  paths from s to f:  s→y→f,  s→z→f      (s does not reach x: ∂x/∂s = 0)
  chain rule        = (∂f/∂x)(∂x/∂s) + (∂f/∂y)(∂y/∂s) + (∂f/∂z)(∂z/∂s)
  local derivatives = (yz)(0) + (xz)(r) + (xy)(1)
  eliminate x, y, z = (rs·s)(0) + (r·s)(r) + (r·rs)(1)
  drop zero terms   = r²s + r²s
  collect           = 2r²s
  at r = 2, s = 3   = 24       check: central difference 24.0000 ✓"""
"""`xyz` as the lecturer writes it."""


def label(line):
    """What stands before the equals sign of a line, or says what was done."""
    return line.action if line.left is None else write(line.left)


def two_by_two(*pairs):
    return Sum(tuple(Product(pair, apart=True) for pair in pairs))


def xyz():
    """∂f/∂s of f = xyz, x = r, y = rs, z = s; at r = 2, s = 3 it is 24."""
    zero, one, two = map(Number, (0, 1, 2))
    y_to_f, z_to_f = Edge("y", "f", Product((x, z)), 6.0), Edge("z", "f", Product((x, y)), 12.0)
    chain = two_by_two(*((Derivative("f", name), Derivative(name, "s")) for name in "xyz"))
    local = two_by_two((Product((y, z)), zero), (Product((x, z)), r), (Product((x, y)), one))
    rs, r2s = Product((r, s)), Product((Power(r, two), s))
    eliminated = two_by_two((Product((rs, s)), zero), (rs, r), (Product((r, rs)), one))
    return Derivation(
        function="f",
        definitions={"x": r, "y": rs, "z": s, "f": Product((x, y, z))},
        wrt="s",
        style="paths",
        paths=(Path((Edge("s", "y", r, 2.0), y_to_f)), Path((Edge("s", "z", one, 1.0), z_to_f))),
        path_count=2,
        notes=("s does not reach x: ∂x/∂s = 0",),
        lines=(
            Line(Rule.SOUGHT, Derivative("f", "s")),
            Line(Rule.CHAIN_RULE, chain, check=CHECK),
            Line(Rule.LOCAL_DERIVATIVES, local, check=CHECK),
            Line(Rule.ELIMINATE, eliminated, check=CHECK, names=("x", "y", "z")),
            Line(Rule.DROP_ZERO_TERMS, Sum((r2s, r2s)), check=CHECK),
            Line(Rule.COLLECT, Product((two, *r2s.factors)), check=CHECK),
        ),
        point={"r": 2.0, "s": 3.0},
        value=24.0,
        difference=24.000000002,
    )


def neuron():
    """∂ℒ/∂w of ℒ = ½(a−y)², a = σ(z), z = wx + b: Greek, a fraction, a note beside a line, a name of many letters."""
    a, w, rate, sigma = Symbol("a¹"), Symbol("w"), Symbol("bias_1"), Call("σ", (Symbol("z¹"),))
    miss = Sum((a, Negative(Symbol("ŷ"))))
    slope = Product((sigma, Sum((Number(1), Negative(sigma)))))
    edges = (
        Edge("w", "z¹", x, 2.0),
        Edge("z¹", "a¹", slope, 0.21789509),
        Edge("a¹", "ℒ", miss, -0.3208213),
    )
    return Derivation(
        function="ℒ",
        definitions={
            "z¹": Sum((Product((w, x)), rate)),
            "a¹": sigma,
            "ℒ": Product((Number(Fraction(1, 2)), Power(miss, Number(2)))),
        },
        wrt="w",
        style="reverse",
        paths=(Path(edges),),
        path_count=1,
        notes=("σ′(z) = σ(z)(1−σ(z)) ≤ ¼: 100% of δ¹ passes through it & shrinks",),
        lines=(
            Line(Rule.SOUGHT, Derivative("ℒ", "w")),
            Line(
                Rule.CHAIN_RULE,
                Product((Derivative("ℒ", "a¹"), Derivative("a¹", "z¹"), Derivative("z¹", "w")), apart=True),
                check=CHECK,
            ),
            Line(Rule.LOCAL_DERIVATIVES, Product((miss, slope, x), apart=True), "δ¹ = ∂ℒ/∂z¹", CHECK),
        ),
        point={"w": 0.5, "x": 2.0, "bias_1": -0.25, "ŷ": 1.0},
        value=-0.139810711,
        difference=-0.13981071,
    )


def square():
    """d/dx of u·u, u = 3x + 2: two edges between the same nodes."""
    u, edge = Symbol("u"), Edge("u", "f", Symbol("u"), 5.0, alone=True)
    three = Number(3)
    return Derivation(
        function="f",
        definitions={"u": Sum((Product((three, x)), Number(2))), "f": Product((u, u))},
        wrt="x",
        style="paths",
        paths=(Path((Edge("x", "u", three, 3.0, alone=True), edge)),) * 2,
        path_count=2,
        notes=(),
        lines=(
            Line(Rule.SOUGHT, Derivative("f", "x", total=True)),
            Line(Rule.LOCAL_DERIVATIVES, two_by_two((u, three), (u, three)), check=CHECK),
            Line(Rule.COLLECT, Product((Number(6), u)), check=CHECK),
            Line(Rule.ELIMINATE, Sum((Product((Number(18), x)), Number(12))), check=CHECK, names=("u",)),
        ),
        point={"x": 1.0},
        value=30.0,
        difference=30.0,
    )


def network():
    """∂ℒ/∂x of a 2-2-1 network whose input is used by both units and once more past them: long and crossing edges."""
    form = {
        "z₁": Sum((Product((Symbol("w₁"), x)), Symbol("b₁"))),
        "z₂": Sum((Product((Symbol("w₂"), x)), Symbol("b₂"))),
        "a₁": Call("tanh", (Symbol("z₁"),)),
        "a₂": Call("tanh", (Symbol("z₂"),)),
        "q": Product((Symbol("a₂"), Symbol("a₁"))),
        "z": Sum((Product((Symbol("v"), Symbol("a₁"))), Symbol("q"), x)),
        "a": Call("σ", (z,)),
        "ℒ": Sum((Power(Sum((Symbol("a"), Negative(y))), Number(2)), Product((Symbol("λ"), Power(x, Number(2)))))),
    }
    local = {
        ("x", "z₁"): Symbol("w₁"),
        ("x", "z₂"): Symbol("w₂"),
        ("z₁", "a₁"): Sum((Number(1), Negative(Power(Symbol("a₁"), Number(2))))),
        ("z₂", "a₂"): Sum((Number(1), Negative(Power(Symbol("a₂"), Number(2))))),
        ("a₁", "q"): Symbol("a₂"),
        ("a₂", "q"): Symbol("a₁"),
        ("a₁", "z"): Symbol("v"),
        ("q", "z"): Number(1),
        ("x", "z"): Number(1),
        ("z", "a"): Product((Symbol("a"), Sum((Number(1), Negative(Symbol("a")))))),
        ("a", "ℒ"): Product((Number(2), Sum((Symbol("a"), Negative(y))))),
        ("x", "ℒ"): Product((Number(2), Symbol("λ"), x)),
    }
    edges = {ends: Edge(*ends, derivative, 0.25 + n / 7) for n, (ends, derivative) in enumerate(local.items())}
    ways = ("x z₁ a₁ z a ℒ", "x z₁ a₁ q z a ℒ", "x z₂ a₂ q z a ℒ", "x z a ℒ", "x ℒ")
    paths = tuple(Path(tuple(edges[ends] for ends in pairwise(way.split()))) for way in ways)
    return Derivation("ℒ", form, "x", "reverse", paths, 5, (), (Line(Rule.SOUGHT, Derivative("ℒ", "x")),), {})


def reverse():
    """d/dx of x·ln x + ln x, u = ln x, backwards: every row but the last two computes a derivative on the way."""
    u = Symbol("u")
    return Derivation(
        function="f",
        definitions={"u": Call("ln", (x,)), "f": Sum((Product((x, u)), u))},
        wrt="x",
        style="reverse",
        paths=(
            Path((Edge("x", "f", u),)),
            Path((Edge("x", "u", Quotient(Number(1), x), alone=True), Edge("u", "f", x))),
        ),
        path_count=2,
        notes=(),
        lines=(
            Line(Rule.SOUGHT, Derivative("f", "x", total=True)),
            Line(Rule.INTERMEDIATE, Sum((x, Number(1))), check=CHECK, left=Derivative("f", "u")),
            Line(
                Rule.CHAIN_RULE,
                two_by_two((u, Number(1)), (Derivative("f", "u"), Derivative("u", "x", total=True))),
                check=CHECK,
            ),
            Line(Rule.ELIMINATE, Sum((Call("ln", (x,)), Quotient(Sum((x, Number(1))), x))), check=CHECK, names=("u",)),
        ),
        point={"x": 1.0},
        value=2.0,
        difference=2.0,
    )


def arrays():
    """∂ℒ/∂W of z = Wx: a matrix rule with its derivation by index, and the numbers of a small and of a large array."""
    delta, weights = Symbol("δ"), Symbol("W")
    element = Indexed(Derivative("ℒ", "W"), ("i", "k"))
    by_index = (
        Line(
            Rule.INTERMEDIATE,
            Summation("k", Product((Indexed(weights, ("i", "k")), Indexed(x, ("k",))))),
            left=Indexed(z, ("i",)),
        ),
        Line(Rule.INTERMEDIATE, Product((Indexed(delta, ("i",)), Indexed(x, ("k",)))), check=CHECK, left=element),
        Line(Rule.INTERMEDIATE, Indexed(MatrixProduct((delta, Transpose(x))), ("i", "k")), check=CHECK, left=element),
    )
    gradient = np.array([[-0.0626951, -0.03134755], [0.03123234, np.inf]], np.float32)
    large = np.linspace(-1, 1, 40).reshape(10, 4)
    return Derivation(
        function="ℒ",
        definitions={"z": MatrixProduct((weights, x)), "ℒ": Call("sum", (z,))},
        wrt="W",
        style="reverse",
        paths=(),
        path_count=0,
        notes=(),
        lines=(
            Line(Rule.SOUGHT, Derivative("ℒ", "W")),
            Line(Rule.INTERMEDIATE, Call("ones", (z,)), "δ = ∂ℒ/∂z", CHECK, large, left=delta),
            Line(
                Rule.INTERMEDIATE,
                MatrixProduct((delta, Transpose(x))),
                "",
                CHECK,
                gradient,
                by_index,
                Derivative("ℒ", "W"),
            ),
        ),
        point={},
    )


def every_form():
    """No true derivation: every kind of expression once, names of every kind, numbers that are not finite."""
    i, j = "i", "j"
    delta, weight = Symbol("δˡ"), Symbol("Wˡ⁺¹")
    forms = (
        MatrixProduct((Transpose(weight), delta)),
        ElementwiseProduct((Transpose(Sum((x, y))), Sum((Number(1), Negative(Power(Symbol("aˡ"), Number(2))))))),
        Summation(j, Product((Indexed(delta, (j,)), Indexed(Symbol("wˡ"), (j, "k"))))),
        Indexed(Symbol("W¹"), (1, 2)),
        Indexed(Sum((x, y)), (i,)),
        Choice(Relation(">", x, Number(0)), Call("log", (x,)), Number(0)),
        Quotient(Number(1), Sum((Number(1), Call("exp", (Negative(x),))))),
        Call("softmax", (Symbol("rate_2"), Call("sqrt", (x,)), Call("abs", (y,)))),
        Call("leaky_relu", (Symbol("Ω"), Symbol("Α"), Symbol("ϕ"), Symbol("é"), Symbol("中"), Symbol("f′"))),
        Sum((Number(-1.5e-7), Number(Fraction(-2, 7)), Number(Fraction(1, 2)))),
        Power(Number(float("inf")), Number(float("-inf"))),
        Power(Quotient(x, Symbol("x_hat")), Sum((Symbol("q"), Number(1)))),
        Relation("<=", Derivative("ŷ", "W¹[1,2]"), Number(2**70)),
    )
    return Derivation(
        function="f",
        definitions={"f": forms[0]},
        wrt="x",
        style="forward",
        paths=(),
        path_count=1024,
        notes=('a ‘note’ with <tags> & \\ $ % # _ { } ~ ^ " | … é 中 ½',),
        lines=(
            Line(Rule.SOUGHT, Derivative("f", "x")),
            *(Line(Rule.INTERMEDIATE, form, left=Symbol(f"form {n}")) for n, form in enumerate(forms)),
        ),
        point={"x": float("-inf")},
        value=float("inf"),
        difference=1e300,
    )


BOARDS = {
    "xyz": xyz,
    "neuron": neuron,
    "square": square,
    "network": network,
    "reverse": reverse,
    "arrays": arrays,
    "every form": every_form,
}
