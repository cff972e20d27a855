"""Weights that stay the same lie in panels of columns, in which a product reads them from end to end."""

import numpy as np
import pytest

from chainrule import reference
from chainrule.plan import Usage, make_plan
from chainrule.plan.verify import verify
from chainrule.runtime import calls
from chainrule.runtime.executable import Executable
from engine_runs import assert_agree, traced

HELD = Usage(resident=frozenset({0}))


def product(W, x):
    return np.tanh(x @ W.T)


def arrays(rows, terms, columns, dtype=np.float32):
    random = np.random.default_rng(0)
    return random.normal(size=(columns, terms)).astype(dtype), random.normal(size=(rows, terms)).astype(dtype)


def weights(function, *arguments):
    plan = make_plan(traced(function, *arguments), HELD)
    verify(plan)
    return plan.states[0]


@pytest.mark.parametrize(("dtype", "panel"), [(np.float32, 64), (np.float64, 32)])
def test_several_whole_panels_of_256_bytes(dtype, panel):
    assert weights(product, *arrays(1, 30, 4 * panel, dtype)).panel == panel
    assert weights(product, *arrays(1, 30, panel, dtype)).panel == 0  # rows of one panel are whole
    assert weights(product, *arrays(1, 30, 4 * panel - 8, dtype)).panel == 0


@pytest.mark.parametrize(
    "function",
    [
        lambda W, x: x @ W.T + np.sum(W),
        lambda W, x: (x @ W.T) @ W,
        lambda W, x: (x @ W.T, W * 2.0),
        lambda W, x: np.tanh(x * W[:1]),
    ],
    ids=["also summed", "also turned", "also doubled", "in no product"],
)
def test_weights_that_something_else_reads_lie_in_rows(function):
    assert weights(function, *arrays(1, 128, 128)).panel == 0


@pytest.mark.parametrize("rows", [1, 2, 7, 64, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_products_are_those_of_the_reference(rows, dtype):
    W, x = arrays(rows, 77, 192, dtype)
    graph = traced(lambda W, x: np.tanh(x @ W.T) + x @ W.T, W, x)
    (expected,) = reference.prepare(graph)([W, x])
    (actual,) = calls.prepare(graph, held=1)([W, x])
    assert_agree(actual, expected, ulps=77)


def test_what_is_written_is_read_again():
    W, x = arrays(1, 30, 128)
    executable = Executable(make_plan(traced(product, W, x), HELD))
    executable.write_state(0, W)
    np.testing.assert_array_equal(executable.read_state(0), W)
