"""Splits and orders: complete, seeded, and the same for ever."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ArgumentError
from chainrule.sampling import epoch_order, split_rows


@given(st.integers(2, 200), st.floats(0.01, 0.99), st.integers(0, 2**64 - 1))
def test_a_split_shares_out_all_rows(rows, share, seed):
    if not 0 < round(share * rows) < rows:
        with pytest.raises(ArgumentError, match=rf"share .* of {rows} rows would set"):
            split_rows(rows, share, seed)
        return
    train, aside = split_rows(rows, share, seed)
    assert sorted([*train, *aside]) == list(range(rows))
    assert len(aside) == round(share * rows)
    assert (np.diff(train) > 0).all()


@given(st.lists(st.integers(0, 3), min_size=8, max_size=100), st.floats(0.1, 0.5))
def test_a_stratified_split_keeps_proportions_and_every_class_in_training(labels, share):
    labels = np.array(labels)
    try:
        train, aside = split_rows(len(labels), share, 0, labels)
    except ArgumentError:
        assert round(share * len(labels)) == 0 or len(np.unique(labels)) + round(share * len(labels)) > len(labels)
        return
    assert sorted([*train, *aside]) == list(range(len(labels)))
    assert set(labels[train]) == set(labels)
    for label in np.unique(labels):
        assert abs((labels[aside] == label).sum() - share * (labels == label).sum()) < 1 + 1e-9


def test_the_number_of_stratified_rows_set_aside_is_rounded_as_a_whole():
    labels = np.repeat(np.arange(10), 9)
    assert len(split_rows(90, 0.2, 1, labels)[1]) == 18


def test_seeds_differ_and_repeat():
    first, again, other = (split_rows(100, 0.2, seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_orders_are_permutations_that_never_change():
    assert epoch_order(8, 0, 0).tolist() == ORDER_OF_EPOCH_0
    assert epoch_order(8, 0, 1).tolist() == ORDER_OF_EPOCH_1
    assert sorted(epoch_order(1000, 3, 7)) == list(range(1000))
    assert epoch_order(5, 0, 0).dtype == np.int64
    assert epoch_order(0, 0, 0).tolist() == []


def test_every_place_is_equally_likely():
    counts = np.zeros((6, 6))
    for epoch in range(3000):
        counts[np.arange(6), epoch_order(6, 11, epoch)] += 1
    chi_squared = ((counts - 500) ** 2 / 500).sum()
    assert chi_squared < 60  # 25 degrees of freedom: p ≈ 1e-4


def test_every_order_of_four_is_equally_likely():
    orders = [tuple(epoch_order(4, 3, epoch)) for epoch in range(4800)]
    counts = np.array([orders.count(order) for order in set(orders)])
    assert len(counts) == 24
    assert ((counts - 200) ** 2 / 200).sum() < 58  # 23 degrees of freedom: p ≈ 1e-4


def test_arguments():
    with pytest.raises(ArgumentError, match="seed must be a whole number in 0 … 2⁶⁴−1"):
        epoch_order(3, -1, 0)
    with pytest.raises(ArgumentError, match="share must lie between 0 and 1"):
        split_rows(10, 1.0, 0)
    with pytest.raises(ArgumentError, match=r"share 0\.01 of 3 rows would set 0 aside .* give a larger share, or"):
        split_rows(3, 0.01, 0)
    with pytest.raises(ArgumentError, match=r"validation 0\.99 of 3 rows .* leave 0 to train on; give a smaller share"):
        split_rows(3, 0.99, 0, name="validation")


ORDER_OF_EPOCH_0 = [6, 1, 2, 5, 7, 4, 0, 3]
ORDER_OF_EPOCH_1 = [0, 3, 4, 2, 1, 6, 5, 7]
