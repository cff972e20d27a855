"""What matters only under a condition is found in the graph, gets kernels of its own, and is left out without it."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ops, optim
from chainrule.errors import ArgumentError
from chainrule.graph.usage import Usage
from chainrule.plan import Place, make_plan
from chainrule.plan.conditions import conditions
from engine_runs import compiled, run_steps, traced
from training_steps import training_step

X, C = np.linspace(1, 2, 6).reshape(2, 3), np.True_
TWO_STATES = Usage(carried=((0, 0), (1, 1)))


def conditional(function, *arguments, usage=TWO_STATES):
    """The names of the operations that matter only under a condition, and the inputs that are one."""
    graph = traced(function, *arguments)
    found = conditions(graph, usage)
    return {node.op.name for node in found} - {"input", "constant"}, {graph.inputs.index(c) for c in found.values()}


def test_what_only_a_choice_needs_has_its_condition():
    def step(a, b, c, x):
        total = b + x
        return np.where(c, a - np.exp(total), a), total

    assert conditional(step, X, X, C, X) == ({"where", "broadcast", "subtract", "exp"}, {2})


@pytest.mark.parametrize(
    "step",
    [
        lambda a, b, c, x: (np.where(c, np.exp(x), a), np.exp(x)),  # needed elsewhere
        lambda a, b, c, x: (np.where(c, np.exp(x), b), b),  # not its own old value
        lambda a, b, c, x: (np.where(c, a, np.exp(x)), b),  # stays where c is true
        lambda a, b, c, x: (np.where(x > 1, np.exp(x), a), b),  # another choice for each element
        lambda a, b, c, x: (np.where(c, np.exp(x), a) + 1, b),  # changed after the choice
        lambda a, b, c, x: (a, b, np.where(c, np.exp(x), a)),  # no state
    ],
)
def test_what_is_needed_in_any_case_has_none(step):
    assert "exp" not in conditional(step, X, X, C, X)[0]


def test_a_state_is_no_condition():
    assert conditional(lambda a, c: (np.where(c, np.exp(a), a), c), X, C) == (set(), set())


def test_functions_outside_are_called_in_every_step():
    def step(a, b, c, x):
        return np.where(c, a - np.exp(ops.host_callback(print, np.sin(x))), a), b

    names, _ = conditional(step, X, X, C, X)
    assert "exp" in names
    assert not names & {"host_callback", "sin"}


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_micro_batch_computes_the_optimizer_apart_from_its_products_and_without_more_barriers(clip_norm):
    def plan_of(accumulate):
        graph, usage, *_ = training_step(optimizer=optim.Adam(0.01, clip_norm=clip_norm), accumulate=accumulate)
        return make_plan(graph, usage)

    plan = plan_of(3)
    apart = [kernel for kernel in plan.kernels if kernel.condition is not None]
    roots = {kernel for kernel in plan.kernels if any(node.op.name == "sqrt" for node in kernel.members)}
    assert roots
    assert roots <= set(apart)
    assert all(kernel.anchor.op.name != "matmul" for kernel in apart)
    assert sum(store.buffer.place is Place.STATE for kernel in apart for store in kernel.stores) == 3 * 6
    assert plan.phases == plan_of(1).phases


def test_what_is_left_out_is_not_computed():
    """Numbers cannot tell, but an index can that leads nowhere."""

    def step(a, c, x, i):
        return (np.where(c, np.take(x, i, axis=0) + a, a),)

    usage = Usage(carried=((0, 0),), per_step_inputs=frozenset({1}))
    executable = compiled(traced(step, X, C, X, np.array([0, 1])), 2, usage)
    states, arguments = [X], [np.zeros(3, bool), X, np.array([0, 9])]
    for threads in executable.candidates:
        after, _, done = run_steps(executable, states, arguments, 3, threads)
        assert done == 3
        np.testing.assert_array_equal(after[0], X)
        with pytest.raises(ArgumentError, match="an index is outside"):
            run_steps(executable, states, [np.array([False, True, False]), *arguments[1:]], 3, threads)


@pytest.mark.parametrize("holds", [False, True])
def test_states_that_are_made_of_each_other_stay_or_change_together(holds):
    def step(a, b, c):
        return np.where(c, b @ b, a), np.where(c, a @ a, b)

    a, b = np.random.default_rng(0).normal(size=(2, 5, 5))
    executable = compiled(traced(step, a, b, C), 2, TWO_STATES)
    assert any(kernel.anchor.op.name == "stop_gradient" for kernel in executable.plan.kernels)
    after, _, _ = run_steps(executable, [a, b], [np.array(holds)], 1, 1)
    for actual, wanted in zip(after, step(a, b, holds), strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-13)
