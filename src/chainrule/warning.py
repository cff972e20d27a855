"""Warnings of what works but not as it should, told of the user's line, not of one of ours."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from chainrule.errors import ChainruleWarning

_HOME = str(Path(__file__).parent)


def warn(message: str, category: type[ChainruleWarning]) -> None:
    """Warn at the innermost line of the stack that is not chainrule's own."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HOME):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
