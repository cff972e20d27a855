"""How mathematics is written: where brackets are needed and which factors stand side by side, for all formats.

A format says only how it draws a fraction, a power, a name; the grammar is here, once.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from enum import IntEnum
from fractions import Fraction
from itertools import pairwise

from chainrule.explain.expression import (
    Call,
    Choice,
    Derivative,
    ElementwiseProduct,
    Expression,
    Indexed,
    MatrixProduct,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Summation,
    Symbol,
    Transpose,
)
from chainrule.explain.notation.names import Name, parse

BARE = {"sin", "cos", "tan", "log", "ln"}
"""Functions written without brackets before a name: sin x."""
RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "="}


class Level(IntEnum):
    """How tightly a form holds together; what is looser than its place asks for goes into brackets."""

    RELATION = 0
    SUM = 1
    NEGATIVE = 2
    PRODUCT = 3
    POWER = 4
    ATOM = 5


class Notation(ABC):
    """The grammar; a format fills in the forms. Every method returns text of the format.

    Args:
        dots: whether the factors of a product stay apart (x·y·z) and only a product among them is written tight (rs·s),
            so that one sees what was put in place of what.
    """

    beside: str
    """What is written between factors that stand side by side."""
    comma: str = ", "
    """What is written between names of a list."""
    before_function: str = ""
    """The same before a function without brackets; "" if the format always writes brackets."""

    def __init__(self, dots: bool = False):
        self.dots = dots
        self.inside = self
        if dots:  # within a factor and within a call nothing was put in that could not be seen
            self.inside = copy(self)
            self.inside.dots, self.inside.inside = False, self.inside

    def write(self, expression: Expression) -> str:
        """An expression in this format."""
        match expression:
            case Number(value):
                return self._number(value)
            case Symbol(name):
                return self.name(parse(name))
            case Sum(terms):
                return self._sum(terms)
            case Product(factors, apart):
                return self._apart(factors) if apart else self._product(factors, self.dots)
            case Quotient(over, under):
                return self.quotient(over, under)
            case Power(base, exponent):
                return self.power(self._at_least(Level.ATOM, base), exponent)
            case Negative(operand):
                return self.row(self.sign(), self._at_least(Level.PRODUCT, operand))
            case Call(function, (argument,)) if self._is_bare(expression):
                return self.applied(function, self.write(argument))
            case Call():
                return self._called(expression)
            case Derivative(of, by, total):
                return self.derivative(self.name(parse(of)), self._listed(by.split(", ")), total)
            case MatrixProduct(factors):
                return self._joined("@", factors)
            case ElementwiseProduct(factors):
                return self._joined("⊙", factors)
            case Transpose(operand):
                return self.transpose(self._at_least(Level.POWER, operand, but=Power))
            case Indexed(base, indices):
                return self._indexed(base, indices)
            case Summation(index, body):
                return self.summation(index, self._at_least(Level.PRODUCT, body))
            case Choice(condition, yes, no):
                return self.choice(self.write(condition), self._at_least(Level.SUM, yes), self.write(no))
            case Relation(symbol, left, right):
                sign = self.operator(RELATIONS.get(symbol, symbol))
                return self.row(self._at_least(Level.SUM, left), sign, self._at_least(Level.SUM, right))

    def level(self, expression: Expression) -> Level:
        """How tightly an expression holds together in this format."""
        match expression:
            case Number(value):
                return self._number_level(value)
            case Symbol(name):
                return Level.POWER if parse(name).above else Level.ATOM
            case Choice() | Relation():
                return Level.RELATION
            case Sum() | Summation():
                return Level.SUM
            case Negative():
                return Level.NEGATIVE
            case Product() | MatrixProduct() | ElementwiseProduct():
                return Level.PRODUCT
            case Quotient() | Derivative():
                return self.fraction_level
            case Power() | Transpose():
                return Level.POWER
            case Call(function):
                return Level.POWER if function == "exp" else Level.ATOM
            case Indexed(base):
                return self.level(base) if isinstance(base, Symbol) else Level.ATOM

    def _number_level(self, value: int | Fraction | float) -> Level:
        if math.isnan(value):  # its sign says nothing
            return Level.ATOM
        if value < 0 or math.copysign(1, value) < 0:
            return Level.NEGATIVE
        if isinstance(value, Fraction):
            return Level.ATOM if self.vulgar(value) else self.fraction_level
        return Level.PRODUCT if isinstance(value, float) and "e" in digits(value) else Level.ATOM

    def _at_least(self, level: Level, expression: Expression, but: type | tuple[type, ...] = ()) -> str:
        text = self._closed_form(expression) if level >= Level.POWER else self.write(expression)
        return self.brackets(text) if self._needs_brackets(level, expression, but) else text

    def _closed_form(self, expression: Expression) -> str:
        """An expression whose end can be seen: sin(x), not sin x."""
        return self._called(expression) if isinstance(expression, Call) else self.write(expression)

    def _called(self, call: Call) -> str:
        match call:
            case Call("exp", (exponent,)) if self.inside.raises(exponent):
                return self.inside.power(self.name(Name("e")), exponent)
        return self.call(call.function, [self.inside.write(argument) for argument in call.arguments])

    def _is_bare(self, expression: Expression) -> bool:
        match expression:
            case Call(function, (Symbol(),)):
                return function in BARE and bool(self.before_function)
        return False

    def _needs_brackets(self, level: Level, expression: Expression, but: type | tuple[type, ...] = ()) -> bool:
        return self.level(expression) < level or isinstance(expression, but)

    def _number(self, value: int | Fraction | float) -> str:
        if self._number_level(value) == Level.NEGATIVE:
            return self.row(self.sign(), self._number(-value))
        if value == math.pi:  # as the parser reads it
            return self.name(Name("π"))
        if isinstance(value, Fraction) and value.denominator != 1:
            return self.vulgar(value) or self.quotient(Number(value.numerator), Number(value.denominator))
        if isinstance(value, float):
            mantissa, _, exponent = digits(value).partition("e")
            return self.scientific(mantissa, str(int(exponent))) if exponent else self.number(mantissa)
        return self.number(str(value))

    def _sum(self, terms: Sequence[Expression]) -> str:
        parts = [self._at_least(Level.SUM, terms[0])]
        for term in terms[1:]:
            match term:
                case Negative(operand):
                    parts += [self.operator("−"), self._at_least(Level.PRODUCT, operand)]
                case Number(value) if self.level(term) == Level.NEGATIVE:
                    parts += [self.operator("−"), self._number(-value)]
                case _:
                    parts += [self.operator("+"), self._at_least(Level.PRODUCT, term)]
        return self.row(*parts)

    def _apart(self, factors: Sequence[Expression]) -> str:
        parts: list[str] = []
        for factor in factors:
            text = self.write(factor)
            bare = isinstance(factor, Derivative) and self.fraction_level > Level.PRODUCT
            parts += [self.beside, text if bare else self.brackets(text)]
        return self.row(*parts[1:])

    def _product(self, factors: Sequence[Expression], dots: bool) -> str:
        parts = [self._factor(factors[0])]
        if len(factors) == 1:
            return parts[0]
        for left, right in pairwise(factors[:-1]):
            parts += [self._between(left, right, dots), self._factor(right)]
        left, right = factors[-2], factors[-1]
        if self._is_bare(right) and not isinstance(left, Call):
            before = self.operator("·") if dots and not isinstance(left, Number) else self.before_function
            return self.row(*parts, before, self.write(right))
        return self.row(*parts, self._between(left, right, dots), self._factor(right))

    def _between(self, left: Expression, right: Expression, dots: bool) -> str:
        apart = dots and not isinstance(left, Number)
        return self.operator("·") if apart or not self._side_by_side(left, right) else self.beside

    def _factor(self, factor: Expression) -> str:
        if isinstance(factor, Product):  # put in place of a name
            return self._apart(factor.factors) if factor.apart else self._product(factor.factors, dots=False)
        return self.inside._at_least(Level.POWER, factor)

    def _side_by_side(self, left: Expression, right: Expression) -> bool:
        """2r²s, 10(2x+1)⁴, σ(1−σ), a²(1−a²), (x+1)eˣ and rs, but u·u, rate·x, δ²·a¹, 2·3 and x·eˣ."""
        if self._closes(left) and self._in_brackets(right):
            return True
        begins = isinstance(left, Number) and self.level(left) == Level.ATOM and math.isfinite(left.value)
        ends = self._in_brackets(left) or begins
        follows = self._in_brackets(right) or self._is_letter(right) or (ends and self._is_raised(right))
        return (ends or self._is_letter(left)) and follows and left != right

    def _closes(self, factor: Expression) -> bool:
        """Whether brackets may follow that do not belong to it: a single letter with any scripts, or a call."""
        match factor:
            case Symbol(name):
                return parse(name).single
            case Call(function):
                return function not in ("exp", "sqrt")
        return False

    def _is_letter(self, factor: Expression) -> bool:
        """One letter, perhaps with a subscript, or a whole power of it."""
        match factor:
            case Symbol(name):
                return parse(name).plain
            case Indexed(Symbol(name), indices):
                return parse(name).plain and all(isinstance(index, str) for index in indices)
            case Power(base, Number(int())):
                return self._is_letter(base)
        return False

    def _in_brackets(self, factor: Expression) -> bool:
        """Whether it stands in brackets, or is a whole power of such."""
        match factor:
            case Product():
                return False
            case Power(base, Number(int())):
                return self._needs_brackets(Level.ATOM, base)
        return self._needs_brackets(Level.POWER, factor)

    def _is_raised(self, factor: Expression) -> bool:
        match factor:
            case Call("exp", (exponent,)):
                return self.raises(exponent)
        return False

    def _joined(self, symbol: str, factors: Sequence[Expression]) -> str:
        parts: list[str] = []
        for factor in factors:
            parts += [self.operator(symbol), self._at_least(Level.POWER, factor)]
        return self.row(*parts[1:])

    def _listed(self, names: Sequence[str]) -> str:
        """Names with commas, as of several inputs by which a function of arrays is derived."""
        first, *rest = (self.name(parse(name)) for name in names)
        return self.row(first, *(part for name in rest for part in (self.comma, name))) if rest else first

    def _indexed(self, base: Expression, indices: Sequence[int | str]) -> str:
        joint = "" if all(isinstance(index, str) and len(index) == 1 for index in indices) else ","
        below = joint.join(map(str, indices))
        if isinstance(base, Symbol):
            name = parse(base.name)
            return self.name(Name(name.letters, name.above, joint.join(filter(None, (name.below, below)))))
        return self.index(self._at_least(Level.ATOM, base), below)

    fraction_level: Level
    """POWER where fractions are drawn with a bar, PRODUCT where they are written with a slash."""

    @abstractmethod
    def row(self, *parts: str) -> str:
        """Parts one after the other."""

    @abstractmethod
    def number(self, text: str) -> str:
        """A number that is not negative: digits with or without a point, ∞ or NaN."""

    @abstractmethod
    def scientific(self, mantissa: str, exponent: str) -> str:
        """mantissa · 10^exponent."""

    def vulgar(self, value: Fraction) -> str:
        """A fraction as one sign, such as ½; "" if there is none."""
        return ""

    @abstractmethod
    def name(self, name: Name) -> str:
        """A name with its scripts."""

    @abstractmethod
    def sign(self) -> str:
        """The minus before an operand."""

    @abstractmethod
    def operator(self, symbol: str) -> str:
        """+ − · ⊙ @ or a relation, between two operands; @ is the product of matrices."""

    @abstractmethod
    def brackets(self, inner: str) -> str:
        """(inner)."""

    @abstractmethod
    def quotient(self, over: Expression, under: Expression) -> str:
        """over / under."""

    @abstractmethod
    def power(self, base: str, exponent: Expression) -> str:
        """A base, in brackets where it needs them, to an exponent."""

    @abstractmethod
    def call(self, function: str, arguments: Sequence[str]) -> str:
        """function(arguments), of what is not written as a power of e."""

    def applied(self, function: str, argument: str) -> str:
        """function argument, without brackets; only where there is `before_function`."""
        raise NotImplementedError

    def raises(self, exponent: Expression) -> bool:
        """Whether exp of it is written as a power of e."""
        return True

    @abstractmethod
    def derivative(self, of: str, by: str, total: bool) -> str:
        """∂of/∂by."""

    @abstractmethod
    def transpose(self, operand: str) -> str:
        """operandᵀ."""

    @abstractmethod
    def index(self, base: str, below: str) -> str:
        """A subscript to what is no name."""

    @abstractmethod
    def summation(self, index: str, body: str) -> str:
        """Σ over an index."""

    @abstractmethod
    def choice(self, condition: str, yes: str, no: str) -> str:
        """yes if condition, else no."""


def digits(value: float, significant: int = 10) -> str:
    """A float in as many significant digits as a board holds; ∞ and NaN by their signs."""
    if math.isnan(value):
        return "NaN"
    return f"{value:.{significant}g}".replace("inf", "∞")
