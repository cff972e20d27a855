"""Clipping bounds the gradient, keeps what it promises to keep, and hides nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from chainrule import optim

vectors = arrays(np.float64, array_shapes(max_dims=2, max_side=5), elements=st.floats(-1e100, 1e100))
trees = st.fixed_dictionaries({"W": vectors, "b": st.lists(vectors, max_size=2)})
limits = st.floats(1e-3, 1e3)


def flat(tree):
    return np.concatenate([tree["W"].ravel(), *(leaf.ravel() for leaf in tree["b"])])


@given(trees, limits)
def test_a_clipped_norm_is_within_the_limit_and_the_direction_is_kept(gradients, limit):
    g, clipped = flat(gradients), flat(optim.clip_by_global_norm(gradients, limit))
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-14)
    if np.linalg.norm(g) > limit:
        np.testing.assert_allclose(clipped, g * (limit / np.linalg.norm(g)), rtol=1e-13, atol=1e-300)


@given(trees, limits)
def test_a_clipped_value_is_within_the_limit_and_small_ones_are_kept(gradients, limit):
    g, clipped = flat(gradients), flat(optim.clip_by_value(gradients, limit))
    assert np.all(np.abs(clipped) <= limit)
    np.testing.assert_array_equal(clipped[np.abs(g) <= limit], g[np.abs(g) <= limit])
    np.testing.assert_array_equal(np.sign(clipped), np.sign(g))


def test_the_norm_is_that_of_all_leaves_together():
    gradients = {"W": np.array([[3.0]]), "b": [np.array([4.0])]}
    assert optim.global_norm(gradients) == 5.0
    clipped = optim.clip_by_global_norm(gradients, 1.0)
    np.testing.assert_allclose([clipped["W"][0, 0], clipped["b"][0][0]], [0.6, 0.8])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_within_the_limit_is_kept_bit_for_bit(dtype):
    g = np.array([0.1, -0.0, 1 / 3], dtype)
    for clip in (optim.clip_by_global_norm, optim.clip_by_value):
        assert clip(g, 1.0).tobytes() == g.tobytes()
        assert clip(np.zeros(3, dtype), 1.0).tobytes() == np.zeros(3, dtype).tobytes()


def test_float32_gradients_can_neither_overflow_nor_vanish_in_the_norm():
    huge, tiny = np.array([3e38, -3e38], np.float32), np.array([3e-30, 4e-30], np.float32)
    np.testing.assert_allclose(optim.clip_by_global_norm(huge, 1.0), [0.5**0.5, -(0.5**0.5)], rtol=1e-6)
    np.testing.assert_allclose(optim.global_norm(tiny), 5e-30, rtol=1e-6)
    assert optim.clip_by_global_norm(huge, 1.0).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_stops_every_leaf(bad):
    clipped = optim.clip_by_global_norm({"W": np.array([1.0, bad]), "b": np.array([2.0])}, 1.0)
    assert np.all(np.isnan(clipped["W"]))
    assert np.isnan(clipped["b"])


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_float64_norm_beyond_its_range_is_not_taken_for_a_zero_gradient():
    assert np.all(np.isnan(optim.clip_by_global_norm(np.array([1e200, 1.0]), 1.0)))


def test_clipping_by_value_keeps_nan():
    np.testing.assert_array_equal(optim.clip_by_value(np.array([np.nan, np.inf, -3.0]), 2.0), [np.nan, 2.0, -2.0])
