"""A compiled graph as a function of arrays: what does not fit is refused, whoever calls."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.plan import make_plan
from chainrule.runtime import calls
from chainrule.runtime.cores import available
from chainrule.runtime.executable import most_threads
from chainrule.transforms.simplify import simplify


@pytest.fixture
def run():
    return calls.as_function(cr.trace(lambda x, y: (x @ y, y + 1), np.ones((2, 3)), np.ones((3, 4))))


def test_results_are_new_arrays(run):
    x, y = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    first, second = run([x, y]), run([x, y])
    np.testing.assert_array_equal(first[0], x @ y)
    assert not np.shares_memory(first[0], second[0])
    assert not np.shares_memory(first[1], y)


@pytest.mark.parametrize(
    "x",
    [np.ones((3, 2)).T, np.ones((2, 6))[:, ::2], [[1.0] * 3] * 2, np.ones((2, 3), ">f8")],
)
def test_arrays_may_lie_as_they_like(run, x):
    np.testing.assert_array_equal(run([x, np.ones((3, 4))])[0], 3)


def test_read_only_and_empty_arrays():
    x = np.ones((2, 3))
    x.flags.writeable = False
    np.testing.assert_array_equal(calls.as_function(cr.trace(lambda x: x * 2, x))([x])[0], 2)
    (total,) = calls.as_function(cr.trace(np.sum, np.ones((0, 3))))([np.ones((0, 3))])
    assert total == 0


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ([np.ones((2, 3))], "takes 2 arrays, got 1"),
        ([np.ones((2, 3)), np.ones((3, 5))], r"y of type f64\[3,4\], got f64\[3,5\]"),
        ([np.ones((2, 3)), np.ones(12)], r"got f64\[12\]"),
        ([np.ones((2, 3), np.float32), np.ones((3, 4))], r"x of type f64\[2,3\], got f32\[2,3\]"),
        ([np.ones((2, 3), np.int64), np.ones((3, 4))], r"got i64\[2,3\]"),
        ([np.ones((2, 3)), "text"], "y has dtype"),
    ],
)
def test_what_does_not_fit_is_refused(run, arrays, problem):
    with pytest.raises(ArgumentError, match=problem):
        run(arrays)


def test_an_index_outside_is_refused_and_the_next_call_is_right():
    run = calls.as_function(cr.trace(lambda x, i: x[i], np.ones(4), np.zeros(2, np.int64)))
    for wrong in ([0, 4], [-5, 0]):
        with pytest.raises(ArgumentError, match="outside"):
            run([np.arange(4.0), np.array(wrong)])
    assert run([np.arange(4.0), np.array([-1, 3])])[0].tolist() == [3, 3]


@pytest.mark.parametrize(("rows", "columns"), [(1, 3), (300, 40), (400, 200)], ids=["copied", "in place", "shared"])
def test_a_bound_function_keeps_its_results_apart_and_reads_any_array(rows, columns):
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=(columns, 160)), rng.normal(size=(rows, columns))
    graph = simplify(cr.trace(lambda W, x: np.tanh(x @ W), W, x))
    f = calls.bind(graph, [W])
    first = f(x)
    second = f(np.asfortranarray(2 * x))
    np.testing.assert_allclose(first, np.tanh(x @ W), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(second, np.tanh(2 * x @ W), rtol=1e-12, atol=1e-14)
    assert (most_threads(make_plan(graph)) > 1) == (rows == 400 and available() > 1)
