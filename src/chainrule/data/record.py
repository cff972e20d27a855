"""Reading a JSON object strictly: every field present, of its type, and none besides."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from typing import Any

from chainrule.errors import ModelFileError

JSON = dict[str, Any]


class Record:
    """A JSON object from a model file whose fields are taken one by one.

    Each method returns the named field if it has the method's type, and raises ModelFileError that names
    the field otherwise; `finish` raises it when a field is left over.
    """

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise ModelFileError(f"{what} should be a JSON object, not {type(value).__name__}")
        self._left, self._what = dict(value), what

    def _take(self, name: str, *types: type) -> Any:
        if name not in self._left:
            raise ModelFileError(f"{self._what} lacks the field {name!r}")
        value = self._left.pop(name)
        if type(value) not in types:
            raise ModelFileError(f"{self._what}: field {name!r} should be {types[0].__name__}, not {value!r:.80}")
        return value

    def text(self, name: str) -> str:
        """Return a string."""
        return str(self._take(name, str))

    def flag(self, name: str) -> bool:
        """Return a boolean."""
        return bool(self._take(name, bool))

    def number(self, name: str) -> float:
        """Return a finite number."""
        given = self._take(name, float, int)
        value = float(given) if abs(given) <= sys.float_info.max else math.inf
        if not math.isfinite(value):
            raise ModelFileError(f"{self._what}: field {name!r} should be finite, not {given!r:.80}")
        return value

    def whole(self, name: str) -> int:
        """Return a whole number of at least 0."""
        value = int(self._take(name, int))
        if value < 0:
            raise ModelFileError(f"{self._what}: field {name!r} should not be negative, but is {value}")
        return value

    def record(self, name: str) -> Record:
        """Return a JSON object, to be read in the same way."""
        return Record(self._take(name, dict), f"{self._what}, {name}")

    def names(self) -> tuple[str, ...]:
        """Return the names of the fields that are left."""
        return tuple(self._left)

    def items(self, name: str) -> list[Any]:
        """Return a list of anything."""
        return list(self._take(name, list))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.items(name)
        if not all(type(value) is str for value in values):
            raise ModelFileError(f"{self._what}: field {name!r} should hold only text")
        return tuple(values)

    def increasing(self, name: str) -> tuple[str, ...]:
        """Return a list of one or more strings in sorted order without repetition."""
        values = self.texts(name)
        if not values or any(a >= b for a, b in pairwise(values)):
            raise ModelFileError(f"{self._what}: field {name!r} should hold different texts in sorted order")
        return values

    def refuse(self, complaint: str) -> ModelFileError:
        """Return the error that says what is wrong with the record as a whole."""
        return ModelFileError(f"{self._what}: {complaint}")

    def finish(self) -> None:
        """Raise ModelFileError when fields are left that nothing has taken."""
        if self._left:
            raise ModelFileError(f"{self._what} has unknown fields: {', '.join(sorted(self._left))}")
