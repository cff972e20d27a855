"""Plans of everything pass; a plan with one thing wrong is refused, and the message says what."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule.errors import PlanError
from chainrule.graph import INPUT, Kind
from chainrule.graph.usage import Usage
from chainrule.plan import Barrier, EarlyExit, Place, make_plan
from chainrule.plan.actions import actions
from chainrule.plan.kernels import AS_GIVEN
from chainrule.plan.layout import base_of
from chainrule.plan.verify import verify
from engine_runs import traced
from random_programs import programs
from training_steps import training_step


@given(programs())
def test_plans_of_random_programs_and_their_gradients_hold(program):
    arguments = program.arguments()

    def both(*arguments):
        value, pullback = cr.vjp(program, *arguments)
        return (value, *pullback(np.ones(value.shape)))

    verify(make_plan(traced(both, *arguments)))


@pytest.fixture
def plan():
    """The plan of a training step: nobody else's, so a test may spoil it."""
    graph, usage, *_ = training_step()
    return make_plan(graph, usage)


def first(plan, condition):
    return next(kernel for kernel in plan.kernels if condition(kernel))


def writes_state(kernel):
    return any(store.buffer.place is Place.STATE for store in kernel.stores)


def fall(plan):
    plan.kernels[0].phase = 9


def number(plan):
    plan.kernels[1].number = 0


def early_read(plan):
    """A gradient sums over the rows of all threads: it cannot run in the phase that computes them."""
    kernel = first(plan, lambda kernel: kernel.anchor.op.kind is Kind.CONTRACTION and kernel.phase > 0)
    kernels = list(plan.kernels)
    kernels.remove(kernel)
    kernel.phase = 0
    position = sum(other.phase == 0 for other in kernels)
    return renumbered(plan, [*kernels[:position], kernel, *kernels[position:]])


def renumbered(plan, kernels):
    for position, kernel in enumerate(kernels):
        kernel.number = position
    return replace(plan, actions=actions(kernels, guard_of(plan)))


def guard_of(plan):
    if plan.usage.guard is None:
        return None
    output = plan.graph.outputs[plan.usage.guard]
    return first(plan, lambda kernel: any(store.node is output for store in kernel.stores))


def nobody_writes(plan):
    kernel = first(plan, lambda kernel: any(store.buffer.place is Place.SHARED for store in kernel.stores))
    kernel.stores = [store for store in kernel.stores if store.buffer.place is not Place.SHARED] or kernel.stores[:0]


def lost_output(plan):
    kernel = first(plan, writes_state)
    kernel.stores = [store for store in kernel.stores if store.buffer.place is not Place.STATE]


def two_writers(plan):
    a, b = [kernel for kernel in plan.kernels if writes_state(kernel)][:2]
    a.stores.append(b.stores[0])
    a.members.update(b.members)


def one_place(plan):
    shared = [buffer for buffer in plan.buffers.values() if buffer.place is Place.SHARED]
    for buffer in shared:
        buffer.slot = 0


def outside(plan):
    return replace(plan, shared_bytes=64)


def private_of_all(plan):
    kernel = first(plan, lambda kernel: kernel.divided and not writes_state(kernel))
    kernel.stores[0].buffer.place = Place.PRIVATE


def wrong_factor(plan):
    kernel = first(plan, lambda kernel: kernel.anchor.op.kind is Kind.CONTRACTION)
    buffer = plan.buffers[base_of(kernel.anchor.operands[1])[0]]
    buffer.order, buffer.strides = buffer.order[::-1], buffer.strides[::-1]


def unpadded_factor(plan):
    kernel = first(plan, lambda kernel: kernel.anchor.op.kind is Kind.CONTRACTION)
    plan.buffers[base_of(kernel.anchor.operands[1])[0]].padded = False


def strided_factor(plan):
    kernel = first(plan, lambda kernel: kernel.anchor.op.kind is Kind.CONTRACTION)
    plan.buffers[base_of(kernel.anchor.operands[0])[0]].strides = (AS_GIVEN, 1)


def panelled_factor(plan):
    kernel = first(plan, lambda kernel: kernel.anchor.op.kind is Kind.CONTRACTION)
    plan.buffers[base_of(kernel.anchor.operands[0])[0]].panel = 16


def hasty_state(plan):
    """A state is overwritten in the phase in which others still read it, and before the guard has spoken."""
    kernel = first(plan, writes_state)
    kernels = [other for other in plan.kernels if other is not kernel]
    kernel.phase = 0
    return renumbered(plan, [kernel, *kernels])


def silent(plan):
    plan.kernels[0].stores = []


def wrong_axes(plan):
    kernel = first(plan, lambda kernel: len(kernel.space) == 2 and kernel.space[0] != kernel.space[1])
    kernel.space = kernel.space[::-1]


def unsaid_read(plan):
    kernel = first(plan, lambda kernel: len(plan.reads[kernel]) > 1)
    return replace(plan, reads={**plan.reads, kernel: {}})


def missing_state(plan):
    state = plan.states[0]
    plan.buffers[next(node for node, buffer in plan.buffers.items() if buffer is state and node.op is INPUT)] = (
        plan.states[1]
    )


def left_out(plan):
    """Whatever is computed in a plain step is needed."""
    first(plan, writes_state).condition = plan.graph.inputs[-1]


def unsteady(plan):
    plan.kernels[0].condition = plan.graph.inputs[0]


def unchecked(plan):
    return replace(plan, actions=tuple(action for action in plan.actions if not isinstance(action, EarlyExit)))


def checked_too_soon(plan):
    check = next(action for action in plan.actions if isinstance(action, EarlyExit))
    return replace(plan, actions=(check, *(action for action in plan.actions if action is not check)))


def added_up_by_all(plan):
    """Each thread would add to what the others have added."""
    plan = make_plan(
        traced(lambda i, x: cr.ops.scatter_add(np.exp(x), i, axis=0, length=1), np.zeros(9, int), np.ones(9))
    )
    first(plan, lambda kernel: kernel.adds_up).divided = False
    return plan


DEFECTS = {
    fall: "runs after 0 barriers",
    number: "is at position 1",
    early_read: "before all threads have run kernel",
    nobody_writes: "writes nothing|which nobody writes|can neither compute nor read|does not say what it reads",
    lost_output: "writes nothing|is not stored in state",
    two_writers: "where another kernel writes too|runs along the axes|writes .* along",
    one_place: "in one place at one time",
    outside: "lies outside of the scratch memory",
    private_of_all: "is divided and writes to",
    wrong_factor: "does not lie in padded rows",
    strided_factor: "has strides of its own",
    panelled_factor: "lies in panels",
    unpadded_factor: "does not lie in padded rows",
    hasty_state: "before all threads|still reads|before the guard",
    silent: "writes nothing",
    wrong_axes: "runs along the axes",
    unsaid_read: "does not say what it reads",
    missing_state: "is not read from its state",
    left_out: "is needed without its condition",
    unsteady: "can change in a step",
    unchecked: "changes a state before the guard",
    checked_too_soon: "is checked before all threads know",
    added_up_by_all: "is not divided and writes to Place.RESULT",
}


def test_the_plan_of_a_training_step_holds(plan):
    verify(plan)
    assert plan.phases > 1
    assert plan.usage.guard is not None


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found_and_named(plan, defect):
    spoilt = defect(plan) or plan
    with pytest.raises(PlanError, match=DEFECTS[defect]) as caught:
        verify(spoilt)
    assert re.match(r"plan of \w+:", str(caught.value))


def test_a_state_may_not_change_before_the_guard_is_known():
    def step(state, x):
        return state + x, np.sum(x)

    x = np.ones((40, 3))
    plan = make_plan(traced(step, x, x), Usage(carried=((0, 0),), guard=1))
    verify(plan)
    for kernel in plan.kernels:
        kernel.phase = 0
    by_state = sorted(plan.kernels, key=lambda kernel: not writes_state(kernel))
    with pytest.raises(PlanError, match="before the guard or a host callback is checked"):
        verify(renumbered(plan, by_state))


# Barriers


def exchanging_step():
    """A training whose gradients go through a host callback."""
    graph, usage, *_ = training_step(transform_gradients=lambda g: cr.ops.host_callback(print, g))
    return graph, usage


def normalising_step():
    """Means over the examples, forward and backward."""

    def step(w, x):
        loss, pullback = cr.vjp(lambda w: np.mean(np.tanh((x @ w) / np.std(x @ w, axis=0)) ** 2), w)
        return w - pullback(np.ones(()))[0], loss

    return traced(step, np.ones((5, 7)), np.ones((40, 5))), Usage(carried=((0, 0),), guard=1)


def one_call():
    return traced(lambda x: x @ x.T @ x, np.ones((8, 8))), Usage()


def call_at_the_end():
    return traced(lambda x: cr.ops.host_callback(print, x * 2), np.ones(30)), Usage()


STEPS = {
    "training": lambda: training_step()[:2],
    "micro-batches": lambda: training_step(accumulate=3)[:2],
    "columns": lambda: training_step(widths=(256, 128), columns=784, batch_size=128, rows=128)[:2],
    "host callback": exchanging_step,
    "batch statistics": normalising_step,
    "one call": one_call,
    "host callback at the end": call_at_the_end,
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("threads", [1, 4])
def test_no_barrier_can_be_left_out(step, threads):
    graph, usage = step()
    plan = make_plan(graph, replace(usage, threads=threads))
    verify(plan)
    barriers = [position for position, action in enumerate(plan.actions) if isinstance(action, Barrier)]
    assert len(barriers) == plan.phases
    for position in barriers:
        phases = [kernel.phase for kernel in plan.kernels]
        spoilt = replace(plan, actions=plan.actions[:position] + plan.actions[position + 1 :])
        passed = 0
        for action in spoilt.actions:  # as a planner would say it that has forgotten why
            passed += isinstance(action, Barrier)
            if not isinstance(action, Barrier | EarlyExit):
                action.phase = passed
        with pytest.raises(PlanError):
            verify(spoilt)
        for kernel, phase in zip(plan.kernels, phases, strict=True):
            kernel.phase = phase


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_no_check_can_be_left_out_or_come_sooner(step):
    plan = make_plan(*step())
    checks = [position for position, action in enumerate(plan.actions) if isinstance(action, EarlyExit)]
    for position in checks:
        without = plan.actions[:position] + plan.actions[position + 1 :]
        with pytest.raises(PlanError, match=r"before the guard or a host callback is checked|never checked"):
            verify(replace(plan, actions=without))
        sooner = (*plan.actions[: position - 1], plan.actions[position], plan.actions[position - 1])
        with pytest.raises(PlanError, match="is checked before all threads know"):
            verify(replace(plan, actions=sooner + plan.actions[position + 1 :]))
