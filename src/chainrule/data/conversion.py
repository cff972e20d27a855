"""The same column read as another kind: what a model learned as text may arrive as numbers, and back.

The canonical text of a whole number has no fraction (``1.0`` and ``1`` are both ``"1"``), so that codes match
however they were stored.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data.forms import reading_of
from chainrule.data.table import Column, ColumnKind
from chainrule.errors import TableError


def as_kind(column: Column, kind: ColumnKind, source: str) -> Column:
    """Return `column` as `kind`.

    Raises:
        TableError: A value has no meaning in that kind; names the source, column, row and value.
    """
    match column.kind, kind:
        case own, other if own == other:
            return column
        case "numeric", "category":
            return Column(column.name, kind, np.array([number_text(x) for x in column.values.tolist()], object))
        case "time", "category":
            return Column(column.name, kind, np.array([time_text(x) for x in column.values.tolist()], object))
        case "category", "numeric":
            return Column(column.name, kind, parsed(column, kind, source))
        case "category", "time":
            return Column(column.name, kind, parsed(column, kind, source))
    if column.missing.all():
        return Column(column.name, kind, column.values)
    found, expected = ("dates", "numbers") if kind == "numeric" else ("numbers", "dates")
    raise TableError(f"{source}, column {column.name!r} holds {found} where {expected} are expected")


def number_text(x: float) -> str | None:
    """Return the canonical text of a number, None for NaN."""
    if x != x:
        return None
    return str(int(x)) if x.is_integer() else repr(x)


def time_text(x: float) -> str | None:
    """Return the ISO 8601 text of seconds since 1970-01-01 UTC: the date alone at midnight."""
    if x != x:
        return None
    day, second = divmod(x, 86_400)
    date = str(np.datetime64(int(day), "D"))
    return date if second == 0 else f"{date} {np.datetime64(int(second), 's').item().time().isoformat()}"


def clock_text(seconds: float) -> str:
    """Return the time of the day so many seconds after midnight, or a duration: 05:58, or 05:58:30."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def parsed(column: Column, kind: ColumnKind, source: str) -> NDArray[np.float64]:
    """Return what the texts of `column` mean as `kind`, NaN where missing."""
    texts = column.values.tolist()
    meaning = reading_of((text for text in texts if text is not None), kind).meaning
    assert meaning is not None
    numbers = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        if text is not None:
            try:
                numbers[row] = meaning(text)
            except ValueError as error:
                raise TableError(
                    f"{source}, column {column.name!r}, row {row + 1}: {text!r} {error} leave it empty if missing"
                ) from error
    return numbers
