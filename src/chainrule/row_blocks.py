"""Data gone through in blocks of rows, so that looking at all of it takes no memory of its own size."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.types import Array

_ELEMENTS = 2**17  # of a block; a megabyte of float64, which the nearer caches hold


def row_blocks(array: Array) -> Iterator[tuple[int, Array]]:
    """Views of some rows of an array [N × …] after one another, each with the number of its first row."""
    rows = max(_ELEMENTS // max(array[:1].size, 1), 1)
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]
