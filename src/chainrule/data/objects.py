"""What a Python object in a column says: nothing, or a value of one family, by its type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np

from chainrule.data.canonical import canonical_text

FAMILIES: dict[str, tuple[type, ...]] = {
    "a truth value": (bool, np.bool_),
    "a number": (int, float, Decimal, np.integer, np.floating),
    "text": (str, UUID),
    "a date": (date, np.datetime64),
    "a time of day": (time,),
}
"""The types that a column can be made of; the first family that an object belongs to is its own."""
FIXES: dict[type, str] = {
    bytes: "decode it to text",
    timedelta: "give its seconds as a number, with .total_seconds()",
    np.timedelta64: "give its seconds as a number, divided by np.timedelta64(1, 's')",
    complex: "give its real and its imaginary part in two columns",
}


def family(kind: type) -> str | None:
    """Return the family of the objects of a type, None if there is none."""
    return next((name for name, types in FAMILIES.items() if issubclass(kind, types)), None)


def fix(kind: type) -> str:
    """Return what to do with an object whose type has no family."""
    told = (words for known, words in FIXES.items() if issubclass(kind, known))
    return next(told, "give numbers, truth values, text, dates or times of day")


def is_missing(value: object) -> bool:
    """Return whether an object says that a value is missing: None, NaN, pandas' NA and NaT, or a word that says so."""
    if isinstance(value, str):
        return canonical_text(value) is None
    if isinstance(value, float | np.floating | np.datetime64 | np.timedelta64):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def present_or_none(values: Iterable[object]) -> list[object]:
    """Return the values with None for each that is missing."""
    return [None if is_missing(value) else value for value in values]


def as_objects(values: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the values as they are in an array of objects, one axis, whatever they are themselves."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
