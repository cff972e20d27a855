"""e^x and e^x − 1.

x = n·ln 2 + r with |r| ≤ ln 2 / 2, where n·ln 2 is subtracted in two parts (Cody and Waite), and e^r − 1 = r + r²·q(r)
with a minimax polynomial q.
"""

from __future__ import annotations

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.numbers import (
    at_least,
    at_most,
    fma,
    form,
    nearest,
    polynomial,
    power_of_two,
    with_sign,
)
from chainrule.codegen.values import Val, constant, element

LOG2_E = 1.4426950408889634
# n times the first part is exact: it ends in as many zero bits as n can have
LN2 = {"float": (0.693359375, -2.1219444e-4), "double": (6.93147180369123816490e-1, 1.90821492927058770002e-10)}

_Q = {
    "float": (0.5, 0.16666539, 0.0416664183, 0.00836705603, 0.00139429478),
    "double": (
        0.5, 0.16666666666666677, 0.041666666666666685, 0.00833333333332143, 0.001388888888887498,
        0.00019841269886731045, 2.480158734446676e-05, 2.755724351928483e-06, 2.75572570298455e-07,
        2.510930237217985e-08, 2.0919806063524293e-09,
    ),
}  # fmt: skip
# below the first e^x rounds to 0, above the second it overflows
_RANGE = {"float": (-104.0, 89.0), "double": (-746.0, 710.0)}
# below this e^x − 1 rounds to −1
_LEAST = {"float": -18.0, "double": -38.0}


def reduced(f: FunctionBuilder, x: Val, offset: int) -> tuple[Val, Val, Val]:
    """n, n + offset in the lower bits of an integer, and r, with x = n·ln 2 + r and |r| ≤ ln 2 / 2."""
    upper, lower = LN2[element(x.type)]
    n, integer = nearest(f, x, LOG2_E, offset)
    r = fma(f, n, constant(x.type, -upper), x)
    return n, integer, fma(f, n, constant(x.type, -lower), r)


def small_expm1(f: FunctionBuilder, r: Val) -> Val:
    """e^r − 1 for |r| ≤ ln 2 / 2."""
    return fma(f, f.fmul(r, r), polynomial(f, r, _Q[element(r.type)]), r)


def exp(f: FunctionBuilder, x: Val, tail: Val | None = None) -> Val:
    """e^x; or e^(x + tail), for a tail that is tiny, and 0 outside of the range in which e^x is a number above 0."""
    least, most = _RANGE[element(x.type)]
    # 2^n need not be a number, but it is a product of two that are; only the last multiplication can round
    _, integer, r = reduced(f, at_least(f, at_most(f, x, most), least), 2 * form(x).bias)
    y = _exp_reduced(f, r if tail is None else f.fadd(r, tail))
    half = f.lshr(integer, constant(integer.type, 1))
    return f.fmul(f.fmul(y, power_of_two(f, half)), power_of_two(f, f.sub(integer, half)))


def inner_exp(f: FunctionBuilder, x: Val) -> Val:
    """e^x where neither the result nor 2^n can overflow or be subnormal."""
    _, integer, r = reduced(f, x, form(x).bias)
    return f.fmul(_exp_reduced(f, r), power_of_two(f, integer))


def _exp_reduced(f: FunctionBuilder, r: Val) -> Val:
    return f.fadd(small_expm1(f, r), constant(r.type, 1))


def expm1(f: FunctionBuilder, x: Val) -> Val:
    """e^x − 1 = 2^n·(e^r − 1) + (2^n − 1)."""
    kind = element(x.type)
    limited = at_least(f, at_most(f, x, _RANGE[kind][1]), _LEAST[kind])
    n, integer, r = reduced(f, limited, form(x).bias - 1)
    p = small_expm1(f, r)
    half = power_of_two(f, integer)  # 2^n may overflow where the result does not
    y = fma(f, half, p, f.fsub(half, constant(x.type, 0.5)))
    # halving would cost subnormal numbers a bit
    y = f.select(f.fcmp("oeq", n, constant(x.type, 0)), p, f.fadd(y, y))
    return with_sign(f, y, x)
