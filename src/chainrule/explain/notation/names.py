"""What a name is made of: letters, what stands above them and what below; δ², aˡ⁻¹ₖ, ŷ, W¹[1,2], learning_rate.

The scripts are read by the decompositions of the Unicode database, so that no table can forget one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

PRIME = "′"
ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
}
"""Combining characters and what mathematicians call them."""


@dataclass(frozen=True)
class Name:
    """A name, taken apart.

    Attributes:
        letters: what stands on the line, with its accent: W, ŷ, rate.
        above: its superscript in plain characters: 1, l−1.
        below: its subscript in plain characters: k, 1,2.
    """

    letters: str
    above: str = ""
    below: str = ""

    @property
    def single(self) -> bool:
        """Whether one letter stands on the line: only such names may stand side by side for a product."""
        return sum(not unicodedata.combining(character) for character in self.letters) == 1

    @property
    def plain(self) -> bool:
        """Whether it is a single letter, perhaps with a subscript; with a superscript it would be taken for a power."""
        return self.single and not self.above and not self.below.count(",")


def parse(name: str) -> Name:
    """Take a name apart; scripts are taken from its end, a subscript also from brackets."""
    found = re.fullmatch(r"(.+?)(?:\[([^\[\]]+)\])?", name, re.DOTALL)
    letters, below = (found[1], found[2] or "") if found else (name, "")
    above, under = "", ""
    while len(letters) > 1 and (kind := _script(letters[-1])):
        plain = unicodedata.normalize("NFKC", letters[-1])
        above, under = (plain + above, under) if kind == "super" else (above, plain + under)
        letters = letters[:-1]
    return Name(unicodedata.normalize("NFC", letters), above, ",".join(filter(None, (under, below.replace(" ", "")))))


def _script(character: str) -> str:
    if character == PRIME:
        return "super"
    found = re.match("<(super|sub)>", unicodedata.decomposition(character))
    return found[1] if found else ""


def greek(letter: str) -> str:
    """The English name of a Greek letter, with a capital for a capital: sigma, Delta; "" if it is none."""
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)", unicodedata.name(letter, ""))
    if not found:
        return ""
    name = found[2].lower().replace("lamda", "lambda")
    return name.capitalize() if found[1] == "CAPITAL" else name


def accented(letter: str) -> tuple[str, str]:
    """A letter without its accent, and the name of the accent; "" if it has none that has a name."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    return (base, ACCENTS[marks[0]]) if len(marks) == 1 and marks[0] in ACCENTS else (letter, "")


def _written(characters: str) -> dict[int, str]:
    return {ord(unicodedata.normalize("NFKC", character)): character for character in characters}


_ABOVE = _written("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵝᵞᵟᵠᵡ") | {ord("·"): "", ord(PRIME): PRIME}
_BELOW = _written("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")


def superscript(text: str) -> str:
    """A text in small characters above the line; "" if some character has no such form."""
    return text.translate(_ABOVE) if all(ord(character) in _ABOVE for character in text) else ""


def subscript(text: str) -> str:
    """A text in small characters below the line; "" if some character has no such form."""
    return text.translate(_BELOW) if all(ord(character) in _BELOW for character in text) else ""
