"""Blocks of rows: all of them, in their order, as views that are small."""

import numpy as np
import pytest

from chainrule.row_blocks import row_blocks


@pytest.mark.parametrize("shape", [(300_000,), (1_000, 300), (5, 10, 20_000), (3, 400_000), (7, 0), (0, 4)], ids=str)
def test_they_are_all_rows_in_their_order(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    parts = list(row_blocks(array))
    assert [start for start, _ in parts] == np.cumsum([0, *(len(rows) for _, rows in parts)])[:-1].tolist()
    np.testing.assert_array_equal(np.concatenate([array[:0], *(rows for _, rows in parts)]), array)
    for _, rows in parts:
        assert rows.size <= 2**17 or len(rows) == 1
        assert rows.base is not None
        assert np.shares_memory(rows, array) or not rows.size


def test_they_are_few():
    assert len(list(row_blocks(np.zeros((2**20, 4))))) == 32
