"""The number of threads that makes steps: the fastest one on average, found soon, and given up when it is no longer."""

import numpy as np
import pytest

from chainrule.runtime.steps import SameThreads, ThreadChoice


class Machine:
    """Steps with made-up costs: `cost(threads, now)` in seconds."""

    def __init__(self, cost, candidates=(1, 2), first=1):
        self.choice, self.cost, self.now = ThreadChoice(candidates, first), cost, 0.0
        self.steps = dict.fromkeys(candidates, 0)

    def run(self, seconds, in_a_call=5000):
        """Call after call until so much time has passed; return the steps made in a second."""
        start, made = self.now, 0
        while self.now < start + seconds:
            left = in_a_call
            while left:
                threads, count = self.choice.next(left, first=left == in_a_call)
                assert 1 <= count <= left
                taken = sum(self.cost(threads, self.now) for _ in range(count))
                self.now += taken
                self.choice.took(threads, count, taken)
                self.steps[threads] += count
                left -= count
                made += count
        return made / (self.now - start)


def test_on_a_quiet_machine_two_threads_are_found_within_a_tenth_of_a_second():
    machine = Machine(lambda threads, now: 50e-6 / threads)
    machine.run(0.1, in_a_call=500)
    assert machine.steps[2] > 4 * machine.steps[1]
    assert machine.run(2) > 0.97 * 2 / 50e-6


@pytest.mark.parametrize("slower", [1.5, 5, 20])
def test_on_a_busy_machine_trying_costs_a_few_per_cent(slower):
    machine = Machine(lambda threads, now: 50e-6 * (slower if threads == 2 else 1))
    assert machine.run(5) > 0.95 / 50e-6


def test_threads_that_are_fast_at_best_and_slow_on_average_are_not_chosen():
    """They wait for one that lost its processor: nine steps of ten take half as long, the tenth 20 times as long."""
    rng = np.random.default_rng(0)
    machine = Machine(lambda threads, now: 50e-6 * (1 if threads == 1 else 0.5 if rng.random() < 0.9 else 20))
    assert machine.run(3) > 0.95 / 50e-6


def test_single_interruptions_change_nothing():
    rng = np.random.default_rng(0)
    machine = Machine(lambda threads, now: 50e-6 / threads + (10e-3 if rng.random() < 1e-3 else 0))
    machine.run(5)
    assert machine.steps[2] > 10 * machine.steps[1]


def test_a_machine_that_becomes_busy_and_quiet_again_is_followed():
    busy = lambda now: now % 4 > 2
    machine = Machine(lambda threads, now: 50e-6 * (1 if threads == 1 else 3 if busy(now) else 0.5))
    best = 4 * (2 * 2 + 2) / 50e-6
    assert machine.run(16) * 16 > 0.85 * best


def test_one_candidate_makes_all_steps_at_once():
    assert ThreadChoice([1]).next(1000) == (1, 1000)


def test_steps_that_are_longer_than_a_piece_are_made_one_by_one():
    machine = Machine(lambda threads, now: 80e-3 / threads, candidates=(1, 2, 4))
    machine.run(10, in_a_call=1)
    assert machine.steps[4] > 5 * (machine.steps[1] + machine.steps[2])


def test_large_steps_begin_with_all_threads_and_seldom_try_fewer():
    machine = Machine(lambda threads, now: 200e-3 / threads, first=2)
    machine.run(4, in_a_call=20)
    assert machine.steps[1] == 0
    machine.run(100, in_a_call=20)
    assert 0 < machine.steps[1] < 0.03 * machine.steps[2]


def test_a_slow_first_step_does_not_count():
    machine = Machine(lambda threads, now: 2e-3 if now == 0 else 400e-6 / threads, first=2)
    machine.run(1, in_a_call=1000)
    assert machine.steps[1] < 0.02 * machine.steps[2]


def test_large_steps_go_back_to_one_thread_where_others_are_in_the_way():
    machine = Machine(lambda threads, now: 1.0 if threads == 2 else 200e-3, first=2)
    machine.run(200, in_a_call=20)
    assert machine.run(200, in_a_call=20) > 0.95 / 200e-3


def test_a_stepper_that_decides_as_another_tries_nothing():
    other = ThreadChoice([1, 2])
    same = SameThreads([1, 2], other)
    assert same.next(5) == (1, 5)  # nothing is known yet
    for threads, seconds in ((1, 9e-3), (1, 2e-3), (2, 1e-3)):
        other.took(threads, 1, seconds)
    same.took(1, 1, 1e-9)
    assert (other.best, same.next(5)) == (2, (2, 5))
    assert SameThreads([1], same).next(3) == (1, 3)
