"""Blocks of a matrix are turned around by shuffles alone."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.codegen.transposition import transposed


class Shuffles:
    """Makes the shuffles of a function with NumPy."""

    def shuffle(self, a, b, order):
        return np.concatenate([a, b])[list(order)]


@pytest.mark.parametrize("unit", [2, 4])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_lane_j_of_vector_i_becomes_lane_i_of_vector_j(lanes, unit):
    block = np.arange(lanes * lanes).reshape(lanes, lanes)
    np.testing.assert_array_equal(transposed(Shuffles(), list(block), unit), block.T)
