"""aᵇ = exp(b·ln a).

For `float` it is computed in `double`. For `double` the logarithm is double-double, with some 65 bits in all, as an
error of the exponent counts up to 745 times as much in the result.
"""

from __future__ import annotations

from math import inf, nan
from typing import TypeAlias

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.double_double_logarithm import wide_log
from chainrule.codegen.math.exponential import exp, inner_exp
from chainrule.codegen.math.logarithm import log
from chainrule.codegen.math.numbers import (
    absolute,
    at_least,
    at_most,
    bits,
    form,
    number,
    product_error,
    sign,
)
from chainrule.codegen.values import Val, constant, element

_Pair: TypeAlias = tuple[Val, Val]

_FLOAT_OVERFLOW = 200.0  # e to this power is no float, nor is its inverse, but both are doubles
_OVERFLOW = 1000.0
_ENDLESS = 2.0**100  # to this power every number but 1 is 0 or ∞


def power(f: FunctionBuilder, a: Val, b: Val) -> Val:
    """aᵇ as in C99: NaN for a < 0 unless b is an integer; 1 for b = 0 and for a = 1 even if the other is NaN."""
    size = absolute(f, a)
    magnitude = _single(f, size, b) if element(a.type) == "float" else _double(f, size, b)
    whole, odd = _integral(f, b)
    none = constant(sign(f, a).type, 0)
    y = number(f, f.or_(bits(f, magnitude), f.select(odd, sign(f, a), none)))
    one, zero = constant(a.type, 1), constant(a.type, 0)
    negative = f.and_(f.fcmp("olt", a, zero), f.fcmp("ogt", a, constant(a.type, -inf)))
    y = f.select(f.select(whole, constant(whole.type, False), negative), constant(a.type, nan), y)
    # (−1)^±∞ is 1, as is every power of 1, and every power with exponent 0
    endless = f.fcmp("oeq", absolute(f, b), constant(a.type, inf))
    trivial = f.or_(f.fcmp("oeq", a, one), f.and_(f.fcmp("oeq", size, one), endless))
    return f.select(f.or_(trivial, f.fcmp("oeq", b, zero)), one, y)


def _integral(f: FunctionBuilder, b: Val) -> _Pair:
    """Whether b is an integer, and whether it is an odd one."""
    size = absolute(f, b)
    whole = _is_whole(f, size)
    half_is = _is_whole(f, f.fmul(size, constant(b.type, 0.5)))
    return whole, f.and_(whole, f.xor(half_is, constant(whole.type, True)))


def _is_whole(f: FunctionBuilder, size: Val) -> Val:
    """Whether a number from 0 on is an integer; all are whose last bit counts 1 or more."""
    limit = constant(size.type, 2.0 ** form(size).fraction)
    rounded = f.fsub(f.fadd(size, limit), limit)
    return f.or_(f.fcmp("oeq", rounded, size), f.fcmp("oge", size, limit))


def _single(f: FunctionBuilder, size: Val, b: Val) -> Val:
    exponent = f.fmul(f.cast("fpext", b, "double"), log(f, f.cast("fpext", size, "double")))
    limited = at_least(f, at_most(f, exponent, _FLOAT_OVERFLOW), -_FLOAT_OVERFLOW)
    return f.cast("fptrunc", inner_exp(f, limited), "float")


def _double(f: FunctionBuilder, size: Val, b: Val) -> Val:
    upper, lower = wide_log(f, size)
    for end, value in ((0.0, -inf), (inf, inf)):
        upper = f.select(f.fcmp("oeq", size, constant(size.type, end)), constant(size.type, value), upper)
    upper = f.select(f.fcmp("uno", size, size), size, upper)
    b = at_least(f, at_most(f, b, _ENDLESS), -_ENDLESS)  # a larger one could not be split
    exponent = f.fmul(b, upper)
    rest = f.fadd(product_error(f, b, upper, exponent), f.fmul(b, lower))
    usual = f.fcmp("olt", absolute(f, exponent), constant(size.type, _OVERFLOW))
    return exp(f, exponent, f.select(usual, rest, constant(size.type, 0)))
