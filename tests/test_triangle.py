"""The engine against the reference: every operation in every case, derivatives, unusual numbers, lengths and arrays.

The third side of the triangle is JAX, in tests/oracles.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference
from chainrule.graph import REGISTRY, Kind
from chainrule.ops.value import apply
from chainrule.runtime import calls
from engine_runs import assert_agree, compiled, run, same_bits, together, traced
from op_cases import CASES, NUMPY_CASES
from test_every_op import is_differentiable, of_floats, vector
from test_reference import unusual

DTYPES = (np.float32, np.float64)
ULPS = {"float32": 16, "float64": 1e-12 / np.finfo(np.float64).eps}
THREADS = 4  # programs for 1, 2 and 4 threads

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def assert_engine_is_reference(graph, arguments, *, what="", ulps=ULPS, target=None):
    """One thread computes what the reference computes; several compute the same bits."""
    executable = compiled(graph, THREADS, target=target)
    result = run(executable, arguments)
    for number, (actual, wanted) in enumerate(zip(result, reference.as_function(graph)(arguments), strict=True)):
        assert_agree(actual, wanted, ulps.get(wanted.dtype.name, 0), f"{what} output {number}")
    for threads in executable.candidates[1:]:
        assert same_bits(run(executable, arguments, threads), result), f"{what} {threads} threads"


# Every case of every operation


def by_operation(cases):
    found = {}
    for case in cases:
        found.setdefault(case.op, []).append(case)
    return found


GROUPS = by_operation((*CASES, *NUMPY_CASES))


def value_and_gradients(case, dtype):
    """A function of the case's arguments that returns its value and the gradient of each float argument."""
    arguments = case.arguments(dtype)

    def compute(*arguments):
        if not is_differentiable(case):
            return case.traced(*arguments)
        f, floats = of_floats(case, arguments)
        value, pullback = cr.vjp(f, *floats)
        return (value, *pullback(vector(np.empty(value.shape), dtype=value.dtype)))

    return compute, arguments


@pytest.mark.parametrize("name", GROUPS)
@each_dtype
def test_values_and_gradients_are_those_of_the_reference(name, dtype):
    functions, groups = zip(*(value_and_gradients(case, dtype) for case in GROUPS[name]), strict=True)
    everything, arguments = together(functions, groups)
    graph = traced(everything, *arguments)
    assert_engine_is_reference(graph, arguments, what=f"{name}, cases {list(map(str, GROUPS[name]))},")


# Unusual numbers

TINY = {np.float32: (2.0**-149, 2.0**-127, 2.0**-126), np.float64: (2.0**-1074, 2.0**-1023, 2.0**-1022)}
HUGE = {np.float32: (88.8, 3e38), np.float64: (709.9, 1.7e308)}
ELEMENTWISE = {name: op for name, op in REGISTRY.items() if op.kind is Kind.ELEMENTWISE}
INTEGERS = ("add", "subtract", "multiply", "negative", "abs", "sign", "floor", "maximum", "minimum", "less",
            "less_equal", "equal", "not_equal", "stop_gradient")  # fmt: skip


def special(dtype):
    """±0, ±1, ±∞, NaN, subnormal and huge numbers: with their signs, one more than any vector has lanes."""
    positive = (0.0, 1.0, 0.5, 2.0, 3.7, np.inf, np.nan, *TINY[dtype], *HUGE[dtype])
    return np.array([sign * x for x in positive for sign in (1, -1)] + [1e-3], dtype)


def operand_count(op):
    return 3 if op.name == "where" else len(op.rules)


@each_dtype
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "cast"])
def test_unusual_numbers_come_out_as_from_the_reference(name, dtype):
    op, numbers = ELEMENTWISE[name], special(dtype)
    if name in ("and", "or", "not"):
        numbers = np.array([False, True, True])
    pairs = np.array(list(product(numbers, numbers)), numbers.dtype)
    operands = [numbers] if operand_count(op) == 1 else [pairs[:, 0].copy(), pairs[:, 1].copy()]
    condition = [np.arange(len(operands[0])) % 3 == 0] if name == "where" else []
    arguments = [*condition, *operands]
    graph = traced(lambda *x: apply(op, *x), *arguments)
    (expected,) = reference.as_function(graph)(arguments)
    (result,) = run(compiled(graph), arguments)
    assert_same_number(result, expected)


def assert_same_number(result, expected):
    """NaN and ∞ where they belong, zeros of the right sign, and the rest to a few units in the last place."""
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(result, expected)
        return
    limits = np.finfo(expected.dtype)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(result[number]), np.signbit(expected[number]))
    np.testing.assert_allclose(
        result[number], expected[number], rtol=4 * limits.eps, atol=4 * limits.smallest_subnormal
    )


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, np.uint32], ids=lambda dtype: dtype.__name__)
def test_the_ends_of_integers_wrap_as_in_the_reference(dtype):
    limits = np.iinfo(dtype)
    numbers = np.array([limits.min, limits.min + 1, 0, 1, 2, 100, limits.max - 1, limits.max], dtype)
    a, b = (np.ascontiguousarray(x) for x in np.array(list(product(numbers, numbers)), dtype).T)

    def every(a, b):
        results = []
        for name in INTEGERS:
            try:
                op = ELEMENTWISE[name]
                results.append(apply(op, *(a, b)[: operand_count(op)]))
            except ValueError:  # the operation is not defined for this dtype
                continue
        return tuple(results)

    graph = traced(every, a, b)
    assert len(graph.outputs) >= 8
    for actual, wanted in zip(run(compiled(graph), [a, b]), reference.as_function(graph)([a, b]), strict=True):
        np.testing.assert_array_equal(actual, wanted)


CASTS = [
    (source, to)
    for source in ("bool", "uint8", "int32", "uint32", "int64", "float32", "float64")
    for to in ("bool", "uint8", "int32", "uint32", "int64", "float32", "float64")
    if source != to
]


def test_casts_among_all_dtypes_are_those_of_the_reference():
    """Floats that are cast to integers have a place among them; what the others give is not specified."""
    numbers = {
        "bool": np.array([False, True, True, False, True]),
        "float32": np.array([0.0, -0.0, 1.9, 100.7, 3.0], np.float32),
        "float64": np.array([0.0, -0.0, 1.9, 100.7, 3.0]),
        **{
            name: np.array([0, 1, np.iinfo(name).min, np.iinfo(name).max, 77], name)
            for name in ("uint8", "int32", "uint32", "int64")
        },
    }
    arguments = [numbers[source] for source, _ in CASTS]
    graph = traced(lambda *x: tuple(y.astype(to) for y, (_, to) in zip(x, CASTS, strict=True)), *arguments)
    results = run(compiled(graph), arguments)
    for case, actual, wanted in zip(CASTS, results, reference.as_function(graph)(arguments), strict=True):
        np.testing.assert_array_equal(actual, wanted, str(case))


@each_dtype
def test_negative_floats_become_signed_integers_towards_zero(dtype):
    x = np.array([-1.9, -0.5, -100.7, -3.0, 2.0**30, -(2.0**30)], dtype)
    graph = traced(lambda x: (x.astype("int32"), x.astype("int64")), x)
    for actual, wanted in zip(run(compiled(graph), [x]), reference.as_function(graph)([x]), strict=True):
        np.testing.assert_array_equal(actual, wanted)


# Lengths

LENGTHS = (0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67, 127, 129, 257)


@each_dtype
@pytest.mark.parametrize("length", LENGTHS)
def test_axes_of_every_length_are_computed_to_their_ends(length, dtype):
    rng = np.random.default_rng(length)
    x, rows, columns, key = (
        rng.normal(size=length),
        rng.normal(size=(length, 3)),
        rng.normal(size=(5, length)),
        np.array([1, 2, 3], np.uint32),
    )

    def mixed(x, rows, columns, key):
        activated = np.tanh(x) * x + 1
        sums = (np.sum(rows, axis=0), np.sum(rows, axis=1), np.sum(columns, axis=1), np.sum(columns))
        across = (np.mean(columns, axis=0), rows.T * activated, columns[:, ::-1], np.concatenate([x, x]))
        bits = (apply(REGISTRY["random_bits"], key, shape=(2, length), stream=1),)
        if not length:
            return (activated, *sums, *across, *bits)
        extremes = (np.max(rows, axis=0), np.min(columns, axis=1), np.argmax(columns, axis=1), np.argmax(x))
        folded = (ops.softmax(columns), ops.logsumexp(rows, axis=0), np.take(rows, np.array([-1, 0]), axis=0))
        return (activated, *sums, *across, *bits, *extremes, *folded)

    arguments = [*(array.astype(dtype) for array in (x, rows, columns)), key]
    assert_engine_is_reference(traced(mixed, *arguments), arguments, what=f"length {length},")


MATRICES = [
    (1, 1, 1), (1, 8, 1), (2, 3, 5), (7, 17, 9), (16, 16, 16), (33, 5, 1), (1, 64, 33), (5, 1, 40), (13, 100, 31),
    (129, 3, 8), (8, 129, 65), (0, 3, 4), (3, 0, 4), (3, 4, 0),
]  # fmt: skip


@each_dtype
@pytest.mark.parametrize("shape", MATRICES, ids=str)
def test_products_of_every_shape_with_what_follows_them_in_their_tiles(shape, dtype):
    M, K, N = shape
    rng = np.random.default_rng(M + K + N)
    a, b, bias = (rng.normal(size=size).astype(dtype) for size in [(M, K), (K, N), (N,)])

    def layers(a, b, bias):
        z = a @ b + bias
        h = np.tanh(z)
        return h, z.T @ h, h @ b.T, a.T @ h, np.sum(h, axis=0), np.sum(h * z)

    ulps = {name: 4 * bound for name, bound in ULPS.items()}
    assert_engine_is_reference(traced(layers, a, b, bias), [a, b, bias], what=str(shape), ulps=ulps)


TURNED = {
    "with itself": lambda a: a @ a.T,
    "from the left": lambda a: a.T @ a,
    "with an argument": lambda a, x: x @ a.T,
    "and returned": lambda a, x: (x @ a.T, a, a.T),
    "as a constant": lambda a, x: x @ ops.stop_gradient(a.T),
    "twice": lambda a, x: x @ (a.T + 1) + x @ a.T,
}


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (3, 5), (33, 17)], ids=str)
@pytest.mark.parametrize("product", TURNED)
def test_a_factor_may_be_computed_and_turned(product, shape):
    function, x = TURNED[product], np.random.default_rng(0).normal(size=shape)
    arguments = [x, x + 1][: function.__code__.co_argcount]
    graph = traced(lambda x, *others: function(np.tanh(x), *others), *arguments)
    assert_engine_is_reference(graph, arguments)


# Arrays as people have them


@each_dtype
@pytest.mark.parametrize("layout", [*unusual(np.ones((2, 2))), "zero strides"])
@pytest.mark.parametrize("shape", [(19, 5), (1, 1), (0, 3)], ids=str)
def test_every_layout_gives_the_bits_of_a_contiguous_copy_and_is_not_written_to(layout, shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    if layout == "list" and (not x.size or dtype is np.float32):
        pytest.skip("a list knows neither the shape of nothing nor float32")
    array = np.broadcast_to(x[:1], shape) if layout == "zero strides" else unusual(x)[layout]
    x = np.ascontiguousarray(array).astype(dtype)
    w = np.ones((shape[1], 2), dtype)
    prepared = calls.as_function(traced(lambda x: (np.tanh(x) * x, np.sum(x, axis=0), x[::-1] * 2, x @ w, x.T), x))
    before = np.array(array, copy=True)
    assert same_bits(prepared([array]), prepared([x]))
    np.testing.assert_array_equal(array, before)


def test_results_share_no_memory_with_arguments_constants_or_each_other():
    captured = np.arange(3.0)
    run_ = calls.as_function(traced(lambda x: (x, x[::-1], x.reshape(3, 1), captured, x, x), captured))
    x = np.arange(3.0)
    results = run_([x])
    for i, result in enumerate(results):
        assert result.flags.writeable
        assert not np.shares_memory(result, x)
        assert not any(np.shares_memory(result, other) for other in results[:i])
    results[3][:] = 99
    np.testing.assert_array_equal(run_([x])[3], captured)
