"""A cache of its own for a test that asks for it, and native functions to run."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap

import pytest
from native_functions import FUNCTIONS

from chainrule.codegen.target import host
from chainrule.runtime.code import load
from patience import PATIENCE


@pytest.fixture
def cache_directory(tmp_path, monkeypatch):
    """A directory for compiled code that does not exist yet."""
    directory = tmp_path / "kept" / "code"
    monkeypatch.setenv("CHAINRULE_CACHE", str(directory))
    monkeypatch.delenv("CHAINRULE_CACHE_MB", raising=False)
    return directory


@pytest.fixture
def native():
    """The functions of `native_functions`, loaded."""
    return load(FUNCTIONS, host(), ["visit", "barrier", "twice"])


@pytest.fixture
def numbers():
    """64 native integers, all 0, and their address."""
    memory = (ctypes.c_int64 * 64)()
    return memory, ctypes.addressof(memory)


@pytest.fixture
def script(unmeasured):
    """Run Python text in a process of its own; it must end with status 0 and nothing on the error stream."""

    def run(text, **variables):
        paths = (os.path.dirname(__file__), os.environ.get("PYTHONPATH"))
        environment = unmeasured | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
        process = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(text)]
        result = subprocess.run(process, capture_output=True, text=True, timeout=PATIENCE, env=environment)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    return run
