"""Pages and docstrings name only what exists: files, folders, Python names and options; and links lead somewhere."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*GUIDES, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
"""Decisions also name what was not chosen."""
FOLDERS = [ROOT / part for part in ("", "src/chainrule", "tests", "docs")]
"""Where a path on a page may begin."""
MODULES = {"cr": "chainrule"} | {name: f"chainrule.{name}" for name in ("nn", "ops", "optim", "train", "reference")}
"""The short names under which the pages import."""


def code_in(page):
    """What stands between backticks in the text of a page, without its blocks of code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text)


def paths_in(page):
    """The files of Python, of tables and of text, and the folders that a page names."""
    path = r"[\w./-]+(\.py|/)|(examples|docs)/[\w./-]+"
    return [code for code in code_in(page) if re.fullmatch(path, code)]


def names_in(page):
    """The dotted Python names on a page that begin with the library or one of its modules."""
    beginnings = "|".join(["chainrule", *MODULES])
    return [found[0] for code in code_in(page) if (found := re.match(rf"({beginnings})(\.[A-Za-z_]\w*)+", code))]


def resolve(name):
    """The object of a dotted name."""
    first, *rest = name.split(".")
    found, path = importlib.import_module(MODULES.get(first, first)), MODULES.get(first, first)
    for part in rest:
        path = f"{path}.{part}"
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(path)
    return found


def anchors(page):
    """The anchors of a page's headings, as Markdown makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_on_a_page_exists(page):
    assert [path for path in paths_in(page) if not any((folder / path).exists() for folder in FOLDERS)] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_name_on_a_page_can_be_imported(page):
    for name in names_in(page):
        resolve(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_between_pages_leads_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]*)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def options_of(command):
    """The options of a command and of its parts."""
    parts = getattr(command, "commands", {}).values()
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return own.union(*map(options_of, parts))


@pytest.mark.parametrize("name", ["table", "deriving", "explaining", "doctor"])
def test_every_option_on_a_page_of_the_command_line_exists(name):
    pytest.importorskip("click")
    from chainrule.cli.commands import chainrule

    shown = re.findall(r"(?<![\w-])--[a-z][a-z-]*", (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
    assert shown
    assert sorted(set(shown) - options_of(chainrule)) == []


def test_docstrings_name_modules_that_exist():
    for module in sorted((ROOT / "src" / "chainrule").rglob("*.py")):
        paths = [path for path in paths_in(module) if path.endswith(".py")]
        missing = [path for path in paths if not any((folder / path).exists() for folder in (*FOLDERS, module.parent))]
        assert missing == [], module
        for name in names_in(module):
            if name.startswith("chainrule."):
                resolve(name)


def test_what_stands_between_backticks_is_found():
    assert "transforms/backprop.py" in paths_in(ROOT / "docs" / "architecture.md")
    assert "cr.derive" in names_in(ROOT / "docs" / "deriving.md")
    with pytest.raises(ModuleNotFoundError):
        resolve("chainrule.nn.no_such_module")


def test_architecture_has_a_line_for_every_folder():
    folders = [path.name for path in (ROOT / "src" / "chainrule").iterdir() if (path / "__init__.py").exists()]
    assert sorted(set(folders) - {path.strip("/") for path in paths_in(ROOT / "docs" / "architecture.md")}) == []


def test_where_things_go_names_what_the_files_beside_it_hold():
    """In the table, `FORMATS` stands in a row with the file that defines it."""
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Where do I put it?")[2]
    rows = [line for line in table.partition("\n## ")[0].splitlines() if "`" in line and line.startswith("|")]
    assert len(rows) > 15
    for row in rows:
        codes = re.findall(r"`([^`]+)`", row)
        files = [ROOT / "src" / "chainrule" / code for code in codes if code.endswith(".py")]
        held = "".join(file.read_text(encoding="utf-8") for file in files)
        assert [code for code in codes if re.fullmatch(r"\w+", code) and not re.search(rf"\b{code}\b", held)] == [], row


def test_folders_of_tests_are_those_of_the_library_or_named_in_contributing():
    """`tests/plan/` tests `plan/`; CONTRIBUTING names the folders that have no counterpart."""
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith("_")}
    library = {path.name for path in (ROOT / "src" / "chainrule").iterdir() if (path / "__init__.py").exists()}
    named = {path.removeprefix("tests/").strip("/") for path in paths_in(ROOT / "CONTRIBUTING.md")}
    assert sorted(folders - library - named) == []


def test_decisions_are_numbered_without_gaps_and_listed():
    decisions = ROOT / "docs" / "decisions"
    numbers = sorted(int(path.name[:4]) for path in decisions.glob("0*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert "\n:glob:\n\n0*\n" in (decisions / "index.md").read_text(encoding="utf-8")
