"""Dates as people write them: 31.12.2023, 12/31/2023, 2023/12/31.

Behind a year stand month and day, everywhere. Before it, with points the day comes first, by custom; with strokes or
hyphens it may be either, and only a number above 12 tells. So all texts of a column are looked at together, and dates
are made of them only if that leaves no doubt.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

TIME = r"(?P<time>[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"
YEAR_LAST = re.compile(
    r"(?P<one>[0-9]{1,2})(?P<between>[./-])(?P<other>[0-9]{1,2})(?P=between)(?P<year>[0-9]{4})" + TIME
)
YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?P<between>[./-])(?P<month>0?[1-9]|1[0-2])(?P=between)(?P<day>0?[1-9]|[12][0-9]|3[01])" + TIME
)
"""Only with a month and a day that exist, since reference numbers look alike."""


def customary(text: str) -> bool:
    """Return whether a text looks like a date as people write it."""
    return (YEAR_LAST.fullmatch(text) or YEAR_FIRST.fullmatch(text)) is not None


class Dates:
    """What the dates of a column have in common, which are added one after the other."""

    def __init__(self) -> None:
        self._day_first: str | None = None
        self._month_first: str | None = None
        self._either: str | None = None

    def add(self, text: str) -> None:
        """Look at a date."""
        found = YEAR_LAST.fullmatch(text)
        if found is None:
            return
        if found["between"] == "." or int(found["one"]) > 12:
            self._day_first = self._day_first or text
        elif int(found["other"]) > 12:
            self._month_first = self._month_first or text
        elif found["one"] != found["other"]:
            self._either = self._either or text

    @property
    def doubt(self) -> str | None:
        """Why nobody can tell what the dates are; None if there is no doubt."""
        if self._day_first and self._month_first:
            first = f"{self._day_first!r} begins with the day and {self._month_first!r} with the month"
            return f"{first}; write all of them as 2023-12-31"
        if self._either and not (self._day_first or self._month_first):
            meanings = [iso(self._either, month_first) for month_first in (True, False)]
            return f"{self._either!r} may be {' or '.join(meanings)}; write it as one of them"
        return None

    def value(self, text: str) -> float:
        """Return the seconds since 1970-01-01 UTC of a date or timestamp, if there is no doubt.

        Raises:
            ValueError: There is no such date; says so, up to what to do if the value is missing.
        """
        try:
            when = datetime.fromisoformat(iso(text, self._month_first is not None))
        except ValueError as error:
            raise ValueError("is not a date; write it as 2023-12-31, or") from error
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

    def told(self, text: str) -> str:
        """Return what a text means, for people."""
        return iso(text, self._month_first is not None)


def iso(text: str, month_first: bool) -> str:
    """Return a date or timestamp as ISO 8601 writes it."""
    if found := YEAR_FIRST.fullmatch(text):
        return f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}{found['time'] or ''}"
    found = YEAR_LAST.fullmatch(text)
    if found is None:
        return text
    month, day = (found["one"], found["other"]) if month_first else (found["other"], found["one"])
    return f"{found['year']}-{month:0>2}-{day:0>2}{found['time'] or ''}"
