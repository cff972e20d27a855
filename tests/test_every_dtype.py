"""Every operation on integers and truths of every dtype: value, dtype and shape are NumPy's, recorded and compiled.

NumPy computes functions of small integers in float16, which chainrule has not; it takes float32 there.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from zlib import crc32

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError
from chainrule.types import DTYPES
from op_cases import CASES, NUMPY_CASES, SHAPES

WHOLE = tuple(dtype for dtype in DTYPES if dtype.kind != "f")
FLOATS_ONLY = {"erf", "logsumexp", "sparse_matmul", "sparse_outer"}  # the table's own NumPy function, or a refusal
SPELT_FOR_FLOATS = {f"cast-{name}" for name in SHAPES}
each_whole_dtype = pytest.mark.parametrize("dtype", WHOLE, ids=str)


def numbers(shape, dtype, seed):
    """Small ones, the least, the largest, and any others."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    limits = np.iinfo(dtype)
    few = np.array([limits.min, limits.max, 1, 2, 3, 5], dtype)
    anything = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.where(rng.random(shape) < 0.7, rng.choice(few, shape), anything).astype(dtype)


def drawn(case, dtype):
    seed = crc32(str(case).encode())
    return [numbers(x.shape, dtype, seed + i) if x.dtype.kind == "f" else x for i, x in enumerate(case.arguments())]


def by_numpy(case, arguments):
    """What NumPy gives; None if it refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a scalar that wraps is told by a warning
            result = np.asarray(case.numpy(*arguments))
            if result.dtype != np.float16:
                return result
            small = result.dtype, np.dtype(np.int8), np.dtype(np.uint8), np.dtype(bool)
            return np.asarray(case.numpy(*[x.astype(np.float32) if x.dtype in small else x for x in arguments]))
    except (TypeError, ValueError, OverflowError):
        return None


@contextmanager
def named(dtype):
    """Name the dtype in what fails."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"with {dtype} arguments")
        raise


def assert_same(result, expected):
    assert (np.shape(result), np.asarray(result).dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(result, expected, rtol=8 * np.finfo(expected.dtype).eps)
    else:
        np.testing.assert_array_equal(result, expected)


def with_exponents_that_are_traced(case, dtype):
    return case.op == "power" and dtype.kind == "i" and len(case.draws) == 2


EXAMPLES = {
    case: [dtype for dtype in WHOLE if not with_exponents_that_are_traced(case, dtype)]
    for case in (*CASES, *NUMPY_CASES)
    if case.op not in FLOATS_ONLY
    and str(case) not in SPELT_FOR_FLOATS
    and case.op != "reciprocal"  # of 0 it is whatever the processor makes of 1/0; see below
    and any(draw(np.random.default_rng(0)).dtype.kind == "f" for draw in case.draws)
}
COMPUTED = [
    (case, dtype)
    for case, dtypes in EXAMPLES.items()
    for dtype in dtypes
    if by_numpy(case, drawn(case, dtype)) is not None
]
OPERATIONS = sorted({case.op for case, _ in COMPUTED})


@pytest.mark.parametrize("case", EXAMPLES, ids=str)
def test_value_shape_and_dtype_are_those_of_numpy(case):
    for dtype in EXAMPLES[case]:
        with named(dtype):
            arguments = drawn(case, dtype)
            expected = by_numpy(case, arguments)
            if expected is None:
                with pytest.raises((ArgumentError, OverflowError)):  # the latter where the case itself makes an array
                    cr.trace(case.traced, *arguments)
                continue
            graph = cr.trace(case.traced, *arguments)
            graph.verify()
            (result,) = reference.as_function(graph)(arguments)
            assert_same(result, expected)


@pytest.mark.parametrize("op", OPERATIONS)
def test_compiled_they_give_the_same(op):
    examples = [(case, drawn(case, dtype)) for case, dtype in COMPUTED if case.op == op]
    together = cr.compile(lambda *lists: [case.traced(*x) for (case, _), x in zip(examples, lists, strict=True)])
    results = together(*[arguments for _, arguments in examples])
    for (case, arguments), result in zip(examples, results, strict=True):
        assert_same(result, by_numpy(case, arguments))


# What a sweep over cases of floats does not reach


@each_whole_dtype
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3,), (2, 70)], ids=str)
def test_powers_of_whole_numbers_wrap_as_in_numpy(dtype, shape):
    x = numbers(shape, dtype, 1)
    exponents = numbers(shape, np.dtype(np.uint8), 2) % 70
    known = [0, 1, 2, 3, 7, 64] if dtype.kind != "b" else [0, 1, 3]
    results, by_array = cr.compile(lambda x, n: ([np.power(x, k) for k in known], x**n))(x, exponents)
    for k, result in zip(known, results, strict=True):
        assert_same(result, np.asarray(np.power(x, k)))
    assert_same(by_array, np.asarray(np.power(x, exponents)))


def test_negative_powers_of_whole_numbers_are_refused_with_the_fix():
    x = np.arange(3)
    for f in (lambda x: x**-1, lambda x: x ** np.array([1, -2, 0]), lambda x: x**x):
        with pytest.raises(ArgumentError, match=r"no negative powers.*x\.astype\(np\.float64\)"):
            cr.trace(f, x)


@each_whole_dtype
def test_reciprocals_of_whole_numbers_drop_the_fraction(dtype):
    x = numbers((40,), dtype, 3)
    x = x[x != 0]
    assert_same(cr.compile(np.reciprocal)(x), np.reciprocal(x))


@each_whole_dtype
def test_products_of_large_matrices_of_whole_numbers(dtype):
    a, b = numbers((37, 70), dtype, 4), numbers((70, 33), dtype, 5)
    for f in (lambda a, b: a @ b, lambda a, b: a[:2] @ b, lambda a, b: a @ b[:, 0], lambda a, b: np.vdot(a, a)):
        assert_same(cr.compile(f)(a, b), np.asarray(f(a, b)))


@pytest.mark.parametrize("name", ["float32", "float64"])
@each_whole_dtype
def test_floats_become_whole_numbers_up_to_the_ends_of_a_dtype(dtype, name):
    if dtype.kind == "b":
        x = np.array([0, -0.0, 0.25, -3, np.nan, np.inf], name)
    else:
        limits = np.iinfo(dtype)
        ends = np.array([limits.min, limits.max], name)
        inside = np.array([np.nextafter(end, 0 * end) if int(end) > limits.max else end for end in ends])
        x = np.concatenate([inside, inside / 2, inside / 2 + 1, np.array([0.75, 1.5, 2.25], name)])
    assert_same(cr.compile(lambda x: x.astype(dtype))(x), x.astype(dtype))


@pytest.mark.parametrize("ddof", [3, 4])
def test_degrees_of_freedom_beyond_the_count_divide_by_zero(ddof):
    f = lambda x: [np.var(x, ddof=ddof), np.std(x[:1], ddof=ddof)]
    x = np.array([1, 2, 5], np.int32)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f(x)
    np.testing.assert_array_equal(cr.compile(f)(x), expected)


def test_an_empty_product_keeps_its_axes():
    result = cr.compile(lambda x: np.prod(x, axis=0, keepdims=True))(np.zeros((0, 2), np.int8))
    assert_same(result, np.ones((1, 2), np.int64))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "bool"])
def test_a_polynomial_of_whole_numbers_trains_as_that_of_floats(dtype):
    t = np.array([0, 1, 2, 3, 5, 4, 2, 1]).astype(dtype)
    y = 1.0 + 2.0 * t + 0.5 * t.astype(float) ** 2
    loss = lambda p, t, y: (p[0] + p[1] * t + p[2] * t**2 - y) ** 2
    whole, floats = (cr.fit(loss, np.zeros(3), (x, y), epochs=4, batch_size=4).parameters for x in (t, t.astype(float)))
    np.testing.assert_allclose(whole, floats, rtol=1e-12)
