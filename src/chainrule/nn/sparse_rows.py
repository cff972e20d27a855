"""Sparse examples: rows of a SciPy matrix as the network's first layer multiplies them, zeros never being stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.ops import sparse_matmul
from chainrule.types import Array, as_array

_CSR = ("indptr", "indices", "data", "shape")
_ENTRIES = 2**20  # checked at a time, so that the check needs no second copy of the data
_FEWEST = 64  # entries that a block has room for


class SparseRows(NamedTuple):
    """Chosen rows of a sparse matrix [N × n]; a tree of four arrays, known or traced. See `chainrule.ops.sparse`.

    It is an array of two axes as far as training asks: it has a length, `np.take` chooses rows (and copies no entry),
    and `@` multiplies by a dense matrix.

    Attributes:
        values: the entries [nnz].
        columns: their columns, integers [nnz].
        starts: where each row of the matrix begins, integers [N + 1].
        rows: which rows these are, integers [B].
    """

    values: Any
    columns: Any
    starts: Any
    rows: Any

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ndim(self) -> int:
        """2."""
        return 2

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        dtype: np.dtype[Any] = self.values.dtype
        return dtype

    def astype(self, dtype: Any) -> SparseRows:
        """The same rows with their entries converted."""
        return self._with(values=self.values.astype(dtype))

    def __matmul__(self, W: Any) -> Any:
        return sparse_matmul(*self._parts(), W)

    def __array_function__(self, function: Callable[..., Any], types: Any, arguments: Any, keywords: Any) -> Any:
        if function is np.take and keywords == {"axis": 0}:
            return self._with(rows=np.take(self.rows, arguments[1], axis=0))
        if function is np.atleast_2d:
            return self
        return 2 if function is np.ndim else NotImplemented

    def block(self, start: int, stop: int, size: int) -> SparseRows:
        """Rows from `start` to `stop` with their entries alone, and empty ones up to `size`.

        There is room for a power of 2 of entries, so that a few compiled programs serve blocks of any number of them.
        """
        rows = self.rows[start:stop]
        first, counts = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        starts = np.zeros(size + 1, self.starts.dtype)
        np.cumsum(counts, out=starts[1 : len(rows) + 1])
        total = int(starts[len(rows)])
        starts[len(rows) + 1 :] = total
        places = np.repeat(first - starts[: len(rows)], counts) + np.arange(total)
        room = max(_FEWEST, 1 << (total - 1).bit_length())
        values, columns = np.zeros(room, self.values.dtype), np.zeros(room, self.columns.dtype)
        values[:total], columns[:total] = self.values[places], self.columns[places]
        return SparseRows(values, columns, starts, np.arange(size))

    def _with(self, **changed: Any) -> SparseRows:
        return SparseRows(**{**self._asdict(), **changed})

    def _parts(self) -> tuple[Any, Any, Any, Any]:
        return self.values, self.columns, self.starts, self.rows


def is_sparse(x: Any) -> bool:
    """Whether `x` is a matrix of SciPy, of any format, or has the attributes of its CSR matrices."""
    return hasattr(x, "tocsr") or all(hasattr(x, name) for name in _CSR)


def as_sparse_rows(x: Any, n_inputs: int, name: str, dtype: np.dtype[Any]) -> SparseRows:
    """All rows of a sparse matrix [N × n_inputs]; in CSR format, its arrays are not copied.

    Raises:
        ArgumentError: wrong shape; parts that do not fit together; nan, infinity or a number beyond `dtype`, with its
            row and column.
    """
    if len(x.shape) != 2 or x.shape[1] != n_inputs:
        raise ArgumentError(f"{name} must have shape [N × {n_inputs}], got {list(x.shape)}")
    if getattr(x, "format", "csr") != "csr":
        x = x.tocsr()
    n = int(x.shape[0])
    values, columns, starts = (
        as_array(array, f"{name}.{part}")
        for part, array in (("data", x.data), ("indices", x.indices), ("indptr", x.indptr))
    )
    _require_rows(values, columns, starts, n, name)
    for first in range(0, len(values), _ENTRIES):
        part = slice(first, first + _ENTRIES)
        _require_columns(columns[part], first, starts, n_inputs, name)
        _require_finite(values[part], first, columns, starts, name, dtype)
    return SparseRows(values, columns, starts, np.arange(n))


def _require_rows(values: Array, columns: Array, starts: Array, n: int, name: str) -> None:
    if starts.shape != (n + 1,) or starts.dtype.kind not in "iu" or columns.dtype.kind not in "iu":
        raise ArgumentError(f"{name}: indptr must hold {n + 1} integers and indices integers; make it a CSR matrix")
    if values.ndim != 1 or columns.ndim != 1 or len(values) != len(columns):
        raise ArgumentError(f"{name}: data and indices must have one length, got {values.shape} and {columns.shape}")
    bad = np.flatnonzero(starts[:-1] > starts[1:])
    if bad.size or starts[0] < 0 or starts[-1] > len(values):
        row = int(bad[0]) if bad.size else 0 if starts[0] < 0 else n - 1
        raise ArgumentError(
            f"{name}: row {row} goes from entry {starts[row]} to {starts[row + 1]} of {len(values)}; indptr must rise "
            f"from 0 to the number of entries"
        )


def _require_columns(columns: Array, first: int, starts: Array, n_inputs: int, name: str) -> None:
    bad = np.flatnonzero((columns < 0) | (columns >= n_inputs))
    if bad.size:
        row = _row_of(first + int(bad[0]), starts)
        raise ArgumentError(f"{name}: row {row} has an entry in column {columns[bad[0]]}; there are {n_inputs} columns")


def _require_finite(values: Array, first: int, columns: Array, starts: Array, name: str, dtype: np.dtype[Any]) -> None:
    if values.dtype.kind != "f":
        return
    largest = min(float(np.finfo(kind).max) for kind in (dtype, values.dtype))
    bad = np.flatnonzero(~(np.abs(values) <= largest))
    if bad.size:
        entry = first + int(bad[0])
        raise ArgumentError(
            f"{name}: row {_row_of(entry, starts)}, column {columns[entry]} is {values[bad[0]]}; "
            "fill it or drop the row"
        )


def _row_of(entry: int, starts: Array) -> int:
    return int(np.searchsorted(starts, entry, side="right")) - 1
