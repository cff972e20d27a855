"""docs/adding-an-op.md, followed: its lines in the files that it names make an operation that all tests accept."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-an-op.md").read_text(encoding="utf-8")
GENERAL_TESTS = ("test_every_op.py", "test_triangle.py", "ops/test_traits.py", "codegen/test_emitters.py")


def typed(*beginnings):
    """The page's examples that begin so, as the lines of a file."""
    examples = [example.source for example in doctest.DocTestParser().get_examples(PAGE)]
    found = [next(source for source in examples if source.startswith(beginning)) for beginning in beginnings]
    return "".join(found)


def shown(beginning):
    """The line of a table that the page shows."""
    return next(
        line for line in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) if line.strip().startswith(beginning)
    )


def put(path, lines, below=None):
    """Put lines at the end of a file, or below one of its lines."""
    text = path.read_text(encoding="utf-8")
    assert below is None or text.count(below) == 1
    path.write_text(f"{text}\n{lines}" if below is None else text.replace(below, below + lines), encoding="utf-8")


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`([\w/]+\.py)`", PAGE)
    assert len(named) > 10
    assert [name for name in named if not any((ROOT / part / name).exists() for part in ("", "src/chainrule"))] == []


@pytest.mark.nightly
def test_an_operation_added_as_the_page_says_passes_the_general_tests(tmp_path):
    for folder in ("src", "tests", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    library = tmp_path / "src" / "chainrule"
    record = typed("from chainrule.graph import Kind", "ARCSINH = ", "from chainrule.ops.value", "@implements")
    put(library / "ops" / "elementwise.py", record)
    put(tmp_path / "tests" / "op_cases.py", shown("*unary"), below="    # functions of one variable\n")
    code = typed(
        "from chainrule.codegen import math", "from chainrule.codegen.values", "def write_arcsinh", "EMITTERS["
    )
    put(library / "codegen" / "scalar.py", code)
    put(library / "plan" / "roofline.py", shown('"arcsinh"'), below='    "divide": 5,\n')
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *GENERAL_TESTS, "-k", "arcsinh or not ["],
        cwd=tmp_path / "tests",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "src"), "CHAINRULE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
    assert int(re.search(r"(\d+) passed", found.stdout)[1]) > 20
