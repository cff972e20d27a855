"""What went wrong, in one line on the error stream."""

from __future__ import annotations

import sys


def fail(message: str, status: int) -> int:
    """Print one line to the error stream and return the exit status."""
    print("chainrule:", " ".join(message.split()), file=sys.stderr)
    return status
