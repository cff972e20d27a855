"""Executables: states in the plan's layout, arrays that live elsewhere, and errors from inside of machine code."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from chainrule import reference
from chainrule.codegen import program
from chainrule.codegen.target import LEVELS, host, runs_here, target
from chainrule.errors import ArgumentError
from chainrule.graph.usage import Usage
from chainrule.plan import make_plan
from chainrule.plan.divide import candidates
from chainrule.runtime import cache, plans
from chainrule.runtime.executable import Executable, address, aligned
from engine_runs import assert_agree, compiled, run, same_bits, traced

RNG = np.random.default_rng(0)
LEVELS_HERE = [level for level in LEVELS if runs_here(level)]


def mixed(x, W):
    return np.tanh(x @ W), np.sum(x, axis=0), np.max(W, axis=1)


@pytest.mark.parametrize("size", [0, 1, 64, 4095, 4096, 10_000])
def test_aligned_memory_begins_at_a_page_and_is_zero(size):
    memory = aligned(size)
    assert len(memory) == max(size, 64)
    assert memory.ctypes.data % 4096 == 0
    assert not memory.any()


@pytest.mark.parametrize("make", [np.copy, lambda x: x[:0], lambda x: x[1:], np.asfortranarray, lambda x: x[::-1]])
def test_the_address_is_that_of_the_first_element(make):
    x = make(np.arange(12.0).reshape(4, 3))
    assert address(x) == x.ctypes.data
    x.flags.writeable = False
    assert address(x) == x.ctypes.data


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_every_target_of_this_machine_gives_what_the_reference_gives(level, dtype):
    arguments = [RNG.normal(size=(37, 21)).astype(dtype), RNG.normal(size=(21, 19)).astype(dtype)]
    graph = traced(mixed, *arguments)
    executable = compiled(graph, 2, target=target(level))
    result = run(executable, arguments)
    for actual, wanted in zip(result, reference.as_function(graph)(arguments), strict=True):
        assert_agree(actual, wanted, 32)
    assert same_bits(run(executable, arguments, 2), result)


def test_the_target_is_this_machine_or_the_one_that_the_environment_names(monkeypatch):
    graph = traced(lambda x: x + 1, np.ones(3))
    assert Executable(make_plan(graph)).target == host()
    monkeypatch.setenv("CHAINRULE_TARGET", LEVELS_HERE[-1])
    assert Executable(make_plan(graph)).target == target(LEVELS_HERE[-1])


# Kept code


@pytest.fixture
def written(monkeypatch, cache_directory):
    """The plans of which a program was written."""
    plans, write = [], program.write_program

    def write_program(plan, target_, threads):
        plans.append(plan)
        return write(plan, target_, threads)

    monkeypatch.setattr(program, "write_program", write_program)
    return plans


def mixed_again(threads=2, target=None):
    arguments = [np.linspace(-1, 1, 37 * 21).reshape(37, 21), np.linspace(0, 2, 21 * 5).reshape(21, 5)]
    made = compiled(traced(mixed, *arguments), threads, target=target)
    return made, run(made, arguments)


def test_a_warm_start_writes_no_program_and_gives_the_same_bits(written):
    _, first = mixed_again()
    assert len(written) == 1
    again, second = mixed_again()
    assert len(written) == 1
    assert same_bits(first, second)
    assert again.ir == str(program.write_program(again.plan, again.target, 2))


def test_code_of_another_generator_another_target_or_other_threads_is_not_taken(written, monkeypatch):
    mixed_again()
    mixed_again(threads=4)
    mixed_again(target=target(LEVELS_HERE[-1]))
    assert len(written) == 3
    monkeypatch.setattr(plans, "GENERATOR_DIGEST", "of tomorrow")
    mixed_again()
    assert len(written) == 4
    assert len(cache.entries()) == 4


def test_damaged_code_is_written_again(written):
    _, first = mixed_again()
    (entry,) = cache.entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-1])
    assert same_bits(mixed_again()[1], first)
    assert len(written) == 2
    mixed_again()
    assert len(written) == 2


def test_programs_that_share_their_code_have_their_own_tables(written):
    x, tables = np.zeros(100), [np.arange(100.0), np.arange(100.0)[::-1].copy()]
    both = [compiled(traced(lambda x, table=table: x + table, x)) for table in tables]
    assert len(written) == 1
    assert all(same_bits(run(made, [x]), [table]) for made, table in zip(both, tables, strict=True))


@pytest.mark.parametrize("threads", [1, 2, 3, 6, 16])
def test_it_runs_with_each_of_its_numbers_of_threads(threads):
    arguments = [RNG.normal(size=(50, 7)), RNG.normal(size=(7, 3))]
    executable = compiled(traced(mixed, *arguments), threads)
    assert executable.candidates == candidates(threads)
    results = [run(executable, arguments, count) for count in (*executable.candidates, *executable.candidates[::-1])]
    assert all(same_bits(result, results[0]) for result in results)


def accumulate(state, x):
    return state * 0.5 + x, np.sum(state)


@pytest.mark.parametrize("shape", [(), (3,), (5, 7), (2, 3, 4), (0, 3), (33, 1)], ids=str)
def test_states_are_read_and_written_in_the_order_of_numpy(shape):
    state, x = RNG.normal(size=shape), RNG.normal(size=shape)
    usage = Usage(carried=((0, 0),))
    executable = compiled(traced(accumulate, state, x), 2, usage)
    executable.write_state(0, state)
    np.testing.assert_array_equal(executable.read_state(0), state)
    total = np.empty(())
    for threads in (1, 2):
        assert executable.run([None, x], [total], 1, threads) == 1
        np.testing.assert_allclose(total, np.sum(state), rtol=1e-14, atol=1e-14)
        state = state * 0.5 + x
        np.testing.assert_array_equal(executable.read_state(0), state)
    copy = executable.read_state(0)
    copy[...] = 99
    np.testing.assert_array_equal(executable.read_state(0), state)


def test_states_that_change_places_are_read_before_they_are_overwritten():
    usage = Usage(carried=((0, 0), (1, 1), (2, 2)))
    a, b, W = RNG.normal(size=(19, 5)), RNG.normal(size=(19, 5)), RNG.normal(size=(5, 5))

    def swap(a, b, W):
        return b, a, W.T @ W, np.sum(a @ W)

    executable = compiled(traced(swap, a, b, W), 4, usage)
    for number, state in enumerate((a, b, W)):
        executable.write_state(number, state)
    executable.run([None, None, None], [np.empty(())], 3, 4)
    np.testing.assert_array_equal(executable.read_state(0), b)
    np.testing.assert_array_equal(executable.read_state(1), a)
    expected = W
    for _ in range(3):
        expected = expected.T @ expected
    np.testing.assert_allclose(executable.read_state(2), expected, rtol=1e-12)


def test_moving_arguments_and_results_have_one_element_for_each_step():
    usage = Usage(carried=((0, 0),), per_step_inputs=frozenset({1}), per_step_outputs=frozenset({1}))

    def step(state, x, fixed):
        return state + x, state * fixed

    xs, fixed, results = RNG.normal(size=(5, 3)), RNG.normal(size=3), np.empty((5, 3))
    executable = compiled(traced(step, np.zeros(3), xs[0], fixed), 1, usage)
    executable.write_state(0, np.zeros(3))
    assert executable.run([None, xs, fixed], [results], 5) == 5
    before = np.concatenate([np.zeros((1, 3)), np.cumsum(xs, axis=0)])
    np.testing.assert_allclose(results, before[:-1] * fixed, rtol=1e-14)
    np.testing.assert_allclose(executable.read_state(0), before[-1], rtol=1e-14)


def test_resident_arguments_stay_and_are_never_written_to():
    usage = Usage(resident=frozenset({1}))
    x, W = RNG.normal(size=(6, 5)), RNG.normal(size=(9, 5))
    executable = compiled(traced(lambda x, W: x @ W.T, x, W), 1, usage)
    executable.write_state(0, W)
    result = np.empty((6, 9))
    for _ in range(2):
        executable.run([x, None], [result])
        np.testing.assert_allclose(result, x @ W.T, rtol=1e-12)
    np.testing.assert_array_equal(executable.read_state(0), W)


@pytest.mark.parametrize("index", [3, 1000, 2**40])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_index_outside_of_its_axis_is_an_error_and_the_next_call_works(index, threads):
    x, good = RNG.normal(size=(3, 2)), np.array([2, 0, 1, 1])
    graph = traced(lambda x, i: np.take(x, i, axis=0), x, good)
    executable = compiled(graph, 2)
    with pytest.raises(ArgumentError, match="an index is outside of the axis"):
        run(executable, [x, np.array([0, index, 1, 1])], threads)
    np.testing.assert_array_equal(run(executable, [x, good], threads)[0], x[good])


def test_constants_live_as_long_as_the_executable():
    large = RNG.normal(size=(300, 50))
    executable = compiled(traced(lambda x: x + large, np.zeros(50)))
    gc.collect()
    np.testing.assert_array_equal(run(executable, [np.zeros(50)])[0], large)


def test_a_program_of_nothing_runs():
    assert run(compiled(traced(lambda x: (), np.ones(3))), [np.ones(3)]) == []
