"""The data of a training as arrays, in whatever it is given."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from chainrule.types import Array, as_array, require_unmasked

_NO_NUMBERS = "OUSTMm"  # objects, which may be numbers, text, bytes, dates and durations


def as_data(given: Any, name: str) -> Array:
    """`given` as an array of one of the dtypes that travel through a graph.

    Arrays and lists are taken as `as_array` takes them. A DataFrame or Series of any library, and an array of Python
    objects, become numbers: truth values 0 and 1, missing values NaN.

    Raises:
        ArgumentError: see `as_array`; or a value is no number, with its column and row.
    """
    require_unmasked(given, name)
    if isinstance(given, list | tuple | float | int):
        with suppress(ValueError, TypeError, RuntimeError):  # `as_array` says what is wrong
            given = np.asarray(given)
    if not isinstance(given, np.ndarray | np.generic) or given.dtype.kind in _NO_NUMBERS:
        from chainrule.data.numbers import numbers_of  # a script whose data are arrays loads nothing for tables

        given = numbers_of(given, name)
    return as_array(given, name)
