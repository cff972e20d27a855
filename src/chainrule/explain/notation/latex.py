r"""Mathematics in LaTeX, as plain pdflatex sets it with amsmath and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from chainrule.explain.expression import Expression
from chainrule.explain.notation.infix import transliterated
from chainrule.explain.notation.names import PRIME, Name, accented, greek
from chainrule.explain.notation.notation import Level, Notation

CAPITALS = {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"}
"""The Greek capitals that have a command, since they do not look like Latin ones."""
SMALL = {"alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi"}
SMALL |= {"rho", "sigma", "tau", "upsilon", "chi", "psi", "omega"}
"""The small Greek letters whose command is their name."""
LATIN = {"Eta": "H", "Nu": "N", "Rho": "P", "Chi": "X"}
"""What a Greek capital looks like, if not like the first letter of its name."""
LETTERS = {
    "ε": r"\varepsilon",
    "ϵ": r"\epsilon",
    "φ": r"\varphi",
    "ϕ": r"\phi",
    "ϑ": r"\vartheta",
    "ς": r"\varsigma",
    "ο": "o",
    "ℒ": r"\mathcal{L}",
    "ℓ": r"\ell",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∞": r"\infty",
    "_": r"\_",
    PRIME: r"\prime",
    "−": "-",
}
"""Signs whose command is not their name."""
OPERATORS = {
    "·": r"\cdot",
    "−": "-",
    "⊙": r"\odot",
    "@": r"\,",
    "≤": r"\leq",
    "≥": r"\geq",
    "≠": r"\neq",
    "→": r"\to",
}
FUNCTIONS = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "ln", "log", "max", "min"}
"""The functions that have a command of their name."""
TEXT = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "–": "--",
    "—": "---",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "✓": "",
    "‖": r"$\|$",
    "×": r"$\times$",
    "Σ": r"$\sum$",
    "½": r"$\frac{1}{2}$",
    PRIME: "$'$",
}
"""Signs that mean something else in text mode, or nothing."""


class Latex(Notation):
    """The writer of LaTeX's mathematics."""

    fraction_level = Level.POWER
    beside = " "
    before_function = r"\,"

    def row(self, *parts: str) -> str:
        """Parts one after the other."""
        return "".join(parts)

    def number(self, text: str) -> str:
        """The digits."""
        return r"\mathrm{NaN}" if text == "NaN" else text.replace("∞", r"\infty")

    def scientific(self, mantissa: str, exponent: str) -> str:
        """A power of ten."""
        return rf"{mantissa} \cdot 10^{{{exponent}}}"

    def name(self, name: Name) -> str:
        """The letters with their scripts."""
        above = f"^{{{_scripted(name.above)}}}" if name.above else ""
        below = f"_{{{_scripted(name.below)}}}" if name.below else ""
        return _letters(name.letters) + below + above

    def sign(self) -> str:
        """A minus."""
        return "-"

    def operator(self, symbol: str) -> str:
        """Its command, with spaces."""
        return f" {OPERATORS.get(symbol, symbol)} "

    def brackets(self, inner: str) -> str:
        """Brackets that grow with what they hold."""
        return rf"\left({inner}\right)"

    def quotient(self, over: Expression, under: Expression) -> str:
        """A fraction with a bar."""
        return rf"\frac{{{self.write(over)}}}{{{self.write(under)}}}"

    def power(self, base: str, exponent: Expression) -> str:
        """A base with a superscript."""
        return f"{base}^{{{self.write(exponent)}}}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        r"""\sin\left(x\right), and the roots and bars that have a form of their own."""
        inner = ", ".join(arguments)
        match function:
            case "sqrt":
                return rf"\sqrt{{{inner}}}"
            case "abs":
                return rf"\left|{inner}\right|"
        return _function(function) + self.brackets(inner)

    def applied(self, function: str, argument: str) -> str:
        r"""\sin x."""
        return f"{_function(function)} {argument}"

    def derivative(self, of: str, by: str, total: bool) -> str:
        """A fraction of differentials."""
        d = r"\mathrm{d}" if total else r"\partial "
        return rf"\frac{{{d}{of}}}{{{d}{by}}}"

    def transpose(self, operand: str) -> str:
        """A raised T."""
        return rf"{{{operand}}}^{{\mathsf{{T}}}}"

    def index(self, base: str, below: str) -> str:
        """A subscript."""
        return f"{{{base}}}_{{{_scripted(below)}}}"

    def summation(self, index: str, body: str) -> str:
        """A sum over an index."""
        return rf"\sum_{{{_scripted(index)}}} {body}"

    def choice(self, condition: str, yes: str, no: str) -> str:
        """Cases."""
        return rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} \end{{cases}}"


def _letters(letters: str) -> str:
    """The letters of a name: one is set as a variable, several as a word."""
    if len(letters) > 1 and letters.replace("_", "a").isascii() and letters.replace("_", "a").isalnum():
        return rf"\mathit{{{letters.replace('_', LETTERS['_'])}}}"
    return " ".join(map(_letter, letters))


def _letter(letter: str) -> str:
    if letter in LETTERS:
        return LETTERS[letter]
    if letter.isascii():
        return letter if letter.isalnum() or letter in "+-,.'=" else rf"\mathrm{{{TEXT.get(letter, letter)}}}"
    name = greek(letter)
    if name in SMALL or name in CAPITALS:
        return rf"\{name}"
    if name.lower() in SMALL or name in ("Epsilon", "Omicron"):  # they look like Latin ones
        return LATIN.get(name, name[0])
    base, accent = accented(letter)
    if accent:
        return rf"\{accent}{{{_letter(base)}}}"
    plain = unicodedata.normalize("NFKC", letter)
    return _letters(plain) if plain != letter else rf"\mathrm{{{transliterated(letter)}}}"


def _scripted(text: str) -> str:
    return " ".join(map(_letter, text)) if any(character not in "0123456789" for character in text) else text


def _function(name: str) -> str:
    if name in FUNCTIONS:
        return rf"\{name}"
    word = name.isascii() and len(name) > 1
    return rf"\operatorname{{{name.replace('_', LETTERS['_'])}}}" if word else _letters(name)


_SCRIPT = re.compile(r"[_^]\{([^{}]*)\}")
_SCRIPTS = re.compile(r"([_^])\{[^{}]*\}(?: \1\{[^{}]*\})+")
"""Scripts that stand side by side are one, as in W₁₂."""


def text(prose: str) -> str:
    """Prose for text mode: special characters escaped, Greek and scripts as mathematics."""
    pieces = "".join(map(_text, unicodedata.normalize("NFC", prose)))
    joined = re.sub(r"(?<!\\)\$\$", " ", pieces)  # one formula instead of two that touch
    return _SCRIPTS.sub(lambda run: f"{run[1]}{{{' '.join(_SCRIPT.findall(run[0]))}}}", joined)


def _text(character: str) -> str:
    if character in TEXT:
        return TEXT[character]
    if character.isascii():
        return character if character.isprintable() else " "
    decomposition = unicodedata.decomposition(character)
    if decomposition.startswith(("<super>", "<sub>")):
        mark = "^" if decomposition.startswith("<super>") else "_"
        return f"${mark}{{{_letter(unicodedata.normalize('NFKC', character))}}}$"
    return f"${OPERATORS.get(character) or _letter(character)}$"
