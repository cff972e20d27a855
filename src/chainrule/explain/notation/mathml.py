"""Mathematics in MathML Core, which browsers draw themselves.

Every method returns one element. https://www.w3.org/TR/mathml-core/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape

from chainrule.explain.expression import Expression
from chainrule.explain.notation.names import Name
from chainrule.explain.notation.notation import Level, Notation

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
APPLIED, TIMES = "\u2061", "\u2062"
"""Invisible: a function applied to an argument, and a product; a screen reader says them."""
MARKS = {"\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0307": "˙", "\u0308": "¨", "\u030c": "ˇ", "\u0306": "˘"}
"""Accents as signs over a letter."""


class MathML(Notation):
    """The writer of MathML."""

    fraction_level = Level.POWER
    beside = before_function = f"<mo>{TIMES}</mo>"
    comma = "<mo>,</mo>"

    def row(self, *parts: str) -> str:
        """Parts one after the other."""
        return f"<mrow>{''.join(parts)}</mrow>"

    def number(self, text: str) -> str:
        """The digits."""
        return f"<mn>{text}</mn>"

    def scientific(self, mantissa: str, exponent: str) -> str:
        """A power of ten."""
        power = f"<msup><mn>10</mn><mn>{exponent.replace('-', '−')}</mn></msup>"
        return self.row(self.number(mantissa), self.operator("·"), power)

    def name(self, name: Name) -> str:
        """The letters with their scripts."""
        return _scripts(_letters(name.letters), name.below, name.above)

    def sign(self) -> str:
        """A minus before an operand."""
        return '<mo form="prefix">−</mo>'

    def operator(self, symbol: str) -> str:
        """A sign between two operands."""
        return self.beside if symbol == "@" else f"<mo>{escape(symbol)}</mo>"

    def brackets(self, inner: str) -> str:
        """Brackets that grow with what they hold."""
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"

    def quotient(self, over: Expression, under: Expression) -> str:
        """A fraction with a bar."""
        return f"<mfrac>{self.write(over)}{self.write(under)}</mfrac>"

    def power(self, base: str, exponent: Expression) -> str:
        """A base with a superscript."""
        return f"<msup>{base}{self.write(exponent)}</msup>"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """A function applied to its arguments; roots and bars have a form of their own."""
        inner = "<mo>,</mo>".join(arguments)
        match function:
            case "sqrt":
                return f"<msqrt>{inner}</msqrt>"
            case "abs":
                return f'<mrow><mo stretchy="true">|</mo>{inner}<mo stretchy="true">|</mo></mrow>'
        return self.row(_letters(function), f"<mo>{APPLIED}</mo>", self.brackets(inner))

    def applied(self, function: str, argument: str) -> str:
        """A function before its argument."""
        return self.row(_letters(function), f"<mo>{APPLIED}</mo>", argument)

    def derivative(self, of: str, by: str, total: bool) -> str:
        """A fraction of differentials."""
        d = '<mi mathvariant="normal">d</mi>' if total else "<mo>∂</mo>"
        return f"<mfrac><mrow>{d}{of}</mrow><mrow>{d}{by}</mrow></mfrac>"

    def transpose(self, operand: str) -> str:
        """A raised T."""
        return f'<msup>{operand}<mi mathvariant="normal">T</mi></msup>'

    def index(self, base: str, below: str) -> str:
        """A subscript."""
        return _scripts(base, below, "")

    def summation(self, index: str, body: str) -> str:
        """A sum over an index."""
        return self.row(f"<munder><mo>∑</mo>{_script(index)}</munder>", body)

    def choice(self, condition: str, yes: str, no: str) -> str:
        """Cases."""
        first = f"<mtr><mtd>{yes}</mtd><mtd><mtext>if </mtext>{condition}</mtd></mtr>"
        second = f"<mtr><mtd>{no}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"
        return f"<mrow><mo>{{</mo><mtable>{first}{second}</mtable></mrow>"


def _letters(letters: str) -> str:
    """A letter is set in italics by the browser, a word upright; an accent is put over its letter."""
    base, *marks = list(unicodedata.normalize("NFD", letters))
    if len(marks) == 1 and marks[0] in MARKS:
        return f'<mover accent="true"><mi>{escape(base)}</mi><mo>{MARKS[marks[0]]}</mo></mover>'
    return f"<mi>{escape(letters)}</mi>"


def _script(text: str) -> str:
    parts = re.findall(r"\d+|\D", text)
    marked = [f"<{(kind := _token(part))}>{escape(part)}</{kind}>" for part in parts]
    return marked[0] if len(marked) == 1 else f"<mrow>{''.join(marked)}</mrow>"


def _token(part: str) -> str:
    return "mn" if part.isdigit() else "mi" if part.isalpha() else "mo"


def _scripts(base: str, below: str, above: str) -> str:
    if below and above:
        return f"<msubsup>{base}{_script(below)}{_script(above)}</msubsup>"
    if below:
        return f"<msub>{base}{_script(below)}</msub>"
    return f"<msup>{base}{_script(above)}</msup>" if above else base


def to_mathml(expression: Expression, dots: bool = False) -> str:
    """An expression as a <math> element.

    Args:
        expression: what to write.
        dots: whether the factors of a product stay apart.
    """
    return f'<math xmlns="{NAMESPACE}">{MathML(dots).write(expression)}</math>'
