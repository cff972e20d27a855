"""The line search on the functions with which line searches are tested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.optim.line_search import StrongWolfe, Trial

C1, C2 = 1e-4, 0.1


def more_thuente_1(a, beta=2.0):
    """−α / (α² + β): Moré and Thuente (1994), equation 5.1."""
    return -a / (a**2 + beta), (a**2 - beta) / (a**2 + beta) ** 2


def more_thuente_2(a, beta=0.1):
    """(α + β)⁵ − 2 (α + β)⁴: Moré and Thuente (1994), equation 5.2, less flat at 0."""
    return (a + beta) ** 5 - 2 * (a + beta) ** 4, 5 * (a + beta) ** 4 - 8 * (a + beta) ** 3


def cliff(a):
    """A minimum near 0.9, and no value from 1 on."""
    return (-np.log(1 - a) - 10 * a, 1 / (1 - a) - 10) if a < 1 else (np.nan, np.nan)


def trial(function, step):
    value, slope = function(step)
    return Trial(step, value, slope, np.zeros(1), np.zeros(1), None)


def search(function, first, max_evaluations=40):
    start = trial(function, 0.0)
    line = StrongWolfe(lambda step: trial(function, step), start, C1, C2, max_evaluations)
    return start, line.search(first)


@pytest.mark.parametrize("function", [more_thuente_1, more_thuente_2, cliff])
@given(exponent=st.floats(-3, 3))
def test_the_strong_wolfe_conditions_hold_from_any_first_step(function, exponent):
    start, end = search(function, 10.0**exponent)
    assert end.value <= start.value + C1 * end.step * start.slope
    assert abs(end.slope) <= C2 * abs(start.slope)


def test_without_evaluations_to_spare_the_lowest_trial_is_returned():
    start, end = search(more_thuente_1, 1e-3, max_evaluations=3)
    assert end.step == pytest.approx(4e-3)
    assert end.value < start.value


def test_where_nothing_is_lower_the_start_is_returned():
    start, end = search(lambda a: (a, -1.0), 1.0)
    assert end is start


def test_a_search_whose_bracket_has_shrunk_to_nothing_ends():
    start, end = search(lambda a: (a, -1.0), 1.0, max_evaluations=10**6)
    assert end is start


def test_the_minimum_of_a_parabola_is_found_by_one_interpolation():
    _, end = search(lambda a: ((a - 0.3) ** 2, 2 * (a - 0.3)), 1.0, max_evaluations=2)
    assert end.step == pytest.approx(0.3)
