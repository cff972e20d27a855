"""DuckDB reads and writes files; this is the one place that knows it is optional."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.errors import MissingExtraError

if TYPE_CHECKING:
    import duckdb

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": 1,
}
"""Reading a table never loads or downloads an extension.

One thread, as Ctrl-C may otherwise wait for ever for a query's tasks on other threads to end (seen in 1 of 15, DuckDB
2.0.1); a second one made reading at most 6 % faster.
"""


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait: in the middle of its import DuckDB would end the process and raise no KeyboardInterrupt."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a private database in memory that tells the time in UTC.

    Raises:
        MissingExtraError: DuckDB is not installed.
        KeyboardInterrupt: Ctrl-C while a query runs, which DuckDB reports as a RuntimeError.
    """
    try:
        with interrupts_held_back():
            import duckdb
    except ImportError as error:
        raise MissingExtraError(
            'tables need DuckDB, which is not installed; run: pip install "chainrule[table]"'
        ) from error
    with duckdb.connect(":memory:", config=SETTINGS) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            yield connection
        except RuntimeError as error:
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from error
            raise


def database_error() -> type[Exception]:
    """Return the base class of DuckDB's own errors, for `except` clauses inside `database()`."""
    import duckdb

    return duckdb.Error
