"""The pictures of the documentation are what its examples and docs/draw_architecture.py draw.

A page keeps a picture in a variable and shows the file of that name.
After a change that is meant: pytest tests/golden --refresh-golden, and look at the pictures before they are committed.
"""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "lecture-with-your-numbers.md"


def drawn():
    """The pictures that the examples of the page make, by name."""
    text, names = PAGE.read_text(encoding="utf-8"), {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(compile(example.source, str(PAGE), "exec"), names)
    return {name: value for name, value in names.items() if isinstance(value, str) and value.startswith("<svg")}


def require_current(path, picture, refresh):
    """A file holds a picture, to the byte."""
    if refresh:
        path.write_text(picture, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == picture, f"see the text of {__name__} on how to refresh {path.name}"


def test_pictures_are_drawn_by_the_page_that_shows_them(request):
    pictures = drawn()
    shown = re.findall(r"!\[.*?\]\(pictures/(\w+)\.svg\)", PAGE.read_text(encoding="utf-8"))
    assert list(pictures) == shown
    for name, picture in pictures.items():
        require_current(DOCS / "pictures" / f"{name}.svg", picture, request.config.getoption("--refresh-golden"))
    assert {path.stem for path in (DOCS / "pictures").iterdir()} == {*pictures, "architecture"}


def test_picture_of_the_architecture_shows_the_imports_of_today(request):
    script = runpy.run_path(str(DOCS / "draw_architecture.py"))
    require_current(script["PICTURE"], script["draw"](), request.config.getoption("--refresh-golden"))


def test_picture_of_the_architecture_draws_the_contract_and_no_arrow_that_follows_from_others():
    script = runpy.run_path(str(DOCS / "draw_architecture.py"))
    picture = script["PICTURE"].read_text(encoding="utf-8")
    for row in script["contract"]():
        for name in row:
            assert re.search(rf"[> ]{name}[ <]", picture), name
    names = [name for row in script["contract"]() for name in row]
    arrows = script["imports"](names[: names.index("graph") + 1])
    assert ("ops", "tracing") in arrows
    assert ("graph", "tracing") not in arrows  # it follows from those to ops and from there
    assert all(names.index(above) < names.index(below) for below, above in arrows)
