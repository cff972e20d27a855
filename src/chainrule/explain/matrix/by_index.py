"""Why the transpose: a matrix rule derived from its indices.

    Cᵢⱼ = Σₖ AᵢₖBₖⱼ     every Cᵢⱼ of row i holds Aᵢₖ, times Bₖⱼ     ∂L/∂Aᵢₖ = Σⱼ GᵢⱼBₖⱼ = (GBᵀ)ᵢₖ

The factors may be transposed. A vector is a column and has one index; the other one is gone from all factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product as every

import numpy as np

from chainrule.errors import DerivationError
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.expression import (
    Expression,
    Indexed,
    MatrixProduct,
    Product,
    Summation,
    Transpose,
)
from chainrule.explain.matrix.expressions import transposed
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Check, Line, Rule
from chainrule.types import Array

_LENGTHS = {"i": 2, "k": 3, "j": 4}  # of random arrays on which a rule is checked; 1 along an index that is gone


@dataclass(frozen=True)
class _Place:
    """A symbol or its transpose in a product, with the indices of its row and its column there."""

    factor: Expression
    row: str
    across: str

    @property
    def base(self) -> Expression:
        """The symbol."""
        return _bare(self.factor)

    @property
    def indices(self) -> tuple[str, str]:
        """Those of the symbol: of what is transposed they stand the other way."""
        return (self.across, self.row) if isinstance(self.factor, Transpose) else (self.row, self.across)

    @property
    def column(self) -> str:
        """The second index of the symbol, which a vector does not have."""
        return self.indices[1]

    def there(self, gone: frozenset[str]) -> tuple[str, ...]:
        """The indices that are left."""
        return tuple(index for index in self.indices if index not in gone)

    def element(self, gone: frozenset[str]) -> Expression:
        """The element of the symbol."""
        return _element(self.base, self.there(gone))


def by_index(
    result: Expression,
    left: Expression,
    right: Expression,
    wrt: Expression,
    duals: tuple[Expression, Expression],
    vectors: frozenset[Expression],
) -> tuple[Line, ...]:
    """The derivative with respect to a factor of result = left right, derived from the indices and checked on numbers.

    Args:
        result: the symbol of the product.
        left: a symbol or its transpose.
        right: the same.
        wrt: the symbol of the factor to differentiate with respect to.
        duals: what stands for the derivatives with respect to the product and to the factor.
        vectors: which of the symbols have one axis.

    Returns:
        The product by index, the derivative as a sum over the elements that hold the factor, and as a matrix product.

    Raises:
        DerivationError: the sum is not the matrix product.
    """
    of_product, of_factor = duals
    by_left = _bare(left) == wrt
    places = {result: _Place(result, "i", "j"), left: _Place(left, "i", "k"), right: _Place(right, "k", "j")}
    gone = frozenset(place.column for place in places.values() if place.base in vectors)
    first, second = places[left].element(gone), places[right].element(gone)
    sought, other = (places[left], places[right]) if by_left else (places[right], places[left])
    dual = _Place(of_product, "i", "j")
    summed = _summed("j" if by_left else "i", Product((dual.element(gone), other.element(gone))))
    rule = transposed(right) if by_left else transposed(left)
    matrix: Expression = MatrixProduct((of_product, rule) if by_left else (rule, of_product))
    matrix = transposed(matrix) if isinstance(left if by_left else right, Transpose) else matrix
    indices = sought.there(gone)
    check = _check(summed, matrix, indices, (dual, other), gone)
    element, derivative = places[result].element(gone), _element(of_factor, indices)
    return (
        Line(Rule.INTERMEDIATE, _summed("k", Product((first, second))), left=element),
        Line(Rule.INTERMEDIATE, summed, check=check, left=derivative),
        Line(Rule.INTERMEDIATE, _element(matrix, indices), check=check, left=derivative),
    )


def _bare(e: Expression) -> Expression:
    return e.operand if isinstance(e, Transpose) else e


def _element(e: Expression, indices: tuple[str, ...]) -> Expression:
    return Indexed(e, indices) if indices else e


def _summed(index: str, body: Product) -> Expression:
    """Σ over an index, if it is there at all."""
    there = any(isinstance(factor, Indexed) and index in factor.indices for factor in body.factors)
    return Summation(index, body) if there else body


def _check(
    summed: Expression, matrix: Expression, at: tuple[str, ...], places: tuple[_Place, _Place], gone: frozenset[str]
) -> Check:
    """Compare a sum by index with a matrix product, on random arrays."""
    random = np.random.default_rng(0)
    paper = {
        place.base: random.standard_normal([1 if index in gone else _LENGTHS[index] for index in place.indices])
        for place in places
    }
    arrays = {
        place.base: paper[place.base].reshape([_LENGTHS[index] for index in place.there(gone)]) for place in places
    }
    expected = np.asarray(evaluate(matrix, paper))
    lengths = [_LENGTHS[index] for index in at]
    if expected.size != np.prod(lengths):
        raise DerivationError(f"{write(matrix)} has the shape {expected.shape}, but {write(summed)} has {lengths}")
    expected = expected.reshape(lengths)
    worst = 0.0
    for place in every(*map(range, lengths)):
        value = _value(summed, arrays, dict(zip(at, place, strict=True)))
        worst = max(worst, abs(value - expected[place]) / (1 + abs(value)))
    if worst > 1e-12:
        raise DerivationError(f"{write(matrix)} is not {write(summed)}: they differ by {worst:.3g} on random arrays")
    return Check(int(expected.size), float(worst))


def _value(e: Expression, arrays: dict[Expression, Array], at: dict[str, int]) -> float:
    match e:
        case Summation(index, body):
            return sum(_value(body, arrays, {**at, index: n}) for n in range(_LENGTHS[index]))
        case Product(factors):
            return float(np.prod([_value(factor, arrays, at) for factor in factors]))
        case Indexed(base, indices):
            return float(arrays[base][tuple(at[str(index)] for index in indices)])
        case _:
            return float(arrays[e])
