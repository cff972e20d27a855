"""Products with a sparse matrix: what they mean, what they refuse, and that they are each other's adjoint."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ArgumentError, TraceError

VALUES = np.array([0.5, -1, 2, 0.25, 3, -0.75])
COLUMNS = np.array([3, 0, 3, 1, 4, 2])
STARTS = np.array([0, 3, 3, 4, 6])
MATRIX = np.array([[-1, 0, 0, 2.5, 0], [0, 0, 0, 0, 0], [0, 0.25, 0, 0, 0], [0, 0, -0.75, 0, 3]])
ROWS = np.array([2, 0, 3, 1, 0])
W = np.random.default_rng(0).normal(size=(5, 3))


def test_a_product_is_that_of_the_chosen_rows_of_the_dense_matrix():
    np.testing.assert_allclose(ops.sparse_matmul(VALUES, COLUMNS, STARTS, ROWS, W), MATRIX[ROWS] @ W, rtol=1e-14)


def test_the_outer_product_is_the_adjoint():
    g = np.random.default_rng(1).normal(size=(5, 3))
    outer = ops.sparse_outer(VALUES, COLUMNS, STARTS, ROWS, g, length=5)
    np.testing.assert_allclose(outer, MATRIX[ROWS].T @ g, rtol=1e-14, atol=1e-15)
    product = ops.sparse_matmul(VALUES, COLUMNS, STARTS, ROWS, W)
    np.testing.assert_allclose(np.sum(product * g), np.sum(W * outer), rtol=1e-14)


def test_values_and_the_dense_matrix_meet_in_one_dtype():
    single = ops.sparse_matmul(VALUES.astype(np.float32), COLUMNS, STARTS, ROWS, W.astype(np.float32))
    mixed = ops.sparse_matmul(VALUES.astype(np.float32), COLUMNS, STARTS, ROWS, W)
    whole = ops.sparse_matmul(VALUES.astype(np.int64), COLUMNS, STARTS, ROWS, W)
    assert (single.dtype, mixed.dtype, whole.dtype) == (np.float32, np.float64, np.float64)


@pytest.mark.parametrize("product", ["sparse_matmul", "sparse_outer"])
def test_the_numbers_of_the_matrix_cannot_be_differentiated(product):
    how = {"length": 5} if product == "sparse_outer" else {}
    f = lambda values: np.sum(getattr(ops, product)(values, COLUMNS, STARTS, ROWS, W, **how))
    with pytest.raises(TraceError, match="numbers of a sparse matrix cannot be differentiated; use a dense"):
        cr.grad(f)(VALUES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"columns": COLUMNS * 1.0}, "columns must be integers"),
        ({"starts": STARTS[None]}, "starts must be integers with one axis"),
        ({"rows": ROWS * 0.5}, "rows must be integers"),
        ({"columns": COLUMNS[1:]}, "do not make a matrix"),
        ({"starts": STARTS[:0]}, "do not make a matrix"),
        ({"W": W[0]}, "floats of one dtype"),
        ({"starts": STARTS[:1]}, "0 rows and 5 columns holds nothing"),
        ({"W": W[:0]}, "4 rows and 0 columns holds nothing"),
    ],
)
def test_what_is_no_matrix_is_refused(changed, message):
    parts = {"values": VALUES, "columns": COLUMNS, "starts": STARTS, "rows": ROWS, "W": W, **changed}
    for call in (ops.sparse_matmul, lambda *x: cr.trace(ops.sparse_matmul, *x)):
        with pytest.raises(ArgumentError, match=message):
            call(*parts.values())


def test_the_adjoint_needs_a_row_for_each_that_is_chosen():
    with pytest.raises(ArgumentError, match="5 rows are chosen, but g has 4"):
        ops.sparse_outer(VALUES, COLUMNS, STARTS, ROWS, W[:4], length=5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"columns": np.array([3, 0, -1, 1, 4, 2])}, "row 0 has a column outside of 0 … 4"),
        ({"columns": np.array([3, 0, 3, 5, 4, 2])}, "row 2 has a column outside of 0 … 4"),
        ({"starts": np.array([0, 3, 2, 4, 6])}, "row 1 goes from entry 3 to 2 of 6"),
        ({"starts": np.array([-1, 3, 3, 4, 6])}, "row 0 goes from entry -1 to 3 of 6"),
        ({"starts": np.array([0, 3, 3, 4, 7])}, "row 3 goes from entry 4 to 7 of 6"),
        ({"rows": np.array([4, 0, 3, 1, 0])}, "row 4 is outside of a matrix with 4 rows"),
        ({"rows": np.array([-1, 0, 3, 1, 0])}, "row -1 is outside"),
    ],
)
def test_entries_that_do_not_exist_are_named(changed, message):
    parts = {"values": VALUES, "columns": COLUMNS, "starts": STARTS, "rows": ROWS, "W": W, **changed}
    with pytest.raises(ArgumentError, match=message):
        ops.sparse_matmul(*parts.values())
