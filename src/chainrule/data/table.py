"""A table is a tuple of named columns of equal length, each of one of three kinds.

The kinds say how a column enters a network, not how a file stored it:

* ``numeric``: float64, NaN where a value is missing;
* ``category``: an object array of `str`, None where a value is missing;
* ``time``: float64 seconds since 1970-01-01 00:00 UTC, NaN where a value is missing.

Rows are counted from 1 in messages, as people count them, and from 0 in indices.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.data.value_text import clock_text, time_text
from chainrule.errors import TableError
from chainrule.figures import counted, figure
from chainrule.printable import ROOM, aligned, listed, printable

ColumnKind = Literal["numeric", "category", "time"]
KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)

LARGEST_QUANTITY = 2**53
"""From here on float64 no longer tells neighbouring integers apart: such numbers are names, not quantities."""


SHOWN = 40
"""Columns of a table that are printed."""


@dataclass(frozen=True, eq=False)
class Column:
    """A named column: its kind and its values, one per row (read-only).

    `clock` says of numbers that they are times of the day: seconds since midnight, to be shown as 05:58.
    """

    name: str
    kind: ColumnKind
    values: NDArray[Any]
    clock: bool = False

    def __post_init__(self) -> None:
        dtype = object if self.kind == "category" else np.float64
        values = np.array(self.values, dtype=dtype)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Column({printable(self.name)}: {self.kind}, {counted(len(self), 'row')}, {self.content})"

    @property
    def content(self) -> str:
        """The first values, and how many are missing, in words."""
        missing = self.missing
        present = itertools.islice((value for value, gone in zip(self.values, missing, strict=True) if not gone), ROOM)
        told = listed(map(self._written, present)) or "no values"
        return f"{told}; {missing.sum():,} missing" if missing.any() else told

    def _written(self, value: Any) -> str:
        """A value that is not missing, as people write it."""
        if self.kind == "numeric":
            return clock_text(value) if self.clock else figure(value, 6)
        return str(time_text(float(value)) if self.kind == "time" else value)

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
    def of(name: str, values: Any) -> Column:
        """Return a column of the kind that the dtype of `values`, or the type of its objects, suggests.

        Numbers become numeric, booleans and categoricals category, dates and timestamps time (UTC where they have no
        zone), times of day numeric seconds. Text becomes what the text of a CSV file becomes, see
        `chainrule.data.text_columns`; categoricals keep text that spells numbers. Integers from 2⁵³ on become
        category, because float64 would merge neighbours. None, NaN, NaT, pandas' NA and the words for missing values
        in text are missing.

        Args:
            name: of the column.
            values: an array or list with one axis, or a Series of pandas, polars, or another library that narwhals
                knows.

        Raises:
            TableError: The values are not one-dimensional, are infinite, masked, of several types, or of one that no
                kind has (bytes, durations, complex numbers, …); names the row and the fix.
        """
        from chainrule.data.frames import column_of_values

        return column_of_values(name, values)[0]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, with the name of their `source` for messages.

    `notes` are remarks on how the table was read, one sentence each, for the user to see.
    """

    columns: tuple[Column, ...]
    source: str = "the table"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self._by_name) < len(self.columns):
            repeated = next(column.name for column in self.columns if column is not self._by_name[column.name])
            raise TableError(f"{self.source}: two columns are named {repeated!r}; rename one of them")
        lengths = {len(column) for column in self.columns}
        if len(lengths) > 1:
            first = {len(column): column for column in reversed(self.columns)}
            listed = ", ".join(f"{column.name!r} has {length}" for length, column in reversed(first.items()))
            raise TableError(f"{self.source}: columns differ in length: {listed} rows")

    @staticmethod
    def of(source: Any) -> Table:
        """Return the table that data in memory is; see `Column.of` for the kinds.

        Args:
            source: a mapping of names to columns, or a DataFrame of pandas, polars, or another library that narwhals
                or the Arrow PyCapsule interface knows. Rows keep their order. The index of a DataFrame is no column.

        Raises:
            ArgumentError: It is none of them.
            TableError: It is not in memory yet (a lazy frame), two of its columns have one name, or one cannot be read.
            MissingExtraError: It is a DataFrame, and narwhals is not installed.
        """
        from chainrule.data.frames import table_of

        return table_of(source)

    def __repr__(self) -> str:
        return f"Table({printable(self.source)}: {self._size})"

    def __str__(self) -> str:
        """A line for each column: its name, its kind, its first values."""
        shown = self.columns[:SHOWN]
        table = [(printable(column.name), column.kind, column.content) for column in shown]
        more = len(self.columns) - len(shown)
        lines = [*aligned(table), *([f"and {counted(more, 'more column')}"] if more else [])]
        return "\n  ".join([f"{printable(self.source)}: {self._size}", *lines])

    @property
    def _size(self) -> str:
        return f"{counted(self.rows, 'row')}, {counted(len(self.columns), 'column')}"

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        require_columns([name], self._by_name, self.source)
        return self._by_name[name]

    def notes_on(self, name: str) -> tuple[str, ...]:
        """The notes on how one column was read."""
        return tuple(note for note in self.notes if note.startswith(f"column {name!r} "))

    def select(self, rows: NDArray[Any]) -> Table:
        """Return the table restricted to `rows` (indices or a mask)."""
        return Table(tuple(column.select(rows) for column in self.columns), self.source, self.notes)


def require_columns(names: Iterable[str], known: Collection[str], source: str) -> None:
    """Raise TableError, which tells all that are lacking, unless the `names` are `known` columns of `source`."""
    match [name for name in names if name not in known]:
        case []:
            return
        case [name]:
            raise TableError(f"{source} has no column {name!r}{suggestion(str(name), known)}")
        case lacking:
            raise TableError(f"{source} has no columns {quoted(lacking)}; its columns are {quoted(known)}")


def chosen_positions(
    names: Sequence[str], wanted: Collection[str] | None, optional: Collection[str], source: str
) -> list[int]:
    """Return where the columns stand that are looked at: all if `wanted` is None, else those and the `optional` ones.

    Raises:
        TableError: Some that are wanted are not there.
    """
    if wanted is None:
        return list(range(len(names)))
    known, chosen = dict.fromkeys(names), {*wanted, *optional}
    require_columns(wanted, known, source)
    return [position for position, name in enumerate(names) if name in chosen]


def suggestion(name: str, known: Iterable[str], kind: str = "columns") -> str:
    """Return ``; did you mean …?`` or the list of known names, to end a message about an unknown name of some kind."""
    known = tuple(known)
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f"; its {kind} are {quoted(known)}"


def quoted(names: Iterable[str]) -> str:
    """Return the names for a message, at most 20 of them."""
    names = tuple(names)
    return ", ".join(map(repr, names[:20])) + (", …" if len(names) > 20 else "")


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
