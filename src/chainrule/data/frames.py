"""DataFrames and Series of any library, column by column: narwhals tells what they hold; no library is imported here.

Frames are taken that lie in memory, since only their rows have an order. Values leave a Series as numbers where that
loses nothing (an integer beyond 2⁵³ beside a missing value would become another one), and as Python objects elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.conversion import as_kind
from chainrule.data.in_memory import column_of
from chainrule.data.objects import as_objects
from chainrule.data.table import Column, Table, require_column
from chainrule.errors import ArgumentError, MissingExtraError, TableError

if TYPE_CHECKING:
    import narwhals as nw

NOT_IN_MEMORY = "its rows have no order before they are in memory; collect it first, for instance with .collect()"


def table_of(source: Any, wanted: Collection[str] | None = None) -> Table:
    """Return the table that a mapping of columns or a DataFrame is; see `Table.of`.

    Args:
        source: the mapping or the DataFrame.
        wanted: names of the columns that are looked at; all of them if it is None.
    """
    named = [(str(name), values) for name, values in columns_of(source)]
    if wanted is not None:
        for name in wanted:
            require_column(name, dict(named), "the table")
        named = [(name, values) for name, values in named if name in wanted]
    return Table(tuple(column_of_values(name, values) for name, values in named))


def columns_of(source: Any) -> Iterable[tuple[object, Any]]:
    """Return the columns of a mapping or a DataFrame with their names, from left to right."""
    if isinstance(source, Mapping):
        return source.items()
    frame = as_frame(source)
    if frame is None:
        raise ArgumentError(
            f"a table is a DataFrame, a mapping of names to columns, a path, or a Table, not {type(source).__name__}"
        )
    return ((series.name, series) for series in frame.iter_columns())


def column_of_values(name: str, values: Any) -> Column:
    """Return the column that an array, a list or a Series is; see `Column.of`."""
    series = None if isinstance(values, np.ndarray | list | tuple) else as_series(values)
    if series is None:
        return column_of(name, values)
    column = column_of(name, series_values(series))
    return as_kind(column, "category", "the table") if is_categorical(series) and not column.missing.all() else column


def series_values(series: nw.Series[Any]) -> Any:
    """Return the values of a Series as an array: numbers and timestamps (UTC) as such, all others as objects."""
    import narwhals as nw

    dtype = series.dtype
    whole = dtype.is_integer() or isinstance(dtype, nw.Boolean)
    if dtype.is_float() or isinstance(dtype, nw.Datetime | nw.Date) or (whole and not series.null_count()):
        return series.to_numpy()
    return as_objects(series.to_list())


def is_categorical(series: nw.Series[Any]) -> bool:
    """Return whether a Series is declared to hold categories, whatever they are."""
    import narwhals as nw

    return isinstance(series.dtype, nw.Categorical | nw.Enum)


def as_frame(source: Any) -> nw.DataFrame[Any] | None:
    """Return a DataFrame as narwhals sees it, None if it is no DataFrame.

    Raises:
        TableError: It is lazy, or two of its columns have one name.
        MissingExtraError: narwhals is not installed, or nothing that can read an Arrow stream is.
    """
    nw = narwhals()
    what = type(source).__name__
    try:
        frame = nw.from_native(source, allow_series=True, pass_through=True)
        if frame is source and hasattr(source, "__arrow_c_stream__"):
            frame = nw.from_arrow(source, backend=arrow_reader())
        if isinstance(frame, nw.DataFrame):
            frame.columns  # noqa: B018 (narwhals looks for repeated names here)
    except nw.exceptions.DuplicateError as error:
        raise TableError(f"the {what}: {repeated_name(source)}; rename one of them") from error
    except (TypeError, ValueError) as error:
        raise TableError(f"the {what} cannot be read as a table ({error}); convert it first") from error
    if isinstance(frame, nw.LazyFrame):
        raise TableError(f"a {what} is no table yet: {NOT_IN_MEMORY}")
    return frame if isinstance(frame, nw.DataFrame) else None


def as_series(values: Any) -> nw.Series[Any] | None:
    """Return a Series as narwhals sees it, None if it is none; also for pandas' own arrays and indices."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, pandas.api.extensions.ExtensionArray | pandas.Index):
        values = pandas.Series(values)
    try:
        nw = narwhals()
    except MissingExtraError:
        return None  # NumPy then reads it as an array, as far as it can
    series = nw.from_native(values, allow_series=True, pass_through=True)
    return series if isinstance(series, nw.Series) else None


def repeated_name(source: Any) -> str:
    """Return a sentence with the first name that stands for two columns."""
    names = [str(name) for name in source.columns]
    return f"two columns are named {next(name for name in names if names.count(name) > 1)!r}"


def arrow_reader() -> str:
    """Return the name of a library that reads Arrow streams; MissingExtraError if none is installed."""
    from importlib.util import find_spec

    found = next((name for name in ("pyarrow", "polars") if find_spec(name)), None)
    if found is None:
        raise MissingExtraError("an Arrow stream is read by pyarrow or polars, and neither is installed; install one")
    return found


def narwhals() -> Any:
    """Return narwhals.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import narwhals
    except ImportError as error:
        raise MissingExtraError(
            'DataFrames need narwhals, which is not installed; run: pip install "chainrule[table]"'
        ) from error
    return narwhals
