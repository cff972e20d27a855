"""Columns of arrays and of Python objects: the dtype, or the types of the objects, decide the kind.

Text is read as the text of a CSV file is (`chainrule.data.text_columns`): most frames were CSV files once, and their
text is what another reader took for neither numbers nor dates. A categorical keeps its text as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.data.canonical import BOOLEANS, canonical_texts
from chainrule.data.objects import as_objects, family, fix, present_or_none
from chainrule.data.table import LARGEST_QUANTITY, Column, ColumnKind, finite
from chainrule.data.text_columns import SEPARATOR, TextColumn
from chainrule.errors import TableError
from chainrule.types import is_masked


def column_of(name: str, values: ArrayLike, kind: ColumnKind | None = None) -> tuple[Column, str | None]:
    """Return the column that an array or a sequence of objects is, and a note if it is odd; see `Column.of`.

    `kind` is that of text, where it is known better than the texts tell.
    """
    array = as_column_array(name, values)
    if array.dtype.kind in "OUT":
        return column_of_objects(name, array.tolist(), kind)
    return column_of_dtype(name, array), None


def column_of_dtype(name: str, array: NDArray[Any]) -> Column:
    """Return the column of an array whose dtype tells the kind."""
    match array.dtype.kind:
        case "b":
            return Column(name, "category", np.array(BOOLEANS, object)[array.astype(np.int64)])
        case "i" | "u" if np.any(array >= LARGEST_QUANTITY) or np.any(array <= -LARGEST_QUANTITY):
            return Column(name, "category", array.astype(str))
        case "M":
            seconds = array.astype("datetime64[us]").astype(np.int64) / 1e6
            return Column(name, "time", np.where(np.isnat(array), np.nan, seconds))
    if array.dtype.kind in "iuf" or np.can_cast(array.dtype, np.float64):
        return Column(name, "numeric", finite(name, array.astype(np.float64)))
    raise TableError(f"column {name!r} has dtype {array.dtype}; {fix(array.dtype.type)}")


def as_column_array(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return an array of one axis; a list of objects of several types is not brought to one dtype."""
    if is_masked(values):
        raise TableError(
            f"column {name!r} is a masked array, whose mask would be ignored; mark missing values with "
            ".astype(float).filled(np.nan)"
        )
    if isinstance(values, list | tuple):
        types = set(map(type, values))
        if len(types) > 1 or types == {str}:
            return as_objects(values)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TableError(f"column {name!r} cannot be read as an array ({error}); convert it first") from error
    if array.ndim != 1:
        raise TableError(f"column {name!r} has shape {array.shape}; a column has one dimension")
    return array


def column_of_objects(name: str, values: Sequence[object], kind: ColumnKind | None) -> tuple[Column, str | None]:
    """Return the column of Python objects of one family, missing values apart, and a note if it is odd.

    Raises:
        TableError: An object is of another family than those above it, or of none; names its row.
    """
    present = present_or_none(values)
    families = {own: family(own) for own in set(map(type, present)) - {type(None)}}
    for row, value in enumerate(present, 1) if None in families.values() else ():
        if value is not None and families[type(value)] is None:
            what = f"{name!r}, row {row}: {value!r:.80} is a {type(value).__name__}"
            raise TableError(f"column {what}; {fix(type(value))}")
    if len(set(families.values())) > 1:
        raise mixed(name, present, cast(dict[type, str], families))
    own = next(iter(families.values()), None)
    return texts(name, present, kind) if own == "text" else (READERS[own](name, present), None)


def mixed(name: str, present: Sequence[object], families: dict[type, str]) -> TableError:
    """Return the error that names the first row whose object is of another family than the first one."""
    rows = [(row, value) for row, value in enumerate(present, 1) if value is not None]
    first, own = rows[0][0], families[type(rows[0][1])]
    row, value = next((row, value) for row, value in rows if families[type(value)] != own)
    return TableError(
        f"column {name!r}, row {row}: {value!r:.80} is {families[type(value)]}, but row {first} holds {own}; "
        "make them one, for instance all text with .astype(str), or leave what is no value empty"
    )


def numbers(name: str, present: Sequence[Any]) -> Column:
    """Return numbers; whole ones from 2⁵³ on are names."""
    there = [x for x in present if x is not None]
    if all(isinstance(x, int | np.integer) or (isinstance(x, Decimal) and is_whole(x)) for x in there) and any(
        abs(int(x)) >= LARGEST_QUANTITY for x in there
    ):
        return Column(name, "category", as_objects([None if x is None else str(int(x)) for x in present]))
    return Column(name, "numeric", finite(name, np.array([nearest_float(x) for x in present], np.float64)))


def is_whole(x: Decimal) -> bool:
    """Return whether a number has no digits after the point."""
    return x.is_finite() and x == x.to_integral_value()


def nearest_float(x: Any) -> float:
    """Return a number in float64: NaN for None, infinite beyond its range."""
    try:
        return np.nan if x is None else float(x)
    except OverflowError:
        return np.inf if x > 0 else -np.inf


def texts(name: str, present: Sequence[Any], kind: ColumnKind | None) -> tuple[Column, str | None]:
    """Return the column of `kind`, or of the kind that all texts allow, and a note if it is odd."""
    spelled = ["" if text is None else str(text) for text in present]
    if any(SEPARATOR in text for text in spelled):  # no number and no date has one
        return Column(name, "category", canonical_texts(spelled)), None
    column = TextColumn(name, lambda row: f"row {row + 1}")
    column.extend(spelled)
    return column.column(kind)


def truth_values(name: str, present: Sequence[Any]) -> Column:
    """Return true and false as every source writes them."""
    return Column(name, "category", as_objects([None if x is None else BOOLEANS[bool(x)] for x in present]))


def dates(name: str, present: Sequence[Any]) -> Column:
    """Return dates and timestamps, which are UTC where they tell no zone."""
    return Column(name, "time", np.array([np.nan if x is None else since_1970(x) for x in present], np.float64))


def since_1970(moment: date | np.datetime64) -> float:
    """Return the seconds since 1970-01-01 UTC."""
    if isinstance(moment, np.datetime64):
        return float(moment.astype("datetime64[us]").astype(np.int64)) / 1e6
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def times_of_day(name: str, present: Sequence[Any]) -> Column:
    """Return times of day as seconds since midnight."""
    return Column(name, "numeric", np.array([np.nan if x is None else since_midnight(x) for x in present]), clock=True)


def since_midnight(clock: time) -> float:
    """Return the seconds since midnight."""
    return 3600 * clock.hour + 60 * clock.minute + clock.second + clock.microsecond / 1e6


READERS: dict[str | None, Callable[[str, Sequence[Any]], Column]] = {
    "a truth value": truth_values,
    "a number": numbers,
    "a date": dates,
    "a time of day": times_of_day,
    None: numbers,  # all of them are missing, as in a file
}
