"""The pictures of the documentation are what its examples draw.

A page keeps a picture in a variable and shows the file of that name.
After a change that is meant: pytest tests/golden --refresh-golden, and look at the pictures before they are committed.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "lecture-with-your-numbers.md"


def drawn():
    """The pictures that the examples of the page make, by name."""
    text, names = PAGE.read_text(encoding="utf-8"), {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(compile(example.source, str(PAGE), "exec"), names)
    return {name: value for name, value in names.items() if isinstance(value, str) and value.startswith("<svg")}


def test_pictures_are_drawn_by_the_page_that_shows_them(request):
    pictures = drawn()
    shown = re.findall(r"!\[.*?\]\(pictures/(\w+)\.svg\)", PAGE.read_text(encoding="utf-8"))
    assert list(pictures) == shown
    for name, picture in pictures.items():
        path = DOCS / "pictures" / f"{name}.svg"
        if request.config.getoption("--refresh-golden"):
            path.write_text(picture, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == picture, f"see the text of {__name__} on how to refresh {path.name}"
    assert {path.stem for path in (DOCS / "pictures").iterdir()} == set(pictures)
