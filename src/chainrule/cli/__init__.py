"""The command line: one command for each part of the main job. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    if find_spec("click") is None:
        sys.exit(missing_click())
    from chainrule.cli.running import run

    sys.exit(run(sys.argv[1:]))


def missing_click() -> int:
    """Say which extra brings the command line."""
    print('chainrule: the command line needs click; run: pip install "chainrule[cli]"', file=sys.stderr)
    return 2
