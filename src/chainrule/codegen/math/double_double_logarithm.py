"""ln x in double-double arithmetic, as a sum of two numbers with some 65 bits in all, and from it log₂ x and log₁₀ x.

ln m = 2 artanh s = 2s·(1 + s²·(1/3 + s²·Q(s²))), where all but Q is a sum of two (after T. J. Dekker, Numer. Math. 18,
1971). With one number ln 1000/ln 10 would be 2.9999999999999996; so logarithms of powers are exact.
"""

from __future__ import annotations

from typing import TypeAlias

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.exponential import LN2
from chainrule.codegen.math.logarithm import at_ends, decomposed, log
from chainrule.codegen.math.numbers import fma, ordered_sum, polynomial, product_error
from chainrule.codegen.values import Val, constant, element

_Pair: TypeAlias = tuple[Val, Val]

_Q = (
    0.1999999999999999, 0.14285714285721934, 0.1111111110888935, 0.09090909422852982, 0.07692279147057474,
    0.06668135087794665, 0.0583782877424914, 0.059914159226524474,
)  # fmt: skip
_THIRD = (1 / 3, 1.850371707708594e-17)
_INVERSE_LN2 = (1.4426950408889634, 2.0355273740931033e-17)
_INVERSE_LN10 = (0.4342944819032518, 1.098319650216765e-17)


def log2(f: FunctionBuilder, x: Val) -> Val:
    """log₂ x; −∞ at ±0 and NaN below."""
    return _log_of_base(f, x, _INVERSE_LN2)


def log10(f: FunctionBuilder, x: Val) -> Val:
    """log₁₀ x; −∞ at ±0 and NaN below."""
    return _log_of_base(f, x, _INVERSE_LN10)


def _log_of_base(f: FunctionBuilder, x: Val, inverse: tuple[float, float]) -> Val:
    if element(x.type) == "float":  # in double an error is too small to be seen
        wide = log(f, f.cast("fpext", x, "double"))
        return f.cast("fptrunc", f.fmul(wide, constant(wide.type, inverse[0])), "float")
    upper, lower = (constant(x.type, part) for part in inverse)
    return at_ends(f, x, 0.0, f.fadd(*_product(f, wide_log(f, x), (upper, lower))))


def wide_log(f: FunctionBuilder, x: Val) -> _Pair:
    """ln x for 0 < x < ∞ as a sum of two numbers."""
    k, m, _ = decomposed(f, x)
    s, s_rest = _ratio(f, f.fsub(m, constant(x.type, 1)))
    artanh, artanh_rest = _artanh(f, s, s_rest)
    total, error = ordered_sum(f, f.fmul(k, constant(x.type, LN2["double"][0])), f.fadd(artanh, artanh))
    rest = fma(f, k, constant(x.type, LN2["double"][1]), f.fadd(artanh_rest, artanh_rest))
    return ordered_sum(f, total, f.fadd(error, rest))


def _ratio(f: FunctionBuilder, m: Val) -> _Pair:
    """m/(2 + m) for √½ − 1 ≤ m < √2 − 1."""
    sum_, sum_rest = ordered_sum(f, constant(m.type, 2), m)
    inverse = f.fdiv(constant(m.type, 1), sum_)
    s = f.fmul(m, inverse)
    product = f.fmul(s, sum_)
    rest = f.fsub(f.fsub(f.fsub(m, product), product_error(f, s, sum_, product)), f.fmul(s, sum_rest))
    return s, f.fmul(rest, inverse)


def _artanh(f: FunctionBuilder, s: Val, s_rest: Val) -> _Pair:
    """s + s³·(1/3 + s²·Q(s²))."""
    z = f.fmul(s, s)
    z_rest = f.fadd(product_error(f, s, s, z), f.fmul(f.fadd(s, s), s_rest))
    t, t_rest = ordered_sum(f, constant(s.type, _THIRD[0]), f.fmul(z, polynomial(f, z, _Q)))
    u, u_rest = _product(f, (z, z_rest), (t, f.fadd(t_rest, constant(s.type, _THIRD[1]))))
    v, v_rest = _product(f, (s, s_rest), (u, u_rest))
    total, error = ordered_sum(f, s, v)
    return total, f.fadd(error, f.fadd(v_rest, s_rest))


def _product(f: FunctionBuilder, a: _Pair, b: _Pair) -> _Pair:
    """The product of two sums of two numbers."""
    product = f.fmul(a[0], b[0])
    error = product_error(f, a[0], b[0], product)
    return product, f.fadd(error, fma(f, a[0], b[1], f.fmul(a[1], b[0])))
