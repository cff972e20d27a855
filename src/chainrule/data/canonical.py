"""What a single text says, wherever it comes from: nothing, true or false, or itself.

Files, DataFrames and arrays spell the same thing in several ways. Every source of text passes through here, so that
what a model learned of one is found again in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})
"""Words that mean that a value is missing, in any case."""
BOOLEANS = ("false", "true")
"""How false and true are written, however the source spells them."""


def canonical_text(text: str) -> str | None:
    """Return the text without surrounding blanks: None if it means a missing value, true and false in one spelling."""
    text = text.strip()
    lowered = text.lower()
    if lowered in MISSING:
        return None
    return lowered if lowered in BOOLEANS else text


def canonical_texts(texts: Iterable[str | None]) -> NDArray[np.object_]:
    """Return the canonical form of each text, object [texts]; None stays None. Equal texts share one object."""
    texts = list(texts)
    forms = {text: None if text is None else canonical_text(text) for text in dict.fromkeys(texts)}
    return np.array([forms[text] for text in texts], object)


def positions(levels: Sequence[str]) -> dict[str, int]:
    """Return where each level stands, under its canonical form too: models of earlier days know ``True`` from CSV."""
    forms = {canonical_text(level) or level: position for position, level in enumerate(levels)}
    return forms | {level: position for position, level in enumerate(levels)}
