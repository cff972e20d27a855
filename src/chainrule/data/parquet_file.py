"""A Parquet file states its types, and they decide the kinds; text is read as the text of every source.

DuckDB promises no order, so every query brings the number of each row along, and the values are put where it says.
"""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.canonical import canonical_texts
from chainrule.data.conversion import as_kind
from chainrule.data.database import database, database_error
from chainrule.data.in_memory import column_of
from chainrule.data.table import LARGEST_QUANTITY, Column, ColumnKind, Table, chosen_positions, finite
from chainrule.errors import TableError

if TYPE_CHECKING:
    import duckdb

INTEGERS = {f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")}
FRACTIONS = {"float", "double", "decimal", "null"}
TIMES = {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
TEXTS = {"varchar", "enum", "uuid", "boolean"}

NUMBERED = "SELECT {values} FROM read_parquet($path, file_row_number=true) AS cells({cells}, row)"
ROW = "file_row_number"
"""DuckDB's name for the number of a row; the last column of what `NUMBERED` reads."""
_MOST_DIGITS = 38
"""DuckDB's DECIMAL has so many; it reads what has more as float64."""
ROUNDED = f"SELECT name FROM parquet_schema($path) WHERE precision > {_MOST_DIGITS}"
CELLS, WIDEST = 2**24, 2**12
"""A query fetches so many cells, and so many columns, at most."""


@dataclass(frozen=True)
class StoredColumn:
    """A column of a file: what it is called in queries and in the file, and the type that it has there."""

    cell: str
    name: str
    type: duckdb.sqltypes.DuckDBPyType
    is_rounded: bool
    """Whether it is a DECIMAL of so many digits that DuckDB hands over float64."""

    @property
    def type_name(self) -> str:
        """The type without its parameters."""
        return str(self.type.id)

    @property
    def exact(self) -> bool:
        """Whether the type tells integers apart that float64 does not."""
        return self.type_name in INTEGERS or self.type_name == "decimal" or self.is_rounded

    @property
    def holds_names(self) -> str:
        """The SQL condition that an exact column holds integers alone, and some that float64 would merge."""
        beyond = f"(max({self.cell}) >= {LARGEST_QUANTITY} OR min({self.cell}) <= -{LARGEST_QUANTITY})"
        return beyond if self.type_name in INTEGERS else f"{beyond} AND bool_and({self.cell} = floor({self.cell}))"

    def expression(self, names: bool) -> tuple[ColumnKind, str]:
        """Return the kind, and the SQL expression that fetches the values; `names` are integers that are no quantities.

        Raises:
            TableError: The type is nested or binary, or these are names of which DuckDB reads the first digits alone.
        """
        if names and self.is_rounded:
            raise TableError(
                f"column {self.name!r} holds whole numbers of more than {_MOST_DIGITS} digits, of which the last "
                "are not read; store them as text"
            )
        if names and self.type_name == "decimal":
            return "category", f"floor({self.cell})::VARCHAR"
        if self.type_name in TEXTS or names:
            return "category", f"{self.cell}::VARCHAR"
        if self.type_name in INTEGERS | FRACTIONS:
            return "numeric", f"{self.cell}::DOUBLE"
        if self.type_name == "time":
            return "numeric", f"epoch({self.cell})"
        if self.type_name in TIMES:
            return "time", f"epoch({self.cell}::TIMESTAMPTZ)"
        raise TableError(
            f"column {self.name!r} has type {self.type_name}; store numbers, text, booleans, dates or times instead"
        )

    def column(
        self, kind: ColumnKind, fetched: NDArray[Any], order: NDArray[np.int64], known: ColumnKind | None
    ) -> tuple[Column, str | None]:
        """Return the column of the values that were fetched, which stand in the file in the given order, and a note.

        `known` is the kind of text, where it is known better than the texts tell.
        """
        if self.type_name == "varchar":
            return column_of(self.name, np.ma.filled(fetched, None)[order], known)
        if kind == "category":
            return Column(self.name, kind, canonical_texts(np.ma.filled(fetched, None)[order].tolist())), None
        values = np.ma.filled(fetched.astype(np.float64), np.nan)[order]
        return Column(self.name, kind, finite(self.name, values), clock=self.type_name == "time"), None


class ParquetFile:
    """A Parquet file that a connection can read."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection, self._path = connection, glob.escape(str(path.absolute()))
        stored = self._query("SELECT * FROM read_parquet($path) LIMIT 0").description
        rounded = {name for (name,) in self._query(ROUNDED).fetchall()}
        self.columns = [
            StoredColumn(f"c{number}", name, type_, name in rounded and type_.id == "double")
            for number, (name, type_, *_) in enumerate(stored)
        ]
        if any(column.name.lower() == ROW for column in self.columns):
            raise TableError(f"column {ROW!r} has a name that DuckDB needs for itself; rename it")
        ((self.rows,),) = self._query("SELECT count(*) FROM read_parquet($path)").fetchall()

    def read(
        self, stored: Sequence[StoredColumn], kinds: Mapping[str, ColumnKind]
    ) -> Iterator[tuple[Column, str | None]]:
        """Yield some of the columns, fetched together with the numbers of their rows, and a note on each that is odd.

        In whatever order the rows arrive, they leave in the order of their numbers.
        """
        names = self._names(stored)
        readings = [column.expression(column in names) for column in stored]
        values = ", ".join(f"{value} AS {column.cell}" for column, (_, value) in zip(stored, readings, strict=True))
        fetched = self._select(f"row, {values}").fetchnumpy()
        order = np.argsort(fetched["row"])
        if not np.array_equal(fetched["row"][order], np.arange(self.rows)):
            raise TableError("the rows that arrive are not those of the file; write it anew")
        for column, (kind, _) in zip(stored, readings, strict=True):
            yield column.column(kind, fetched.pop(column.cell), order, kinds.get(column.name))

    def _names(self, stored: Sequence[StoredColumn]) -> Collection[StoredColumn]:
        """Return the columns of integers beyond those that float64 tells apart: they are names, not quantities."""
        exact = [column for column in stored if column.exact]
        if not exact:
            return ()
        (found,) = self._select(", ".join(column.holds_names for column in exact)).fetchall()
        return [column for column, names in zip(exact, found, strict=True) if names]

    def _select(self, values: str) -> duckdb.DuckDBPyConnection:
        cells = ", ".join(column.cell for column in self.columns)
        return self._query(NUMBERED.format(values=values, cells=cells))

    def _query(self, query: str) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(query, {"path": self._path})


def read_parquet(
    path: Path, kinds: Mapping[str, ColumnKind], wanted: Collection[str] | None, optional: Collection[str]
) -> Table:
    """Read all columns of a Parquet file, or those that are `wanted`, and the `optional` ones that are there.

    Raises:
        TableError: The file is damaged or has no rows, or a column has a nested or binary type or an
            infinite value.
    """
    with database() as connection:
        try:
            file = ParquetFile(connection, path)
            if not file.rows:
                raise TableError(f"{path} has no rows; write at least one")
            together = min(max(CELLS // file.rows, 1), WIDEST)
            chosen = chosen_positions([column.name for column in file.columns], wanted, optional, str(path))
            groups = (chosen[first : first + together] for first in range(0, len(chosen), together))
            read = [
                pair for group in groups for pair in file.read([file.columns[position] for position in group], kinds)
            ]
        except database_error() as error:
            raise TableError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
        except TableError as error:
            raise TableError(str(error) if str(path) in str(error) else f"{path}, {error}") from error
    columns = (as_kind(column, kinds.get(column.name, column.kind), str(path)) for column, _ in read)
    return Table(tuple(columns), str(path), tuple(note for _, note in read if note))
