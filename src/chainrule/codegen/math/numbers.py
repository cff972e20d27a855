"""Building blocks of the functions: formats of floats, polynomials, signs, rounding, error-free sums and products.

Only additions and multiplications, comparisons, selections and operations on bits occur, because every vector
instruction set has them: SSE2 cannot round, and AVX2 cannot convert between `double` and 64-bit integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.values import Val, constant, element


class Format(NamedTuple):
    """A binary format of IEEE 754: the integer of its width, the bits of its fraction, and the bias of its exponent."""

    integer: str
    fraction: int
    bias: int

    @property
    def rounder(self) -> float:
        """3/2·2^fraction: its sum with a small number has the nearest integer in the lowest bits."""
        return 1.5 * 2.0**self.fraction

    @property
    def rounder_bits(self) -> int:
        """The bits of the rounder."""
        return (self.bias + self.fraction << self.fraction) + (1 << self.fraction - 1)

    @property
    def sign(self) -> int:
        """The integer whose only bit is the sign."""
        return -(1 << int(self.integer[1:]) - 1)

    @property
    def one(self) -> int:
        """The bits of 1."""
        return self.bias << self.fraction


_FORMATS = {"float": Format("i32", 23, 127), "double": Format("i64", 52, 1023)}


_LONG = 8  # coefficients


def form(x: Val) -> Format:
    """The format of a value's elements."""
    return _FORMATS[element(x.type)]


def bits(f: FunctionBuilder, x: Val) -> Val:
    """The bits of a number, as an integer."""
    return f.cast("bitcast", x, form(x).integer)


def number(f: FunctionBuilder, pattern: Val) -> Val:
    """The number with these bits."""
    return f.cast("bitcast", pattern, _floating(pattern))


def _floating(pattern: Val) -> str:
    return "float" if element(pattern.type) == "i32" else "double"


def fma(f: FunctionBuilder, a: Val, b: Val, c: Val) -> Val:
    """a·b + c, rounded once where the target has such an instruction."""
    if f.module.fma:
        return f.intrinsic("fma", a, b, c)
    return f.fadd(f.fmul(a, b), c)


def polynomial(f: FunctionBuilder, x: Val, coefficients: Sequence[float]) -> Val:
    """c₀ + c₁x + c₂x² + … by Horner's rule, which needs the fewest instructions.

    A long chain of them would leave the processor waiting, so even and odd powers are then summed side by side.
    """
    if len(coefficients) <= _LONG:
        return _horner(f, x, coefficients)
    square = f.fmul(x, x)
    return fma(f, _horner(f, square, coefficients[1::2]), x, _horner(f, square, coefficients[::2]))


def _horner(f: FunctionBuilder, x: Val, coefficients: Sequence[float]) -> Val:
    *rest, result = (constant(x.type, coefficient) for coefficient in coefficients)
    for coefficient in reversed(rest):
        result = fma(f, result, x, coefficient)
    return result


def at_most(f: FunctionBuilder, x: Val, bound: float) -> Val:
    """The smaller of a number and a bound; NaN stays NaN."""
    limit = constant(x.type, bound)
    return f.select(f.fcmp("ogt", x, limit), limit, x)


def at_least(f: FunctionBuilder, x: Val, bound: float) -> Val:
    """The larger of a number and a bound; NaN stays NaN."""
    limit = constant(x.type, bound)
    return f.select(f.fcmp("olt", x, limit), limit, x)


def absolute(f: FunctionBuilder, x: Val) -> Val:
    """|x|."""
    return f.intrinsic("fabs", x)


def sign(f: FunctionBuilder, x: Val) -> Val:
    """The sign bit, as an integer with all other bits 0."""
    pattern = bits(f, x)
    return f.and_(pattern, constant(pattern.type, form(x).sign))


def with_sign(f: FunctionBuilder, y: Val, x: Val) -> Val:
    """A number `y` that has no sign yet, or that of `x` already, with the sign of `x`."""
    return number(f, f.or_(bits(f, y), sign(f, x)))


def nearest(f: FunctionBuilder, x: Val, scale: float, offset: int = 0) -> tuple[Val, Val]:
    """The integer n nearest to scale·x: as a number, and as bits of which the lower ones are n + offset."""
    rounder = constant(x.type, form(x).rounder + offset)
    shifted = fma(f, x, constant(x.type, scale), rounder)
    return f.fsub(shifted, rounder), bits(f, shifted)


def power_of_two(f: FunctionBuilder, exponent: Val) -> Val:
    """2^n from bits of which the lower ones are n + bias, where that is a normal number."""
    return number(f, f.shl(exponent, constant(exponent.type, _FORMATS[_floating(exponent)].fraction)))


def truth(f: FunctionBuilder, integer: Val, bit: int) -> Val:
    """Whether a bit of an integer is set; it is moved to the sign, where selections look for it."""
    width = int(element(integer.type)[1:])
    moved = f.shl(integer, constant(integer.type, width - 1 - bit))
    return f.icmp("slt", moved, constant(integer.type, 0))


def product_error(f: FunctionBuilder, a: Val, b: Val, product: Val) -> Val:
    """a·b − fl(a·b), exactly; by Veltkamp's splitting where the target has no FMA."""
    if f.module.fma:
        return fma(f, a, b, f.fneg(product))
    (a1, a2), (b1, b2) = _halves(f, a), _halves(f, b)
    error = f.fsub(f.fmul(a1, b1), product)
    error = f.fadd(f.fadd(error, f.fmul(a1, b2)), f.fmul(a2, b1))
    return f.fadd(error, f.fmul(a2, b2))


def _halves(f: FunctionBuilder, a: Val) -> tuple[Val, Val]:
    """Two numbers with half of the bits each, whose sum is `a`."""
    scaled = f.fmul(a, constant(a.type, 2.0 ** ((form(a).fraction + 2) // 2) + 1))
    upper = f.fsub(scaled, f.fsub(scaled, a))
    return upper, f.fsub(a, upper)


def ordered_sum(f: FunctionBuilder, a: Val, b: Val) -> tuple[Val, Val]:
    """fl(a + b) and its error, exactly, where |a| ≥ |b| or a is 0 (Dekker's FastTwoSum)."""
    total = f.fadd(a, b)
    return total, f.fadd(f.fsub(a, total), b)


def ordered_difference(f: FunctionBuilder, a: Val, b: Val) -> tuple[Val, Val]:
    """fl(a − b) and its error, exactly, where |a| ≥ |b| or a − b is exact (Dekker)."""
    difference = f.fsub(a, b)
    return difference, f.fsub(f.fsub(a, difference), b)
