"""A program does the actions of its plan, one after another, and touches no memory that the plan does not tell of."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule import optim
from chainrule.codegen.memory import Memory
from chainrule.codegen.program import write_program
from chainrule.codegen.target import target
from chainrule.plan import Barrier, EarlyExit, Kernel, Place, make_plan
from engine_runs import traced
from random_programs import programs
from training_steps import training_step

CALL = re.compile(r"call void @run_kernels\(.*i64 (\d+), i64 (\d+)\)|call void @(barrier)|ret i1 (false)")


def actions_of(text):
    """What the function of a step does: numbers of kernels, barriers, and places where it may be left."""
    step = re.search(r"^define .*@make_step.*?^}", text, re.MULTILINE | re.DOTALL).group()
    found = []
    for first, end, barrier, leaving in CALL.findall(step):
        found += range(int(first), int(end)) if end else [barrier or leaving]
    return found


def said_by(plan):
    names = {Barrier: "barrier", EarlyExit: "false"}
    return [action.number if isinstance(action, Kernel) else names[type(action)] for action in plan.actions]


STEPS = {
    "plain": {},
    "micro-batches": {"accumulate": 3, "optimizer": optim.Adam(0.01, clip_norm=1.0)},
    "host callback": {"transform_gradients": lambda g: cr.ops.host_callback(print, g)},
}


@pytest.fixture(params=STEPS)
def plan(request):
    graph, usage, *_ = training_step(**STEPS[request.param])
    return make_plan(graph, usage)


def test_the_code_of_a_step_does_the_actions_of_its_plan(plan):
    assert actions_of(str(write_program(plan, target("avx2"), 2))) == said_by(plan)
    assert "false" in said_by(plan)
    barriers = [position for position, action in enumerate(plan.actions) if isinstance(action, Barrier)]
    for position in barriers:
        spoilt = replace(plan, actions=plan.actions[:position] + plan.actions[position + 1 :])
        assert actions_of(str(write_program(spoilt, target("avx2"), 2))) == said_by(spoilt)


def assert_touches_what_the_plan_says(plan):
    """Of the memory that is written to at all: arguments may be read at any time."""
    touched = {kernel: set() for kernel in plan.kernels}
    pointer = Memory.pointer

    def recording(memory, buffer):
        touched[memory.kernel].add(buffer)
        return pointer(memory, buffer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Memory, "pointer", recording)
        write_program(plan, target("avx2"), 2)
    for kernel, buffers in touched.items():
        said = {plan.buffers[node] for node in plan.reads[kernel]} | {store.buffer for store in kernel.stores}
        assert {buffer for buffer in buffers if buffer.place is not Place.ARGUMENT} <= said


@given(programs())
def test_kernels_of_random_programs_touch_what_the_plan_says(program):
    arguments = program.arguments()

    def both(*arguments):
        value, pullback = cr.vjp(program, *arguments)
        return (value, *pullback(np.ones(value.shape)))

    assert_touches_what_the_plan_says(make_plan(traced(both, *arguments)))


def test_kernels_of_a_training_touch_what_the_plan_says(plan):
    assert_touches_what_the_plan_says(plan)
