"""The command line as people meet it: a process of its own, in an empty directory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from expectations import QUICK

from patience import PATIENCE

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(tmp_path) -> Command:
    """Run `python -m chainrule …` in `tmp_path`; other keywords are those of `subprocess.run`."""

    def run(*arguments, **keywords):
        process = [sys.executable, "-m", "chainrule", *map(str, arguments)]
        return subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, **keywords)

    return run


@pytest.fixture
def functions(tmp_path, request) -> Path:
    """A file of functions, FILE of the test's module; it imports from the file beside it, which holds BESIDE."""
    (tmp_path / "beside.py").write_text(request.module.BESIDE)
    path = tmp_path / "functions.py"
    path.write_text(request.module.FILE)
    return path


@pytest.fixture
def flowers(tmp_path) -> Path:
    """A table of 120 flowers, whose kind follows from length and colour; some values are missing."""
    random = np.random.default_rng(0)
    lines = ["length,colour,site,kind"]
    for row in range(120):
        kind = int(random.integers(0, 2))
        length = f"{2 * kind + random.normal(0, 0.3):.3f}" if row % 17 else ""
        colour = ["red", "blue"][kind] if row % 13 else "NA"
        lines.append(f"{length},{colour},site {random.integers(0, 12)},{['aster', 'iris'][kind]}")
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def model(command, flowers) -> Path:
    """A model of the flowers."""
    result = command("train", flowers, "--target", "kind", *QUICK, "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return flowers.parent / "model.safetensors"
