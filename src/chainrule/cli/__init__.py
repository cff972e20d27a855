"""The command line: one command for each part of the main job. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.util import find_spec

from chainrule.cli.failure import interrupted
from chainrule.interrupt import Interrupt, handle_signals, ignore_signals


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    interrupt = handle_signals()
    try:
        status = _status(interrupt)
    except KeyboardInterrupt:  # between two lines of our own
        status = interrupted(interrupt)
    ignore_signals()
    if interrupt.raised:  # a library whose work was cut short may not survive being taken down in good order
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def _status(interrupt: Interrupt) -> int:
    if find_spec("click") is None:
        return missing_click()
    from chainrule.cli.running import run

    return run(sys.argv[1:], interrupt)


def missing_click() -> int:
    """Say which extra brings the command line."""
    print('chainrule: the command line needs click; run: pip install "chainrule[cli]"', file=sys.stderr)
    return 2
