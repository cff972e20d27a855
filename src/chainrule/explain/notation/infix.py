"""Mathematics on one line: 2r²s and (∂f/∂x)(∂x/∂s), or 2*r^2*s and (df/dx)*(dx/ds) where only ASCII can be shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chainrule.explain.expression import Call, Expression, Negative, Product, Quotient, Sum, Symbol
from chainrule.explain.notation.names import ACCENTS, PRIME, Name, accented, greek, parse, subscript, superscript
from chainrule.explain.notation.notation import Level, Notation

FRACTIONS = {
    Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼", Fraction(3, 4): "¾",
    Fraction(1, 5): "⅕", Fraction(1, 6): "⅙", Fraction(1, 8): "⅛", Fraction(3, 8): "⅜",
}  # fmt: skip
"""Fractions that have a sign of their own."""

LONGEST_RAISED = 3
"""Signs that an exponent in small letters may have."""


@dataclass(frozen=True)
class Symbols:
    """The signs that one line is written with.

    Attributes:
        ascii: whether names, numbers and prose keep to ASCII too.
        beside: between factors that stand side by side.
        operators: how the operators and relations look that do not stand for themselves.
        partial: before the names of a partial derivative; a total one has d.
        summation: before the index of a sum.
        transposed: after a transposed operand.
        root: the square root.
        arrow: from one name of a path to the next.
        passed: the verdict of a check.
    """

    ascii: bool
    beside: str
    operators: dict[str, str]
    partial: str
    summation: str
    transposed: str
    root: str
    arrow: str
    passed: str


UNICODE = Symbols(False, "", {"@": " "}, "∂", "Σ", "ᵀ", "√", "→", "✓")
ASCII = Symbols(
    ascii=True,
    beside="*",
    operators={"·": "*", "−": "-", "⊙": ".*", "@": "@", "≤": "<=", "≥": ">=", "≠": "!=", "=": "="},
    partial="d",
    summation="sum",
    transposed=".T",
    root="sqrt",
    arrow=" -> ",
    passed="OK",
)


class Infix(Notation):
    """The writer of one line.

    Args:
        symbols: `UNICODE` or `ASCII`.
        dots: whether the factors of a product stay apart.
    """

    fraction_level = Level.PRODUCT

    def __init__(self, symbols: Symbols = UNICODE, dots: bool = False):
        self.symbols = symbols
        self.beside = symbols.beside
        self.before_function = "" if symbols.ascii else " "
        super().__init__(dots)

    def level(self, expression: Expression) -> Level:
        """How tightly an expression holds together: a root without a bar ends where its operand does, √x² is √(x²)."""
        match expression:
            case Call("sqrt") if not self.symbols.ascii:
                return Level.POWER
        return super().level(expression)

    def row(self, *parts: str) -> str:
        """Parts one after the other."""
        return "".join(parts)

    def number(self, text: str) -> str:
        """The digits."""
        return "inf" if self.symbols.ascii and text == "∞" else text

    def scientific(self, mantissa: str, exponent: str) -> str:
        """1.5·10⁻⁷ or 1.5e-7."""
        if self.symbols.ascii:
            return f"{mantissa}e{exponent}"
        return f"{mantissa}·10{superscript(exponent.replace('-', '−'))}"

    def vulgar(self, value: Fraction) -> str:
        """½ and a few more."""
        return "" if self.symbols.ascii else FRACTIONS.get(value, "")

    def name(self, name: Name) -> str:
        """The letters with their scripts; what has no small form below the line goes into brackets."""
        if self.symbols.ascii:
            above = transliterated(name.above)
            letters = transliterated(name.letters) + (above if above.isdigit() or not above else f"{{{above}}}")
            return f"{letters}[{transliterated(name.below)}]" if name.below else letters
        above = superscript(name.above) if name.above else ""
        below = subscript(name.below) or f"[{name.below}]" if name.below else ""
        return name.letters + above + below

    def sign(self) -> str:
        """−."""
        return self.symbols.operators.get("−", "−")

    def operator(self, symbol: str) -> str:
        """The sign, with spaces around it unless it binds tightly."""
        shown = self.symbols.operators.get(symbol, symbol)
        return shown if symbol == "·" or not shown.strip() else f" {shown} "

    def brackets(self, inner: str) -> str:
        """(a+b): sums in brackets are written without spaces."""
        return f"({self._tight(inner)})"

    def _tight(self, text: str) -> str:
        for sign in ("+", self.sign()):
            text = text.replace(f" {sign} ", sign)
        return text

    def quotient(self, over: Expression, under: Expression) -> str:
        """over/under."""
        above = self._closed_form(over) if isinstance(over, Call) else self._at_least(Level.PRODUCT, over, but=Quotient)
        return f"{above}/{self._at_least(Level.POWER, under)}"

    def power(self, base: str, exponent: Expression) -> str:
        """base², baseⁿ, or base^(a+b)."""
        if small := self._raised(exponent):
            return base + small
        text = self._tight(self.write(exponent))
        return f"{base}^{text if self._stands_alone(exponent) else self.brackets(text)}"

    def _stands_alone(self, exponent: Expression) -> bool:
        return self.level(exponent) == Level.ATOM and not isinstance(exponent, Call)

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """sin(x), √x and |x|."""
        inner = ", ".join(map(self._tight, arguments))
        match function:
            case "sqrt":
                alone = len(inner) == 1 and not self.symbols.ascii
                return f"{self.symbols.root}{inner}" if alone else f"{self.symbols.root}({inner})"
            case "abs" if not self.symbols.ascii:
                return f"|{inner}|"
        return f"{transliterated(function) if self.symbols.ascii else function}({inner})"

    def applied(self, function: str, argument: str) -> str:
        """sin x."""
        return f"{function} {argument}"

    def raises(self, exponent: Expression) -> bool:
        """Whether there are small letters for it."""
        return bool(self._raised(exponent))

    def _raised(self, exponent: Expression) -> str:
        """A short exponent in small letters; "" if it is long, holds a word, which would run together, or has none."""
        if self.symbols.ascii or _has_word(exponent):
            return ""
        text = self._tight(self.write(exponent))
        return superscript(text) if len(text) <= LONGEST_RAISED else ""

    def derivative(self, of: str, by: str, total: bool) -> str:
        """∂of/∂by."""
        d = "d" if total else self.symbols.partial
        return f"{d}{of}/{d}{by}"

    def transpose(self, operand: str) -> str:
        """operandᵀ."""
        return operand + self.symbols.transposed

    def index(self, base: str, below: str) -> str:
        """baseᵢₖ, or base[1,2]."""
        small = "" if self.symbols.ascii else subscript(below)
        return base + (small or f"[{below}]")

    def summation(self, index: str, body: str) -> str:
        """Σⱼ body."""
        small = "" if self.symbols.ascii else subscript(index)
        return f"{self.symbols.summation}{small or f'[{index}]'} {body}"

    def choice(self, condition: str, yes: str, no: str) -> str:
        """yes if condition else no."""
        return f"{yes} if {condition} else {no}"

    def prose(self, text: str) -> str:
        """A remark in these signs."""
        return transliterated(text.replace("∂", self.symbols.partial)) if self.symbols.ascii else text


def _has_word(exponent: Expression) -> bool:
    """Whether a name in what may be a short exponent has several letters."""
    match exponent:
        case Symbol(name):
            return not parse(name).single
        case Negative(operand):
            return _has_word(operand)
        case Sum(parts) | Product(parts):
            return any(map(_has_word, parts))
    return False


_WORDS = {
    "∂": "d",
    "→": " -> ",
    "·": "*",
    "×": "x",
    "−": "-",
    "–": "-",
    "—": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "⊙": ".*",
    "…": "...",
    "‖": "||",
    "∞": "inf",
    "Σ": "sum",
    "√": "sqrt",
    "✓": "OK",
    "ᵀ": ".T",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    PRIME: "'",
}
"""Signs that the Unicode database has no ASCII for."""


def transliterated(text: str) -> str:
    """A text in ASCII: sigma for σ, y_hat for ŷ, W1 for W¹, df for ∂f; other signs by their number, as u4e2d."""
    return "".join(map(_ascii, unicodedata.normalize("NFC", text)))


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if word := _WORDS.get(character) or greek(character):
        return word
    letter, accent = accented(character)
    if accent:
        return f"{_ascii(letter)}_{accent}"
    plain = unicodedata.normalize("NFKD", character).replace("\u2044", "/").replace("−", "-")
    if plain != character:
        return "".join(map(_ascii, plain))
    mark = ACCENTS.get(character)
    return f"_{mark}" if mark else f"u{ord(character):04x}"


def write(expression: Expression, symbols: Symbols = UNICODE, dots: bool = False) -> str:
    """An expression on one line.

    Args:
        expression: what to write.
        symbols: `UNICODE` or `ASCII`.
        dots: whether the factors of a product stay apart (x·y·z), and only a product among them is written tight.
    """
    return Infix(symbols, dots).write(expression)
