"""DataFrames and Series of any library, column by column: narwhals tells what they hold; no library is imported here.

Frames are taken that lie in memory, since only their rows have an order. Values leave a Series as numbers where that
loses nothing (an integer beyond 2⁵³ beside a missing value would become another one), and as Python objects elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.conversion import as_kind
from chainrule.data.in_memory import column_of
from chainrule.data.objects import as_objects
from chainrule.data.table import Column, ColumnKind, Table, chosen_positions
from chainrule.errors import ArgumentError, MissingExtraError, TableError

if TYPE_CHECKING:
    import narwhals as nw

NOT_IN_MEMORY = "its rows have no order before they are in memory; collect it first, for instance with .collect()"


def table_of(
    source: Any,
    kinds: Mapping[str, ColumnKind] | None = None,
    wanted: Collection[str] | None = None,
    optional: Collection[str] = (),
) -> Table:
    """Return the table that a mapping of columns or a DataFrame is; see `Table.of`.

    Args:
        source: the mapping or the DataFrame.
        kinds: of columns of text, by name, where it is known better than the texts tell.
        wanted: names of the columns that are looked at; all of them if it is None.
        optional: names of columns that are looked at too, but need not be there.
    """
    if isinstance(source, Mapping):
        chosen = set(chosen_positions([str(name) for name in source], wanted, optional, "the table"))
        columns = [pair for number, pair in enumerate(source.items()) if number in chosen]
    else:
        frame = as_frame(source)
        if frame is None:
            raise ArgumentError(
                "a table is a DataFrame, a mapping of names to columns, a path, or a Table, not "
                f"{type(source).__name__}"
            )
        columns = frame_columns(
            frame[:, chosen_positions(list(map(str, frame.columns)), wanted, optional, "the table")]
        )
    kinds = kinds or {}
    read = [column_of_values(str(name), values, kinds.get(str(name))) for name, values in columns]
    return Table(tuple(column for column, _ in read), notes=tuple(note for _, note in read if note))


def frame_columns(frame: nw.DataFrame[Any]) -> list[tuple[Any, Any]]:
    """Return the columns of a frame with their names, from left to right: arrays of numbers, or Series."""
    columns: dict[int, Any] = {}
    for positions, block in number_blocks(frame):
        if block is not None:
            columns.update(zip(positions, block.T, strict=True))
    names: list[Any] = frame.columns
    others = [position for position in range(len(names)) if position not in columns]
    if others:  # a Series costs more than a thousand numbers
        columns.update(zip(others, frame[:, others].iter_columns(), strict=True))
    return [(name, columns[position]) for position, name in enumerate(names)]


def number_blocks(frame: nw.DataFrame[Any]) -> Iterator[tuple[list[int], NDArray[Any] | None]]:
    """Yield the positions of the columns of each dtype, with all of their numbers if NumPy can hold these as they are.

    Thousands of columns are read in the time of one; and where they lie, if they all are of one dtype of NumPy.
    """
    import narwhals as nw

    by_dtype: dict[nw.dtypes.DType, list[int]] = {}
    for position, dtype in enumerate(frame.schema.dtypes()):
        by_dtype.setdefault(dtype, []).append(position)
    for dtype, positions in by_dtype.items():
        block = None
        if dtype.is_numeric() or isinstance(dtype, nw.Boolean):
            part = frame if len(by_dtype) == 1 else frame[:, positions]
            block = np.asarray(part.to_native())
            block = block if block.dtype.kind in ("f" if dtype.is_float() else "biu") else None
        yield positions, block


def column_of_values(name: str, values: Any, kind: ColumnKind | None = None) -> tuple[Column, str | None]:
    """Return the column that an array, a list or a Series is, and a note if it is odd; see `column_of`."""
    series = None if isinstance(values, np.ndarray | list | tuple) else as_series(values)
    if series is None:
        return column_of(name, values, kind)
    dtype = series.dtype
    if not is_categorical(dtype):
        return column_of(name, series_values(series, dtype), kind)
    column, _ = column_of(name, series_values(series, dtype), "category")
    return (column if column.missing.all() else as_kind(column, "category", "the table")), None


def series_values(series: nw.Series[Any], dtype: nw.dtypes.DType) -> Any:
    """Return the values of a Series as an array: numbers and timestamps (UTC) as such, all others as objects."""
    import narwhals as nw

    if dtype.is_numeric() or isinstance(dtype, nw.Boolean | nw.Datetime | nw.Date):
        array = series.to_numpy()
        if dtype.is_float() or array.dtype.kind in "biuM":  # integers beside missing values would be rounded
            return array
    return as_objects(series.to_list())


def is_categorical(dtype: nw.dtypes.DType) -> bool:
    """Return whether a Series is declared to hold categories, whatever they are."""
    import narwhals as nw

    return isinstance(dtype, nw.Categorical | nw.Enum)


def as_frame(source: Any) -> nw.DataFrame[Any] | None:
    """Return a DataFrame as narwhals sees it, None if it is no DataFrame.

    Raises:
        TableError: It is lazy, or two of its columns have one name.
        MissingExtraError: narwhals is not installed, or nothing that can read an Arrow stream is.
    """
    nw, what = narwhals(), type(source).__name__
    frame = as_narwhals(source)
    if frame is source and hasattr(source, "__arrow_c_stream__"):
        try:
            frame = nw.from_arrow(source, backend=arrow_reader())
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
    series = as_narwhals(values)
    return series if isinstance(series, nw.Series) else None


def as_narwhals(values: Any) -> Any:
    """Return a DataFrame or a Series as narwhals sees it, anything else as it is; TableError if names are repeated."""
    nw = narwhals()
    try:
        return nw.from_native(values, allow_series=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise TableError(f"the {type(values).__name__}: {repeated_name(values)}; rename one of them") from error


def repeated_name(source: Any) -> str:
    """Return a sentence with the first name that stands for two columns."""
    names = list(map(str, getattr(source, "column_names", source.columns)))
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
