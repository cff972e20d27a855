"""Writing tables: CSV or Parquet, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.atomic import replacing
from chainrule.data.database import database, database_error
from chainrule.errors import TableError
from chainrule.readable import unwritable
from chainrule.types import is_masked


def write_table(path: str | Path, columns: Mapping[str, ArrayLike]) -> None:
    """Write named one-dimensional arrays of equal length as a .csv or .parquet file.

    Floats are written with as many digits as give them back exactly; NaN and None become an empty field in
    CSV. An existing file is replaced only once the new one is complete.

    Raises:
        TableError: The suffix is unknown, the columns differ in length, or the file cannot be written (the
            old one is then still there).
        MissingExtraError: The file is Parquet and DuckDB is not installed.
    """
    path = Path(path)
    masked = next((name for name, values in columns.items() if is_masked(values)), None)
    if masked is not None:
        raise TableError(f"{path}: column {masked!r} is a masked array, whose mask would be ignored; fill it first")
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or any(len(shape) != 1 for shape in shapes):
        listed = ", ".join(f"{name!r} {array.shape}" for name, array in arrays.items()) or "there are none"
        raise TableError(f"{path}: columns must be one-dimensional and of equal length; {listed}")
    writers = {".csv": write_csv, ".parquet": write_parquet}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise TableError(f"{path} has no known suffix; use {' or '.join(writers)}")
    try:
        with replacing(path) as beside:
            writer(beside, arrays)
    except OSError as error:
        raise TableError(f"{path} {unwritable(error)}") from error


def write_csv(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write CSV with a header, quoting only where RFC 4180 asks for it."""
    with path.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(arrays)
        writer.writerows(zip(*(fields(array) for array in arrays.values()), strict=True))


def fields(array: NDArray[np.generic]) -> list[object]:
    """Return the values as CSV fields: floats at their own precision, missing ones empty."""
    if array.dtype.kind == "f":
        return ["" if text == "nan" else text for text in array.astype(str).tolist()]
    return list(array.tolist())


def write_parquet(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write Parquet with DuckDB."""
    with database() as connection:
        try:
            connection.register("columns", {name: storable(array) for name, array in arrays.items()})
            connection.table("columns").write_parquet(str(path))
        except database_error() as error:
            raise OSError(str(error).splitlines()[0]) from error


def storable(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the array in a dtype that DuckDB knows: its finest common unit for times."""
    return array.astype("datetime64[us]") if array.dtype.kind == "M" else array
