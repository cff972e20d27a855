"""The command line as people meet it: a process of its own, in an empty directory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from expectations import QUICK

from patience import PATIENCE

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def _command_in(directory: Path) -> Command:
    def run(*arguments, **keywords):
        process = [sys.executable, "-m", "chainrule", *map(str, arguments)]
        return subprocess.run(process, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, **keywords)

    return run


@pytest.fixture
def command(tmp_path) -> Command:
    """Run `python -m chainrule …` in `tmp_path`; other keywords are those of `subprocess.run`."""
    return _command_in(tmp_path)


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
def trained_model(cache_of_the_tests: None, tmp_path_factory) -> Path:
    """A model of the flowers, trained once; tests get copies, which they may spoil."""
    directory = tmp_path_factory.mktemp("trained")
    result = _command_in(directory)("train", _write_flowers(directory), "--target", "kind", *QUICK, "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return directory / "model.safetensors"


@pytest.fixture
def model(trained_model, flowers) -> Path:
    """A model of the flowers, beside their table."""
    return Path(shutil.copy(trained_model, flowers.parent))
