"""States between steps: shared by programs for batches of several sizes, saved, restored, and looked at."""

import numpy as np
import pytest

from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph.usage import Usage
from chainrule.runtime.steps import Steps
from engine_runs import traced

USAGE = Usage(
    carried=((0, 0), (1, 1)), per_step_inputs=frozenset({2}), per_step_outputs=frozenset({2}), guard=2
)  # fmt: skip
W = np.arange(15, dtype=np.float32).reshape(3, 5)
B = np.ones(5, np.float32)


def step(w, b, x):
    """Two states, of which one has rows that are padded, and a number that is collected."""
    h = np.sum(x @ w, axis=0) + b
    return w - np.float32(0.01) * h, b + np.float32(1), np.sum(h)


def stepper(size, kind=Steps):
    return kind(traced(step, W, B, np.ones((size, 3), np.float32)), USAGE)


def run(steps, size, count=3):
    return steps.run([np.ones((count, size, 3), np.float32)], count)


def assert_same(states, expected):
    for x, y in zip(states, expected, strict=True):
        assert x.tobytes() == y.tobytes()


@pytest.mark.parametrize("kind", [Steps, ReferenceSteps])
def test_steppers_of_other_sizes_go_on_with_the_states(kind):
    large, small = stepper(7, kind), stepper(2, kind)
    large.load([W, B])
    run(large, 7)
    before = large.states()
    small.follow(large)
    assert_same(small.states(), before)
    run(small, 2, 1)
    large.follow(small)
    np.testing.assert_array_equal(large.states()[1], B + 4)
    assert_same(large.states(), small.states())


def test_states_that_lie_equally_are_shared_and_not_copied():
    large, small = stepper(7), stepper(2)
    large.load([W, B])
    small.follow(large)
    run(small, 2, 1)
    np.testing.assert_array_equal(large.states()[1], B + 1)


@pytest.mark.parametrize("kind", [Steps, ReferenceSteps])
def test_states_go_back_to_what_was_saved_last(kind):
    steps = stepper(4, kind)
    steps.load([W, B])
    steps.save()
    run(steps, 4)
    steps.save()
    kept = steps.states()
    run(steps, 4)
    steps.restore()
    assert_same(steps.states(), kept)


@pytest.mark.parametrize("kind", [Steps, ReferenceSteps])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_first_state_that_is_not_finite_is_found(kind, bad):
    steps = stepper(4, kind)
    steps.load([W, B])
    assert steps.first_not_finite(2) is None
    steps.load([W, np.where(np.arange(5) == 4, np.float32(bad), B)])
    assert steps.first_not_finite(2) == 1
    assert steps.first_not_finite(1) is None


def test_what_lies_between_the_elements_does_not_count():
    steps = stepper(4)
    steps._executable._memory.view(np.float32)[:] = np.nan
    steps.load([W, B])
    assert steps.first_not_finite(2) is None
