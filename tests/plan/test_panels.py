"""Weights lie in panels of columns, in which a product reads them from end to end."""

import numpy as np
import pytest

from chainrule import reference
from chainrule.codegen.target import LEVELS, runs_here, target
from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph.usage import Usage
from chainrule.plan import make_plan
from chainrule.plan.verify import verify
from chainrule.runtime import calls
from chainrule.runtime.executable import Executable
from engine_runs import assert_agree, compiled, run_steps, traced
from training_steps import training_step

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


@pytest.mark.parametrize(("dtype", "panel"), [(np.float32, 16), (np.float64, 8)])
def test_several_whole_panels_of_a_cache_line(dtype, panel):
    assert weights(product, *arrays(1, 30, 4 * panel, dtype)).panel == panel
    assert weights(product, *arrays(1, 30, panel, dtype)).panel == 0  # rows of one panel are whole
    assert weights(product, *arrays(1, 30, 4 * panel - 4, dtype)).panel == 0


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
    (expected,) = reference.as_function(graph)([W, x])
    (actual,) = calls.as_function(graph, resident=1)([W, x])
    assert_agree(actual, expected, ulps=77)


def test_what_is_written_is_read_again():
    W, x = arrays(1, 30, 128)
    executable = Executable(make_plan(traced(product, W, x), HELD))
    executable.write_state(0, W)
    np.testing.assert_array_equal(executable.read_state(0), W)


# Weights that training changes


CARRIED = Usage(carried=((0, 0),), threads=3)

READERS = {
    "nothing else": lambda W, x: 0.0,
    "a sum": lambda W, x: np.sum(W**2),
    "sums of rows": lambda W, x: np.sum(W, axis=1),
    "sums of columns": lambda W, x: np.sum(np.abs(W), axis=0),
    "the largest": lambda W, x: np.max(W, axis=0),
    "the turned product": lambda W, x: np.tanh(x @ W) @ W.T,
    "some columns": lambda W, x: W[:, 3:29] * 2.0,
    "every other column": lambda W, x: W[:, 1::2] * 2.0,
    "rows backwards": lambda W, x: W[::-1] + 1.0,
    "another shape": lambda W, x: np.reshape(W, (W.shape[0] * 4, W.shape[1] // 4)) * 2.0,
    "one row after another": lambda W, x: np.reshape(W, (-1,)) * 2.0,
    "itself, joined": lambda W, x: np.concatenate([W[:, 5:], W], axis=1) * 2.0,
    "chosen columns": lambda W, x: np.take(W, np.array([31, 0, 17, 17]), axis=1) * 2.0,
    "chosen rows": lambda W, x: np.take(W, np.array([2, 0, 2]), axis=0) * 2.0,
    "itself, turned": lambda W, x: W.T * 2.0,
    "a softmax": lambda W, x: np.exp(W) / np.sum(np.exp(W), axis=1, keepdims=True),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("terms", "columns"), [(37, 64), (64, 128), (300, 64)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_whatever_reads_weights_in_panels_finds_them(dtype, terms, columns, reader):
    """W ← W − xᵀ(xW)/100, twice, by one, two and three threads, on every level of vectors, beside what else reads W."""

    def step(W, x):
        return W - 0.01 * (x.T @ np.tanh(x @ W)), READERS[reader](W, x)

    random = np.random.default_rng(0)
    W, x = (random.normal(size=shape).astype(dtype) / 8 for shape in ((terms, columns), (24, terms)))
    graph = traced(step, W, x)
    steps = ReferenceSteps(graph, CARRIED)
    steps.load([W])
    ((expected,), _), (wanted,) = steps.run([x], 2), steps.states()
    for level in filter(runs_here, LEVELS):
        executable = compiled(graph, threads=3, usage=CARRIED, target=target(level))
        assert executable.plan.states[0].panel == 64 // W.itemsize
        for threads in executable.candidates:
            (state,), (result,), _ = run_steps(executable, [W], [x], 2, threads)
            assert_agree(state, wanted, ulps=terms, what=f"{level}, {threads} threads")
            assert_agree(result, expected, ulps=terms, what=f"{level}, {threads} threads")


@pytest.mark.parametrize("turned", [False, True])
def test_weights_that_are_a_left_factor_too_lie_in_rows(turned):
    def step(W, x):
        return W - 0.01 * (x.T @ np.tanh(x @ W)), (W.T @ x.T if turned else W @ (W.T @ x.T))

    random = np.random.default_rng(0)
    W, x = (random.normal(size=shape).astype(np.float32) / 8 for shape in ((40, 64), (24, 40)))
    graph = traced(step, W, x)
    steps = ReferenceSteps(graph, CARRIED)
    steps.load([W])
    ((expected,), _), (wanted,) = steps.run([x], 2), steps.states()
    executable = compiled(graph, threads=3, usage=CARRIED)
    assert executable.plan.states[0].panel == 0
    (state,), (result,), _ = run_steps(executable, [W], [x], 2, 3)
    assert_agree(state, wanted, ulps=64)
    assert_agree(result, expected, ulps=64)


def test_what_is_updated_beside_weights_lies_as_they_do():
    graph, usage, states, *_ = training_step(widths=(48, 32), columns=40)
    plan = make_plan(graph, usage)
    panels = {}
    for array, buffer in zip(states, plan.states, strict=True):
        panels.setdefault(array.shape, set()).add(buffer.panel)
    assert panels[48, 40] == panels[32, 48] == {16}, "weights and both averages of their gradients"
    assert panels[48,] == {0}


def test_a_copy_that_a_product_reads_lies_in_panels():
    x, y = np.zeros((40, 64), np.float32), np.zeros((40, 48), np.float32)
    plan = make_plan(traced(lambda x, y: np.tanh(x.T @ y), x, y))
    verify(plan)
    copies = [buffer.panel for node, buffer in plan.buffers.items() if node.op.name == "stop_gradient"]
    assert copies == [16]
