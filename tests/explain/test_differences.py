"""Differences tell how far off they are, also where a function looks smooth only from afar."""

import numpy as np
import pytest

from chainrule.explain.differences import difference


def with_bounds(function, rounding=1e-14):
    """The function with a generous bound of its rounding."""

    def values(x):
        value = function(x)
        return value, rounding * (np.abs(value) + np.abs(x))

    return values


@pytest.mark.parametrize("rounding", [1e-14, 1e-11, 1e-10])
@pytest.mark.parametrize("kinks", [1, 300, 20_000, 50_000])
def test_between_many_kinks_the_error_is_within_what_is_told(kinks, rounding):
    """As of relu networks with many units: ∑ cᵢ max(0, aᵢ + bᵢt), whose slope at 0 is ∑ cᵢ bᵢ (aᵢ > 0)."""
    for seed in range(50):
        random = np.random.default_rng(seed)
        a, b, c = random.standard_normal((3, kinks)) * [[1.0], [1.0], [1 / kinks]]

        def function(t, a=a, b=b, c=c):
            return np.asarray(np.sum(c * np.maximum(0, a + b * t)))

        found = difference(with_bounds(function, rounding), 0.0)
        exact = np.sum((c * b)[a > 0])
        assert abs(found.value - exact) <= 10 * found.noise
        assert found.noise < 1e-3


@pytest.mark.parametrize(
    ("function", "slope"), [(np.sin, np.cos), (np.exp, np.exp), (np.arctan, lambda x: 1 / (1 + x * x))]
)
def test_smooth_functions_have_ten_digits(function, slope):
    at = np.array([-3.0, -1e-3, 0.0, 0.5, 2.0])
    found = difference(with_bounds(function), at)
    assert np.all(np.abs(found.value - slope(at)) <= np.minimum(10 * found.noise, 1e-10 * (1 + np.abs(slope(at)))))
    assert not found.kink.any()


def test_a_step_of_whole_periods_is_not_believed():
    found = difference(with_bounds(lambda x: np.sin(2 * np.pi * x / 4e-4)), np.zeros(()))
    assert abs(found.value - 2 * np.pi / 4e-4) <= 10 * found.noise
