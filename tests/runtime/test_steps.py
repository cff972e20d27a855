"""Steps give the same bits for any number of threads, in any process, and stop before they spoil a state."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph.usage import Usage
from chainrule.plan import make_plan
from chainrule.runtime.executable import Executable
from chainrule.runtime.steps import Steps
from chainrule.transforms.simplify import simplify
from engine_runs import run_steps
from training_steps import training_step


def bits(arrays):
    return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module", params=[("float32", 1), ("float64", 1), ("float32", 3)], ids=str)
def training(request):
    dtype, accumulate = request.param
    return training_step(dtype, accumulate=accumulate)


@pytest.mark.parametrize("most", [2, 3, 8, 16])
def test_weights_and_losses_have_the_same_bits_for_any_number_of_threads(training, most):
    graph, usage, states, arguments, steps = training
    executable = Executable(make_plan(graph, usage), most)
    alone = run_steps(Executable(make_plan(graph, usage), 1), states, arguments, steps, 1)
    assert alone[2] == steps
    for threads in executable.candidates:
        for _ in range(2):
            result = run_steps(executable, states, arguments, steps, threads)
            assert (bits(result[0]), bits(result[1]), result[2]) == (bits(alone[0]), bits(alone[1]), steps), threads


@pytest.mark.parametrize("accumulate", [1, 3])
def test_they_are_those_of_the_reference(accumulate):
    graph, usage, states, arguments, steps = training_step("float64", accumulate=accumulate)
    reference, engine = ReferenceSteps(graph, usage), Steps(graph, usage)
    for stepper in (reference, engine):
        stepper.load(states)
    (expected,), wanted_done = reference.run(arguments, steps)
    (losses,), done = engine.run(arguments, steps)
    assert done == wanted_done == steps
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    for actual, wanted in zip(engine.states(), reference.states(), strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-12 * np.max(np.abs(wanted), initial=0))


@pytest.mark.parametrize("kind", [Steps, ReferenceSteps])
def test_many_steps_at_once_are_as_many_single_ones(kind):
    graph, usage, states, arguments, steps = training_step()
    together, apart = kind(graph, usage), kind(graph, usage)
    together.load(states)
    apart.load(states)
    (losses,), _ = together.run(arguments, steps)
    free = [i for i in range(len(graph.inputs)) if i not in {i for i, _ in usage.carried}]
    for step in range(steps):
        one = [x[step : step + 1] if i in usage.per_step_inputs else x for i, x in zip(free, arguments, strict=True)]
        (loss,), _ = apart.run(one, 1)
        assert loss.tobytes() == losses[step : step + 1].tobytes()
    assert bits(apart.states()) == bits(together.states())


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("bad", [0, 3])
def test_a_step_whose_loss_is_not_finite_changes_no_state(threads, bad):
    graph, usage, states, arguments, steps = training_step()
    executable = Executable(make_plan(graph, usage), 4)
    free = [i for i in range(len(graph.inputs)) if i not in {i for i, _ in usage.carried}]
    batches = next(
        i for i, (number, x) in enumerate(zip(free, arguments, strict=True))
        if number in usage.per_step_inputs and x.dtype == np.int64
    )  # fmt: skip
    spoilt = [np.array(x) for x in arguments]
    data = next(i for i, x in enumerate(spoilt) if x.ndim == 2 and x.dtype.kind == "f" and x.shape[1] == 11)
    row = spoilt[data].shape[0] - 1
    spoilt[batches][spoilt[batches] == row] = 0
    before = run_steps(executable, states, spoilt, max(bad, 1), 1)[0] if bad else states
    spoilt[batches][bad, 5] = row
    spoilt[data][row] = np.nan
    after, (losses,), done = run_steps(executable, states, spoilt, steps, threads)
    assert done == bad
    assert not np.isfinite(losses[bad])
    assert np.all(np.isfinite(losses[:bad]))
    assert bits(after) == bits(before)


def test_an_index_outside_of_its_axis_is_an_error():
    from chainrule.errors import ArgumentError

    graph, usage, states, arguments, steps = training_step()
    arguments = [np.array(x) for x in arguments]
    batches = next(x for x in arguments if x.dtype == np.int64 and x.ndim == 2)
    batches[-1, -1] = 10_000
    steps_ = Steps(graph, usage)
    steps_.load(states)
    with pytest.raises(ArgumentError, match="an index is outside of the axis"):
        steps_.run(arguments, steps)


SCRIPT = """
    import hashlib, sys
    sys.path[:0] = {paths!r}
    import numpy as np
    from training_steps import training_step
    from chainrule.runtime.executable import Executable
    from chainrule.plan import make_plan
    from engine_runs import run_steps
    graph, usage, states, arguments, steps = training_step()
    executable = Executable(make_plan(graph, usage), 4)
    after, losses, _ = run_steps(executable, states, arguments, steps, 2)
    digest = hashlib.sha256(b"".join(x.tobytes() for x in (*after, *losses)))
    print(hashlib.sha256(executable.ir.encode()).hexdigest(), digest.hexdigest())
"""


def test_code_and_bits_are_the_same_in_every_process_with_a_cold_and_a_warm_cache(cache_directory, script):
    here = os.path.dirname(__file__)
    text = SCRIPT.format(paths=[here, os.path.dirname(here)])
    printed = {script(text, PYTHONHASHSEED="0", CHAINRULE_CACHE="off"), script(text, PYTHONHASHSEED="1")}
    kept = sorted(cache_directory.iterdir())
    assert kept
    printed |= {script(text, PYTHONHASHSEED=seed) for seed in ("2", "3")}
    assert len(printed) == 1
    assert sorted(cache_directory.iterdir()) == kept


# Nothing grows


def resident_kilobytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def maps():
    with open("/proc/self/maps") as maps_:
        return sum(1 for _ in maps_)


def fit(number):
    """A training whose shape no other number has."""
    rng = np.random.default_rng(number)
    columns, width = 2 + number % 40, 3 + number // 40
    network = nn.Network(columns, [nn.Dense(width, "tanh"), nn.Dense(1)], seed=number)
    data = rng.normal(size=(16, columns)), rng.normal(size=16)
    network.fit(*data, optimizer=optim.SGD(0.01), epochs=1, batch_size=8, progress=False)


WARMING = 2000  # kilobytes that the first trainings leave in caches of Python and LLVM


def assert_flat(fits, warm):
    for number in range(warm):
        fit(number)
    gc.collect()
    before = resident_kilobytes(), len(os.listdir("/proc/self/task")), maps()
    for number in range(warm, warm + fits):
        fit(number)
    gc.collect()
    after = resident_kilobytes(), len(os.listdir("/proc/self/task")), maps()
    assert after[0] - before[0] <= WARMING + 10 * fits
    assert after[1] == before[1]
    assert after[2] - before[2] <= fits / 20 + 8


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")


@needs_proc
def test_twenty_trainings_leave_little_behind():
    assert_flat(20, warm=70)  # by then as much is kept as ever will be


@needs_proc
@pytest.mark.nightly
def test_a_thousand_trainings_leave_nothing_behind():
    assert_flat(1000, warm=100)


@pytest.mark.parametrize("threads", [1, 2])
def test_subnormal_numbers_are_zero_in_training_and_only_there(threads):
    """Halving leads through the subnormal numbers, which take some processors a hundred times as long."""
    tiny = np.finfo(np.float32).tiny
    x = np.full((64, 40), 4 * tiny, np.float32)
    graph = simplify(cr.trace(lambda x: x * np.float32(0.5), x))
    executable = Executable(make_plan(graph, Usage(carried=((0, 0),))), threads)
    for steps, expected in ((2, tiny), (1, 0), (1, 0)):
        states, _, _ = run_steps(executable, [x], [None], steps, threads)
        np.testing.assert_array_equal(states[0], expected)
        x = states[0]
    assert np.float32(tiny) * np.float32(0.5) > 0  # this thread is as it was
    assert np.all(cr.compile(lambda x: x * np.float32(0.5))(np.full((64, 40), tiny, np.float32)) > 0)
