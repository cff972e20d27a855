"""Values of a column as text.

The canonical text of a whole number has no fraction (``1.0`` and ``1`` are both ``"1"``), so that codes match
however they were stored.
"""

from __future__ import annotations

import numpy as np


def number_text(x: float) -> str | None:
    """Return the canonical text of a number, None for NaN."""
    if x != x:
        return None
    return str(int(x)) if x.is_integer() else repr(x)


def time_text(x: float) -> str | None:
    """Return the ISO 8601 text of seconds since 1970-01-01 UTC: the date alone at midnight."""
    if x != x:
        return None
    day, second = divmod(x, 86_400)
    date = str(np.datetime64(int(day), "D"))
    return date if second == 0 else f"{date} {np.datetime64(int(second), 's').item().time().isoformat()}"


def clock_text(seconds: float) -> str:
    """Return the time of the day so many seconds after midnight, or a duration: 05:58, or 05:58:30."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
