"""No change of the code generator goes unnoticed."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import chainrule
from chainrule.codegen.generator_digest import GENERATOR_DIGEST, digest_of

PACKAGE = Path(chainrule.__file__).parent
FOLDERS = ("codegen", "graph", "ops", "plan")
IRRELEVANT = {"config", "errors", "figures", "tree"}  # what they hold reaches code as an argument, or not at all


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "elsewhere"


def test_it_depends_on_nothing_but_the_sources(copy):
    assert digest_of(copy) == GENERATOR_DIGEST
    (copy / "errors.py").write_text("")
    (copy / "codegen" / "notes.txt").write_text("")
    assert digest_of(copy) == GENERATOR_DIGEST


@pytest.mark.parametrize(
    "file", ["codegen/program.py", "codegen/math/power.py", "plan/tiles.py", "ops/value.py", "graph/op.py", "types.py"]
)
def test_every_change_of_a_source_changes_it(copy, file):
    path = copy / file
    text = path.read_text()
    seen = {GENERATOR_DIGEST}
    for changed in (text + "\n", text[:-1], text.replace("e", "f", 1)):
        path.write_text(changed)
        seen.add(digest_of(copy))
    path.rename(path.with_name("renamed.py"))
    seen.add(digest_of(copy))
    assert len(seen) == 5


def test_the_sources_need_nothing_else_of_the_library():
    needed = set()
    for path in (path for folder in FOLDERS for path in (PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chainrule":
                names = [alias.name for alias in node.names] if node.module == "chainrule" else [node.module]
                needed |= {name.removeprefix("chainrule.").split(".")[0] for name in names}
    assert needed - IRRELEVANT == {*FOLDERS, "types"}
