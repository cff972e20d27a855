"""Rows predicted in blocks of a few sizes, so that a few compiled programs serve any number of rows.

Each row is computed by itself: no matter which others it comes with, the bits of its result are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.execution import bind
from chainrule.figures import counted
from chainrule.graph import Graph
from chainrule.nn.sparse_rows import SparseRows
from chainrule.train.arrays import as_data
from chainrule.tree import Tree
from chainrule.types import Array

_BLOCKS = (8192, 1024, 128, 16, 1)  # the largest bounds the memory of the activations


def in_blocks(function: Callable[[Any], Array], rows: Array | SparseRows) -> Array:
    """`function` of all rows [N × n], N > 0, called on blocks of them."""
    parts = []
    for start, stop, size in _blocks(len(rows)):
        parts.append(function(block_of(rows, start, stop, size))[: stop - start])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def block_of(rows: Array | SparseRows, start: int, stop: int, size: int) -> Array | SparseRows:
    """Rows from `start` to `stop`, filled up to `size` with rows that are known to be good."""
    if isinstance(rows, SparseRows):
        return rows.block(start, stop, size)
    block = rows[start:stop]
    if len(block) < size:
        block = np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])
    return block


def _blocks(n: int) -> Iterator[tuple[int, int, int]]:
    """Start, stop and size of each block; only the last one may have fewer rows than its size."""
    start = 0
    for size in _BLOCKS:
        while n - start >= size:
            yield start, start + size, size
            start += size
        if n - start > size // 2:
            yield start, n, size
            return


class Predictor:
    """A network's outputs for a fixed number of rows, as fast as they can be had: microseconds for small networks.

    It holds a copy of the parameters as they were when it was made. Call it with an array [rows × n], or [n] where
    rows is 1; it returns the activations aᴸ, [rows × k] or [k]. Values are not looked at: NaN gives NaN.
    """

    def __init__(self, graph: Graph, resident: Tree, rows: int, n_inputs: int) -> None:
        self.rows, self.n_inputs = rows, n_inputs
        self._dtype = graph.inputs[-1].type.dtype
        self._shape = (rows, n_inputs)
        self._run = bind(graph, tree.leaves(resident))

    def __repr__(self) -> str:
        return f"<predictor of {counted(self.rows, 'row')} of {counted(self.n_inputs, 'number')}>"

    def __call__(self, x: Any) -> Array:
        """The outputs.

        Raises:
            ArgumentError: x has another shape, or is no array of numbers.
        """
        if type(x) is np.ndarray and x.shape == self._shape and x.dtype == self._dtype:
            return self._run(x)
        return self._converted(x)

    def _converted(self, x: Any) -> Array:
        array = as_data(x, "x").astype(self._dtype)
        if array.shape != self._shape and (self.rows > 1 or array.shape != self._shape[1:]):
            raise ArgumentError(
                f"this predictor takes {counted(self.rows, 'row')} of {counted(self.n_inputs, 'feature')}, "
                f"got shape {list(array.shape)}; "
                "make another one, or use predict for any number of rows"
            )
        outputs = self._run(array.reshape(self._shape))
        return outputs[0] if array.ndim == 1 else outputs
