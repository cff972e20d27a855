"""aᵇ = exp(b·ln a).

For `float` it is computed in `double`. For `double` the logarithm is a sum of two numbers with some 65 bits in all, as
an error of the exponent counts up to 745 times as much in the result: ln m = 2 artanh s = 2s·(1 + s²·(1/3 + s²·Q(s²))),
where all but Q is a sum of two (after T. J. Dekker, Numer. Math. 18, 1971).
"""

from __future__ import annotations

from math import inf, nan
from typing import TypeAlias

from chainrule.codegen.assembler import Function, Val, constant, element
from chainrule.codegen.math.exponential import LN2, exp, inner_exp
from chainrule.codegen.math.logarithm import decomposed, log
from chainrule.codegen.math.numbers import (
    absolute,
    at_least,
    at_most,
    bits,
    fma,
    form,
    number,
    ordered_sum,
    polynomial,
    product_error,
    sign,
)

_Pair: TypeAlias = tuple[Val, Val]

_Q = (
    0.1999999999999999, 0.14285714285721934, 0.1111111110888935, 0.09090909422852982, 0.07692279147057474,
    0.06668135087794665, 0.0583782877424914, 0.059914159226524474,
)  # fmt: skip
_THIRD = (1 / 3, 1.850371707708594e-17)
_FLOAT_OVERFLOW = 200.0  # e to this power is no float, nor is its inverse, but both are doubles
_OVERFLOW = 1000.0
_ENDLESS = 2.0**100  # to this power every number but 1 is 0 or ∞


def power(f: Function, a: Val, b: Val) -> Val:
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


def _integral(f: Function, b: Val) -> _Pair:
    """Whether b is an integer, and whether it is an odd one."""
    size = absolute(f, b)
    whole = _is_whole(f, size)
    half_is = _is_whole(f, f.fmul(size, constant(b.type, 0.5)))
    return whole, f.and_(whole, f.xor(half_is, constant(whole.type, True)))


def _is_whole(f: Function, size: Val) -> Val:
    """Whether a number from 0 on is an integer; all are whose last bit counts 1 or more."""
    limit = constant(size.type, 2.0 ** form(size).fraction)
    rounded = f.fsub(f.fadd(size, limit), limit)
    return f.or_(f.fcmp("oeq", rounded, size), f.fcmp("oge", size, limit))


def _single(f: Function, size: Val, b: Val) -> Val:
    exponent = f.fmul(f.cast("fpext", b, "double"), log(f, f.cast("fpext", size, "double")))
    limited = at_least(f, at_most(f, exponent, _FLOAT_OVERFLOW), -_FLOAT_OVERFLOW)
    return f.cast("fptrunc", inner_exp(f, limited), "float")


def _double(f: Function, size: Val, b: Val) -> Val:
    upper, lower = _log(f, size)
    for end, value in ((0.0, -inf), (inf, inf)):
        upper = f.select(f.fcmp("oeq", size, constant(size.type, end)), constant(size.type, value), upper)
    upper = f.select(f.fcmp("uno", size, size), size, upper)
    b = at_least(f, at_most(f, b, _ENDLESS), -_ENDLESS)  # a larger one could not be split
    exponent = f.fmul(b, upper)
    rest = f.fadd(product_error(f, b, upper, exponent), f.fmul(b, lower))
    usual = f.fcmp("olt", absolute(f, exponent), constant(size.type, _OVERFLOW))
    return exp(f, exponent, f.select(usual, rest, constant(size.type, 0)))


def _log(f: Function, x: Val) -> _Pair:
    """ln x for 0 < x < ∞ as a sum of two numbers."""
    k, m, _ = decomposed(f, x)
    s, s_rest = _ratio(f, f.fsub(m, constant(x.type, 1)))
    artanh, artanh_rest = _artanh(f, s, s_rest)
    total, error = ordered_sum(f, f.fmul(k, constant(x.type, LN2["double"][0])), f.fadd(artanh, artanh))
    rest = fma(f, k, constant(x.type, LN2["double"][1]), f.fadd(artanh_rest, artanh_rest))
    return ordered_sum(f, total, f.fadd(error, rest))


def _ratio(f: Function, m: Val) -> _Pair:
    """m/(2 + m) for √½ − 1 ≤ m < √2 − 1."""
    sum_, sum_rest = ordered_sum(f, constant(m.type, 2), m)
    inverse = f.fdiv(constant(m.type, 1), sum_)
    s = f.fmul(m, inverse)
    product = f.fmul(s, sum_)
    rest = f.fsub(f.fsub(f.fsub(m, product), product_error(f, s, sum_, product)), f.fmul(s, sum_rest))
    return s, f.fmul(rest, inverse)


def _artanh(f: Function, s: Val, s_rest: Val) -> _Pair:
    """s + s³·(1/3 + s²·Q(s²))."""
    z = f.fmul(s, s)
    z_rest = f.fadd(product_error(f, s, s, z), f.fmul(f.fadd(s, s), s_rest))
    t, t_rest = ordered_sum(f, constant(s.type, _THIRD[0]), f.fmul(z, polynomial(f, z, _Q)))
    u, u_rest = _product(f, (z, z_rest), (t, f.fadd(t_rest, constant(s.type, _THIRD[1]))))
    v, v_rest = _product(f, (s, s_rest), (u, u_rest))
    total, error = ordered_sum(f, s, v)
    return total, f.fadd(error, f.fadd(v_rest, s_rest))


def _product(f: Function, a: _Pair, b: _Pair) -> _Pair:
    """The product of two sums of two numbers."""
    product = f.fmul(a[0], b[0])
    error = product_error(f, a[0], b[0], product)
    return product, f.fadd(error, fma(f, a[0], b[1], f.fmul(a[1], b[0])))
