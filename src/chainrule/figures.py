"""Numbers as people read them: the digits that matter, thousands set apart, and one way for all of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence

SET_APART = 1e4
"""From here on commas stand between thousands; years have none."""
LARGEST = 1e12
"""From here on a number is written with a power of ten."""
MOST_DECIMALS = 7
FEW = 200
"""Of fewer things than this a share is told by counting them."""


def figure(value: float, digits: int = 4) -> str:
    """One number with so many significant digits; whole numbers, and digits before the point, in full."""
    rounded = float(f"{value:.{digits}g}")
    full = digits > 1 and (float(value).is_integer() or abs(rounded) >= 10 ** (digits - 1))
    if full and abs(rounded) < LARGEST:
        return fixed([value], 0)[0]
    return _written(f"{value:{_comma([value])}.{digits}g}")


def signed(value: float) -> str:
    """One change, with its sign."""
    return _with_sign(value, figure(value))


def column(values: Sequence[float], digits: int = 4, *, smallest: bool = False) -> list[str]:
    """The numbers of a column, all with the same decimals, or all with a power of ten.

    Args:
        values: the numbers.
        digits: how many significant ones the largest number shall have, as in a sum, where the others matter less.
        smallest: whether it is the smallest that shall have them, as in scores, where each counts by itself.
    """
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    judged = (min if smallest else max)(sizes, default=1.0)
    whole = all(size.is_integer() for size in map(float, sizes))
    decimals = 0 if whole else max(digits - 1 - math.floor(math.log10(judged)), 0)
    if max(sizes, default=0.0) >= LARGEST or decimals > MOST_DECIMALS:
        return [_written(f"{value:.{digits - 1}e}") for value in values]
    return fixed(values, decimals)


def changes(values: Sequence[float], digits: int = 4) -> list[str]:
    """The numbers of a column of changes, each with its sign."""
    return [_with_sign(value, text) for value, text in zip(values, column(values, digits), strict=True)]


def fixed(values: Sequence[float], decimals: int) -> list[str]:
    """The numbers of a column with so many decimals."""
    comma = _comma(values)
    return [_written(f"{value:{comma}.{decimals}f}") for value in values]


def share(value: float, total: int) -> str:
    """A share of `total` things, no finer than so many can tell: ``68 of 69``, or ``76.6%`` of many."""
    return f"{round(value * total)} of {total}" if total < FEW else f"{value:.1%}"


def counted(count: int, thing: str) -> str:
    """How many: ``1 row``, ``2 rows``, ``1,000 rows``."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def _comma(values: Sequence[float]) -> str:
    return "," if any(SET_APART - 0.5 <= abs(value) < math.inf for value in values) else ""


def _with_sign(value: float, text: str) -> str:
    return f"+{text}" if value > 0 and _is_something(text) else text


def _written(text: str) -> str:
    """With the sign of mathematics for minus, and none for a zero."""
    return text.replace("-", "−") if _is_something(text) else text.lstrip("-")


def _is_something(text: str) -> bool:
    """Whether a written number is not zero."""
    return any(character in "123456789infa" for character in text.partition("e")[0])
