"""Whatever ends a step, calls back or overwrites what others read: threads do not get in each other's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph.usage import Usage
from chainrule.plan.cost import flops
from chainrule.runtime.executable import most_threads
from engine_runs import compiled, run, run_steps, same_bits, traced
from random_programs import programs
from training_steps import training_step

TIMES = 10  # runs of one program: a race shows in some of them


def looked_at(gradients):
    """A host callback that changes nothing."""
    return ops.host_callback(lambda row: None, gradients)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("guarded", [True, False], ids=["guard", "no guard"])
@pytest.mark.parametrize("function", [None, looked_at], ids=["no callback", "callback"])
def test_a_training_has_the_same_bits_on_any_number_of_threads(function, guarded, accumulate):
    sizes = {"columns": 784, "widths": (128, 64), "rows": 256, "batch_size": 128, "accumulate": accumulate}
    graph, usage, states, arguments, steps = training_step(transform_gradients=function, **sizes)
    usage = replace(usage, guard=usage.guard if guarded else None)
    alone = run_steps(compiled(graph, 1, usage), states, arguments, steps, 1)
    assert alone[2] == steps
    for threads in (2, 3):
        executable = compiled(graph, threads, usage)
        assert flops(executable.plan) > 1e7
        for _ in range(TIMES):
            weights, losses, done = run_steps(executable, states, arguments, steps, threads)
            assert done == steps
            assert same_bits([*weights, *losses], [*alone[0], *alone[1]])


@pytest.mark.parametrize("threads", ["1", "2"])
def test_fit_gives_the_same_bits_with_a_callback_that_does_nothing(monkeypatch, threads):
    monkeypatch.setenv("CHAINRULE_THREADS", threads)
    rng = np.random.default_rng(0)
    data = rng.normal(size=(1024, 784)).astype(np.float32), rng.integers(0, 10, 1024)

    def losses(**options):
        layers = [nn.Dense(128, "relu"), nn.Dense(64, "relu"), nn.Dense(10)]
        network = nn.Network(784, layers, loss="cross_entropy")
        network.fit(*data, optimizer=optim.Adam(0.01), epochs=2, batch_size=128, progress=False, **options)
        return network.history["loss"]

    plain = losses()
    assert losses(transform_gradients=looked_at) == plain
    monkeypatch.setenv("CHAINRULE_THREADS", "1")
    assert losses() == plain


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_state_is_overwritten_when_nothing_is_made_of_its_old_value_any_more(threads):
    """Although the new one is computed first, and not from it."""

    def step(state, x):
        new = np.exp(x * 2)
        return new, state + new

    x = np.linspace(0, 1, 350).reshape(50, 7)
    executable = compiled(traced(step, x, x), threads, Usage(carried=((0, 0),)))
    (state,), (total,), _ = run_steps(executable, [x], [x], 1, threads)
    np.testing.assert_allclose(state, np.exp(2 * x), rtol=1e-14)
    np.testing.assert_allclose(total, x + np.exp(2 * x), rtol=1e-14)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_is_added_up_at_one_place_is_added_up_by_one_thread(threads):
    places, x = np.zeros(16_000, np.int64), np.random.default_rng(0).normal(size=16_000)
    graph = traced(lambda i, x: ops.scatter_add(np.exp(x), i, axis=0, length=1), places, x)
    executable = compiled(graph, threads)
    for _ in range(5 * TIMES):
        (total,) = run(executable, [places, x], threads)
        np.testing.assert_allclose(total, [np.exp(x).sum()], rtol=1e-12)


def test_steps_end_with_the_one_whose_guard_is_not_finite_although_nothing_follows_it():
    def step(state, x):
        return state + x, np.sum(x @ x.T)

    x = np.ones((6, 40, 3))
    x[3, 5] = np.nan
    usage = Usage(carried=((0, 0),), per_step_inputs=frozenset({1}), per_step_outputs=frozenset({1}), guard=1)
    only_guard = replace(usage, carried=(), per_step_outputs=frozenset({0, 1}), per_step_inputs=frozenset({0, 1}))
    for threads in (1, 2, 3):
        assert run_steps(compiled(traced(step, x[0], x[0]), threads, usage), [x[0]], [x], 6, threads)[2] == 3
        executable = compiled(traced(step, x[0], x[0]), threads, only_guard)
        assert run_steps(executable, [], [x, x], 6, threads)[2] == 3


def test_a_call_that_fails_is_the_last_although_nothing_follows_it():
    calls = []

    def second_fails(row):
        calls.append(row.copy())
        if len(calls) == 2:
            raise RuntimeError("the second")

    usage = Usage(per_step_inputs=frozenset({0}), per_step_outputs=frozenset({0}))
    x = np.ones((4, 30))
    executable = compiled(traced(lambda x: ops.host_callback(second_fails, x * 2), x[0]), 2, usage)
    with pytest.raises(RuntimeError, match="the second"):
        run_steps(executable, [], [x], 4, 2)
    assert len(calls) == 2


# Random steps

UPDATES = {
    "down": lambda old, slope: old - 0.1 * slope,
    "replaced": lambda old, slope: np.tanh(slope),
    "by its mean": lambda old, slope: old - 0.1 * slope / (1 + np.mean(slope**2)),
    "by its row": lambda old, slope: 0.9 * old + np.tanh(np.sum(np.atleast_1d(slope), axis=-1, keepdims=True)),
}


@st.composite
def random_steps(draw):
    """A step that carries its arguments, made of a random program and its gradients; and the arguments."""
    program = draw(programs())
    arguments = program.arguments()
    updates = [draw(st.sampled_from([*UPDATES])) for _ in arguments]
    outside, guarded = draw(st.booleans()), draw(st.booleans())

    def step(*states):
        value, pullback = cr.vjp(program, *states)
        slopes = pullback(np.ones(value.shape))
        slopes = looked_at(slopes) if outside else slopes
        new = [UPDATES[name](old, slope) for name, old, slope in zip(updates, states, slopes, strict=True)]
        new = [x.reshape(old.shape) for x, old in zip(new, states, strict=True)]
        changes = [np.sum(np.abs(x - old)) for x, old in zip(new, states, strict=True)]
        return (*new, np.sum(value), *changes)

    count = len(arguments)
    collected = frozenset(range(count, 2 * count + 1))
    usage = Usage(
        carried=tuple((i, i) for i in range(count)), per_step_outputs=collected, guard=count if guarded else None
    )
    return step, usage, arguments


@given(random_steps(), st.sampled_from([2, 3, 4]))
def test_random_steps_are_those_of_the_reference_on_any_number_of_threads(made, threads):
    step, usage, states = made
    graph = traced(step, *states)
    reference = ReferenceSteps(graph, usage)
    reference.load(states)
    wanted, wanted_steps = reference.run([], 3)
    executable = compiled(graph, threads, usage)
    first = run_steps(executable, states, [], 3, 1)
    assert first[2] == wanted_steps == 3
    for actual, expected in zip((*first[0], *first[1]), (*reference.states(), *wanted), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-9)
    for count in executable.candidates[1:]:
        again = run_steps(executable, states, [], 3, count)
        assert same_bits([*again[0], *again[1]], [*first[0], *first[1]])


def test_so_large_a_training_is_given_all_threads(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "3")
    graph, usage, *_ = training_step(columns=784, widths=(128, 64), rows=256, batch_size=128)
    assert most_threads(compiled(graph, 1, usage).plan) == 3
