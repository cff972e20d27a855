"""The value of an expression: of numbers to check a line, of traced values to derive it by the registered rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import matmul, mul
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.explain.algebra.composite import COMPOSITES
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
from chainrule.explain.notation.infix import write
from chainrule.ops.value import apply

Values = Mapping[Expression, Any]
"""What the symbols and derivatives in an expression stand for: numbers, arrays or traced values."""


def _all(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *arguments: reduce(function, arguments)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "ln": np.log, "log1p": np.log1p,
    "log2": np.log2, "log10": np.log10,
    "sqrt": np.sqrt, "erf": ops.erf, "abs": np.abs, "sign": np.sign, "floor": np.floor,
    "σ": ops.sigmoid, "softplus": ops.softplus, "relu": ops.relu,
    "softmax": ops.softmax, "log_softmax": ops.log_softmax,
    "max": _all(np.maximum), "min": _all(np.minimum), "constant": ops.stop_gradient,
    "sum": np.sum, "mean": np.mean, "logsumexp": ops.logsumexp,
}  # fmt: skip
"""What the functions on a board are called, and how the engine computes them."""

ALONG = {"softmax", "log_softmax", "logsumexp", "sum", "mean"}
"""Those of them that take an array."""

ON_BOARD: dict[str, Callable[..., Any]] = FUNCTIONS | {op.name: partial(apply, op) for op in COMPOSITES}
"""The same, with every composite function one operation, as derivations are written."""

ARGUMENTS = {"max": 2, "min": 2}
"""How many arguments these take at least; every other function takes exactly one."""

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal,
    "=": np.equal, "≠": np.not_equal, "∧": np.logical_and, "∨": np.logical_or,
}  # fmt: skip


def evaluate(e: Expression, values: Values, functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> Any:
    """The value of an expression, computed in the order in which it is written.

    Args:
        e: any expression without subscripts.
        values: for every symbol and derivative in it a number, array or traced value.
        functions: what the names of functions mean, `FUNCTIONS` or `ON_BOARD`.

    Raises:
        ArgumentError: a symbol or derivative has no value.
    """

    with np.errstate(all="ignore"):
        return _value(e, values, functions)


def _value(e: Expression, values: Values, functions: Mapping[str, Callable[..., Any]]) -> Any:
    def of(part: Expression) -> Any:
        return _value(part, values, functions)

    match e:
        case Number(value):
            return np.float64(value)  # 1/0 is infinite, and no power of numbers takes long
        case Symbol() | Derivative():
            if e not in values:
                raise ArgumentError(f"{write(e)} has no value; known are {', '.join(map(write, values))}")
            return values[e]
        case Sum(terms):
            total = of(terms[0])
            for term in terms[1:]:
                total = total - of(term.operand) if isinstance(term, Negative) else total + of(term)
            return total
        case Product(factors) | ElementwiseProduct(factors):
            return reduce(mul, map(of, factors))
        case MatrixProduct(factors):
            return reduce(matmul, map(of, factors))
        case Quotient(over, under):
            return of(over) / of(under)
        case Power(base, exponent):
            return of(base) ** of(exponent)
        case Negative(operand):
            return -of(operand)
        case Transpose(operand):
            return np.transpose(of(operand))
        case Call(function, arguments):
            return functions[function](*map(of, arguments))
        case Choice(condition, yes, no):
            return np.where(of(condition), of(yes), of(no))
        case Relation(symbol, left, right):
            return RELATIONS[symbol](of(left), of(right))
        case _:
            raise TypeError(f"{type(e).__name__} has no value of its own")
