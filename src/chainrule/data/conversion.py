"""The same column read as another kind: what a model learned as text may arrive as numbers, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data.forms import reading_of
from chainrule.data.table import Column, ColumnKind
from chainrule.data.value_text import number_text, time_text
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
