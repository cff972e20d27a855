"""What went wrong, in one line on the error stream."""

from __future__ import annotations

import sys


def fail(message: str, status: int) -> int:
    """Print one line to the error stream and return the exit status.

    Below it stands the place in a text that the message points at with a caret, if it does.
    """
    told, *place = message.split("\n") if message.endswith("^") else [message]
    print("chainrule:", " ".join(told.split()), file=sys.stderr)
    for line in place:
        print(line, file=sys.stderr)
    return status
