"""Numbers as people write them: with separators between thousands, a decimal comma, a currency, a sign of per cent.

A text alone often has several meanings: 1,234 is 1234 in one country and 1.234 in another. So all texts of a column are
looked at together, and numbers are made of them only if that leaves no doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import numpy as np

from chainrule.data.table import LARGEST_QUANTITY

CURRENCIES = "$€£¥₹₩₽₺₪฿₫₴₦"
BLANKS = " \u00a0\u202f"
APOSTROPHES = "'’"
MINUS = "−"

NUMERAL = re.compile(
    rf"(?P<sign>[+{MINUS}-]?)(?P<before>[{CURRENCIES}]?)[{BLANKS}]?(?P<inner>[+{MINUS}-]?)"
    rf"(?P<digits>[.,]?[0-9][0-9.,{APOSTROPHES}{BLANKS}]*?(?:[eE][+-]?[0-9]+)?)"
    rf"[{BLANKS}]?(?P<after>[{CURRENCIES}%]?)"
)


@dataclass(frozen=True)
class NumeralStyle:
    """A way to write numbers: the characters that may stand between thousands, and the decimal sign."""

    thousands: str
    decimal: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        whole = rf"[0-9]+|[1-9][0-9]{{0,2}}(?:[{self.thousands}][0-9]{{3}})+|(?=[{self.decimal}])"
        return re.compile(rf"[+-]?(?:{whole})(?:[{self.decimal}][0-9]*)?(?:[eE][+-]?[0-9]+)?")

    def fits(self, digits: str) -> bool:
        """Whether the digits may be written in this style."""
        return self._pattern.fullmatch(digits) is not None

    def value(self, digits: str) -> float:
        """Return the number that the digits mean in this style."""
        bare = digits.translate(dict.fromkeys(map(ord, self.thousands)))
        return float(bare.replace(self.decimal, "."))


ENGLISH, CONTINENTAL = NumeralStyle(",", "."), NumeralStyle(".", ",")
STYLES = (ENGLISH, CONTINENTAL, *(NumeralStyle(between, sign) for between in (BLANKS, APOSTROPHES) for sign in ".,"))


def split_numeral(text: str) -> tuple[str, str] | None:
    """Return the mark of a numeral (a currency, %, or nothing) and its signed digits; None where it is none."""
    found = NUMERAL.fullmatch(text)
    if found is None or (found["before"] and found["after"]) or (found["sign"] and found["inner"]):
        return None
    sign = (found["sign"] or found["inner"]).replace(MINUS, "-")
    return found["before"] or found["after"], sign + found["digits"]


class Numerals:
    """What the numbers of a column have in common, which are added one after the other."""

    def __init__(self) -> None:
        self._styles = STYLES
        self._marks: dict[str, str] = {}
        self._comma: str | None = None
        self._odd: str | None = None
        self._signs: set[str] = set()
        self._largest = 0.0

    def add(self, text: str) -> None:
        """Look at a number."""
        mark, digits = split_numeral(text) or ("", text)
        self._marks.setdefault(mark, text)
        self._signs.update(re.findall("[.,eE]", digits))
        self._largest = max(self._largest, float(re.sub("[^0-9]", "", digits)))
        if self._comma is None and "," in digits:
            self._comma = text
        if self._styles:
            self._styles = tuple(style for style in self._styles if style.fits(digits))
            self._odd = None if self._styles else text

    @property
    def doubt(self) -> str | None:
        """Why nobody can tell what the numbers are; None if there is no doubt."""
        if len(self._marks) > 1:
            one, other, *_ = self._marks.values()
            return f"{one!r} and {other!r} are not in one unit; write all numbers in the same, without its sign"
        if not self._styles:
            alone = not any(style.fits(digits_of(self._odd or "")) for style in STYLES)
            how = "in no known way" if alone else "in another way than what stands above"
            return f"{self._odd!r} is written {how}; write decimal points and no more"
        if self._comma and {ENGLISH, CONTINENTAL} <= set(self._styles):
            meanings = [shown(style.value(digits_of(self._comma))) for style in (ENGLISH, CONTINENTAL)]
            return f"{self._comma!r} may be {' or '.join(meanings)}; write it as one of them"
        return None

    @property
    def names(self) -> bool:
        """Whether all numbers are integers, without doubt, and float64 would merge the largest one with others."""
        if self._largest < LARGEST_QUANTITY or self.doubt is not None:
            return False
        return self._signs.isdisjoint({self._styles[0].decimal, "e", "E"})

    def value(self, text: str) -> float:
        """Return the number that a text means, if there is no doubt.

        Raises:
            ValueError: It is not finite; says so, up to what to do if the value is missing.
        """
        number = self._styles[0].value(digits_of(text))
        if not isfinite(number):
            raise ValueError("is not a finite number;")
        return number

    def told(self, text: str) -> str:
        """Return what a text means, for people."""
        return shown(self.value(text))


def digits_of(text: str) -> str:
    """Return the signed digits of a number, without a mark."""
    return (split_numeral(text) or ("", text))[1]


def shown(number: float) -> str:
    """Return all digits of a number, without an exponent."""
    return np.format_float_positional(number, trim="-")
