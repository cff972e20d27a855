"""A Parquet file states its types, and they decide the kinds."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from chainrule.data.database import database, database_error, fetch_column, row_count
from chainrule.data.table import LARGEST_QUANTITY, Column, Table, finite
from chainrule.data.text_columns import normalised
from chainrule.errors import TableError

if TYPE_CHECKING:
    import duckdb

INTEGERS = {f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")}
FRACTIONS = {"float", "double", "decimal", "null"}
TIMES = {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"}
TEXTS = {"varchar", "enum", "uuid"}


def read_parquet(path: Path) -> Table:
    """Read a Parquet file.

    Raises:
        TableError: The file is damaged or has no rows, or a column has a nested or binary type or an
            infinite value.
    """
    with database() as connection:
        try:
            stored = connection.read_parquet(glob.escape(str(path.absolute())))
            types = [str(stored_type.id) for stored_type in stored.types]
            cells = ", ".join(f"c{position}" for position in range(len(types)))
            stored.create_view("stored")
            connection.execute(f"CREATE VIEW cells AS SELECT * FROM stored AS stored({cells})")
            if not row_count(connection, "cells"):
                raise TableError(f"{path} has no rows; write at least one")
            columns = tuple(
                stored_column(connection, f"c{position}", name, types[position])
                for position, name in enumerate(stored.columns)
            )
        except database_error() as error:
            raise TableError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
        except TableError as error:
            raise TableError(str(error) if str(path) in str(error) else f"{path}, {error}") from error
    return Table(columns, str(path))


def stored_column(connection: duckdb.DuckDBPyConnection, cell: str, name: str, stored: str) -> Column:
    """Return one column of the view ``cells`` by its stored type."""

    def fetch(expression: str) -> NDArray[Any]:
        return fetch_column(connection, f"SELECT {expression} FROM cells")

    if stored in INTEGERS:
        beyond = f"max({cell}) >= {LARGEST_QUANTITY} OR min({cell}) <= -{LARGEST_QUANTITY}"
        row = connection.execute(f"SELECT {beyond} FROM cells").fetchone()
        if row and row[0]:
            return Column(name, "category", fetch(f"{cell}::VARCHAR"))
    if stored in INTEGERS | FRACTIONS:
        return Column(name, "numeric", finite(name, fetch(f"{cell}::DOUBLE")))
    if stored == "time":
        return Column(name, "numeric", fetch(f"epoch({cell})"), clock=True)
    if stored in TIMES:
        return Column(name, "time", fetch(f"epoch({cell}::TIMESTAMPTZ)"))
    if stored in TEXTS:
        return Column(name, "category", fetch(normalised(f"{cell}::VARCHAR")))
    if stored == "boolean":
        return Column(name, "category", fetch(f"{cell}::VARCHAR"))
    raise TableError(f"column {name!r} has type {stored}; store numbers, text, booleans, dates or times instead")
