"""Vector mathematics against the C library in a wider format, in units in the last place (ulp)."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np
import pytest

from chainrule.codegen import math
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math import argument_reduction
from chainrule.codegen.module import Module
from chainrule.codegen.target import LEVELS, host, runs_here, target
from chainrule.codegen.values import i64, vector
from chainrule.runtime.code import emit, load
from chainrule.runtime.symbols import undefined

ELEMENTS = {"float": np.dtype(np.float32), "double": np.dtype(np.float64)}
LANES = (1, 2, 4, 8, 16)
LEVELS_HERE = ["host", *(["sse2"] if runs_here("sse2") else [])]

# largest error in ulp for float and double: with a·b + c in one instruction, and without
BOUNDS = {
    "exp": ((1.1, 1.1), (1.1, 1.1)),
    "expm1": ((1.9, 2.0), (1.9, 2.3)),
    "log": ((1.0, 1.0), (1.0, 1.0)),
    "log1p": ((1.5, 1.5), (1.5, 1.5)),
    "log2": ((0.51, 0.52), (0.51, 0.52)),
    "log10": ((0.51, 0.52), (0.51, 0.52)),
    "tanh": ((1.6, 1.6), (1.6, 1.6)),
    "sin": ((1.3, 1.3), (1.5, 1.5)),
    "cos": ((1.3, 1.3), (1.5, 1.5)),
    "tan": ((1.8, 1.8), (1.8, 1.8)),
    "arctan": ((2.0, 2.0), (2.0, 2.0)),
    "sinh": ((2.0, 2.0), (2.0, 2.3)),
    "cosh": ((2.3, 1.7), (2.3, 1.7)),
    "erf": ((1.4, 1.4), (1.4, 1.4)),
    "power": ((0.51, 1.3), (0.51, 1.3)),
}
UNARY = tuple(name for name in BOUNDS if name != "power")


def ir(names, element, lanes, fma):
    """A module with y[i] = function(*x[i]) for each function, over arrays whose length is a multiple of the lanes."""
    module = Module(fma=fma)
    for name in names:
        operands = 2 if name == "power" else 1
        pointers = [(f"x{i}", "ptr") for i in range(operands)]
        f = FunctionBuilder(module, f"kernel_{name}", [*pointers, ("y", "ptr"), ("n", "i64")])
        *sources, destination, count = f.parameters
        with f.loop(i64(0), count, lanes) as loop:
            x = [f.load(f.offset(source, element, loop.index), vector(element, lanes)) for source in sources]
            f.store(getattr(math, name)(f, *x), f.offset(destination, element, loop.index))
        f.finish()
    return str(module)


@cache
def kernel(name, element, lanes, level):
    machine = host() if level == "host" else target(level)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE", "off")
        code = load(ir([name], element, lanes, machine.fma), machine, [f"kernel_{name}"])
    pointers = [ctypes.c_void_p] * (3 if name == "power" else 2)
    return code.function(f"kernel_{name}", *pointers, ctypes.c_int64)


def evaluate(name, *operands, lanes=None, level="host"):
    element = next(element for element, dtype in ELEMENTS.items() if dtype == operands[0].dtype)
    lanes = lanes or 32 // operands[0].itemsize
    count = len(operands[0])
    padded = [np.pad(x, (0, -count % lanes), mode="edge") for x in operands]
    result = np.empty_like(padded[0])
    arrays = (*padded, result)
    kernel(name, element, lanes, level)(*(array.ctypes.data for array in arrays), len(result))
    return result[:count]


def exact(name, *operands):
    """The function in a format that is wider by at least 11 bits."""
    if operands[0].dtype == np.float32:
        wider = np.float64
    else:
        wider = np.longdouble
        if np.finfo(wider).nmant < 63:
            pytest.skip("there is no format wider than float64 on this platform")
    with np.errstate(all="ignore"):
        function = exact_erf if name == "erf" else getattr(np, name)
        return function(*(x.astype(wider) for x in operands))


def exact_erf(x):
    """2/√π e^(−x²) Σ 2ᵏ x^(2k+1)/(2k+1)!!, whose terms are all of one sign."""
    a = np.minimum(np.abs(x), 7)
    term = total = a
    for k in range(1, 200):
        term = term * (2 * a * a) / (2 * k + 1)
        total = total + term
    root = np.sqrt(4 * np.arctan(x.dtype.type(1)))
    return np.copysign(np.where(a < 6.5, 2 / root * np.exp(-a * a) * total, np.minimum(a, 1)), x)


def ulps(result, expected):
    """The distance between two arrays in units in the last place of the first one's format at the second's values."""
    info = np.finfo(result.dtype)
    with np.errstate(all="ignore"):
        rounded = expected.astype(result.dtype)
        exponent = np.maximum(np.frexp(np.abs(expected))[1] - 1, info.minexp) - info.nmant
        error = np.abs(result - expected) / np.ldexp(expected.dtype.type(1), exponent)
    same = (np.isnan(result) & np.isnan(expected)) | (np.isinf(rounded) & (result == rounded))
    wrong_sign = (expected == 0) & (np.signbit(result) != np.signbit(expected))
    error = np.where(same, 0, np.where(wrong_sign | np.isnan(error), np.inf, error))
    return error.astype(np.float64)


def special(dtype):
    info = np.finfo(dtype)
    one = dtype.type(1)
    positive = [0, info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny, info.max, np.inf, 0.5, 1, 2, 3]
    beside = [np.nextafter(one, 0 * one), np.nextafter(one, 2 * one), np.nextafter(info.tiny, 0 * one)]
    values = np.array([*positive, *beside, 2.0 ** (info.nmant + 1) - 1, 2.0**info.nmant - 0.5], dtype)
    return np.concatenate([values, -values, np.array([np.nan], dtype)])


def points(dtype, count, seed=0):
    """Special numbers, all exponents with both signs, random bits, and the ranges in which functions change."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    integer = np.dtype(f"i{dtype.itemsize}")
    bits = rng.integers(np.iinfo(integer).min, np.iinfo(integer).max, count, dtype=integer).view(dtype)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp).repeat(4)
    strata = np.ldexp(rng.uniform(1, 2, exponents.size), exponents).astype(dtype)
    ranges = [(-1, 1), (-1, 1), (0.6, 1.6), (-10, 10), (-110, 110), (-760, 760), (-1e5, 1e5)]
    uniform = [rng.uniform(low, high, count).astype(dtype) for low, high in ranges]
    logarithmic = (2.0 ** rng.uniform(-12, 8, count)).astype(dtype)
    return np.concatenate([special(dtype), bits, strata, -strata, logarithmic, -logarithmic, *uniform])


def bases_and_exponents(dtype, count):
    """Pairs whose power is mostly finite, small integer exponents, any bits, and all pairs of special numbers."""
    rng = np.random.default_rng(1)
    a = points(dtype, count)
    exponents = rng.uniform(-1100, 1100, a.size)
    with np.errstate(all="ignore"):
        fitting = (exponents / np.abs(np.log2(np.abs(a).astype(np.float64)))).astype(dtype)
    integers = np.rint(rng.uniform(-20, 20, a.size)).astype(dtype)
    pairs = np.meshgrid(special(dtype), np.concatenate([special(dtype), integers[:9]]))
    bases = np.concatenate([a, a, a, pairs[0].ravel()])
    return bases, np.concatenate([fitting, integers, rng.permutation(a), pairs[1].ravel()])


def operands_of(name, dtype, count):
    return bases_and_exponents(dtype, count) if name == "power" else (points(dtype, count),)


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", BOUNDS)
def test_errors_are_within_the_bounds(name, element, level):
    dtype = ELEMENTS[element]
    operands = operands_of(name, dtype, 50_000 if element == "float" else 4_000)
    errors = ulps(evaluate(name, *operands, level=level), exact(name, *operands))
    fused = host().fma if level == "host" else target(level).fma
    bound = BOUNDS[name][0 if fused else 1][list(ELEMENTS).index(element)]
    worst = np.argmax(errors)
    assert errors[worst] <= bound, [operand[worst] for operand in operands]


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", BOUNDS)
def test_every_lane_of_every_vector_has_the_bits_of_a_scalar(name, element, level):
    dtype = ELEMENTS[element]
    operands = [np.random.default_rng(2).permutation(x)[:5000] for x in operands_of(name, dtype, 500)]
    scalar = evaluate(name, *operands, lanes=1, level=level)
    for lanes in LANES[1:]:
        result = evaluate(name, *operands, lanes=lanes, level=level)
        assert np.array_equal(np.isnan(result), np.isnan(scalar))
        same = result.view(f"i{dtype.itemsize}") == scalar.view(f"i{dtype.itemsize}")
        assert np.all(same | np.isnan(scalar)), lanes


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    ("name", "at_zero", "at_infinity", "at_minus_infinity"),
    [
        ("exp", 1, np.inf, 0),
        ("expm1", 0, np.inf, -1),
        ("log", -np.inf, np.inf, np.nan),
        ("log1p", 0, np.inf, np.nan),
        ("log2", -np.inf, np.inf, np.nan),
        ("log10", -np.inf, np.inf, np.nan),
        ("tanh", 0, 1, -1),
        ("sin", 0, np.nan, np.nan),
        ("cos", 1, np.nan, np.nan),
        ("tan", 0, np.nan, np.nan),
        ("arctan", 0, np.pi / 2, -np.pi / 2),
        ("sinh", 0, np.inf, -np.inf),
        ("cosh", 1, np.inf, np.inf),
        ("erf", 0, 1, -1),
    ],
)
def test_values_at_zero_and_infinity_are_exact(name, element, at_zero, at_infinity, at_minus_infinity):
    dtype = ELEMENTS[element]
    result = evaluate(name, np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype))
    expected = np.array([at_zero, -0.0 if at_zero == 0 else at_zero, at_infinity, at_minus_infinity, np.nan], dtype)
    np.testing.assert_array_equal(result, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "sin", "tan", "arctan", "sinh"])
def test_functions_with_slope_1_keep_every_bit_of_subnormal_numbers(name, element):
    dtype = ELEMENTS[element]
    x = np.arange(1, 100).astype(dtype) * np.finfo(dtype).smallest_subnormal
    np.testing.assert_array_equal(evaluate(name, np.concatenate([x, -x])), np.concatenate([x, -x]))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", ["tanh", "erf", "sin", "cos"])
def test_no_value_is_beyond_1(name, element):
    x = points(ELEMENTS[element], 50_000)
    result = evaluate(name, x)
    assert 0.999 < np.nanmax(np.abs(result)) <= 1
    assert np.array_equal(np.isnan(result), np.isnan(x) | (np.isinf(x) & (name in ("sin", "cos"))))


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "arctan", "sinh", "erf"])
def test_growing_functions_never_fall_by_more_than_their_error(name, element):
    dtype = ELEMENTS[element]
    x = np.sort(points(dtype, 20_000))
    with np.errstate(all="ignore"):
        y = evaluate(name, x)
        y = y[np.isfinite(y)]
        fall = (y[:-1] - y[1:]) / np.spacing(np.abs(y[:-1]))
    assert np.max(fall) <= 2


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_closest_to_multiples_of_a_quarter_turn(name, level):
    # the double nearest to one (W. Kahan), multiples of π/2 rounded, and the largest numbers
    hard = np.ldexp(6381956970095103.0, 797)
    multiples = np.arange(1.0, 2**17, 7) * (np.pi / 2)
    large = np.ldexp(np.random.default_rng(3).uniform(1, 2, 4000), np.arange(4000) % 1024)
    for x in (np.concatenate([[hard, -hard], multiples, large]), multiples.astype(np.float32)):
        assert np.max(ulps(evaluate(name, x, level=level), exact(name, x))) <= 1.8


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("name", ["log2", "log10"])
def test_logarithms_of_powers_of_their_base_are_exact(name, level):
    base, last = (2, 1023) if name == "log2" else (10, 308)
    numbers = np.arange(-last, last + 1)
    x = np.array([float(f"1e{n}") if base == 10 else 2.0**n for n in numbers])
    np.testing.assert_array_equal(evaluate(name, x, level=level), numbers)
    single = np.abs(numbers) <= (126 if base == 2 else 37)
    np.testing.assert_array_equal(evaluate(name, x[single].astype(np.float32), level=level), numbers[single])


def test_digits_of_pi():
    guard = 64

    def arctan_of_inverse(n, bits):
        term = total = (1 << bits) // n
        for k in range(3, bits, 2):
            term //= -n * n
            total += term // k
        return total

    bits = 1300
    pi = 4 * (4 * arctan_of_inverse(5, bits + guard) - arctan_of_inverse(239, bits + guard))  # Machin
    assert pi >> bits + guard + 1 - 254 == argument_reduction.HALF_PI
    assert (1 << 1216 + bits + guard + 1) // pi == argument_reduction.TWO_OVER_PI


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_target_computes_without_calls(level, element):
    machine = target(level)
    code = emit(ir(BOUNDS, element, machine.lanes(element), machine.fma), machine)
    assert undefined(code) == set()


def test_multiply_add_rounds_once_only_where_the_target_can():
    for fma, calls in ((True, 1), (False, 0)):
        f = FunctionBuilder(Module(fma=fma), "f", [("a", "<8 x float>")])
        math.fma(f, *f.parameters * 3)
        f.finish()
        assert str(f.module).count("call <8 x float> @llvm.fma.v8f32") == calls


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
def test_every_float32(name):
    worst = 0.0
    for start in range(0, 2**32, 2**22):
        x = np.arange(start, start + 2**22).astype(np.uint32).view(np.float32)
        worst = max(worst, float(np.max(ulps(evaluate(name, x), exact(name, x)))))
    assert worst <= BOUNDS[name][0][0]
