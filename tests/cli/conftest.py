"""The command line as people meet it: a process of its own, in an empty directory."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from expectations import QUICK

from patience import PATIENCE

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Server = "subprocess.Popen[str] | None"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The process that `fork_server` describes; None where processes cannot be forked."""
    if not hasattr(os, "fork"):
        yield None
        return
    script = [sys.executable, Path(__file__).with_name("fork_server.py")]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


def _forked(server, directory: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as files:
        output, errors = (Path(files, name) for name in ("output", "errors"))
        for file in (output, errors):
            file.touch()
        command = {"directory": str(directory), "environment": dict(os.environ), "arguments": arguments}
        print(json.dumps(command | {"output": str(output), "errors": str(errors)}), file=server.stdin, flush=True)
        if not select.select([server.stdout], [], [], PATIENCE)[0]:
            server.kill()
            raise subprocess.TimeoutExpired(arguments, PATIENCE)
        texts = (file.read_text(encoding="utf-8") for file in (output, errors))
        return subprocess.CompletedProcess(arguments, int(server.stdout.readline()), *texts)


def _command_in(directory: Path, server) -> Command:
    def run(*arguments, **keywords):
        words = list(map(str, arguments))
        if server is not None and not keywords:
            return _forked(server, directory, words)
        process = [sys.executable, "-m", "chainrule", *words]
        return subprocess.run(process, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, **keywords)

    return run


@pytest.fixture
def command(tmp_path, server) -> Command:
    """Run `python -m chainrule …` in `tmp_path`; other keywords are those of `subprocess.run`."""
    return _command_in(tmp_path, server)


@pytest.fixture
def functions(tmp_path, request) -> Path:
    """A file of functions, FILE of the test's module; it imports from the file beside it, which holds BESIDE."""
    (tmp_path / "beside.py").write_text(request.module.BESIDE)
    path = tmp_path / "functions.py"
    path.write_text(request.module.FILE)
    return path


def _write_flowers(directory: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["length,colour,site,kind"]
    for row in range(120):
        kind = int(random.integers(0, 2))
        length = f"{2 * kind + random.normal(0, 0.3):.3f}" if row % 17 else ""
        colour = ["red", "blue"][kind] if row % 13 else "NA"
        lines.append(f"{length},{colour},site {random.integers(0, 12)},{['aster', 'iris'][kind]}")
    path = directory / "flowers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def flowers(tmp_path) -> Path:
    """A table of 120 flowers, whose kind follows from length and colour; some values are missing."""
    return _write_flowers(tmp_path)


@pytest.fixture(scope="session")
def trained_model(cache_of_the_tests: None, server, tmp_path_factory) -> Path:
    """A model of the flowers, trained once; tests get copies, which they may spoil."""
    directory = tmp_path_factory.mktemp("trained")
    result = _command_in(directory, server)("train", _write_flowers(directory), "--target", "kind", *QUICK, "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return directory / "model.safetensors"


@pytest.fixture
def model(trained_model, flowers) -> Path:
    """A model of the flowers, beside their table."""
    return Path(shutil.copy(trained_model, flowers.parent))
