"""Data of other libraries as one array of numbers: what can be trained on of a DataFrame, a Series, or Python objects.

Truth values count as 0 and 1. A missing value becomes NaN, which whoever takes the array refuses with its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.frames import as_frame, as_series, frame_columns, number_blocks, series_values
from chainrule.data.objects import family, is_missing
from chainrule.errors import ArgumentError, MissingExtraError, TableError
from chainrule.types import Array

if TYPE_CHECKING:
    import narwhals as nw

NUMBERS = ("a number", "a truth value")


def numbers_of(given: Any, name: str) -> Any:
    """Return the array [N × columns] of a DataFrame, or of a Series or an array of objects; anything else as it is.

    A DataFrame whose columns have one dtype of NumPy is read where it lies.

    Raises:
        ArgumentError: A value is text, a date, or anything else that is no number; names its row and column. Or a
            frame is not in memory, or two of its columns have one name.
    """
    if isinstance(given, np.ndarray):
        return as_numbers(given, name)
    try:
        series = as_series(given)
        if series is not None:
            return as_numbers(np.asarray(series_values(series, series.dtype)), name)
        frame = as_frame(given)
    except MissingExtraError:
        return given  # NumPy joins its columns, as far as it can
    except TableError as error:
        raise ArgumentError(f"{name}: {error}") from error
    return given if frame is None else joined(frame, name)


def joined(frame: nw.DataFrame[Any], name: str) -> Array:
    """Return the columns of a frame side by side."""
    blocks = [block for _, block in number_blocks(frame)]
    if len(blocks) == 1 and blocks[0] is not None:
        return blocks[0]
    columns = []
    for label, values in frame_columns(frame):
        array = values if isinstance(values, np.ndarray) else np.asarray(series_values(values, values.dtype))
        columns.append(as_numbers(array, name, f", column {str(label)!r}"))
    return np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))


def as_numbers(array: Array, name: str, column: str = "") -> Array:
    """Return an array whose objects are numbers, truth values or missing, as numbers; an array of numbers as it is.

    `column` names the column in messages.
    """
    if array.dtype.kind not in "OUSTMm" or not array.ndim:
        return array
    values = array.ravel().tolist()
    families = {kind: family(kind) for kind in set(map(type, values))}
    for position, value in enumerate(values):
        if families[type(value)] not in NUMBERS and not is_missing(value):
            row, *rest = np.unravel_index(position, array.shape)
            raise ArgumentError(
                f"{name}: row {row}{f', column {rest[0]}' if rest else column} is {value!r:.80}; encode it as a number "
                "first, or let `chainrule train` do it"
            )
    numbers = np.array([np.nan if is_missing(value) else float(value) for value in values], np.float64)
    return numbers.reshape(array.shape)
