"""Machine code for products with a sparse matrix: values, bits, and indices that lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference
from chainrule.errors import ArgumentError
from chainrule.plan import make_plan
from chainrule.plan.verify import verify
from chainrule.runtime import calls
from chainrule.runtime.executable import Executable
from chainrule.transforms.simplify import simplify

SIZES = [  # rows and columns of the matrix, columns of W, chosen rows, entries
    (6, 5, 3, 4, 9), (50, 200, 100, 33, 700), (10, 40, 33, 20, 100), (7, 130, 1, 5, 30), (300, 500, 64, 256, 6000),
    (5, 4, 3, 0, 7), (5, 4, 0, 3, 7), (5, 4, 3, 4, 0),
]  # fmt: skip


def layer(values, columns, starts, rows, W, b, g):
    """A layer, its derivative, and a step: what follows the products is computed in their loops."""
    z = ops.sparse_matmul(values, columns, starts, rows, np.transpose(W))
    slope = np.transpose(ops.sparse_outer(values, columns, starts, rows, g, length=W.shape[1]))
    return np.tanh(z + b), z, slope, W - 0.1 * slope


def case(size, dtype=np.float64, kind=np.int32, seed=0):
    """Arguments of `layer`, and the chosen rows as a dense matrix; columns are unsorted and come repeatedly."""
    N, n, m, B, nnz = size
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.sort(rng.integers(0, nnz + 1, N - 1)), [nnz]]).astype(kind)
    columns, values, rows = rng.integers(0, n, nnz).astype(kind), rng.normal(size=nnz), rng.integers(0, N, B)
    X = np.zeros((N, n))
    np.add.at(X, (np.repeat(np.arange(N), np.diff(starts)), columns), values.astype(dtype))
    W, b, g = (rng.normal(size=shape).astype(dtype) for shape in [(m, n), (m,), (B, m)])
    return (values.astype(dtype), columns, starts, rows, W, b, g), X[rows]


def graph_of(arguments):
    return simplify(cr.trace(layer, *arguments))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8], ids=lambda kind: kind.__name__)
def test_results_are_those_of_the_dense_matrix(size, dtype, kind):
    if kind == np.uint8 and max(size[1], size[4]) > 255:
        pytest.skip("a byte does not count so far")
    arguments, X = case(size, dtype, kind)
    graph = graph_of(arguments)
    verify(make_plan(graph))
    W, b, g = (x.astype(np.float64) for x in arguments[-3:])
    expected = [np.tanh(X @ W.T + b), X @ W.T, g.T @ X, W - 0.1 * (g.T @ X)]
    tolerance = 1e-12 if dtype == np.float64 else 3e-5
    for run in (calls.as_function(graph), reference.as_function(graph)):
        for actual, wanted in zip(run(arguments), expected, strict=True):
            assert (actual.shape, actual.dtype) == (wanted.shape, dtype)
            np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bits_do_not_depend_on_the_number_of_threads(size):
    arguments, _ = case(size, np.float32)
    executable = Executable(make_plan(graph_of(arguments)), threads=4)
    assert executable.candidates == (1, 2, 4)
    results = []
    for threads in executable.candidates:
        results.append([np.full(node.type.shape, np.nan, node.type.dtype) for node in executable.plan.graph.outputs])
        executable.run(list(arguments), results[-1], threads=threads)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("position", [1, 2, 3], ids=["columns", "starts", "rows"])
@pytest.mark.parametrize("number", [-1, 10_000, -(2**40), 2**62])
@pytest.mark.parametrize("place", [0, -1])
def test_an_index_that_leads_nowhere_is_an_error_and_no_crash(position, number, place):
    arguments, _ = case((10, 40, 33, 10, 100), kind=np.int64)
    arguments = [*arguments[:3], np.arange(10), *arguments[4:]]
    run = calls.as_function(graph_of(arguments))
    run(arguments)
    broken = [np.array(x) for x in arguments]
    broken[position][place] = number
    with pytest.raises(ArgumentError, match="index is outside"):
        run(broken)
    run(arguments)


def test_a_carried_state_is_read_before_the_sums_replace_it():
    """The old value is needed by the loop that makes the new one."""
    from chainrule.execution.reference_executor import ReferenceSteps
    from chainrule.graph.usage import Usage
    from chainrule.runtime.steps import Steps

    (values, columns, starts, rows, W, *_), _ = case((10, 40, 33, 20, 100))

    def step(W):
        g = ops.sparse_matmul(values, columns, starts, rows, W)
        new = ops.sparse_outer(values, columns, starts, rows, g / 10, length=40)
        return new, np.sum(new * W)

    start = np.ascontiguousarray(W.T)
    graph, usage = simplify(cr.trace(step, start)), Usage(carried=((0, 0),), per_step_outputs=frozenset({1}))
    ours, theirs = Steps(graph, usage), ReferenceSteps(graph, usage)
    for stepper in (ours, theirs):
        stepper.load([start])
    np.testing.assert_allclose(ours.run([], 3)[0][0], theirs.run([], 3)[0][0], rtol=1e-12)
    np.testing.assert_allclose(ours.states()[0], theirs.states()[0], rtol=1e-12)
