"""A derivation in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chainrule.atomic import replacing
from chainrule.errors import ArgumentError
from chainrule.explain.record import DerivationRecord
from chainrule.explain.render.html import to_page
from chainrule.explain.render.json import to_json
from chainrule.explain.render.latex import to_document
from chainrule.explain.render.picture import to_svg
from chainrule.explain.render.terminal import to_text

FORMATS: dict[str, Callable[[DerivationRecord], str]] = {
    ".html": lambda derivation: to_page(derivation, to_svg(derivation)),
    ".svg": to_svg,
    ".tex": to_document,
    ".json": to_json,
    ".txt": lambda derivation: to_text(derivation, colour=False) + "\n",
}
"""What a file of each suffix holds."""


def save(derivation: DerivationRecord, path: Path) -> None:
    """Write a derivation in the format that the suffix names; the file is replaced whole or not at all.

    Raises:
        ArgumentError: The suffix is none of html, svg, tex, json and txt.
        OSError: The directory does not exist, is read-only or is full.
    """
    written = FORMATS.get(path.suffix.lower())
    if written is None:
        raise ArgumentError(f"path: {path.name!r} ends in none of {', '.join(FORMATS)}; the suffix chooses the format")
    text = written(derivation)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
