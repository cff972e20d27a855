"""DuckDB reads and writes files; this is the one place that knows it is optional."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import MissingExtraError

if TYPE_CHECKING:
    import duckdb

OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""Reading a table never loads or downloads an extension."""


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a private database in memory that keeps rows in file order and tells the time in UTC.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError(
            'tables need DuckDB, which is not installed; run: pip install "chainrule[table]"'
        ) from error
    with duckdb.connect(":memory:", config=OFFLINE) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def database_error() -> type[Exception]:
    """Return the base class of DuckDB's own errors, for `except` clauses inside `database()`."""
    import duckdb

    return duckdb.Error


def fetch_column(connection: duckdb.DuckDBPyConnection, query: str) -> NDArray[Any]:
    """Return the only column of a query's result; a float column has NaN for NULL, any other None."""
    (values,) = connection.execute(query).fetchnumpy().values()
    if not isinstance(values, np.ma.MaskedArray):
        return np.asarray(values)
    missing = np.ma.getmaskarray(values)
    array = np.array(values.data, dtype=np.float64 if values.dtype.kind == "f" else object)
    array[missing] = np.nan if array.dtype.kind == "f" else None
    return array


def row_count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows of a table or view of ours."""
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
