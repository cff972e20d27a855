"""Where in the user's source a node came from, so that every later message can name that line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


def current_origin() -> Origin | None:
    """The innermost line outside chainrule and NumPy, or the origin that a transform works on behalf of."""
    inherited = _inherited.get()
    if inherited is not None:
        return inherited
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN_FOLDERS):
        frame = frame.f_back  # type: ignore[assignment]
    return frame and Origin(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


@contextmanager
def inherit(origin: Origin | None) -> Iterator[None]:
    """Give nodes made inside the `with` block this origin: a derivative belongs to the line it differentiates."""
    token = _inherited.set(origin)
    try:
        yield
    finally:
        _inherited.reset(token)
