"""Definitions written as text, such as "f = x·y·z; x = r; y = r·s; z = s". They are parsed, never executed.

    text        definition {(";" | newline) definition}         the first one is the function
    definition  name "=" choice
    choice      relation ["if" choice "else" choice]
    relation    sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
    sum         product {("+" | "-") product}
    product     sign {("*" | "/") sign}
    sign        ["-" | "+"] sign | power
    power       atom [("^" | "**") sign | raised digits]
    atom        number | "½" | name | function "(" choice {"," choice} ")" | "(" choice ")"

"·" and "−" may stand for "*" and "-". Operators bind as in Python: −x² is −(x²), and powers group from the right.
Raised digits are a power, x² = x^2, unless a definition has such a name.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.evaluate import ALONG, ARGUMENTS, FUNCTIONS
from chainrule.explain.expression import (
    Call,
    Choice,
    Expression,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Symbol,
)
from chainrule.explain.notation.infix import FRACTIONS
from chainrule.figures import counted

LONGEST = 10_000
"""Characters that a text may have."""
DEEPEST = 100
"""Brackets, signs and powers that may stand within each other."""

SHOWN = 76
"""Characters of a longer line that are shown about a mistake."""

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOT_IN_NAMES = "⁰¹²³⁴⁵⁶⁷⁸⁹" + "".join(FRACTIONS.values())
_NAME = re.compile(rf"[^\W\d{_NOT_IN_NAMES}](?:[^\W{_NOT_IN_NAMES}]|[\u0300-\u036f′])*")
_RAISED_NAME = re.compile(_NAME.pattern + "[⁰¹²³⁴⁵⁶⁷⁸⁹]+[₀₁₂₃₄₅₆₇₈₉]*")
_DEFINED = re.compile(rf"(?:^|[;\n])[ \t\r]*({_RAISED_NAME.pattern}|{_NAME.pattern})[ \t\r]*=(?!=)")
_FRACTION = re.compile("|".join(FRACTIONS.values()))
_RAISED = re.compile("[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_OPERATOR = re.compile(r"\*\*|<=|>=|==|!=|[-+*/^()=,;<>\n·×⋅−≤≥≠]")
_SAME = {"**": "^", "·": "*", "×": "*", "⋅": "*", "−": "-", "<=": "≤", ">=": "≥", "!=": "≠", "\n": ";"}
_RELATIONS = {"<", "≤", ">", "≥", "==", "≠"}
_SAME_FUNCTION = {
    "sigmoid": "σ",
    "sigma": "σ",
    "arctan": "arctan",
    "atan": "arctan",
    "maximum": "max",
    "minimum": "min",
}
_FUNCTIONS = {*FUNCTIONS, "where"} - ALONG
_CONSTANTS = {"pi": math.pi, "π": math.pi}
_PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name", "raised", an operator, or "end"
    text: str
    start: int


def parse(text: str) -> dict[str, Expression]:
    """The definitions in a text, by name, in the author's order; the first is the function.

    Raises:
        ArgumentError: the text breaks the grammar; shows the place with a caret.
    """
    if len(text) > LONGEST:
        raise ArgumentError(f"a text may have {LONGEST} characters, got {len(text)}")
    if not text.strip("; \t\r\n"):
        raise ArgumentError("the text holds no definition; write one such as f = x*y")
    return _Parser(text).definitions()


class _Parser:
    """One pass over the text, a method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._defined = {found[1] for found in _DEFINED.finditer(text)}
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

    def definitions(self) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        while True:
            while self._take(";"):
                pass
            if self._token.kind == "end" and found:
                return found
            name = self._expect("name", "a definition such as f = x*y")
            if name.text in found:
                self._fail(f"{name.text} is defined twice", name)
            self._expect("=", "= and what the name stands for")
            found[name.text] = self._choice()
            if self._token.kind not in (";", "end"):
                self._fail("expected an operator, or ; before the next definition")

    # The grammar

    def _choice(self) -> Expression:
        yes = self._relation()
        if not self._take_word("if"):
            return yes
        condition = self._choice()
        if not self._take_word("else"):
            self._fail("expected else, as in x if x > 0 else 0")
        return Choice(condition, yes, self._choice())

    def _relation(self) -> Expression:
        left = self._sum()
        if self._token.kind not in _RELATIONS:
            return left
        symbol = self._advance().kind
        return Relation("=" if symbol == "==" else symbol, left, self._sum())

    def _sum(self) -> Expression:
        terms = [self._product()]
        while self._token.kind in ("+", "-"):
            sign = self._advance().kind
            term = self._product()
            terms.append(Negative(term) if sign == "-" else term)
        return Sum(tuple(terms)) if len(terms) > 1 else terms[0]

    def _product(self) -> Expression:
        result = self._sign()
        while self._token.kind in ("*", "/"):
            combine = _times if self._advance().kind == "*" else _over
            result = combine(result, self._sign())
        return result

    def _sign(self) -> Expression:
        if self._token.kind not in ("+", "-"):
            return self._power()
        sign = self._advance().kind
        self._enter()
        operand = self._sign()
        self._depth -= 1
        return Negative(operand) if sign == "-" else operand

    def _power(self) -> Expression:
        base = self._atom()
        if self._token.kind == "raised":
            return Power(base, Number(int(self._advance().text.translate(_PLAIN))))
        if not self._take("^"):
            return base
        self._enter()
        exponent = self._sign()
        self._depth -= 1
        is_e = base == Symbol("e") and "e" not in self._defined
        return Call("exp", (exponent,)) if is_e else Power(base, exponent)

    def _atom(self) -> Expression:
        token = self._advance()
        if token.kind == "number":
            whole = token.text.isdigit()
            return Number(int(token.text) if whole and len(token.text) < 16 else float(token.text))
        if token.kind == "fraction":
            return Number(next(value for value, text in FRACTIONS.items() if text == token.text))
        if token.kind == "(":
            return self._in_brackets(token)
        if token.kind != "name":
            self._fail("expected a number, a name or (", token)
        if self._token.kind == "(":
            return self._call(token)
        if token.text in _CONSTANTS and token.text not in self._defined:
            return Number(_CONSTANTS[token.text])
        return Symbol(token.text)

    def _in_brackets(self, opened: _Token) -> Expression:
        self._enter()
        inside = self._choice()
        self._depth -= 1
        if not self._take(")"):
            self._fail("this bracket is never closed", opened)
        return inside

    def _call(self, name: _Token) -> Expression:
        function = _SAME_FUNCTION.get(name.text, name.text)
        if function not in _FUNCTIONS:
            known = ", ".join(sorted(_FUNCTIONS))
            self._fail(f"{name.text} is no known function; write * for a product, or use one of {known}", name)
        opened = self._advance()
        self._enter()
        arguments = [self._choice()]
        while self._take(","):
            arguments.append(self._choice())
        self._depth -= 1
        if not self._take(")"):
            self._fail("this bracket is never closed", opened)
        if function == "where":
            if len(arguments) != 3:
                self._fail("where takes a condition and two values, as in where(x > 0, x, 0)", name)
            return Choice(*arguments)
        needed = ARGUMENTS.get(function, 1)
        if len(arguments) < needed or (function not in ARGUMENTS and len(arguments) > 1):
            self._fail(f"{name.text} takes {counted(needed, 'argument')}, got {len(arguments)}", name)
        return Call(function, tuple(arguments))

    # The tokens

    def _split(self) -> list[_Token]:
        tokens, at = [], 0
        kinds = (("number", _NUMBER), ("fraction", _FRACTION), ("raised", _RAISED), ("name", _NAME), ("", _OPERATOR))
        while at < len(self._text):
            if self._text[at] in " \t\r":
                at += 1
                continue
            matches = ((kind, pattern.match(self._text, at)) for kind, pattern in kinds)
            kind, found = next(((kind, match) for kind, match in matches if match), ("", None))
            if found is None:
                self._fail(f"{self._text[at]!r} has no meaning here", _Token("", "", at))
            raised = _RAISED_NAME.match(self._text, at)
            found = raised if raised and raised[0] in self._defined else found
            text = found[0]
            name = unicodedata.normalize("NFC", text) if kind == "name" else text
            tokens.append(_Token(kind or _SAME.get(text, text), name, at))
            at = found.end()
        return [*tokens, _Token("end", "", len(self._text))]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _take(self, kind: str) -> bool:
        taken = self._token.kind == kind
        self._next += taken
        return taken

    def _take_word(self, word: str) -> bool:
        taken = self._token.kind == "name" and self._token.text == word
        self._next += taken
        return taken

    def _expect(self, kind: str, what: str) -> _Token:
        if self._token.kind != kind:
            self._fail(f"expected {what}")
        return self._advance()

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"more than {DEEPEST} brackets, signs or powers stand within each other")

    def _fail(self, reason: str, token: _Token | None = None) -> NoReturn:
        at = (token or self._token).start
        start = self._text.rfind("\n", 0, at) + 1
        end = self._text.find("\n", at)
        line, place = self._text[start : end if end >= 0 else None], at - start
        if (cut := place - SHOWN // 2) > 0 and len(line) > SHOWN:
            line, place = f"…{line[cut + 1 :]}", place - cut
        line = line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
        raise ArgumentError(f"{reason}\n  {line}\n  {' ' * place}^")


def _times(left: Expression, right: Expression) -> Expression:
    return Product((*left.factors, right) if isinstance(left, Product) else (left, right))


def _over(left: Expression, right: Expression) -> Expression:
    """left / right; a fraction of two whole numbers that has a sign of its own, such as ½, is one number."""
    if isinstance(left, Number) and isinstance(right, Number) and isinstance(left.value, int):
        fraction = Fraction(left.value, right.value) if isinstance(right.value, int) and right.value else None
        if fraction in FRACTIONS:
            return Number(fraction)
    return Quotient(left, right)
