"""Keys of things that compute the same, so that what was recorded of one serves for the other."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType

import numpy as np

_LIBRARY = __name__.partition(".")[0]
_PLAIN = (bool, int, float, np.generic, np.dtype)


class _UnknownError(Exception):
    """A part is not of this library."""


def cache_key(*values: object) -> Hashable | None:
    """A key that values have in common with all that compute the same; None if nobody can tell.

    Layers, losses, optimisers, schedules and their options are plain data: dataclasses and functions of this library,
    numbers and names. A user-defined function is not: it may depend on something that changes.
    """
    try:
        return tuple([_key(value) for value in values])
    except _UnknownError:
        return None


def joined_keys(*keys: Hashable | None) -> Hashable | None:
    """The key of things that are used together; None if nobody can tell that of one of them."""
    return None if None in keys else keys


def _key(value: object) -> Hashable:
    if value is None or isinstance(value, str | np.ufunc):
        return value
    if isinstance(value, _PLAIN):
        return type(value), repr(value)  # 1, 1.0 and True are equal, as are 0.0 and −0.0, but not the same
    if isinstance(value, tuple | list):
        return type(value), *map(_key, value)
    if isinstance(value, partial):
        return partial, *map(_key, (value.func, value.args, [*value.keywords], [*value.keywords.values()]))
    named = value if isinstance(value, FunctionType) else type(value)
    if str(named.__module__).partition(".")[0] != _LIBRARY or "<" in named.__qualname__:
        raise _UnknownError
    if isinstance(value, FunctionType):
        return value
    if not is_dataclass(value):
        raise _UnknownError
    return type(value), *[_key(getattr(value, field.name)) for field in fields(value)]
