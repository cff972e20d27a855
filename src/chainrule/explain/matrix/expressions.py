"""From nodes of arrays to expressions in matrices, as on paper.

On paper a vector is a column, rows of a batch are the rows of a matrix, and nothing is broadcast: a vector that is
added to every row of a matrix is 1ₙbᵀ, a sum over the rows is Xᵀ1ₙ, with the column 1ₙ of n ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.explain.algebra.evaluate import FUNCTIONS
from chainrule.explain.algebra.from_graph import Names, number, written_operation
from chainrule.explain.expression import (
    Call,
    ElementwiseProduct,
    Expression,
    MatrixProduct,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.explain.notation.names import subscript
from chainrule.graph import CONSTANT, Kind, Node, topological_order
from chainrule.types import Array, Shape


def matrix_expression(output: Node, names: Names, constants: dict[Expression, Array]) -> Expression:
    """The expression in matrices that a node computes from the named nodes.

    Args:
        output: a node of at most two axes.
        names: what some nodes are called, inputs among them; below these the walk does not look.
        constants: arrays that the expression names besides, columns of ones among them, are added here.

    Raises:
        ArgumentError: an operation has no form in matrices; names the line.
    """
    written: dict[Node, Expression] = dict(names)
    for node in topological_order([output], names):
        written[node] = _written(node, [written[operand] for operand in node.operands], constants)
    return written[output]


def on_paper(array: Any) -> Array:
    """An array as it stands on paper: a vector as a column, a number as it is."""
    found: Array = np.asarray(array)
    return np.expand_dims(found, 1) if found.ndim == 1 else found


def _along(function: Callable[..., Any]) -> Callable[[Array], Any]:
    """A function over a column, or over every row of a matrix."""
    return lambda x: function(x, axis=0 if x.shape[1] == 1 else 1)


def _kept(function: Callable[..., Any]) -> Callable[[Array], Any]:
    return lambda x: function(x, axis=0 if x.shape[1] == 1 else 1, keepdims=True)


ON_PAPER = FUNCTIONS | {
    "softmax": _along(ops.softmax),
    "log_softmax": _along(ops.log_softmax),
    "logsumexp": _kept(ops.logsumexp),
    "max of": _kept(np.max),
    "min of": _kept(np.min),
}
"""What functions mean for arrays as they stand on paper; those along an axis take a column or the rows of a matrix."""


def _shape(shape: Shape) -> Shape:
    return (shape[0], 1) if len(shape) == 1 else shape


def _written(node: Node, operands: Sequence[Expression], constants: dict[Expression, Array]) -> Expression:
    if len(node.type.shape) > 2:
        raise _no_form(node)
    if node.op is CONSTANT:
        array = node.keywords["value"].array
        return number(array) if array.size == 1 else _named(array, constants)
    form = _FORMS.get(node.op.name)
    if form is None:
        return written_operation(node, operands)
    return form(node, operands, constants)


def _named(array: Array, constants: dict[Expression, Array]) -> Expression:
    for name, known in constants.items():
        if known is array:
            return name
    name = Symbol("c" + subscript(str(len(constants) + 1)))
    constants[name] = array
    return name


def _ones(count: int, constants: dict[Expression, Array]) -> Expression:
    name = Symbol("1" + subscript(str(count)))
    constants[name] = np.ones(count)
    return name


def _no_form(node: Node) -> ArgumentError:
    return ArgumentError(
        f"{node.origin}: {node.op.name} of {node.type} has no form in matrices, which are products, sums and "
        "elementwise functions of vectors and matrices; differentiate with respect to one element of "
        'an input instead, as in wrt="x[2]"'
    )


# The forms of operations; each takes (node, operands, constants)


def _add(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    a, b = operands
    return Sum((*a.terms, b) if isinstance(a, Sum) else (a, b))


def _subtract(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    a, b = operands
    return _add(node, (a, b.operand if isinstance(b, Negative) else Negative(b)), _)


def _multiply(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    """A product with a number, or elementwise; signs and numbers go in front, where they become one."""
    factor, rest = _numbers_of(operands)
    if any(map(_is_scalar, node.operands)):
        flat = [part for e in rest for part in (e.factors if isinstance(e, Product) else (e,))]
        return _scaled(factor, flat)
    factors: list[Expression] = []
    for e in rest:
        for part in e.factors if isinstance(e, ElementwiseProduct) else (e,):
            if factors and factors[-1] == part:
                factors[-1] = Power(part, Number(2))
            else:
                factors.append(part)
    return _scaled(factor, [factors[0] if len(factors) == 1 else ElementwiseProduct(tuple(factors))])


def _numbers_of(operands: Sequence[Expression]) -> tuple[int | Fraction | float, list[Expression]]:
    """The numbers and signs in front of factors, as one number, exact if all are, and what is left of the factors."""
    number_: int | Fraction | float = 1
    rest: list[Expression] = []
    for e in operands:
        if isinstance(e, Negative):
            number_, e = -number_, e.operand
        if isinstance(e, Quotient) and isinstance(e.under, Number) and e.under.value:
            number_, e = number_ * _quotient(1, e.under.value).value, e.over
        if isinstance(e, Product) and isinstance(e.factors[0], Number):
            number_ *= e.factors[0].value
            e = e.factors[1] if len(e.factors) == 2 else Product(e.factors[1:])
        if isinstance(e, Number):
            number_ *= e.value
        else:
            rest.append(e)
    return number_, rest


def _scaled(factor: int | Fraction | float, rest: Sequence[Expression]) -> Expression:
    """A number times factors; 1 is not written, and a sign goes in front."""
    front = [_quotient(factor if factor > 0 else -factor, 1)] if abs(factor) != 1 or not rest else []
    factors = (*front, *rest)
    result = factors[0] if len(factors) == 1 else Product(factors)
    return Negative(result) if factor < 0 else result


def _quotient(over: int | Fraction | float, under: int | Fraction | float) -> Number:
    """A quotient of two numbers as one, exact if both are."""
    if isinstance(over, float) or isinstance(under, float):
        return number(over / under)
    exact = Fraction(over) / under
    return Number(int(exact) if exact.denominator == 1 else exact)


def collected(e: Expression) -> Expression:
    """A sum in which terms that differ in their number only are one; any other expression as it is."""
    numbers: dict[tuple[Expression, ...], int | Fraction | float] = {}
    for term in e.terms if isinstance(e, Sum) else ():
        factor, rest = _numbers_of([term])
        numbers[tuple(rest)] = numbers.get(tuple(rest), 0) + factor
    if not isinstance(e, Sum) or len(numbers) == len(e.terms):
        return e
    terms = [_scaled(factor, rest) for rest, factor in numbers.items() if factor]
    return Sum(tuple(terms)) if len(terms) > 1 else terms[0] if terms else Number(0)


def _is_scalar(node: Node) -> bool:
    """Whether a node is one number, perhaps repeated."""
    repeats = node.op.kind is Kind.ELEMENTWISE or node.op.name in ("broadcast", "reshape", "transpose")
    return node.type.size == 1 or (repeats and all(map(_is_scalar, node.operands)))


def _negative(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    (x,) = operands
    return x.operand if isinstance(x, Negative) else Negative(x)


def _divide(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    a, b = operands
    if isinstance(b, Number) and b.value:
        factor, rest = _numbers_of([a])
        if not rest or factor not in (1, -1):
            return _scaled(_quotient(factor, b.value).value, rest)
    return Negative(Quotient(a.operand, b)) if isinstance(a, Negative) else Quotient(a, b)


def _matmul(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    numbers = [e for e, operand in zip(operands, node.operands, strict=True) if _was_number(operand)]
    return _multiply(node, [*numbers, *(e for e in operands if e not in numbers)], _) if numbers else product(operands)


def _was_number(node: Node) -> bool:
    """Whether a matrix of one element is a number that was given axes, as that which a product of vectors is."""
    while node.type.shape and node.op.name in ("reshape", "broadcast", "transpose"):
        (node,) = node.operands
    return not node.type.shape


def product(operands: Sequence[Expression]) -> Expression:
    """A B C; signs and numbers go in front."""
    factor, rest = _numbers_of(operands)
    flat = [part for e in rest for part in (e.factors if isinstance(e, MatrixProduct) else (e,))]
    return _scaled(factor, [flat[0] if len(flat) == 1 else MatrixProduct(tuple(flat))])


def transposed(e: Expression) -> Expression:
    """eᵀ, by (AB)ᵀ = BᵀAᵀ and (Aᵀ)ᵀ = A."""
    match e:
        case Transpose(operand):
            return operand
        case MatrixProduct(factors):
            return MatrixProduct(tuple(map(transposed, reversed(factors))))
        case Negative(operand):
            return Negative(transposed(operand))
        case Product((Number() as first, rest)):
            return Product((first, transposed(rest)))
        case Product(factors) if any(isinstance(factor, Transpose) for factor in factors):  # the others are numbers
            return Product(tuple(factor.operand if isinstance(factor, Transpose) else factor for factor in factors))
        case Number():
            return e
        case _:
            return Transpose(e)


def _transpose(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    return operands[0] if _is_scalar(node) else transposed(operands[0])


def _reshape(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    """Columns become rows or stay what they are; numbers are numbers."""
    before, after = _shape(node.operands[0].type.shape), _shape(node.type.shape)
    if before == after or _is_scalar(node):
        return operands[0]
    if before == after[::-1] and 1 in before:
        return transposed(operands[0])
    raise _no_form(node)


def _broadcast(node: Node, operands: Sequence[Expression], constants: dict[Expression, Array]) -> Expression:
    source, (x,) = node.operands[0].type, operands
    if _is_scalar(node):
        return x
    rows, columns = _shape(node.type.shape)
    if source.shape in ((columns,), (1, columns)):
        return product([_ones(rows, constants), transposed(x) if len(source.shape) == 1 else x])
    return product([x, transposed(_ones(columns, constants))])


def _sum(node: Node, operands: Sequence[Expression], constants: dict[Expression, Array]) -> Expression:
    shape, (x,) = node.operands[0].type.shape, operands
    axes = node.keywords["axis"]
    if len(axes) == len(shape):
        return Call("sum", (x,))
    ones = _ones(shape[axes[0]], constants)
    return product([transposed(x), ones] if axes == (0,) else [x, ones])


def _along_last(node: Node, operands: Sequence[Expression], _: Any) -> Expression:
    shape = node.operands[0].type.shape
    axes = node.keywords.get("axis", (len(shape) - 1,))
    if axes != (len(shape) - 1,) or (len(shape) == 2 and shape[1] == 1):
        raise _no_form(node)
    name = {"max": "max of", "min": "min of"}.get(node.op.name, node.op.name)
    return Call(name, tuple(operands))


_FORMS: Mapping[str, Callable[[Node, Sequence[Expression], Any], Expression]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "negative": _negative,
    "divide": _divide,
    "matmul": _matmul,
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "sum": _sum,
    "softmax": _along_last,
    "log_softmax": _along_last,
    "logsumexp": _along_last,
    "max": _along_last,
    "min": _along_last,
}
