"""A table is a tuple of named columns of equal length, each of one of three kinds.

The kinds say how a column enters a network, not how a file stored it:

* ``numeric``: float64, NaN where a value is missing;
* ``category``: an object array of `str`, None where a value is missing;
* ``time``: float64 seconds since 1970-01-01 00:00 UTC, NaN where a value is missing.

Rows are counted from 1 in messages, as people count them, and from 0 in indices.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import TableError

Kind = Literal["numeric", "category", "time"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LARGEST_QUANTITY = 2**53
"""From here on float64 no longer tells neighbouring integers apart: such numbers are names, not quantities."""


@dataclass(frozen=True, eq=False)
class Column:
    """A named column: its kind and its values, one per row (read-only).

    `clock` says of numbers that they are times of the day: seconds since midnight, to be shown as 05:58.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    clock: bool = False

    def __post_init__(self) -> None:
        dtype = object if self.kind == "category" else np.float64
        values = np.array(self.values, dtype=dtype)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """True where the value is missing, [rows]."""
        if self.kind == "category":
            return np.fromiter((value is None for value in self.values), np.bool_, len(self.values))
        return np.asarray(np.isnan(self.values))

    def select(self, rows: NDArray[Any]) -> Column:
        """Return the column restricted to `rows` (indices or a mask)."""
        return Column(self.name, self.kind, self.values[rows], self.clock)

    @staticmethod
    def of(name: str, values: ArrayLike) -> Column:
        """Return a column of the kind that the dtype of `values` suggests.

        Numbers become numeric, booleans and text category, `datetime64` time. Integers from 2⁵³ on become
        category, because float64 would merge neighbours.

        Raises:
            TableError: The values are not one-dimensional, are infinite, or are of another dtype.
        """
        array = np.asarray(values)
        if array.ndim != 1:
            raise TableError(f"column {name!r} has shape {array.shape}; a column has one dimension")
        match array.dtype.kind:
            case "b":
                return Column(name, "category", np.where(array, "true", "false"))
            case "i" | "u" if np.any(array >= LARGEST_QUANTITY) or np.any(array <= -LARGEST_QUANTITY):
                return Column(name, "category", array.astype(str))
            case "i" | "u" | "f":
                return Column(name, "numeric", finite(name, array.astype(np.float64)))
            case "M":
                microseconds = array.astype("datetime64[us]")
                seconds = microseconds.astype(np.int64) / 1e6
                return Column(name, "time", np.where(np.isnat(array), np.nan, seconds))
            case "U":
                return Column(name, "category", array)
            case "O" if all(value is None or isinstance(value, str) for value in array):
                return Column(name, "category", array)
        raise TableError(f"column {name!r} has dtype {array.dtype}; give numbers, booleans, text or datetime64")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, with the name of their `source` for messages.

    `notes` are remarks on how the table was read, one sentence each, for the user to see.
    """

    columns: tuple[Column, ...]
    source: str = "the table"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            repeated = next(name for name in self.names if self.names.count(name) > 1)
            raise TableError(f"{self.source}: two columns are named {repeated!r}; rename one of them")
        lengths = {len(column) for column in self.columns}
        if len(lengths) > 1:
            listed = ", ".join(f"{column.name!r} has {len(column)}" for column in self.columns)
            raise TableError(f"{self.source}: columns differ in length: {listed} rows")

    @staticmethod
    def of(columns: Mapping[str, ArrayLike]) -> Table:
        """Return a table of named arrays; see `Column.of` for the kinds."""
        return Table(tuple(Column.of(name, values) for name, values in columns.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise TableError(f"{self.source} has no column {name!r}{suggestion(name, self.names)}")

    def notes_on(self, name: str) -> tuple[str, ...]:
        """The notes on how one column was read."""
        return tuple(note for note in self.notes if note.startswith(f"column {name!r} "))

    def select(self, rows: NDArray[Any]) -> Table:
        """Return the table restricted to `rows` (indices or a mask)."""
        return Table(tuple(column.select(rows) for column in self.columns), self.source, self.notes)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean …?)`` or the list of known names, to end a message about an unknown name."""
    known = tuple(known)
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    shown = ", ".join(map(repr, known[:20])) + (", …" if len(known) > 20 else "")
    return f"; its columns are {shown}"


def finite(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `values` if none is infinite.

    Raises:
        TableError: Names the column and the first infinite row.
    """
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise TableError(
            f"column {name!r}, row {row + 1}: {values[row]} is not a finite number; mark it as missing instead"
        )
    return values
