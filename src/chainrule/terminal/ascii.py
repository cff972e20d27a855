"""Reports in ASCII, for terminals and files that know no more."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

_WORDS = {
    "∂": "d",
    "ℒ": "L",
    "δ": "delta",
    "σ": "sigmoid",
    "η": "eta",
    "Δ": "step",
    "Σ": "sum ",
    "⊙": "*",
    "·": "*",
    "×": "x",
    "ᵀ": "^T",
    "⁽": "(",
    "⁾": ")",
    "−": "-",
    "→": "->",
    "←": "<-",
    "‖": "||",
    "⟨": "<",
    "⟩": ">",
    "′": "'",
    "✓": "ok",
    "✗": "differs",
    "…": "..",
    "∞": "inf",
    "\u0302": "_hat",
    "ŷ": "y_hat",
    "█": "#",
    "ₜ": "_t",
}
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def in_ascii(text: str) -> str:
    """The text in ASCII: delta for δ, z1_2 for z¹₂, d for ∂; "?" for what has no such form."""
    return "".join(_ascii(before, character) for before, character in pairwise(f" {text}"))


def _ascii(before: str, character: str) -> str:
    if character.isascii():
        return character
    if character in _SUBSCRIPTS:
        return f"{'' if before in _SUBSCRIPTS else '_'}{unicodedata.digit(character)}"
    return _WORDS.get(character) or str(unicodedata.digit(character, "?"))
