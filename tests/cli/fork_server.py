"""Runs commands in forks of one process that has imported what they need, so that none costs an import.

Each line of the input is a command, as JSON: its arguments, directory, environment, and the files that take its output.
The answer is a line with its exit status. What runs is what `python -m chainrule` runs, in a process of its own.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
from typing import Any

import duckdb  # noqa: F401
import rich.table  # noqa: F401

import chainrule.cli.commands
import chainrule.cli.reporting
import chainrule.explain.deriving
import chainrule.runtime.engine
import chainrule.tabular.training  # noqa: F401


def become(command: dict[str, Any]) -> None:
    """Become the process of a command; it ends by SystemExit."""
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["directory"])
    for number, name in enumerate((os.devnull, command["output"], command["errors"])):
        file = os.open(name, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8", errors, line_buffering=live)
        for number, errors, live in ((1, "strict", False), (2, "backslashreplace", True))
    )
    sys.path[0] = command["directory"]
    sys.argv = ["chainrule", *command["arguments"]]
    runpy.run_module("chainrule", run_name="__main__", alter_sys=True)


def serve() -> None:
    """Run the commands of the input, one after the other."""
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
