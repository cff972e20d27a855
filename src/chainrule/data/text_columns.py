"""Columns of text become numbers, times or categories: by every value, never by a sample.

What a single text says is told in `chainrule.data.canonical`, how texts are written, and what follows from it, in
`chainrule.data.forms`. What looks like a number or a date but is none (``1e999``, ``inf``, ``2023-02-30``) is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from chainrule.data.canonical import MISSING, canonical_text, canonical_texts
from chainrule.data.forms import Forms, Reading
from chainrule.data.table import LARGEST_QUANTITY, Column, ColumnKind
from chainrule.errors import TableError

SEPARATOR = "\0"
"""Between the texts of a block: the one character that no text contains."""
NUMBER_BYTES = b"0123456789.+-eE" + SEPARATOR.encode()
SPELLED = frozenset("".join(letters) for word in MISSING for letters in product(*zip(word, word.upper(), strict=True)))
"""The words for a missing value in all letter cases."""
READ_AS: dict[ColumnKind, str] = {"numeric": "numbers", "category": "text", "time": "dates"}
DIFFERENT = 2**17
"""About so many different texts are remembered at once."""


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

    def column(self, kind: ColumnKind | None = None) -> tuple[Column, str | None]:
        """Return the column as `kind`, or as the kind that all of its values allow, and a note if it is odd.

        Raises:
            TableError: A value does not fit the kind, or is a number or date that does not exist; names
                line and value.
        """
        if kind in ("numeric", None):
            numbers = self._plain_numbers()
            if numbers is not None and (kind or not np.any(np.abs(numbers) >= LARGEST_QUANTITY)):
                return Column(self.name, "numeric", numbers), None
        reading = self._forms().reading(kind)
        if reading.meaning is None:
            values = np.concatenate([canonical_texts(block.split(SEPARATOR)) for block in self._blocks])
        else:
            values = self._numbers(reading.meaning)
        return Column(self.name, reading.kind, values, reading.clock), self._note(reading)

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
                    forms.add(canonical, times)
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
                        place, value = self._place_of(text.strip()), text.strip()[:80]
                        raise TableError(
                            f"{place}, column {self.name!r}: {value!r} {error} leave it empty if missing"
                        ) from error
            parts.append(np.fromiter(map(known.__getitem__, texts), np.float64, len(texts)))
            if len(known) > DIFFERENT:
                known = {}
        return np.concatenate(parts)

    def _note(self, reading: Reading) -> str | None:
        if reading.remark is None:
            return None
        place = "" if reading.about is None else f" ({self._place_of(reading.about)})"
        return f"column {self.name!r} is read as {READ_AS[reading.kind]}: {reading.remark}{place}"

    def _place_of(self, canonical: str) -> str:
        """Return where a text stands first."""
        row = 0
        for block in self._blocks:
            texts = block.split(SEPARATOR)
            forms = {text: canonical_text(text) for text in texts}
            if canonical in forms.values():
                return self._where(row + next(k for k, text in enumerate(texts) if forms[text] == canonical))
            row += len(texts)
        raise AssertionError(f"column {self.name!r} does not hold {canonical!r}")


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
