"""Where in the user's source a node came from, so that every later message can name that line."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

_OWN_FOLDERS = (str(Path(__file__).parents[1]), str(Path(np.__file__).parent))


class Origin(NamedTuple):
    """A line of a file, and the function that it stands in."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


_inherited: ContextVar[Origin | None] = ContextVar("inherited origin", default=None)


@cache
def is_own(file: str) -> bool:
    """Whether a file belongs to chainrule or NumPy, and not to the user."""
    return file.startswith(_OWN_FOLDERS)


def current_origin() -> Origin | None:
    """The innermost line outside chainrule and NumPy, or the origin that a transform works on behalf of."""
    inherited = _inherited.get()
    if inherited is not None:
        return inherited
    frame = sys._getframe(1)
    while frame is not None and is_own(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return frame and Origin(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


class inherit:  # noqa: N801 - it is called like a function; a generator would take three times as long
    """Give nodes made inside the `with` block this origin: a derivative belongs to the line it differentiates."""

    __slots__ = ("_origin", "_token")

    def __init__(self, origin: Origin | None) -> None:
        self._origin = origin

    def __enter__(self) -> None:
        self._token = _inherited.set(self._origin)

    def __exit__(self, *error: object) -> None:
        _inherited.reset(self._token)
