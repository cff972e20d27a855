"""How the texts of a column are written, and what follows from all of them: a kind, and what each text means.

A column is numeric when all of its present values are numbers, or all are times of the day (seconds since midnight),
time when all are dates or timestamps, category otherwise. Integers from 2⁵³ on are names, not quantities.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from math import nan

from chainrule.data.dates import Dates, customary
from chainrule.data.numerals import Numerals, split_numeral
from chainrule.data.table import ColumnKind

FORM = re.compile(
    r"""
    (?P<integer> [+-]?[0-9]+ )
    | (?P<number> [+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? )
    | (?P<infinity> [+-]?(?i:inf(inity)?) )
    | (?P<clock> [0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)? )
    | (?P<date>
        [0-9]{4}-[0-9]{2}-[0-9]{2}
        ([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?
    )
    """,
    re.VERBOSE,
)
NUMBERS = frozenset({"integer", "number", "infinity"})
"""Written so that nobody can mistake them."""
NUMERALS = NUMBERS | {"numeral"}
CLOCKS = frozenset({"clock"})
DATES = frozenset({"date", "customary date"})
FAMILIES = {"numbers": NUMERALS, "times of the day": CLOCKS, "dates": DATES}


def form_of(text: str) -> str:
    """Return the name of the form that the text has: a group of `FORM`, another of the sets above, or ``text``."""
    if found := FORM.fullmatch(text):
        return str(found.lastgroup)
    if customary(text):
        return "customary date"
    return "numeral" if split_numeral(text) else "text"


@dataclass(frozen=True)
class Reading:
    """How a column of text is to be read.

    `meaning` gives what a text means and raises ValueError where it means nothing; a category has none. `clock` is as
    in `Column`. `remark` completes a sentence that begins with the column, where there is something to say, and `about`
    is the text whose row it should name.
    """

    kind: ColumnKind
    meaning: Callable[[str], float] | None = None
    clock: bool = False
    remark: str | None = None
    about: str | None = None


class Forms:
    """The present values of a column, which are added one after the other: how often each form occurs."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._numerals, self._dates = Numerals(), Dates()

    def add(self, text: str, times: int = 1) -> None:
        """Count a text that stands in so many rows."""
        form = form_of(text)
        self._times[form] += times
        self._first.setdefault(form, text)
        if form in NUMERALS - {"infinity"}:
            self._numerals.add(text)
        elif form in DATES:
            self._dates.add(text)

    def reading(self, kind: ColumnKind | None = None) -> Reading:
        """Return how to read the column as `kind`, or as the kind that all of its values allow."""
        found = self._times.keys()
        if kind == "category":
            return Reading("category")
        if found <= NUMERALS and kind != "time":
            if kind is None and self._numerals.names and "infinity" not in found:
                return Reading("category")
            return self._together(Reading("numeric", self._number), self._numerals, "numeral", kind)
        if found <= CLOCKS and kind != "time":
            return Reading("numeric", since_midnight, clock=True)
        if found <= DATES and kind != "numeric":
            return self._together(Reading("time", self._moment), self._dates, "customary date", kind)
        if kind == "numeric":
            return Reading(kind, since_midnight if self._most(CLOCKS) > self._most(NUMERALS) else self._number)
        return Reading("time", self._moment) if kind == "time" else self._mixture()

    def _together(self, reading: Reading, seen: Numerals | Dates, form: str, kind: ColumnKind | None) -> Reading:
        """Return the reading, or another one if the texts of a form, which have a meaning only together, have none."""
        first = self._first.get(form)
        if first is None:
            return reading
        if seen.doubt is None:
            return replace(reading, remark=f"{first!r} is {seen.told(first)}")
        if kind is None:
            return Reading("category", remark=seen.doubt, about=first)

        def refuse(text: str) -> float:
            if form_of(text) == form:
                raise ValueError(f"is in doubt: {seen.doubt}, or")
            return nan

        return Reading(kind, refuse)

    def _mixture(self) -> Reading:
        """Return the reading as text, with a remark if most values have one form, so that typing errors are noticed."""
        present = self._times.total()
        name, family = max(FAMILIES.items(), key=lambda item: self._most(item[1]))
        others = present - self._most(family)
        if "text" in self._times and 2 * others >= present:
            return Reading("category")
        odd = next(text for form, text in self._first.items() if form not in family)
        remark = f"all but {others} of {present} values are {name}, the first exception is {odd!r}"
        return Reading("category", remark=remark, about=odd)

    def _most(self, family: Collection[str]) -> int:
        return sum(self._times[form] for form in family)

    def _number(self, text: str) -> float:
        match form_of(text):
            case "infinity":
                raise ValueError("is not a finite number;")
            case form if form in NUMERALS:
                return self._numerals.value(text)
        raise ValueError("is not a number; correct it, or")

    def _moment(self, text: str) -> float:
        if form_of(text) not in DATES:
            raise ValueError("is not a date; write it as 2023-12-31, or")
        return self._dates.value(text)


def since_midnight(text: str) -> float:
    """Return the seconds since midnight of a time of the day.

    Raises:
        ValueError: It is none; says so, up to what to do if the value is missing.
    """
    if form_of(text) == "clock":
        hour, minute, *second = map(float, text.split(":"))
        if hour < 24:
            return 3600 * hour + 60 * minute + sum(second)
    raise ValueError("is not a time of the day; correct it, or")


def reading_of(texts: Iterable[str], kind: ColumnKind) -> Reading:
    """Return how to read the present texts of a column as `kind`."""
    forms = Forms()
    for text in texts:
        forms.add(text)
    return forms.reading(kind)
