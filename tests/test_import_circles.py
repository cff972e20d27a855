"""No module needs itself on the way round: also not by imports that are made when a function runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ALTERNATIVE_CONSTRUCTORS = [("chainrule.data.table", "chainrule.data.frames")]
"""`Table.of` and `Column.of` make a table from what libraries above know how to read."""
SOURCE = Path(__file__).parents[1] / "src"


def modules(source):
    """Every module by name, with the path of its file."""
    named = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What a module imports at any moment: pairs of a module and a name in it. What is for types only is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        yield from imports(node)


def needs(source):
    """The modules that each module imports."""
    known = modules(source)
    return {
        module: {
            wanted
            for package, name in imports(ast.parse(path.read_text(encoding="utf-8")))
            if (wanted := f"{package}.{name}" if f"{package}.{name}" in known else package) in known
        }
        for module, path in known.items()
    }


def circle(source, allowed=()):
    """The modules of a circle, in order, if there is one without the imports that are allowed; else empty."""
    graph = needs(source)
    for module, wanted in allowed:
        graph[module].remove(wanted)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_on_the_way_round():
    assert circle(SOURCE, ALTERNATIVE_CONSTRUCTORS) == []


@pytest.mark.parametrize(
    "lower", ["from p.b import g", "import p.b", "def f():\n    from p import b", "def f():\n    import p.b"]
)
def test_a_circle_is_found_wherever_its_imports_stand(tmp_path, lower):
    package = tmp_path / "p"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text(lower)
    (package / "b.py").write_text("from p.a import f")
    assert set(circle(tmp_path)) == {"p.a", "p.b"}
    (package / "a.py").write_text("if TYPE_CHECKING:\n    from p.b import g")
    assert circle(tmp_path) == []
