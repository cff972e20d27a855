"""ln x and ln(1 + x).

x = 2^k·m with √½ ≤ m < √2, and with s = (m − 1)/(m + 1) the logarithm of m is 2 artanh s = 2s + s·R(s²), R minimax.
Taken as (m − 1) − ((m − 1)²/2 − s·((m − 1)²/2 + R)), only small terms are rounded. Source: K. C. Ng, FreeBSD's e_log.c.
"""

from __future__ import annotations

from math import inf, nan

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.exponential import LN2
from chainrule.codegen.math.numbers import Format, bits, fma, form, number, polynomial, with_sign
from chainrule.codegen.values import Val, constant, element

# R(z)/z
_R = {
    "float": (0.666667759, 0.399775684, 0.298714608),
    "double": (
        0.6666666666666735, 0.3999999999940938, 0.2857142874367709, 0.22222198430185341, 0.18183572281493918,
        0.15313834287408012, 0.14798235333134907,
    ),
}  # fmt: skip
_ROOT = {"float": 0x3F3504F3, "double": 0x3FE6A09E667F3BCD}  # the bits of √½


def log(f: FunctionBuilder, x: Val) -> Val:
    """ln x; −∞ at ±0 and NaN below."""
    k, m, _ = decomposed(f, x)
    return at_ends(f, x, 0.0, _assembled(f, k, f.fsub(m, constant(x.type, 1))))


def log1p(f: FunctionBuilder, x: Val) -> Val:
    """ln(1 + x); −∞ at −1 and NaN below."""
    one = constant(x.type, 1)
    u = f.fadd(x, one)
    back = f.fsub(u, one)
    error = f.fadd(f.fsub(x, back), f.fsub(one, f.fsub(u, back)))  # of u, exactly (Knuth)
    k, m, exponent = decomposed(f, u, subnormal=False)
    format_ = form(x)
    # the error counts only where u is small, so an exponent may be wrong whose negative is none
    exponent = f.intrinsic("smin", exponent, constant(exponent.type, (2 * format_.bias - 1) << format_.fraction))
    scale = number(f, f.sub(constant(exponent.type, 2 * format_.one), exponent))
    y = _assembled(f, k, fma(f, error, scale, f.fsub(m, one)))
    return with_sign(f, at_ends(f, x, -1.0, y), x)


def decomposed(f: FunctionBuilder, x: Val, subnormal: bool = True) -> tuple[Val, Val, Val]:
    """k and m with x = 2^k·m and √½ ≤ m < √2, for a positive number x, and the bits of 2^k."""
    format_, root = form(x), _ROOT[element(x.type)]
    # a number whose bits end in k + bias, less this one, is k
    offset = constant(x.type, _integral(format_) + format_.bias)
    if subnormal:
        shift = format_.fraction + 2
        tiny = f.fcmp("olt", x, constant(x.type, 2.0 ** (1 - format_.bias)))
        x = f.select(tiny, f.fmul(x, constant(x.type, 2.0**shift)), x)
        offset = f.select(tiny, constant(x.type, _integral(format_) + format_.bias + shift), offset)
    pattern = bits(f, x)
    moved = f.add(pattern, constant(pattern.type, format_.one - root))
    fraction = f.and_(moved, constant(moved.type, (1 << format_.fraction) - 1))
    exponent = f.xor(moved, fraction)
    counted = f.lshr(moved, constant(moved.type, format_.fraction))
    integral = constant(moved.type, (format_.bias + format_.fraction) << format_.fraction)
    k = f.fsub(number(f, f.or_(counted, integral)), offset)
    return k, number(f, f.add(fraction, constant(moved.type, root))), exponent


def at_ends(f: FunctionBuilder, x: Val, pole: float, y: Val) -> Val:
    """The logarithm `y` corrected where it is infinite or none: at its pole, below it, and at ∞ and NaN."""
    y = f.select(f.fcmp("ult", x, constant(x.type, pole)), constant(x.type, nan), y)
    y = f.select(f.fcmp("oeq", x, constant(x.type, inf)), x, y)
    return f.select(f.fcmp("oeq", x, constant(x.type, pole)), constant(x.type, -inf), y)


def _assembled(f: FunctionBuilder, k: Val, m: Val) -> Val:
    """k·ln 2 + ln(1 + m)."""
    upper, lower = (constant(m.type, part) for part in LN2[element(m.type)])
    s = f.fdiv(m, f.fadd(m, constant(m.type, 2)))
    z = f.fmul(s, s)
    tail = f.fmul(z, polynomial(f, z, _R[element(m.type)]))
    half = f.fmul(f.fmul(m, constant(m.type, 0.5)), m)
    small = fma(f, s, f.fadd(half, tail), f.fmul(k, lower))
    return fma(f, k, upper, f.fsub(m, f.fsub(half, small)))


def _integral(format_: Format) -> float:
    """The number whose last bit counts 1."""
    return 2.0**format_.fraction
