"""Functions host_callback: what they are given, what becomes of it, and that their errors change nothing."""

import ctypes

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, optim, tree
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.graph.usage import Usage
from engine_runs import compiled, run, same_bits, traced

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.tanh(X.sum(axis=1))
START = {"W": RNG.normal(size=(4, 19)), "b": np.zeros(19), "v": RNG.normal(size=19)}
EXECUTORS = pytest.mark.parametrize("executor", ["engine", "reference"])


def squared(p, x, y):
    return (np.tanh(x @ p["W"] + p["b"]) @ p["v"] - y) ** 2


def train(**options):
    return cr.fit(
        squared, START, (X, Y), optimizer=optim.Adam(0.01), epochs=2, batch_size=16, progress=False, **options
    )


@EXECUTORS
def test_the_function_gets_one_row_of_each_kind_and_changes_it(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    rows = []

    def negate(row):
        rows.append(row.copy())
        np.negative(row, out=row)

    given = {"a": np.arange(6.0).reshape(2, 3), "b": [np.float32([7, 8]), np.array(9.0)]}
    result = cr.compile(lambda x: ops.host_callback(negate, x))(given)
    single, double = sorted(rows, key=lambda row: row.itemsize)
    assert (single.dtype, single.tolist()) == (np.float32, [7, 8])
    assert (double.dtype, double.tolist()) == (np.float64, [0, 1, 2, 3, 4, 5, 9])
    for new, old in zip(tree.leaves(result), tree.leaves(given), strict=True):
        np.testing.assert_array_equal(new, -old)


def test_arrays_that_are_not_traced_are_not_changed():
    given = np.ones(3)
    assert ops.host_callback(lambda row: row.fill(2), given).tolist() == [2, 2, 2]
    assert given.tolist() == [1, 1, 1]


@EXECUTORS
def test_it_is_called_when_it_should_be(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    double = cr.compile(lambda x, when: ops.host_callback(lambda row: np.multiply(row, 2, out=row), x, when))
    assert double(np.ones(3), np.True_).tolist() == [2, 2, 2]
    assert double(np.ones(3), np.False_).tolist() == [1, 1, 1]


def test_a_constant_is_not_handed_over_when_it_is_compiled():
    calls = []
    f = cr.compile(lambda x: x + ops.host_callback(lambda row: calls.append(1), np.ones_like(x) * 2))
    for count in (1, 2):
        f(np.ones(3))
        assert len(calls) == count


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_meet_before_and_after(threads):
    """What comes before is complete, and what comes after sees what was changed, in every thread."""

    def scaled(row):
        row /= np.sum(row)

    def f(x, w):
        return np.tanh(ops.host_callback(scaled, np.exp(x @ w)) @ w.T) * 2

    x, w = RNG.normal(size=(37, 53)), RNG.normal(size=(53, 29))
    graph = traced(f, x, w)
    (actual,) = run(compiled(graph, threads), [x, w], threads)
    product = np.exp(x @ w)
    np.testing.assert_allclose(actual, np.tanh(product / product.sum() @ w.T) * 2, rtol=1e-10)
    assert same_bits([actual], run(compiled(graph), [x, w]))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_one_number_and_none(threads):
    for shape in ((1,), (), (0,), (1, 1)):
        f = traced(lambda x: ops.host_callback(lambda row: np.add(row, 1, out=row), x * 2) * 3, np.ones(shape))
        (actual,) = run(compiled(f, threads), [np.ones(shape)], threads)
        np.testing.assert_array_equal(actual, np.full(shape, 9.0))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_stops_before_a_state_changes(threads):
    calls = []

    def third_fails(row):
        calls.append(row.copy())
        if len(calls) == 3:
            raise RuntimeError("the third")
        row *= 2

    x, w = RNG.normal(size=(33, 21)), np.ones((33, 21))
    usage = Usage(carried=((0, 0),))
    executable = compiled(traced(lambda w, x: w + ops.host_callback(third_fails, w * x), w, x), threads, usage)
    executable.write_state(0, w)
    with pytest.raises(RuntimeError, match="the third"):
        executable.run([None, x], [], steps=5, threads=threads)
    assert len(calls) == 3
    np.testing.assert_allclose(executable.read_state(0), (w + 2 * w * x) * (1 + 2 * x), rtol=1e-13)
    assert executable.run([None, x], [], steps=5, threads=threads) == 5


@EXECUTORS
def test_errors_reach_the_caller_of_fit(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)

    def lost(row):
        raise ConnectionError("the other machine is gone")

    with pytest.raises(ConnectionError, match="gone"):
        train(transform_gradients=lambda g: ops.host_callback(lost, g))


@EXECUTORS
def test_something_returned_is_refused(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    with pytest.raises(ArgumentError, match="in place and return None"):
        cr.compile(lambda x: ops.host_callback(lambda row: row * 2, x))(np.ones(3))


@EXECUTORS
def test_a_c_function_is_called_by_its_address(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)

    @ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.POINTER(ctypes.c_double), ctypes.c_int64)
    def first_to_last(numbers, n):
        numbers[n - 1] = numbers[0]
        return int(numbers[0] < 0)

    address = ctypes.cast(first_to_last, ctypes.c_void_p).value
    f = cr.compile(lambda x: ops.host_callback(address, x * 2))
    assert f(np.array([1.0, 2, 3])).tolist() == [2, 4, 2]
    with pytest.raises(ChainruleError, match="returned 1 instead of 0"):
        f(np.array([-1.0, 2, 3]))


def test_it_has_no_derivative():
    with pytest.raises(ArgumentError, match="print cannot be differentiated"):
        cr.grad(lambda x: np.sum(ops.host_callback(print, x) ** 2))(np.ones(3))


def test_what_cannot_be_handed_over_is_refused_by_name():
    with pytest.raises(ArgumentError, match=r"arrays\['n'\] is int64"):
        ops.host_callback(print, {"n": np.arange(3)})
    with pytest.raises(ArgumentError, match="callable or an address"):
        ops.host_callback("print", np.ones(3))
    with pytest.raises(ArgumentError, match="when must be one bool"):
        cr.trace(lambda x: ops.host_callback(print, x, x), np.ones(3))


@EXECUTORS
def test_looking_on_changes_no_bit_of_a_training(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    rows = []
    plain, seen = (
        train(),
        train(transform_gradients=lambda g: ops.host_callback(lambda row: rows.append(row.copy()), g)),
    )
    assert same_bits(tree.leaves(plain.parameters), tree.leaves(seen.parameters))
    assert len(rows) == 2 * 4
    assert {row.size for row in rows} == {sum(leaf.size for leaf in tree.leaves(START))}


@EXECUTORS
def test_micro_batches_are_handed_over_once_an_update(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    calls = []

    def exchanged(gradients, last):
        return ops.host_callback(lambda row: calls.append(1), gradients, last)

    train(transform_gradients=exchanged, accumulate=2)
    assert len(calls) == 2 * 2
