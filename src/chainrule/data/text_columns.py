"""Columns of text become numbers, times or categories: by every value, never by a sample.

A value counts as missing when it is empty or one of `MISSING`, in any case. A column is numeric when all of its
present values are decimal numbers or times of day (seconds since midnight), time when all are ISO 8601
dates or timestamps (UTC where no offset stands), category otherwise. Integers from 2⁵³ on are names, not
quantities: their column is a category. What looks like a number or a date but is none (``1e999``,
``inf``, ``2023-02-30``) is refused rather than turned into something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from chainrule.data.canonical import MISSING
from chainrule.data.database import fetch_column
from chainrule.data.table import LARGEST_QUANTITY, Column, Kind
from chainrule.errors import TableError

if TYPE_CHECKING:
    import duckdb

INTEGER = "regexp_full_match({c}, '[+-]?[0-9]+')"
NUMBER = r"regexp_full_match({c}, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')"
DECIMAL_COMMA = "regexp_full_match({c}, '[+-]?[0-9]+,[0-9]+')"
INFINITY = "regexp_full_match({c}, '(?i)[+-]?inf(inity)?')"
CLOCK = "regexp_full_match({c}, '[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?')"
DATE = (
    "regexp_full_match({c}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    "([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)?)?')"
)
DISTINCT = """
    CREATE OR REPLACE TEMP TABLE different AS
    SELECT {c}, count(*) AS times, min(rowid) AS first FROM cells WHERE {c} IS NOT NULL GROUP BY {c}
"""
"""Each present value once, with how often and where it first occurs: what all values tell, at less cost."""

AS_NUMBER = "try_cast({c} AS DOUBLE)"
AS_SECONDS = "epoch(try_cast({c} AS TIME))"
AS_EPOCH = "epoch(try_cast({c} AS TIMESTAMPTZ))"


@dataclass(frozen=True)
class TextColumn:
    """A column of text in the database table ``cells``, in which a missing value is NULL.

    `where(row)` says where a row (from 0) stands in the file, to begin a message.
    """

    connection: duckdb.DuckDBPyConnection
    cell: str
    name: str
    where: Callable[[int], str]

    def column(self, kind: Kind | None = None) -> tuple[Column, str | None]:
        """Return the column as `kind`, or as the kind that all of its values allow, and a note if it is odd.

        Raises:
            TableError: A value does not fit the kind, or is a number or date that does not exist; names
                line and value.
        """
        self.connection.execute(DISTINCT.format(c=self.cell))
        match kind or self._kind():
            case "numeric":
                return self._numeric(), None
            case "time":
                self._refuse(f"NOT {DATE} OR {AS_EPOCH} IS NULL", "is not a date; write it as 2023-12-31, or")
                return Column(self.name, "time", self._fetch(AS_EPOCH)), None
        return Column(self.name, "category", self._fetch("{c}")), None if kind else self._note()

    def _kind(self) -> Kind:
        present = self._count("true")
        if self._count(f"{NUMBER} OR {INFINITY} OR {CLOCK}") == present:
            beyond = f"abs({AS_NUMBER}) >= {LARGEST_QUANTITY}"
            names = present and self._count(INTEGER) == present and self._count(beyond)
            return "category" if names else "numeric"
        return "time" if self._count(DATE) == present else "category"

    def _numeric(self) -> Column:
        self._refuse(f"{INFINITY} OR isinf({AS_NUMBER})", "is not a finite number;")
        self._refuse(f"NOT {NUMBER} AND (NOT {CLOCK} OR {AS_SECONDS} IS NULL)", "is not a number; correct it, or")
        clock = 0 < self._count("true") == self._count(CLOCK)
        return Column(self.name, "numeric", self._fetch(f"coalesce({AS_NUMBER}, {AS_SECONDS})"), clock)

    def _note(self) -> str | None:
        """Return a remark when most values are numbers, so that a typing error does not go unnoticed."""
        present, numbers = self._count("true"), self._count(NUMBER)
        if 2 * self._count(DECIMAL_COMMA) > present:
            return f"column {self.name!r} is read as text: its numbers have decimal commas; write points"
        if not 2 * numbers > present > numbers:
            return None
        row, value = self._first(f"NOT {NUMBER}")
        return (
            f"column {self.name!r} is read as text: {present - numbers} of {present} values are not numbers, "
            f"the first is {value!r} ({self.where(row)})"
        )

    def _refuse(self, condition: str, complaint: str) -> None:
        if self._count(condition):
            row, value = self._first(condition)
            raise TableError(
                f"{self.where(row)}, column {self.name!r}: {value[:80]!r} {complaint} leave it empty if missing"
            )

    def _count(self, condition: str) -> int:
        return int(self._one(f"SELECT coalesce(sum(times) FILTER ({condition}), 0) FROM different")[0])

    def _first(self, condition: str) -> tuple[int, str]:
        row, value = self._one(f"SELECT first, {{c}} FROM different WHERE {condition} ORDER BY first LIMIT 1")
        return int(row), str(value)

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self.connection.execute(query.format(c=self.cell)).fetchone()
        assert row is not None
        return row

    def _fetch(self, expression: str) -> NDArray[Any]:
        query = f"SELECT {expression} FROM cells ORDER BY rowid"
        return fetch_column(self.connection, query.format(c=self.cell))


def normalised(cell: str) -> str:
    """Return the SQL expression for a cell of text without surrounding blanks, NULL where it is missing."""
    trimmed = f"trim({cell}, ' ' || chr(9) || chr(10) || chr(13))"
    missing = ", ".join(f"'{word}'" for word in sorted(MISSING))
    return f"CASE WHEN lower({trimmed}) IN ({missing}) THEN NULL ELSE {trimmed} END"
