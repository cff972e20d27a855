"""Text as it leaves a command: as wide as the terminal, and in the signs that it knows."""

from __future__ import annotations

import os
import sys

UNKNOWN_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""


def text_width(narrowest: int, widest: int) -> int:
    """Characters in a line: as many as the terminal has, within what the text can be."""
    columns = os.get_terminal_size().columns if sys.stdout.isatty() else UNKNOWN_WIDTH
    return min(max(columns, narrowest), widest)


def print_text(text: str) -> None:
    """Print the text, in ASCII where the terminal knows no more."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)
