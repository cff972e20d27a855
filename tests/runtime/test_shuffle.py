"""Shuffling in machine code is the shuffling that sampling/streams.py defines."""

import numpy as np
import pytest

from chainrule.runtime.shuffle import random_order
from chainrule.sampling import epoch_order
from chainrule.sampling.streams import Purpose, raw_numbers, shuffled


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 1000, 4099])
@pytest.mark.parametrize(("seed", "number"), [(0, 0), (7, 2**64 - 1), (2**64 - 1, 1), (2**63, 2**63)])
def test_the_order_is_that_of_numpys_numbers_shuffled_in_python(n, seed, number):
    order = random_order(n, seed, Purpose.EPOCH, number)
    np.testing.assert_array_equal(order, shuffled(raw_numbers(n, seed, Purpose.EPOCH, number)))
    assert order.dtype == np.int64


def test_both_executors_meet_the_examples_in_the_same_order(monkeypatch):
    engine = epoch_order(100, 5, 3)
    monkeypatch.setenv("CHAINRULE_EXECUTOR", "reference")
    np.testing.assert_array_equal(epoch_order(100, 5, 3), engine)


def test_the_shuffle_is_that_of_fisher_and_yates():
    """By its definition, in whole numbers of any size."""
    raw = raw_numbers(300, 1, Purpose.EPOCH)
    order = list(range(300))
    for i in range(300):
        j = int(raw[i]) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    assert shuffled(raw).tolist() == order
