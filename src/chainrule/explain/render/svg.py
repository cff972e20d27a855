"""The few elements of SVG that the pictures are drawn with, and how wide text is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

FONT = "DejaVu Sans, Verdana, system-ui, sans-serif"
"""Wide fonts first: what fits in them fits in the others."""
NARROW, WIDE, SIGNS = set("fijlrtI.,:;'|!()[]/ ·ˡⁱʲ₁¹"), set("mwMW@%∞→⊙—…"), set("+−=<>≤≥≠~×")
"""Characters that are not about as wide as most."""

Theme: TypeAlias = Iterable[tuple[str, str, str, str]]
"""Rows of selector, property, and its value in the light and in the dark."""

THEME: Theme = (
    ("text", "fill", "#1c1c1e", "#ececea"),
    (".ground", "fill", "#ffffff", "#17181b"),
    ("text.quiet", "fill", "#5c6066", "#a3a8af"),
    (".box", "fill", "#f3f5f8", "#24272c"),
    (".box", "stroke", "#8b929b", "#6b727b"),
    (".box.lit", "stroke", "#0b6aa8", "#6fb8e8"),
    (".wire", "stroke", "#9aa1a9", "#6b727b"),
    (".wire.lit", "stroke", "#0b6aa8", "#6fb8e8"),
    (".tip", "fill", "#9aa1a9", "#6b727b"),
    (".tip.lit", "fill", "#0b6aa8", "#6fb8e8"),
    ("text.lit", "fill", "#0b5a8a", "#9ad0f5"),
    (".rule", "stroke", "#d5d9de", "#363a40"),
)
"""The colours that all pictures share; all text has a contrast of at least 4.5 to its ground."""


def width_of(content: str, size: float) -> float:
    """About how wide a text is in a wide sans-serif font of a size; rather too much than too little."""
    return size * sum(map(_width, unicodedata.normalize("NFC", content)))


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in NARROW:
        return 0.42
    if character in WIDE:
        return 1.0
    if unicodedata.decomposition(character).startswith(("<super>", "<sub>")):
        return 0.46
    return 0.85 if character in SIGNS else 0.66


def shortened(content: str, size: float, room: float) -> str:
    """As much of a text as there is room for, with an ellipsis if it is not all."""
    if width_of(content, size) <= room:
        return content
    while content and width_of(content + "…", size) > room:
        content = content[:-1]
    return content.rstrip() + "…"


def number(value: float) -> str:
    """A coordinate to a tenth."""
    return f"{round(value, 1) + 0.0:.7g}"


def text(content: str, x: float, y: float, size: float, kind: str = "", anchor: str = "middle") -> str:
    """Text whose baseline is at y."""
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}" text-anchor="{anchor}"'
    return f"<text {place}{_class(kind)}>{escape(content)}</text>"


def rectangle(x: float, y: float, width: float, height: float, kind: str, radius: float = 0) -> str:
    """A rectangle with round corners."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect {place} rx="{number(radius)}"{_class(kind)}/>'


def path(course: str, kind: str) -> str:
    """A line or a shape."""
    return f'<path d="{course}"{_class(kind)}/>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def document(width: float, height: float, title: str, description: str, body: Iterable[str], theme: Theme = ()) -> str:
    """A whole picture on a ground of its own, with a title and a description that screen readers say.

    It has no ids, and its styles reach nothing else: several pictures may stand in one page.
    """
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    rows = (*THEME, *theme)
    light = "".join(f".chainrule-picture {where} {{ {what}: {value} }}\n" for where, what, value, _ in rows)
    dark = "".join(f"  .chainrule-picture {where} {{ {what}: {value} }}\n" for where, what, _, value in rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chainrule-picture" {size} role="img" '
        f'font-family="{FONT}" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n"
        f"<style>\n.chainrule-picture .wire {{ fill: none; stroke-width: 1.5 }}\n{light}"
        f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n</style>\n"
        f"{rectangle(0, 0, width, height, 'ground', 8)}\n" + "\n".join(body) + "\n</svg>\n"
    )
