"""A test that wants a library which is not installed is skipped, but not where all libraries can be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WISH = 'pytest.importorskip("no_such_library.part", reason="not here")'


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ([], "2 skipped"),
        (["--missing-oracles=torch,no_such_library"], "2 skipped"),
        (["--missing-oracles=torch"], "1 failed, 1 error"),
    ],
)
def test_a_skip_is_a_failure_where_no_library_may_be_missing(tmp_path, options, outcome):
    (tmp_path / "test_within.py").write_text(f"import pytest\ndef test_it(): {WISH}\n")
    (tmp_path / "test_before.py").write_text(f"import pytest\n{WISH}\ndef test_it(): pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "--continue-on-collection-errors", *options]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert outcome in done.stdout.splitlines()[-1]
