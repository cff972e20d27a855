"""Code for ARM, run by an emulator: it computes what the reference computes, and the same on one thread and on two."""

from __future__ import annotations

import numpy as np
import pytest
from test_math import BOUNDS, ELEMENTS, exact, operands_of, ulps

from chainrule import reference
from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph import REGISTRY
from chainrule.ops.value import apply
from chainrule.plan import make_plan
from emulation import EmulatedExecutable, needs_emulator
from engine_runs import assert_agree, run, run_steps, same_bits, together, traced
from test_triangle import GROUPS, ULPS, value_and_gradients
from training_steps import training_step

pytestmark = needs_emulator

THREADS = 2
SHAPES = [(1, 1, 1), (3, 7, 5), (8, 784, 10), (33, 17, 65), (64, 31, 128), (130, 2, 1)]

each_dtype = pytest.mark.parametrize("dtype", ELEMENTS.values(), ids=str)


def assert_emulation_is_reference(function, arguments, folder):
    """One thread of ARM computes what the reference computes; two compute the same bits."""
    graph = traced(function, *arguments)
    executable = EmulatedExecutable(make_plan(graph), THREADS, folder)
    result = run(executable, arguments)
    for number, (actual, wanted) in enumerate(zip(result, reference.as_function(graph)(arguments), strict=True)):
        assert_agree(actual, wanted, ULPS.get(wanted.dtype.name, 0), f"output {number}")
    assert same_bits(run(executable, arguments, THREADS), result)


@each_dtype
@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_training_goes_the_way_of_the_reference(dtype, accumulate, tmp_path):
    graph, usage, states, arguments, steps = training_step(dtype.name, accumulate=accumulate)
    executable = EmulatedExecutable(make_plan(graph, usage), THREADS, tmp_path)
    alone, shared = (run_steps(executable, states, arguments, steps, threads) for threads in (1, THREADS))
    expected = ReferenceSteps(graph, usage)
    expected.load(states)
    losses, _ = expected.run(arguments, steps)
    assert alone[2] == shared[2] == steps
    tolerance = 1e3 * np.finfo(dtype).eps
    for actual, wanted in zip((*alone[0], *alone[1]), (*expected.states(), *losses), strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=tolerance * np.max(np.abs(wanted), initial=0))
    for one, two in zip(alone[:2], shared[:2], strict=True):
        assert same_bits(one, two)


@each_dtype
def test_products_of_odd_shapes(dtype, tmp_path):
    rng = np.random.default_rng(0)
    functions = [lambda a, b: (a @ b, np.tanh(a @ b + 1), np.sum(a @ b, axis=0), b.T @ a.T)] * len(SHAPES)
    pairs = [(rng.normal(size=(m, k)), rng.normal(size=(k, n)) / np.sqrt(k)) for m, k, n in SHAPES]
    pairs = [[x.astype(dtype) for x in pair] for pair in pairs]
    assert_emulation_is_reference(*together(functions, pairs), tmp_path)


@pytest.mark.nightly
@each_dtype
@pytest.mark.parametrize("name", GROUPS)
def test_values_and_gradients_of_every_operation(name, dtype, tmp_path):
    functions, groups = zip(*(value_and_gradients(case, dtype) for case in GROUPS[name]), strict=True)
    assert_emulation_is_reference(*together(functions, groups), tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", BOUNDS)
def test_errors_of_elementary_functions_are_within_the_bounds(name, element, tmp_path):
    operands = operands_of(name, ELEMENTS[element], 4_000)
    graph = traced(lambda *x: apply(REGISTRY[name], *x), *operands)
    (result,) = run(EmulatedExecutable(make_plan(graph), 1, tmp_path), operands)
    errors = ulps(result, exact(name, *operands))
    worst = np.argmax(errors)
    assert errors[worst] <= BOUNDS[name][0][list(ELEMENTS).index(element)], [operand[worst] for operand in operands]
