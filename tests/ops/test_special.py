"""erf against the C library, bit by bit where it matters."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.ops.special import erf


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    magnitudes = np.concatenate([rng.uniform(0, 7, 20_000), 10 ** rng.uniform(-300, 1, 5_000)])
    borders = [np.nextafter(b, b + d) for b in (0.46875, 4.0, 5.93, 6.0) for d in (-1, 0, 1)]
    return np.concatenate([magnitudes, -magnitudes, borders])


def test_float64_is_right_to_1e_15_relative_and_2e_16_absolute(points):
    expected = np.array([math.erf(x) for x in points])
    error = np.abs(erf(points) - expected)
    assert np.max(error / np.abs(expected)) <= 1e-15
    assert np.max(error) <= 2.3e-16


def test_float32_is_the_float64_value_rounded_once(points):
    single = points[np.abs(points) > 1e-30].astype(np.float32)
    expected = np.array([math.erf(x) for x in single.tolist()])
    result = erf(single)
    assert result.dtype == np.float32
    assert np.max(np.abs(result - expected) / np.spacing(np.abs(result))) <= 0.501


def test_signs_infinities_and_nan():
    np.testing.assert_array_equal(erf(np.array([np.inf, -np.inf, np.nan])), [1, -1, np.nan])
    assert not np.signbit(erf(np.array(0.0)))
    assert np.signbit(erf(np.array(-0.0)))
