"""How numbers, times of the day and dates are written, and what they are worth."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite

FORM = re.compile(
    r"""
    (?P<integer> [+-]?[0-9]+ )
    | (?P<number> [+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? )
    | (?P<decimal_comma> [+-]?[0-9]+,[0-9]+ )
    | (?P<infinity> [+-]?(?i:inf(inity)?) )
    | (?P<clock> [0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)? )
    | (?P<date>
        [0-9]{4}-[0-9]{2}-[0-9]{2}
        ([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?
    )
    """,
    re.VERBOSE,
)
NUMBERS = ("integer", "number")
QUANTITIES = (*NUMBERS, "infinity", "clock")


def form_of(text: str) -> str:
    """Return the name of the group of `FORM` that the text is written like; ``text`` where it is none."""
    found = FORM.fullmatch(text)
    return (found and found.lastgroup) or "text"


def quantity(text: str) -> float:
    """Return the finite number, or the seconds since midnight, that a text means.

    Raises:
        ValueError: It means none; says why, up to what to do if the value is missing.
    """
    match form_of(text):
        case "integer" | "number" if isfinite(value := float(text)):
            return value
        case "integer" | "number" | "infinity":
            raise ValueError("is not a finite number;")
        case "clock":
            hour, minute, *second = map(float, text.split(":"))
            if hour < 24:
                return 3600 * hour + 60 * minute + sum(second)
    raise ValueError("is not a number; correct it, or")


def moment(text: str) -> float:
    """Return the seconds since 1970-01-01 UTC of an ISO 8601 date or timestamp.

    Raises:
        ValueError: It is none; says so, up to what to do if the value is missing.
    """
    try:
        if form_of(text) != "date":
            raise ValueError
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a date; write it as 2023-12-31, or") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
