"""sin, cos, tan and arctan, by minimax polynomials on [−π/4, π/4]."""

from __future__ import annotations

from math import pi
from math import tan as tangent

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.argument_reduction import Angle, reduced
from chainrule.codegen.math.numbers import (
    absolute,
    bits,
    fma,
    number,
    ordered_sum,
    polynomial,
    product_error,
    sign,
    truth,
    with_sign,
)
from chainrule.codegen.values import Val, constant, element

# sin r = r + r³·S(r²) and cos r = 1 − r²/2 + r⁴·C(r²)
_SIN = {
    "float": (-0.166666552, 0.00833218452, -0.000195172048),
    "double": (
        -0.1666666666666663, 0.008333333333321796, -0.00019841269829298563, 2.755731351104967e-06,
        -2.505072918767867e-08, 1.589508529857909e-10,
    ),
}  # fmt: skip
_COS = {
    "float": (-0.5, 0.0416666456, -0.00138873013, 2.44306702e-05),
    "double": (
        -0.5, 0.041666666666666595, -0.0013888888888873303, 2.4801587288947114e-05, -2.7557314191899473e-07,
        2.0875700738730682e-09, -1.1358446510799694e-11,
    ),
}  # fmt: skip
# arctan y = y + y³·A(y²) for |y| ≤ tan(π/8)
_ARCTAN = {
    "float": (-0.333333164, 0.199985296, -0.142444283, 0.105994627, -0.0609078296),
    "double": (
        -0.333333333333332, 0.1999999999995377, -0.14285714280212405, 0.11111110784162051, -0.09090897775829974,
        0.07692060503868038, -0.06663106967935385, 0.05847907823027408, -0.05039375541243221, 0.0380660338674303,
        -0.017908460949533238,
    ),
}  # fmt: skip
# what π/2 and π/4 have beyond the nearest number
_BEYOND = {"float": -4.371139000186241e-8, "double": 6.123233995736766e-17}


def sin(f: FunctionBuilder, x: Val) -> Val:
    """sin x, for every finite x."""
    angle = reduced(f, absolute(f, x))
    y = f.select(truth(f, angle.quarter, 0), f.fadd(*_cosine(f, angle)), f.fadd(*_sine(f, angle)))
    return number(f, f.xor(bits(f, y), f.xor(_bit_as_sign(f, angle.quarter, 1), sign(f, x))))


def cos(f: FunctionBuilder, x: Val) -> Val:
    """cos x, for every finite x."""
    angle = reduced(f, absolute(f, x))
    following = f.add(angle.quarter, constant(angle.quarter.type, 1))
    y = f.select(truth(f, following, 0), f.fadd(*_cosine(f, angle)), f.fadd(*_sine(f, angle)))
    return number(f, f.xor(bits(f, y), _bit_as_sign(f, following, 1)))


def tan(f: FunctionBuilder, x: Val) -> Val:
    """tan x, for every finite x; the quotient of sine and cosine is corrected by what both lack."""
    angle = reduced(f, absolute(f, x))
    odd = truth(f, angle.quarter, 0)
    s, c = ordered_sum(f, *_sine(f, angle)), ordered_sum(f, *_cosine(f, angle))
    numerator, numerator_rest = (f.select(odd, y, x) for x, y in zip(s, c, strict=True))
    denominator, denominator_rest = (f.select(odd, x, y) for x, y in zip(s, c, strict=True))
    inverse = f.fdiv(constant(x.type, 1), denominator)
    quotient = f.fmul(numerator, inverse)
    product = f.fmul(quotient, denominator)
    rest = f.fsub(f.fsub(numerator, product), product_error(f, quotient, denominator, product))
    rest = f.fadd(rest, fma(f, f.fneg(quotient), denominator_rest, numerator_rest))
    y = fma(f, rest, inverse, quotient)
    return number(f, f.xor(bits(f, y), f.xor(_bit_as_sign(f, angle.quarter, 0), sign(f, x))))


def _sine(f: FunctionBuilder, angle: Angle) -> tuple[Val, Val]:
    """sin(high + low) as the sum of two numbers, the first one the larger."""
    r = angle.high
    z = f.fmul(r, r)
    return r, fma(f, f.fmul(r, z), polynomial(f, z, _SIN[element(r.type)]), angle.low)


def _cosine(f: FunctionBuilder, angle: Angle) -> tuple[Val, Val]:
    """cos(high + low) as the sum of two numbers, the first one the larger."""
    r = angle.high
    z = f.fmul(r, r)
    correction = f.fneg(f.fmul(r, angle.low))
    return constant(r.type, 1), fma(f, z, polynomial(f, z, _COS[element(r.type)]), correction)


def _bit_as_sign(f: FunctionBuilder, integer: Val, bit: int) -> Val:
    """A bit of an integer as the sign bit, all others 0."""
    top = int(element(integer.type)[1:]) - 1
    return f.and_(f.shl(integer, constant(integer.type, top - bit)), constant(integer.type, -(1 << top)))


def arctan(f: FunctionBuilder, x: Val) -> Val:
    """arctan x = b + arctan y, where b is 0, π/4 or π/2 and y is |x|, (|x| − 1)/(|x| + 1) or −1/|x|."""
    a, one, zero = absolute(f, x), constant(x.type, 1), constant(x.type, 0)
    middle = f.fcmp("ogt", a, constant(x.type, tangent(pi / 8)))
    large = f.fcmp("ogt", a, constant(x.type, tangent(3 * pi / 8)))
    numerator = f.select(large, constant(x.type, -1), f.select(middle, f.fsub(a, one), a))
    denominator = f.select(large, a, f.select(middle, f.fadd(a, one), one))

    def base(half_turn: float) -> Val:
        return f.select(large, constant(x.type, half_turn), f.select(middle, constant(x.type, half_turn / 2), zero))

    y = f.fdiv(numerator, denominator)
    z = f.fmul(y, y)
    curved = fma(f, f.fmul(y, z), polynomial(f, z, _ARCTAN[element(x.type)]), base(_BEYOND[element(x.type)]))
    return with_sign(f, f.fadd(base(pi / 2), f.fadd(y, curved)), x)
