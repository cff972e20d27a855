"""Chosen rows are the rows that were chosen, however they are asked for, and the array is not copied for them."""

import numpy as np

import chainrule as cr
from chainrule import tree
from chainrule.nn.chosen_rows import ChosenRows

RNG = np.random.default_rng(0)
X, ROWS = np.asfortranarray(RNG.normal(size=(20, 3))), np.array([4, 4, 19, 0, 7])
CHOSEN = ChosenRows(X, ROWS)


def test_they_have_a_length_and_axes():
    assert (len(CHOSEN), np.ndim(CHOSEN)) == (5, 2)


def test_slices_and_takes_are_rows_of_the_array():
    np.testing.assert_array_equal(CHOSEN[1:4], X[[4, 19, 0]])
    np.testing.assert_array_equal(np.take(CHOSEN, [3, 0], axis=0), X[[0, 4]])


def test_they_are_a_tree_of_the_array_itself_and_its_rows():
    array, rows = tree.leaves(CHOSEN)
    assert array is X
    assert rows is ROWS


def test_they_can_be_traced():
    taken = cr.compile(lambda chosen, batch: np.take(chosen, batch, axis=0))(CHOSEN, np.array([2, 1]))
    np.testing.assert_array_equal(taken, X[[19, 4]])
