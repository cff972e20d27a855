"""Threads share columns where weights would travel otherwise, and every number of them gives the same bits."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.plan import Place, make_plan
from chainrule.plan.divide import COLUMNS
from chainrule.plan.verify import verify
from chainrule.runtime.executable import Executable
from training_steps import training_step

UNITS = 4 * COLUMNS  # two units of columns for each of two threads


def step_and_plan(threads, **options):
    graph, usage, states, arguments, steps = training_step(**({"columns": 300, "widths": (UNITS, 17)} | options))
    plan = make_plan(graph, replace(usage, threads=threads))
    verify(plan)
    return plan, states, arguments, steps


def by_columns(plan):
    return [kernel for kernel in plan.kernels if kernel.shared_axis == 1]


def test_the_first_layer_of_a_wide_network_and_its_update_are_shared_by_columns():
    plan, *_ = step_and_plan(threads=2)
    layer, update = by_columns(plan)
    weights = plan.states[0]
    assert weights.node.type.shape == (UNITS, 300)
    assert layer.space == (16, UNITS)
    assert weights.node in plan.reads[layer]
    assert update.space == (300, UNITS)
    assert weights in [store.buffer for store in update.stores]
    assert all(kernel in (layer, update) for kernel in plan.kernels if weights.node in plan.reads[kernel])


@pytest.mark.parametrize(("data_dtype", "operation"), [("float32", "take"), ("float64", "cast")])
def test_every_thread_loads_all_examples_for_such_a_layer_itself(data_dtype, operation):
    plan, *_ = step_and_plan(threads=2, data_dtype=data_dtype)
    layer, update = by_columns(plan)
    loaded = {node for node in plan.reads[layer] if node.op.name == operation}
    assert loaded
    assert loaded <= plan.reads[update].keys()
    assert {plan.buffers[node].place for node in loaded} == {Place.PRIVATE}


@pytest.mark.parametrize(
    ("threads", "options"),
    [
        (1, {}),  # nothing travels
        (3, {}),  # too few columns for so many
        (2, {"widths": (UNITS - 1, 17)}),  # the last unit is not whole
        (2, {"columns": 20, "batch_size": 40}),  # the examples outweigh the weights
    ],
)
def test_otherwise_rows_are_shared(threads, options):
    plan, *_ = step_and_plan(threads, **options)
    assert by_columns(plan) == []


def test_layers_whose_weights_the_backward_pass_reads_are_shared_by_rows():
    plan, *_ = step_and_plan(threads=2, widths=(UNITS, UNITS))
    assert [kernel.space for kernel in by_columns(plan)] == [(16, UNITS), (300, UNITS)]


@pytest.mark.parametrize("data_dtype", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bits_are_those_of_sharing_rows(dtype, data_dtype):
    outcomes = []
    for planned in (1, 2):
        plan, states, arguments, steps = step_and_plan(planned, dtype=dtype, data_dtype=data_dtype)
        for threads in (1, 2):
            executable = Executable(plan, 2)
            for number, state in enumerate(states):
                executable.write_state(number, state)
            carried = {i for i, _ in plan.usage.carried}
            free = iter(arguments)
            inputs = [None if i in carried else next(free) for i in range(len(plan.graph.inputs))]
            results = [np.empty((steps, *buffer.node.type.shape), buffer.node.type.dtype) for buffer in plan.results]
            assert executable.run(inputs, results, steps, threads) == steps
            outcomes.append(b"".join(executable.read_state(n).tobytes() for n in range(len(states))))
    assert len(set(outcomes)) == 1
