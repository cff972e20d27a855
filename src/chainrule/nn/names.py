"""Losses, activations and initialisers go by names; a misspelt one is answered with the name that was meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def no_such(kind: str, name: object, names: Collection[str]) -> str:
    """The message that no `kind` is called `name`, with the nearest of the names that exist, and all of them."""
    nearest = get_close_matches(str(name).lower(), names, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"there is no {kind} {name!r}{hint}; use one of {', '.join(names)}"
