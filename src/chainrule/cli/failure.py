"""What went wrong, in one line on the error stream."""

from __future__ import annotations

import sys

from chainrule.interrupt import Interrupt, ignore_signals
from chainrule.printable import printable


def fail(message: str, status: int) -> int:
    """Print one line to the error stream and return the exit status.

    Below it stands the place in a text that the message points at with a caret, if it does.
    """
    told, *place = message.split("\n") if message.endswith("^") else [message]
    for line in (f"chainrule: {' '.join(told.split())}", *place):
        print(printable(line), file=sys.stderr)
    return status


def interrupted(interrupt: Interrupt) -> int:
    """Say that Ctrl-C or SIGTERM ended the command, and return the status that shells give for that."""
    ignore_signals()
    print("chainrule: interrupted", file=sys.stderr, flush=True)
    return interrupt.status
