"""Philox4x32-10 against its published test vectors, and what random arrays promise."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.ops.random import philox
from op_cases import philox4x32_10

# kat_vectors of Random123 1.14: philox4x32 10
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
each_vector = pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)


@each_vector
def test_published_vectors(counter, key, expected):
    words = philox(tuple(np.array([c], np.uint64) for c in counter), tuple(map(np.uint64, key)))
    assert tuple(int(word[0]) for word in words) == expected


@each_vector
def test_the_oracle_of_the_other_tests_knows_them_too(counter, key, expected):
    assert tuple(philox4x32_10(counter, key)) == expected


def test_numpys_philox_is_another_variant():
    """NumPy has Philox4x64-10: it cannot serve as an oracle."""
    numpy = np.random.Philox(counter=0, key=0)
    assert numpy.state["state"]["counter"].dtype == np.uint64
    first = int(numpy.random_raw())
    assert first & 0xFFFFFFFF != 0x6627E8D5


def test_the_documented_place_of_every_word():
    """Column c of row r is word c mod 4 of the block with counter (c div 4, r, stream, step)."""
    seed, step, stream = 0x299F31D0A4093822, 9, 5
    bits = ops.random_bits(ops.random_key(seed, step), (3, 2, 7), stream)
    for (i, j, column), word in np.ndenumerate(bits):
        block = philox4x32_10((column // 4, 2 * i + j, stream, step), (0xA4093822, 0x299F31D0))
        assert word == block[column % 4]


def test_a_row_does_not_depend_on_how_many_rows_there_are():
    key = ops.random_key(1)
    np.testing.assert_array_equal(ops.random_bits(key, (2, 5)), ops.random_bits(key, (9, 5))[:2])


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
def test_empty_arrays_are_made(shape):
    assert ops.random_bits(ops.random_key(1), shape).shape == shape


def test_key_step_and_stream_each_change_the_numbers():
    arrays = [
        ops.random_bits(ops.random_key(0), (4,)),
        ops.random_bits(ops.random_key(1), (4,)),
        ops.random_bits(ops.random_key(2**32), (4,)),
        ops.random_bits(ops.random_key(0, step=1), (4,)),
        ops.random_bits(ops.random_key(0), (4,), stream=1),
    ]
    assert len({array.tobytes() for array in arrays}) == len(arrays)


@pytest.mark.parametrize(("seed", "step"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**32)])
def test_seeds_and_steps_out_of_range_are_refused(seed, step):
    with pytest.raises(ArgumentError, match="a seed lies in"):
        ops.random_key(seed, step)


def test_a_key_of_another_type_is_refused():
    with pytest.raises(ArgumentError, match="make it with random_key"):
        cr.trace(lambda key: ops.random_bits(key, (2,)), np.zeros(3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_numbers_are_uniform_and_below_1(dtype):
    u = ops.uniform(ops.random_key(3), (100, 1000), dtype=dtype)
    assert u.dtype == dtype
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.histogram(u, bins=50, range=(0, 1))[0]
    chi_square = np.sum((counts - 2000.0) ** 2 / 2000)
    assert 24 < chi_square < 86  # 49 degrees of freedom: between the 0.1% and the 99.9% quantile


def test_the_largest_word_does_not_round_up_to_1_in_float32(monkeypatch):
    largest = lambda key, shape, stream: np.full(shape, 0xFFFFFFFF, np.uint32)
    monkeypatch.setattr("chainrule.ops.random.random_bits", largest)
    assert ops.uniform(ops.random_key(0), (1,), dtype=np.float32)[0] == np.float32(1 - 2**-24)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_numbers_have_the_moments_of_the_normal_distribution(dtype):
    z = ops.normal(ops.random_key(4), (100, 1000), dtype=dtype)
    assert z.dtype == dtype
    n = z.size
    assert abs(np.mean(z)) < 4 / np.sqrt(n)
    assert abs(np.var(z) - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(z.astype(float) ** 3)) < 4 * np.sqrt(15 / n)
    assert abs(np.mean(z.astype(float) ** 4) - 3) < 4 * np.sqrt(96 / n)


def test_traced_random_numbers_are_the_same_as_computed_ones():
    key = ops.random_key(5)
    f = lambda x: x * ops.uniform(key, (4,))
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(f(x)))(np.ones(4)), ops.uniform(key, (4,)))
    traced_key = lambda key, x: np.sum(x * ops.uniform(key, (4,)))
    np.testing.assert_array_equal(cr.grad(traced_key, argnums=1)(key, np.ones(4)), ops.uniform(key, (4,)))
