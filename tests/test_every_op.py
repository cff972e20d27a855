"""Every operation of the registry, in every case of the table: its value, its type, and its derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.graph import REGISTRY
from chainrule.ops.value import IMPLEMENTATIONS
from numerical_derivatives import gradient
from op_cases import CASES, KINKS, NUMPY_CASES, SMOOTH

WITHOUT_CASES = {
    "input": "has no operands and no meaning of its own",
    "constant": "has no operands; every case with a number in it has some",
    "host_callback": "calls a user-defined function; see ops/test_host_callback.py",
}
ALL_CASES = [*CASES, *NUMPY_CASES]
DTYPES = (np.float32, np.float64)
each_case = pytest.mark.parametrize("case", ALL_CASES, ids=str)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def is_differentiable(case):
    arguments = case.arguments()
    return any(x.dtype.kind == "f" for x in arguments) and case.numpy(*arguments).dtype.kind == "f"


SMOOTH_CASES = [case for case in ALL_CASES if is_differentiable(case)]
each_smooth_case = pytest.mark.parametrize("case", SMOOTH_CASES, ids=str)


def vector(like, seed=0, dtype=np.float64):
    """Random numbers in the shape of an array, with few digits, so that no cast rounds them."""
    return np.asarray(np.random.default_rng(seed).integers(-512, 512, like.shape) / 256, dtype)


def float_positions(arguments):
    return tuple(i for i, x in enumerate(arguments) if x.dtype.kind == "f")


def of_floats(case, arguments):
    """The case as a function of its float arguments alone, and these."""
    positions = float_positions(arguments)

    def f(*floats):
        complete = list(arguments)
        for position, x in zip(positions, floats, strict=True):
            complete[position] = x
        return case.traced(*complete)

    return f, [arguments[i] for i in positions]


def run(graph, arguments):
    return reference.as_function(graph)(arguments)[0]


def assert_close(actual, expected, rtol):
    """Equal to within rtol, or to within 1e-10 of the largest element: a small wrong gradient is not hidden."""
    assert np.shape(actual) == np.shape(expected)
    largest = np.max(np.abs(expected), initial=0)
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=min(rtol, 1e-10) * largest)


# The table is complete


def test_every_operation_has_cases():
    assert {case.op for case in CASES} == set(REGISTRY) - set(WITHOUT_CASES)


def test_every_numpy_function_that_can_be_traced_has_a_case(monkeypatch):
    called = set()
    for function, implementation in IMPLEMENTATIONS.items():

        def spy(*args, function=function, implementation=implementation, **kwargs):
            called.add(function)
            return implementation(*args, **kwargs)

        monkeypatch.setitem(IMPLEMENTATIONS, function, spy)
    for case in ALL_CASES:
        cr.trace(case.traced, *case.arguments())
    assert [function.__name__ for function in IMPLEMENTATIONS if function not in called] == []


@pytest.mark.parametrize("case", CASES, ids=str)
@each_dtype
def test_the_case_records_its_operation(case, dtype):
    graph = cr.trace(case.traced, *case.arguments(dtype))
    assert case.op in {node.op.name for node in graph.nodes}


# Values


@each_case
@each_dtype
def test_value_shape_and_dtype_are_those_of_numpy(case, dtype):
    arguments = case.arguments(dtype)
    expected = np.asarray(case.numpy(*arguments))
    graph = cr.trace(case.traced, *arguments)
    result = run(graph, arguments)
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    assert (result.shape, result.dtype) == (graph.outputs[0].type.shape, graph.outputs[0].type.dtype)
    assert_agree(result, expected, case.ulps)


def assert_agree(result, expected, ulps):
    """Equal, or equal to within units in the last place of the largest element."""
    if ulps == 0:
        np.testing.assert_array_equal(result, expected)
    else:
        largest = np.max(np.abs(expected), initial=1)
        np.testing.assert_allclose(result, expected, rtol=0, atol=ulps * np.finfo(expected.dtype).eps * largest)


@each_case
@each_dtype
def test_the_function_called_on_arrays_gives_what_its_graph_gives(case, dtype):
    arguments = case.arguments(dtype)
    eager = case.traced(*arguments)
    recorded = run(cr.trace(case.traced, *arguments), arguments)
    assert np.asarray(eager).dtype == recorded.dtype
    assert_agree(eager, recorded, case.ulps)


# First derivatives


@each_smooth_case
def test_reverse_mode_agrees_with_the_complex_step_or_central_differences(case):
    arguments = case.arguments()
    w = vector(case.numpy(*arguments))
    f, floats = of_floats(case, arguments)
    _, pullback = cr.vjp(f, *floats)
    expected = gradient(lambda *x: case.function(SMOOTH, *x), arguments, w, analytic=case.analytic)
    for actual, wanted in zip(pullback(w.astype(result_dtype(case, arguments))), filter_floats(expected), strict=True):
        assert actual.dtype == np.float64
        assert_close(actual, wanted, rtol=1e-12 if case.analytic else 1e-8)


def result_dtype(case, arguments):
    return case.numpy(*arguments).dtype


def filter_floats(gradients):
    return [g for g in gradients if g is not None]


@each_smooth_case
@each_dtype
def test_forward_mode_is_the_transpose_of_reverse_mode(case, dtype):
    arguments = case.arguments(dtype)
    f, floats = of_floats(case, arguments)
    y, pullback = cr.vjp(f, *floats)
    w = vector(np.asarray(y), 1, np.asarray(y).dtype)
    directions = [vector(x, 2 + i, dtype) for i, x in enumerate(floats)]
    value, tangent = cr.jvp(f, floats, directions)
    np.testing.assert_array_equal(value, y)
    assert (np.shape(tangent), tangent.dtype) == (np.shape(y), np.asarray(y).dtype)
    forward = np.sum(tangent.astype(np.float64) * w)
    pairs = [(v.astype(np.float64), g) for v, g in zip(directions, pullback(w), strict=True)]
    backward = sum(np.sum(v * g) for v, g in pairs)
    scale = np.sum(np.abs(tangent * w)) + sum(np.sum(np.abs(v * g)) for v, g in pairs)
    assert abs(forward - backward) <= scale * (1e-12 if dtype == np.float64 else 1e-6)


@each_smooth_case
def test_gradients_in_float32_agree_with_float64(case):
    single, double = case.arguments(np.float32), case.arguments(np.float32)
    double = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in double]
    w = vector(case.numpy(*single))
    results = []
    for arguments in (single, double):
        f, floats = of_floats(case, arguments)
        y, pullback = cr.vjp(f, *floats)
        results.append(pullback(w.astype(y.dtype)))
    for g32, g64 in zip(*results, strict=True):
        assert (g32.dtype, g64.dtype) == (np.float32, np.float64)
        np.testing.assert_allclose(g32, g64, rtol=1e-4, atol=1e-5 * np.max(np.abs(g64), initial=0))


# Second derivatives


@each_smooth_case
def test_reverse_over_reverse_and_forward_over_reverse_agree_with_differences_of_the_gradient(case):
    arguments = case.arguments()
    f, floats = of_floats(case, arguments)
    w = vector(case.numpy(*arguments)).astype(result_dtype(case, arguments))
    directions = [vector(x, 2 + i) for i, x in enumerate(floats)]

    def loss(*x):
        return np.astype(np.sum(w * f(*x)), np.float64)

    gradients = cr.grad(loss, argnums=tuple(range(len(floats))))
    along = lambda *x: sum(np.sum(v * g) for v, g in zip(directions, gradients(*x), strict=True))
    reverse = cr.grad(along, argnums=tuple(range(len(floats))))(*floats)
    forward = cr.hvp(loss, floats, directions)
    expected = gradient(along, floats, 1.0)
    scale = max((np.max(np.abs(e), initial=0) for e in expected), default=0)
    for r, f_, e in zip(reverse, forward, expected, strict=True):
        np.testing.assert_allclose(r, e, rtol=1e-6, atol=1e-8 * scale + 1e-10)
        np.testing.assert_allclose(f_, r, rtol=1e-11, atol=1e-13 * scale + 1e-14)


# Kinks: where no derivative exists, the documented value


@pytest.mark.parametrize("kink", KINKS, ids=str)
@each_dtype
def test_the_derivative_at_a_kink_is_the_documented_one(kink, dtype):
    point = np.array(kink.point, dtype)
    result = cr.grad(lambda x: np.sum(kink.function(x)))(point)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, np.array(kink.gradient, dtype))
