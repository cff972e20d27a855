"""Columns of text become numbers, times or categories: by every value, never by a sample.

What a single text says is told in `chainrule.data.canonical`. A column is numeric when all of its present values are
decimal numbers or times of day (seconds since midnight), time when all are ISO 8601 dates or timestamps (UTC where no
offset stands), category otherwise. Integers from 2⁵³ on are names, not quantities: their column is a category. What
looks like a number or a date but is none (``1e999``, ``inf``, ``2023-02-30``) is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from chainrule.data.canonical import MISSING, canonical_text, canonical_texts
from chainrule.data.forms import NUMBERS, QUANTITIES, form_of, moment, quantity
from chainrule.data.table import LARGEST_QUANTITY, Column, Kind
from chainrule.errors import TableError

SEPARATOR = "\0"
"""Between the texts of a block: the one character that no text contains."""
NUMBER_BYTES = b"0123456789.+-eE" + SEPARATOR.encode()
SPELLED = frozenset("".join(letters) for word in MISSING for letters in product(*zip(word, word.upper(), strict=True)))
"""The words for a missing value in all letter cases."""
DIFFERENT = 2**17
"""About so many different texts are remembered at once."""


@dataclass
class Forms:
    """How the present values of a column are written: how many in each form, and the first of each in order of rows."""

    times: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    names: bool = False

    def add(self, text: str, canonical: str, times: int) -> None:
        """Count a text that stands in so many rows."""
        form = form_of(canonical)
        self.times[form] += times
        self.first.setdefault(form, text)
        self.names |= form == "integer" and abs(float(canonical)) >= LARGEST_QUANTITY

    @property
    def kind(self) -> Kind:
        """The kind that all values allow."""
        if self.times.keys() <= set(QUANTITIES):
            return "category" if self.names and self.times.keys() == {"integer"} else "numeric"
        return "time" if self.times.keys() == {"date"} else "category"


class TextColumn:
    """A column of texts that is filled block by block, from the first row to the last, and read when it is full.

    `where(row)` says where a row (from 0) stands in the file, to begin a message.
    """

    def __init__(self, name: str, where: Callable[[int], str]) -> None:
        self.name, self._where = name, where
        self._blocks: list[str] = []

    def extend(self, texts: Sequence[str]) -> None:
        """Add one or more texts, none of which contains NUL."""
        self._blocks.append(SEPARATOR.join(texts))

    def column(self, kind: Kind | None = None) -> tuple[Column, str | None]:
        """Return the column as `kind`, or as the kind that all of its values allow, and a note if it is odd.

        Raises:
            TableError: A value does not fit the kind, or is a number or date that does not exist; names
                line and value.
        """
        if kind in ("numeric", None):
            numbers = self._plain_numbers()
            if numbers is not None and (kind or not np.any(np.abs(numbers) >= LARGEST_QUANTITY)):
                return Column(self.name, "numeric", numbers), None
        forms = self._forms()
        match kind or forms.kind:
            case "numeric":
                values = self._numbers(quantity)
                return Column(self.name, "numeric", values, clock=forms.times.keys() == {"clock"}), None
            case "time":
                return Column(self.name, "time", self._numbers(moment)), None
        texts = np.concatenate([canonical_texts(block.split(SEPARATOR)) for block in self._blocks])
        return Column(self.name, "category", texts), None if kind else self._note(forms)

    def _plain_numbers(self) -> NDArray[np.float64] | None:
        """Return the values if all are written as finite decimal numbers or are missing; None otherwise."""
        parts = []
        for block in self._blocks:
            numbers = plain_numbers(block)
            if numbers is None:
                return None
            parts.append(numbers)
        return np.concatenate(parts)

    def _forms(self) -> Forms:
        forms = Forms()
        for counts in self._counts():
            for text, times in counts.items():
                if (canonical := canonical_text(text)) is not None:
                    forms.add(text, canonical, times)
        return forms

    def _counts(self) -> Iterator[Counter[str]]:
        """Yield how often each text occurs, the first one first, in some rows after the other."""
        counts: Counter[str] = Counter()
        for block in self._blocks:
            counts.update(block.split(SEPARATOR))
            if len(counts) > DIFFERENT:
                yield counts
                counts = Counter()
        yield counts

    def _numbers(self, meaning: Callable[[str], float]) -> NDArray[np.float64]:
        """Return what each text means, NaN where it is missing; `meaning` raises ValueError where it means nothing."""
        parts, known = [], dict[str, float]()
        for block in self._blocks:
            texts = block.split(SEPARATOR)
            for text in dict.fromkeys(texts):
                if text not in known:
                    try:
                        canonical = canonical_text(text)
                        known[text] = np.nan if canonical is None else meaning(canonical)
                    except ValueError as error:
                        raise self._refusal(text, str(error)) from error
            parts.append(np.fromiter(map(known.__getitem__, texts), np.float64, len(texts)))
            if len(known) > DIFFERENT:
                known = {}
        return np.concatenate(parts)

    def _note(self, forms: Forms) -> str | None:
        """Return a remark when most values are numbers, so that a typing error does not go unnoticed."""
        present, numbers = forms.times.total(), sum(forms.times[form] for form in NUMBERS)
        if 2 * forms.times["decimal_comma"] > present:
            return f"column {self.name!r} is read as text: its numbers have decimal commas; write points"
        if not 2 * numbers > present > numbers:
            return None
        first = next(text for form, text in forms.first.items() if form not in NUMBERS)
        return (
            f"column {self.name!r} is read as text: {present - numbers} of {present} values are not numbers, "
            f"the first is {first.strip()!r} ({self._where(self._row_of(first))})"
        )

    def _refusal(self, text: str, complaint: str) -> TableError:
        line = self._where(self._row_of(text))
        return TableError(f"{line}, column {self.name!r}: {text.strip()[:80]!r} {complaint} leave it empty if missing")

    def _row_of(self, text: str) -> int:
        """Return the first row that holds exactly this text."""
        row = 0
        for block in self._blocks:
            texts = block.split(SEPARATOR)
            if text in texts:
                return row + texts.index(text)
            row += len(texts)
        raise AssertionError(f"column {self.name!r} does not hold {text!r}")


def plain_numbers(block: str) -> NDArray[np.float64] | None:
    """Return the texts of a block as numbers if all are finite ones or words for a missing one; None otherwise."""
    texts = block.split(SEPARATOR)
    missing = np.zeros(len(texts), np.bool_)
    if not SPELLED.isdisjoint(texts):
        missing = np.fromiter(map(SPELLED.__contains__, texts), np.bool_, len(texts))
        texts = ["0" if text in SPELLED else text for text in texts]
        block = SEPARATOR.join(texts)
    if not block.isascii() or block.encode().translate(None, NUMBER_BYTES):
        return None
    try:
        numbers = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    numbers[missing] = np.nan
    return None if np.any(np.isinf(numbers)) else numbers
