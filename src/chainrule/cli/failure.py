"""What went wrong, in one line on the error stream."""

from __future__ import annotations

import sys

from chainrule.printable import printable


def fail(message: str, status: int) -> int:
    """Print one line to the error stream and return the exit status.

    Below it stands the place in a text that the message points at with a caret, if it does.
    """
    told, *place = message.split("\n") if message.endswith("^") else [message]
    for line in (f"chainrule: {' '.join(told.split())}", *place):
        print(printable(line), file=sys.stderr)
    return status
