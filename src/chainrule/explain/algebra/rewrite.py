"""The named rewrites of a board: each says the same in other words, and nothing happens but by one of them.

    multiply by one    1·x = x, signs and numbers in front, y·y = y², factors in the author's order
    drop zero terms    a·0 + b = b
    multiply out       the factors of each term as one product; of one term the functions in front, as the chain rule
                       gives them: cos(x²)·2x
    collect            terms that differ in their number only become one; a common function goes outside
    one case           terms that are cases of one condition: (1 if c else 0) + k(0 if c else 1) = (1 if c else k)
    recognise σ        1/(1+e⁻ˣ) = σ(x),  e⁻ˣ/(1+e⁻ˣ) = 1 − σ(x)
    eliminate          what a name stands for in its place

There is no other simplifier. A term is a number times powers of factors; a factor is a name, a sum or a function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from math import isfinite
from typing import TypeAlias

import numpy as np

from chainrule.explain.expression import (
    Call,
    Choice,
    Derivative,
    ElementwiseProduct,
    Expression,
    MatrixProduct,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.explain.notation.infix import FRACTIONS

_Numeric: TypeAlias = int | Fraction | float

_LARGEST_EXPONENT, _LARGEST_BASE = 30, 10**6  # of powers that are computed exactly

ZERO, ONE = Number(0), Number(1)

LARGEST = 4000
"""Numbers, names and operations of an expression that is looked at at all; see `size`."""


@dataclass(frozen=True)
class _Term:
    """A number times factors with their exponents."""

    number: _Numeric = 1
    factors: Mapping[Expression, _Numeric] = field(default_factory=dict)

    def __mul__(self, other: _Term) -> _Term:
        factors = dict(self.factors)
        for factor, exponent in other.factors.items():
            factors[factor] = factors.get(factor, 0) + exponent
        return _Term(_exact(self.number * other.number), {factor: n for factor, n in factors.items() if n})

    def power(self, n: int) -> _Term:
        return _Term(_power(self.number, n), {factor: exponent * n for factor, exponent in self.factors.items()})


def symbols_of(e: Expression) -> tuple[str, ...]:
    """The names in an expression, in the order in which they first appear."""
    match e:
        case Symbol(name):
            return (name,)
        case Number() | Derivative():
            return ()
        case _:
            return tuple(dict.fromkeys(name for part in parts(e) for name in symbols_of(part)))


def derivatives_of(e: Expression) -> tuple[Derivative, ...]:
    """The derivatives that an expression names."""
    if isinstance(e, Derivative):
        return (e,)
    return tuple(dict.fromkeys(d for part in parts(e) for d in derivatives_of(part)))


def parts(e: Expression) -> tuple[Expression, ...]:
    """The expressions of which an expression without subscripts consists."""
    match e:
        case Sum(terms):
            return terms
        case Product(factors) | MatrixProduct(factors) | ElementwiseProduct(factors):
            return factors
        case Quotient(over, under):
            return over, under
        case Power(base, exponent):
            return base, exponent
        case Negative(operand) | Transpose(operand):
            return (operand,)
        case Call(_, arguments):
            return arguments
        case Choice(condition, yes, no):
            return condition, yes, no
        case Relation(_, left, right):
            return left, right
        case _:
            return ()


def rebuilt(e: Expression, new: Sequence[Expression]) -> Expression:
    """The expression with other parts."""
    match e:
        case Sum():
            return Sum(tuple(new))
        case Product():
            return Product(tuple(new), e.apart)
        case Call():
            return Call(e.function, tuple(new))
        case Relation():
            return Relation(e.symbol, *new)
        case MatrixProduct() | ElementwiseProduct():
            return type(e)(tuple(new))
        case Quotient() | Power() | Negative() | Transpose() | Choice():
            return type(e)(*new)
        case _:
            return e


def size(e: Expression) -> int:
    """How many numbers, names and operations an expression consists of."""
    return 1 + sum(map(size, parts(e)))


def substituted(e: Expression, replacements: Mapping[Expression, Expression]) -> Expression:
    """The expression with other expressions in place of symbols or derivatives, once."""
    if e in replacements:
        return replacements[e]
    return rebuilt(e, [substituted(part, replacements) for part in parts(e)])


def eliminated(e: Expression, definitions: Mapping[str, Expression]) -> Expression:
    """The expression with every name replaced by what it stands for, again and again, until inputs are left.

    Args:
        e: an expression of numbers.
        definitions: what the names stand for, in the order of the computation.
    """
    full: dict[Expression, Expression] = {}
    for name, meaning in definitions.items():
        full[Symbol(name)] = substituted(meaning, full)
    return substituted(e, full)


class Order:
    """The author's order of names, in which the factors of a term are written."""

    def __init__(self, names: Sequence[str]) -> None:
        self._place = {name: place for place, name in enumerate(dict.fromkeys(names))}

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def key(self, factor: Expression) -> tuple[int, int, bool]:
        """Where a factor stands: names first, then sums, then functions; each kind by its first name, 1 − σ after σ."""
        complement = isinstance(factor, Sum) and factor == _complement(_negated(factor.terms[-1]))
        kind = 0 if isinstance(factor, Symbol) else 2 if complement or isinstance(factor, Call | Choice | Power) else 1
        return kind, self.of(factor), complement

    def of(self, e: Expression) -> int:
        """The place of the first name in an expression."""
        return min((self._place.get(name, len(self._place)) for name in symbols_of(e)), default=len(self._place))

    # The rewrites

    def one(self, e: Expression) -> Expression:
        """Multiply by one, and what belongs to it: an expression in which no factor is 1 and numbers stand in front."""
        match e:
            case Sum(terms):
                return _sum([self.one(term) for term in terms])
            case Number() | Symbol() | Derivative():
                return e
            case Call() | Choice() | Relation():
                return rebuilt(e, [self.one(part) for part in parts(e)])
            case _:
                return self._written(self._term(e))

    def without_zeros(self, e: Expression) -> Expression:
        """Drop zero terms, and multiply out those that are left."""
        terms = [self.one(term) for term in e.terms] if isinstance(e, Sum) else [self.one(e)]
        left = [term for term in terms if term != ZERO]
        return _sum([part for term in left for part in self._spread(term)])

    def multiplied_out(self, e: Expression) -> Expression:
        """Multiply out the terms of a sum, or one product, of which functions that it begins with stay in front."""
        short = self.without_zeros(e)
        if not isinstance(e, Product) or not e.apart or isinstance(short, Sum | Quotient):
            return short
        functions = tuple(takewhile(_stands_in_front, e.factors))
        rest = self._term(Product(e.factors[len(functions) :]))
        if not functions or not any(isinstance(factor, Symbol) for factor in rest.factors) or rest.number == 0:
            return short
        if len({*functions, *rest.factors}) < len(functions) + len(rest.factors):
            return short
        first = _Term()
        for function in functions:
            first = first * self._term(function)
        behind = self._written(_Term(-rest.number if rest.number < 0 else rest.number, rest.factors))
        result = Product((*first.factors, *(behind.factors if isinstance(behind, Product) else (behind,))))
        return Negative(result) if first.number * rest.number < 0 else result

    def with_sigmoids(self, e: Expression) -> Expression:
        """Recognise σ in every term."""
        return _sum([self._recognised(term) for term in (e.terms if isinstance(e, Sum) else (e,))])

    def _recognised(self, e: Expression) -> Expression:
        term = self._term(e)
        for below, n in term.factors.items():
            exponential = _added_to_one(below)
            above = term.factors.get(exponential, 0) if exponential else 0
            if isinstance(exponential, Call) and isinstance(n, int) and isinstance(above, int) and 0 <= above <= -n:
                (argument,) = exponential.arguments
                mirrored = isinstance(argument, Negative)
                sigmoid = Call("σ", (_negated(argument) if mirrored else argument,))
                powers = {sigmoid: -n - above, _complement(sigmoid): above}
                if not mirrored:
                    powers = {sigmoid: above, _complement(sigmoid): -n - above}
                rest = {factor: power for factor, power in term.factors.items() if factor not in (below, exponential)}
                return self._written(_Term(term.number, rest) * _Term(1, powers))
        return e

    def collected(self, e: Expression) -> Expression:
        """Collect terms that differ in their number only, then take a function that all have in common outside."""
        terms = [part for term in (e.terms if isinstance(e, Sum) else (e,)) for part in self._spread(term)]
        numbers: dict[frozenset[tuple[Expression, _Numeric]], _Numeric] = {}
        factors: dict[frozenset[tuple[Expression, _Numeric]], Mapping[Expression, _Numeric]] = {}
        for term in map(self._term, terms):
            key = frozenset(term.factors.items())
            numbers[key] = numbers.get(key, 0) + term.number
            factors.setdefault(key, term.factors)
        collected = [_Term(_exact(numbers[key]), factors[key]) for key in factors if numbers[key] != 0]
        return self._common_outside(self._sorted(collected))

    def in_one_case(self, e: Expression) -> Expression:
        """Put terms that are cases of one condition into one case of sums."""
        terms = [*map(self._term, e.terms)] if isinstance(e, Sum) else []
        by_condition: dict[Expression, list[tuple[Choice, _Term]]] = {}
        for term in terms:
            choices = [factor for factor in term.factors if isinstance(factor, Choice)]
            if len(choices) == 1 and term.factors[choices[0]] == 1:
                by_condition.setdefault(choices[0].condition, []).append((choices[0], term))
        condition = next((condition for condition, found in by_condition.items() if len(found) > 1), None)
        if condition is None:
            return e
        found = by_condition[condition]
        beside = [(choice, term * _Term(1, {choice: -1})) for choice, term in found]
        yes = self.without_zeros(_sum([self._written(term * self._term(choice.yes)) for choice, term in beside]))
        no = self.without_zeros(_sum([self._written(term * self._term(choice.no)) for choice, term in beside]))
        rest = [self._written(term) for term in terms if all(term is not old for _, old in found)]
        return self.in_one_case(_sum([Choice(condition, yes, no), *rest]))

    def _sorted(self, terms: list[_Term]) -> list[_Term]:
        """Numbers last; terms of one name each in the author's order, all others as they came."""
        linear = all(len(t.factors) <= 1 and all(isinstance(f, Symbol) for f in t.factors) for t in terms)

        def key(term: _Term) -> tuple[bool, int, float]:
            (factor, exponent) = next(iter(term.factors.items()), (ONE, 0))
            return not term.factors, self.of(factor) if linear else 0, -float(exponent) if linear else 0

        return sorted(terms, key=key)

    def _common_outside(self, terms: list[_Term]) -> Expression:
        common = [f for f in terms[0].factors if isinstance(f, Call)] if len(terms) > 1 else []
        for factor in common:
            n = terms[0].factors[factor]
            if all(term.factors.get(factor) == n for term in terms):
                outside = _Term(1, {factor: n})
                inside = [self._written(term * outside.power(-1)) for term in terms]
                return self._written(_Term(1, {self.collected(_sum(inside)): 1, factor: n}))
        return _sum([self._written(term) for term in terms])

    def _spread(self, e: Expression) -> tuple[Expression, ...]:
        """A sum, or a number times a sum, as its terms."""
        if isinstance(e, Sum):
            return e.terms
        term = self._term(e)
        ((factor, exponent), *others) = [*term.factors.items()] or [(ONE, 1)]
        if isinstance(factor, Sum) and exponent == 1 and not others:
            return tuple(self._written(_Term(term.number) * self._term(part)) for part in factor.terms)
        return (e,)

    # Terms

    def _term(self, e: Expression) -> _Term:
        match e:
            case Number(value):
                return _Term(value)
            case Negative(operand):
                return _Term(-1) * self._term(operand)
            case Product(factors):
                result = _Term()
                for factor in factors:
                    result = result * self._term(factor)
                return result
            case Quotient(over, under):
                below = self._term(under)
                if below.number == 0:
                    return _Term(1, {Quotient(self.one(over), self.one(under)): 1})
                return self._term(over) * below.power(-1)
            case Power(base, Number(int(n))) if n and self._term(base).number:
                return self._term(base).power(n)
            case Power(base, Number(value)) if isinstance(value, float | Fraction) and isfinite(value):
                return _Term(1, {self.one(base): value})
            case Power(base, exponent):
                return _Term(1, {Power(self.one(base), self.one(exponent)): 1})
            case _:
                plain = self.one(e)
                return _Term(1, {plain: 1}) if isinstance(plain, Sum) or plain == e else self._term(plain)

    def _written(self, term: _Term) -> Expression:
        if term.number == 0:
            return ZERO
        factors = sorted(term.factors.items(), key=lambda item: self.key(item[0]))
        above = [_raised(factor, n) for factor, n in factors if n > 0]
        below = [_raised(factor, -n) for factor, n in factors if n < 0]
        number = -term.number if term.number < 0 else term.number
        if isinstance(number, Fraction) and (below or number not in FRACTIONS):
            below = [Number(number.denominator), *below]
            number = number.numerator
        over = _product([*([Number(number)] if number != 1 or not above else []), *above])
        result = Quotient(over, _product(below)) if below else over
        return Negative(result) if term.number < 0 else result


def _negated(e: Expression) -> Expression:
    return e.operand if isinstance(e, Negative) else Negative(e)


def _complement(e: Expression) -> Expression:
    """1 − e, for a function."""
    return Sum((ONE, Negative(e))) if isinstance(e, Call) else e


def _added_to_one(e: Expression) -> Call | None:
    """The exponential in 1 + eˣ."""
    match e:
        case Sum((Number(1), Call("exp") as exponential)) | Sum((Call("exp") as exponential, Number(1))):
            return exponential
    return None


def _stands_in_front(e: Expression) -> bool:
    """Whether a factor is a function of more than a name, whose brackets close it, perhaps with a sign."""
    bare = e.operand if isinstance(e, Negative) else e
    return isinstance(bare, Call) and any(not isinstance(argument, Symbol) for argument in bare.arguments)


def _power(number: _Numeric, n: int) -> _Numeric:
    """A power of a number, exact where it is short; n < 0 only for numbers other than 0."""
    short = abs(n) <= _LARGEST_EXPONENT and -_LARGEST_BASE <= number <= _LARGEST_BASE
    if isinstance(number, float) or not short:
        with np.errstate(all="ignore"):
            return float(np.float64(number) ** n)
    return _exact(Fraction(number) ** n)


def _exact(number: _Numeric) -> _Numeric:
    return int(number) if isinstance(number, Fraction) and number.denominator == 1 else number


def _raised(factor: Expression, exponent: _Numeric) -> Expression:
    return factor if exponent == 1 else Power(factor, Number(exponent))


def _product(factors: Sequence[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _sum(terms: Sequence[Expression]) -> Expression:
    flat = [part for term in terms for part in (term.terms if isinstance(term, Sum) else (term,))]
    return ZERO if not flat else flat[0] if len(flat) == 1 else Sum(tuple(flat))
