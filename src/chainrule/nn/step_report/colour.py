"""Colours of a terminal for text that is laid out already: escapes take no columns, so nothing moves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.explain.render.terminal import BOLD, GOOD, RULE, colourful

MORE, LESS = "34", "31"
"""ANSI styles of what adds and of what takes away: blue and red, which all eyes tell apart."""

Style = tuple[str, str]
"""A pattern of one line, and the style of what it finds; of its first group, if it has one."""

BOARD_STYLES: Sequence[Style] = (
    (r"^[A-Z]{5,8}(?= )", BOLD),
    (r"(?:^[A-Z ]{10}|   )(\S+(?: of \S+)?)(?= (?:=|→|->) )", RULE),
    (r"(?:✓|\bok)$", GOOD),
    (r"✗.*$|\bdiffers, a kink.*$", LESS),
)
PATHS_STYLES: Sequence[Style] = ((r"^why \S+\?", BOLD), (r"^  ([∂d]\S+/[∂d]\S+)", RULE))
TABLE_STYLES: Sequence[Style] = ((r"^layer .*$", BOLD), (r"^  unit.*$", RULE))
ROW_STYLES: Sequence[Style] = (
    (r"^\S.*: \S+,(?: for .*)?$|^for .*: \S+$", BOLD),
    (r"\|([█#]+)$", MORE),
    (r"([█#]+)\|$", LESS),
)


def painted(text: str, styles: Sequence[Style], colour: bool | None) -> str:
    """The text in colours.

    Args:
        text: lines, laid out.
        styles: what to paint.
        colour: whether to; by default if the output is a terminal and NO_COLOR is not set.
    """
    if not colourful(colour):
        return text
    return "\n".join(_painted_line(line, styles) for line in text.split("\n"))


def _painted_line(line: str, styles: Sequence[Style]) -> str:
    spans: list[tuple[int, int, str]] = []
    for pattern, style in styles:
        spans += [(*found.span(found.re.groups), style) for found in re.finditer(pattern, line)]
    for start, end, style in sorted(spans, reverse=True):
        line = f"{line[:start]}\x1b[{style}m{line[start:end]}\x1b[0m{line[end:]}"
    return line
