"""Schedules against their formulas and against the numbers of PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import optim

SCHEDULES = [
    optim.Constant(0.1),
    optim.StepDecay(0.1, every=3),
    optim.InverseScaling(0.1),
    optim.Exponential(0.1, decay=0.9),
    optim.Cosine(0.1, final=0.01),
    optim.OneCycle(0.1),
    optim.WarmUp(4, then=optim.Cosine(0.1)),
]
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)


def rates(schedule, total_steps, steps=None):
    return [float(schedule(np.float64(step), np.float64(total_steps))) for step in range(steps or total_steps)]


def test_constant():
    assert rates(optim.Constant(0.1), 3) == [0.1, 0.1, 0.1]


def test_step_decay_holds_and_then_falls():
    np.testing.assert_allclose(rates(optim.StepDecay(8.0, every=2, factor=0.5), 6), [8, 8, 4, 4, 2, 2])


def test_inverse_scaling_is_scikit_learns_formula():
    # eta0 / t ** power_t with t from 1: scikit-learn's user guide on SGD
    expected = [0.5 / t**0.25 for t in range(1, 6)]
    np.testing.assert_allclose(rates(optim.InverseScaling(0.5, power=0.25), 5), expected)


def test_exponential_decays_by_the_same_factor():
    np.testing.assert_allclose(rates(optim.Exponential(0.1, decay=0.5), 4), [0.1, 0.05, 0.025, 0.0125])


def test_cosine_is_pytorchs():
    # CosineAnnealingLR(SGD(lr=0.1), T_max=5, eta_min=0.01) in PyTorch 2.13.0
    expected = [
        0.1,
        0.09140576474687263,
        0.06890576474687263,
        0.04109423525312736,
        0.018594235253127367,
        0.01,
    ]
    np.testing.assert_allclose(rates(optim.Cosine(0.1, final=0.01), 5, steps=6), expected, rtol=1e-14)


def test_one_cycle_is_pytorchs():
    # OneCycleLR(SGD(lr=0.1), max_lr=0.1, total_steps=10, pct_start=0.3) in PyTorch 2.13.0
    expected = [
        0.0040000000000000036,
        0.052000000000000005,
        0.1,
        0.09504846320134738,
        0.0811745653949763,
        0.06112620219362893,
        0.03887419780637107,
        0.0188258346050237,
        0.004951936798652629,
        4e-07,
    ]
    np.testing.assert_allclose(rates(optim.OneCycle(0.1), 10), expected, rtol=1e-9)


@pytest.mark.parametrize("total_steps", [1, 2, 3, 4])
def test_one_cycle_bears_a_very_short_training(total_steps):
    computed = rates(optim.OneCycle(0.1), total_steps)
    assert all(0 < rate <= 0.1 for rate in computed)


def test_warm_up_climbs_in_a_line_and_hands_over():
    schedule = optim.WarmUp(4, then=optim.Cosine(0.5))
    np.testing.assert_allclose(rates(schedule, 10)[:5], [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(rates(schedule, 10)[4:], rates(optim.Cosine(0.5), 6))


def test_warm_up_to_a_number_and_of_no_steps():
    np.testing.assert_allclose(rates(optim.WarmUp(1, then=0.5), 3), [0.25, 0.5, 0.5])
    np.testing.assert_allclose(rates(optim.WarmUp(0, then=0.5), 2), [0.5, 0.5])


def test_warm_up_longer_than_the_training_only_climbs():
    np.testing.assert_allclose(rates(optim.WarmUp(9, then=optim.Cosine(1.0)), 3), [0.1, 0.2, 0.3])


@each_schedule
def test_a_schedule_gives_a_float64_scalar(schedule):
    for scalar in (np.float64, lambda value: np.asarray(value, np.float64)):
        rate = schedule(scalar(2), scalar(10))
        assert rate.dtype == np.float64
        assert rate.shape == ()


@each_schedule
@given(total_steps=st.integers(1, 10**7), data=st.data())
def test_a_rate_is_never_negative_nor_above_the_highest(schedule, total_steps, data):
    step = data.draw(st.integers(0, total_steps))
    rate = schedule(np.float64(step), np.float64(total_steps))
    assert 0 <= rate <= 0.1 * (1 + 1e-15)


@pytest.mark.parametrize("schedule", [optim.Cosine(0.1, final=0.01), optim.OneCycle(0.1)], ids=repr)
def test_the_end_of_a_wave_is_held(schedule):
    late = rates(schedule, 10, steps=15)[10:]
    assert late == [late[0]] * 5
