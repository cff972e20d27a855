"""Hyperbolic functions, with the reduction of `exponential` and no cancellation."""

from __future__ import annotations

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.exponential import inner_exp, reduced
from chainrule.codegen.math.numbers import (
    absolute,
    at_most,
    fma,
    form,
    polynomial,
    power_of_two,
    with_sign,
)
from chainrule.codegen.values import Val, constant, element

# sinh r = r + r³·S(r²) and cosh r = 1 + r²·C(r²) for |r| ≤ ln 2 / 2, minimax
_SINH = {
    "float": (0.166666672, 0.00833317637, 0.000199730101),
    "double": (
        0.16666666666666677, 0.008333333333321386, 0.0001984126988680103, 2.7557243484854993e-06,
        2.510930327805523e-08,
    ),
}  # fmt: skip
_COSH = {
    "float": (0.5, 0.0416664593, 0.00139354577),
    "double": (
        0.5000000000000013, 0.04166666666651048, 0.001388888894830743, 2.4801488612303387e-05, 2.7631753395028073e-07,
    ),
}  # fmt: skip
# tanh x = x + x³·T(x²) for |x| ≤ artanh ½, minimax
_TANH = {
    "float": (-0.333329558, 0.13320902, -0.052681502, 0.0164536014),
    "double": (
        -0.33333333333332343, 0.13333333333172523, -0.05396825387775458, 0.021869486010921958, -0.008863194944677561,
        0.003591722941764268, -0.0014532314607369442, 0.0005791771255526733, -0.00021036277614954572,
        5.105999421107527e-05,
    ),
}  # fmt: skip
_HALF = 0.5493061443340549  # artanh ½
# sinh and cosh overflow above, while 2^(n − 2) is a number yet
_MOST = {"float": 89.5, "double": 710.6}
# from here on tanh(x / 2) rounds to 1
_ONE = {"float": 20.0, "double": 40.0}


def tanh(f: FunctionBuilder, x: Val) -> Val:
    """1 − 2/(e^2x + 1) where that is at least ½, else a polynomial, as nothing may cancel."""
    a, one = absolute(f, x), constant(x.type, 1)
    z = f.fmul(a, a)
    small = fma(f, f.fmul(a, z), polynomial(f, z, _TANH[element(x.type)]), a)
    squared = inner_exp(f, at_most(f, f.fadd(a, a), _ONE[element(x.type)]))
    large = f.fsub(one, f.fdiv(constant(x.type, 2), f.fadd(squared, one)))
    return with_sign(f, f.select(f.fcmp("olt", a, constant(x.type, _HALF)), small, large), x)


def sinh(f: FunctionBuilder, x: Val) -> Val:
    """sinh x = sinh(n·ln 2)·cosh r + cosh(n·ln 2)·sinh r, for x = n·ln 2 + r."""
    n, even, odd, s, c = _summands(f, x)
    y = f.fadd(odd, fma(f, even, s, f.fmul(odd, c)))
    # halving would cost subnormal numbers a bit
    y = f.select(f.fcmp("oeq", n, constant(x.type, 0)), s, f.fadd(y, y))
    return with_sign(f, y, x)


def cosh(f: FunctionBuilder, x: Val) -> Val:
    """cosh x = cosh(n·ln 2)·cosh r + sinh(n·ln 2)·sinh r, for x = n·ln 2 + r."""
    _, even, odd, s, c = _summands(f, x)
    y = f.fadd(even, fma(f, odd, s, f.fmul(even, c)))
    return f.fadd(y, y)


def _summands(f: FunctionBuilder, x: Val) -> tuple[Val, Val, Val, Val, Val]:
    """n, cosh(n·ln 2)/2, sinh(n·ln 2)/2, sinh r, and cosh r − 1, for |x| = n·ln 2 + r."""
    kind = element(x.type)
    format_ = form(x)
    n, integer, r = reduced(f, at_most(f, absolute(f, x), _MOST[kind]), format_.bias - 2)
    growing = power_of_two(f, integer)
    # 2^(−n) is nothing beside 2^n long before it stops to be a normal number
    small = f.intrinsic("smin", integer, constant(integer.type, format_.rounder_bits + format_.bias + 64))
    falling = power_of_two(f, f.sub(constant(integer.type, 2 * format_.bias - 4), small))
    z = f.fmul(r, r)
    s = fma(f, f.fmul(r, z), polynomial(f, z, _SINH[kind]), r)
    c = f.fmul(z, polynomial(f, z, _COSH[kind]))
    return n, f.fadd(growing, falling), f.fsub(growing, falling), s, c
