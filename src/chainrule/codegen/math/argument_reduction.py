"""Argument reduction of angles x ≥ 0 to quarter turns: x = q·π/2 + r with |r| ≤ π/4, where r is a sum of two numbers.

Up to a bound π/2 is a sum of parts, of which all but the last two give exact products and exact differences (Cody and
Waite). Beyond, one function of the module multiplies the bits of x by those of 2/π that matter (Payne and Hanek), in
integers and hence exactly, for every finite x. It is called only if an element needs it, so it costs a comparison.
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.numbers import bits, fma, nearest, number, ordered_difference, ordered_sum, product_error
from chainrule.codegen.values import Val, constant, element, i64, lanes, vector

# floor(2^1216 · 2/π) and floor(2^254 · π/2)
TWO_OVER_PI = int(
    "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A424D"
    "D2E006492EEA09D1921CFE1DEB1CB129A73EE88235F52EBB4484E99C7026B45F7E413991D639"
    "835339F49C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF27CB09B74F46"
    "3F669E5FEA2D7527BAC7EBE5F17B3D0739F78A5292EA6BFB5FB11F8D5D0856033046FC7B6BAB",
    16,
)
HALF_PI = 0x6487ED5110B4611A62633145C06E0E68948127044533E63A0105DF531D89CD91
_HALF_PI_BITS = 254


def _parts(*lengths: int) -> tuple[float, ...]:
    """Numbers that add up to π/2 and have so many bits, counted from the first bit of the part."""
    parts, rest, position = [], HALF_PI, _HALF_PI_BITS + 1
    for length in lengths:
        position -= length
        parts.append(float(rest >> position << position) / 2.0**_HALF_PI_BITS)
        rest &= (1 << position) - 1
    return tuple(parts)


class _Near(NamedTuple):
    """How far the parts reach; the last but one begins where the exact ones end."""

    bound: float
    parts: tuple[float, ...]


# (element, whether a·b + c is rounded once); if it is not, products are exact because the parts are short
_NEAR = {
    ("float", True): _Near(2.0**16, _parts(24, 24, 24)),
    ("double", True): _Near(2.0**30, _parts(53, 53, 53)),
    ("float", False): _Near(2.0**11, _parts(13, 11, 13, 24)),
    ("double", False): _Near(2.0**20, _parts(33, 20, 33, 53)),
}


class Angle(NamedTuple):
    """r = high + low, and q in the lowest 2 bits of an integer."""

    high: Val
    low: Val
    quarter: Val


def reduced(f: FunctionBuilder, x: Val) -> Angle:
    """The angle x ≥ 0 in quarter turns; NaN for ∞ and NaN. It opens a loop, so write it to the innermost level."""
    bound, parts = _NEAR[element(x.type), f.module.fma]
    near = _reduced_near(f, x, parts)
    far = f.fcmp("ogt", x, constant(x.type, bound))
    some = far if lanes(x.type) == 1 else f.intrinsic("vector.reduce.or", far, result="i1")
    # no round or one: a branch, whose values live on
    with f.loop(i64(0), f.cast("zext", some, "i64")) as loop:
        carried = [loop.carry(value) for value in near]
        for value, exact in zip(carried, _reduced_far(f, x), strict=True):
            loop.next(value, f.select(far, exact, value))
    return Angle(*(loop.result(value) for value in carried))


def _reduced_near(f: FunctionBuilder, x: Val, parts: tuple[float, ...]) -> Angle:
    n, quarter = nearest(f, x, 2 / pi)
    *exact, rounded, last = (constant(x.type, part) for part in parts)
    rest = x
    for part in exact:
        rest = fma(f, f.fneg(n), part, rest)
    product = f.fmul(n, rounded)
    high, low = ordered_difference(f, rest, product)
    if not f.module.fma:  # the last part is no less than the last bit of high
        return Angle(*ordered_sum(f, high, f.fsub(low, f.fmul(n, last))), quarter)
    low = f.fsub(low, product_error(f, n, rounded, product))
    return Angle(high, fma(f, f.fneg(n), last, low), quarter)


def _reduced_far(f: FunctionBuilder, x: Val) -> Angle:
    """Call the function of the module; it works in `double` for every format."""
    count = lanes(x.type)
    single = element(x.type) == "float"
    places = [f.local(kind, count) for kind in ("double", "double", "double", "i64")]
    f.store(f.cast("fpext", x, "double") if single else x, places[0])
    f.call(_reduction(f), *places, i64(count))
    high, low = (f.load(place, vector("double", count)) for place in places[1:3])
    quarter = f.load(places[3], vector("i64", count))
    if not single:
        return Angle(high, low, quarter)
    rounded = f.cast("fptrunc", high, "float")
    rest = f.fadd(f.fsub(high, f.cast("fpext", rounded, "double")), low)
    return Angle(rounded, f.cast("fptrunc", rest, "float"), f.cast("trunc", quarter, "i32"))


def _reduction(f: FunctionBuilder) -> str:
    """The name of the function that reduces an array of large numbers, in this module."""
    name = "reduce_angles"
    if name not in f.module.functions:
        parameters = [(parameter, "ptr") for parameter in ("x", "high", "low", "quarter")]
        # LLVM takes a block that calls a cold function for a rare one, and lets no other pay for it
        g = FunctionBuilder(
            f.module, name, [*parameters, ("count", "i64")], attributes="nounwind cold noinline", exported=False
        )
        *places, count = g.parameters
        with g.loop(i64(0), count) as loop:
            x = g.load(g.offset(places[0], "double", loop.index), "double", 8)
            for value, place in zip(_reduced_exactly(g, x), places[1:], strict=True):
                g.store(value, g.offset(place, element(value.type), loop.index), 8)
        g.finish()
    return name


def _reduced_exactly(f: FunctionBuilder, x: Val) -> Angle:
    """One large number x = m·2^e: m times those 192 bits of 2/π that leave a multiple of 4 before and nothing after."""
    pattern = bits(f, x)
    exponent = f.lshr(pattern, i64(52))
    m = f.or_(f.and_(pattern, i64(2**52 - 1)), i64(2**52))
    words = _window(f, exponent)
    lowest = _wide_product(f, m, words[2])
    middle = f.add(_wide_product(f, m, words[1]), f.lshr(lowest, constant("i128", 64)))
    top = f.add(f.mul(m, words[0]), _upper(f, middle))
    # 4·top/2^64 counts quarter turns; rounded to the nearest one, it leaves a rest of either sign
    quarter = f.lshr(f.add(top, i64(2**61)), i64(62))
    rest = f.sub(top, f.shl(quarter, i64(62)))
    lower = _wide(f, f.cast("trunc", middle, "i64"))
    fraction = f.or_(f.shl(_wide(f, rest), constant("i128", 64)), lower)
    negative = f.icmp("slt", rest, i64(0))
    high, low = _radians(f, f.select(negative, f.sub(constant("i128", 0), fraction), fraction))
    high = f.fadd(high, f.fsub(x, x))  # NaN where x is infinite
    return Angle(f.select(negative, f.fneg(high), high), f.select(negative, f.fneg(low), low), quarter)


def _window(f: FunctionBuilder, exponent: Val) -> list[Val]:
    """The 192 bits of 2/π, highest first, whose product with m counts 4 turns, for x with this biased exponent."""
    # 64 zeros come first, for exponents that are not large
    words = [TWO_OVER_PI >> 1216 - 64 * index & 2**64 - 1 for index in range(20)]
    table = f.module.data("i64", [word - 2**64 if word >= 2**63 else word for word in words])
    first = f.sub(exponent, i64(1013))
    first = f.select(f.icmp("slt", first, i64(0)), i64(0), first)
    place = f.offset(table, "i64", f.lshr(first, i64(6)))
    loaded = [f.load(f.offset(place, "i64", i64(index)), "i64", 8) for index in range(4)]
    shift = f.and_(first, i64(63))
    return [f.intrinsic("fshl", loaded[index], loaded[index + 1], shift) for index in range(3)]


def _radians(f: FunctionBuilder, fraction: Val) -> tuple[Val, Val]:
    """fraction/2^126 quarter turns as a sum of two numbers: 64 bits from the first that is set, times those of π/2."""
    zeros = f.intrinsic("ctlz", fraction, constant("i1", False))
    leading = _upper(f, f.shl(fraction, zeros))
    half_pi = HALF_PI >> _HALF_PI_BITS + 1 - 64
    product = _wide_product(f, leading, i64(half_pi - 2**64))
    upper, lower = _upper(f, product), f.cast("trunc", product, "i64")
    high = f.cast("sitofp", f.lshr(upper, i64(11)), "double")
    low = f.or_(f.shl(f.and_(upper, i64(2**11 - 1)), i64(42)), f.lshr(lower, i64(22)))
    scale = number(f, f.shl(f.sub(i64(1023), f.cast("trunc", zeros, "i64")), i64(52)))
    low = f.fmul(f.cast("sitofp", low, "double"), constant("double", 2.0**-103))
    return f.fmul(f.fmul(high, constant("double", 2.0**-50)), scale), f.fmul(low, scale)


def _wide(f: FunctionBuilder, a: Val) -> Val:
    return f.cast("zext", a, "i128")


def _wide_product(f: FunctionBuilder, a: Val, b: Val) -> Val:
    """The full 128-bit product of two unsigned i64."""
    return f.mul(_wide(f, a), _wide(f, b))


def _upper(f: FunctionBuilder, a: Val) -> Val:
    """The upper half of an i128."""
    return f.cast("trunc", f.lshr(a, constant("i128", 64)), "i64")
