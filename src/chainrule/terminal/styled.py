"""Text whose characters have roles, such as the verdict of a check: what a role looks like is said once, here.

Roles take no room, so text is laid out with them, and painted when it is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby

from chainrule import config
from chainrule.terminal.ascii import in_ascii


class Role(Enum):
    """What a part of a report is."""

    HEADING = auto()
    SUBJECT = auto()
    """What a line is about, or what was done to get to it."""
    ASIDE = auto()
    HOLDS = auto()
    """The verdict of a check that was passed."""
    FAILS = auto()
    ADDS = auto()
    """What makes a result larger."""
    TAKES_AWAY = auto()


_BOLD, _DIM, _RED, _GREEN, _BLUE, _CYAN = "1", "2", "31", "32", "34", "36"
_STYLES = {
    Role.HEADING: _BOLD,
    Role.SUBJECT: _CYAN,
    Role.ASIDE: _DIM,
    Role.HOLDS: _GREEN,
    Role.FAILS: _RED,
    Role.ADDS: _BLUE,  # blue and red, which all eyes tell apart
    Role.TAKES_AWAY: _RED,
}


@dataclass(frozen=True)
class StyledText:
    """Text, and for each character its role or None; it is sliced and added like a string."""

    text: str
    roles: tuple[Role | None, ...]

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, part: slice) -> StyledText:
        return StyledText(self.text[part], self.roles[part])

    def __add__(self, other: StyledText | str) -> StyledText:
        after = styled(other)
        return StyledText(self.text + after.text, self.roles + after.roles)

    def __radd__(self, before: str) -> StyledText:
        return styled(before) + self

    def lstrip(self) -> StyledText:
        """Without spaces at its beginning."""
        return self[len(self.text) - len(self.text.lstrip()) :]

    def rstrip(self) -> StyledText:
        """Without spaces at its end."""
        return self[: len(self.text.rstrip())]

    def mapped(self, change: Callable[[str], str]) -> StyledText:
        """Every part of one role changed by itself, such as to ASCII."""
        return joined(styled(change(text), role) for text, role in self._parts())

    def painted(self) -> str:
        """The text with the escapes of a terminal."""
        parts = self._parts()
        return "".join(f"\x1b[{_STYLES[role]}m{text}\x1b[0m" if role else text for text, role in parts)

    def _parts(self) -> Iterable[tuple[str, Role | None]]:
        for role, characters in groupby(zip(self.text, self.roles, strict=True), lambda pair: pair[1]):
            yield "".join(character for character, _ in characters), role


def styled(text: StyledText | str, role: Role | None = None) -> StyledText:
    """Text in one role; text that has roles keeps them."""
    return text if isinstance(text, StyledText) else StyledText(text, (role,) * len(text))


def joined(parts: Iterable[StyledText | str], between: str = "") -> StyledText:
    """The parts one after the other."""
    whole = styled("")
    for place, part in enumerate(parts):
        whole += (between if place else "") + styled(part)
    return whole


def colourful(colour: bool | None) -> bool:
    """Whether to colour: as asked, else if the output is a terminal and NO_COLOR is not set (no-color.org)."""
    if colour is not None:
        return colour
    return sys.stdout.isatty() and not config.refuses_colour()


def printed(lines: Iterable[StyledText | str], ascii: bool, colour: bool | None) -> str:  # noqa: A002
    """The lines as one string, in ASCII and in colours where they are wanted; see `colourful`."""
    wanted = colourful(colour)
    texts = (line.mapped(in_ascii) if ascii else line for line in map(styled, lines))
    return "\n".join(text.painted() if wanted else text.text for text in texts)
