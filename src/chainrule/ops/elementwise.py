"""Elementwise mathematics: one record for each operation, its derivative rule one line of NumPy.

In the rules x (and a, b) are the operands, y is the result and g the cotangent of y. Values at kinks: |x|′ = 0 at 0;
where maximum or minimum tie, each side gets half.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import NO_TRAITS, DerivativeRule, Kind, Op, Trait, register
from chainrule.ops.convert import broadcast, common_dtype, dtype_of, fit, loop_dtypes, match, match_loop, shape_of
from chainrule.ops.special import erf as _erf_of_array
from chainrule.ops.value import ArrayLike, Value, apply, implements, implements_named, known_number, lift, refuse
from chainrule.types import Array, ArrayType, broadcast_shapes, holds

_BOOL = np.dtype(bool)
_UINT64 = np.dtype(np.uint64)


def _same_type(*operands: ArrayType, **attributes: Any) -> ArrayType:
    first = operands[0]
    if any(operand != first for operand in operands):
        raise ArgumentError(f"elementwise operands must have one type, got {', '.join(map(str, operands))}")
    return first


def _number_type(*operands: ArrayType) -> ArrayType:
    if operands[0].dtype == _BOOL:
        raise ArgumentError(
            "bool operands have no difference, negative or sign; use logical_not or logical_and, or cast to a number"
        )
    return _same_type(*operands)


def _bool_type(*operands: ArrayType) -> ArrayType:
    return ArrayType(_same_type(*operands).shape, _BOOL)


def _elementwise(
    name: str,
    formula: str,
    function: Callable[..., Array],
    *rules: DerivativeRule | None,
    infer: Any = _same_type,
    traits: Trait = NO_TRAITS,
) -> Op:
    return register(Op(name, Kind.ELEMENTWISE, formula, infer, function, rules, traits))


# Arithmetic

ADD = _elementwise("add", "{0} + {1}", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
SUBTRACT = _elementwise(
    "subtract", "{0} − {1}", np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g, infer=_number_type
)
MULTIPLY = _elementwise("multiply", "{0}·{1}", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
DIVIDE = _elementwise(
    "divide", "{0} / {1}", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b, traits=Trait.COSTLY
)
NEGATIVE = _elementwise("negative", "−{0}", np.negative, lambda g, y, x: -g, infer=_number_type)


def _power(a: Array, b: Array) -> Array:
    """aᵇ; one exponent for all elements, the usual case, takes NumPy's short cuts for 2, ½ and −1."""
    one_exponent = b.size > 0 and not any(b.strides) and b.dtype.kind == "f"
    result: Array = a ** float(b.flat[0]) if one_exponent else np.power(a, b)
    return result


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d aᵇ/da = b aᵇ⁻¹, and 0 for a = b = 0, where aᵇ⁻¹ is infinite."""
    n = known_number(b)
    if n is not None:
        return g * (n * a ** (n - 1)) if n else np.zeros_like(a)
    return g * (b * np.where((a == 0) & (b == 0), 1, a) ** (b - 1))


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """d aᵇ/db = aᵇ ln a, and 0 for a = 0, where ln a is infinite."""
    return g * y * np.log(np.where(a == 0, 1, a))


POWER = _elementwise("power", "{0}^{1}", _power, _power_base, _power_exponent, traits=Trait.COSTLY)

# Functions of one variable

EXP = _elementwise("exp", "exp {0}", np.exp, lambda g, y, x: g * y, traits=Trait.COSTLY)
EXPM1 = _elementwise("expm1", "expm1 {0}", np.expm1, lambda g, y, x: g * np.exp(x), traits=Trait.COSTLY)
LOG = _elementwise("log", "log {0}", np.log, lambda g, y, x: g / x, traits=Trait.COSTLY)
LOG1P = _elementwise("log1p", "log1p {0}", np.log1p, lambda g, y, x: g / (1 + x), traits=Trait.COSTLY)
LOG2 = _elementwise("log2", "log2 {0}", np.log2, lambda g, y, x: g * (1 / log(2)) / x, traits=Trait.COSTLY)
LOG10 = _elementwise("log10", "log10 {0}", np.log10, lambda g, y, x: g * (1 / log(10)) / x, traits=Trait.COSTLY)
SQRT = _elementwise("sqrt", "√{0}", np.sqrt, lambda g, y, x: g / (2 * y), traits=Trait.COSTLY)
SIN = _elementwise("sin", "sin {0}", np.sin, lambda g, y, x: g * np.cos(x), traits=Trait.COSTLY)
COS = _elementwise("cos", "cos {0}", np.cos, lambda g, y, x: -g * np.sin(x), traits=Trait.COSTLY)
TAN = _elementwise("tan", "tan {0}", np.tan, lambda g, y, x: g * (1 + y * y), traits=Trait.COSTLY)
ARCTAN = _elementwise("arctan", "arctan {0}", np.arctan, lambda g, y, x: g / (1 + x * x), traits=Trait.COSTLY)
TANH = _elementwise("tanh", "tanh {0}", np.tanh, lambda g, y, x: g * (1 - y * y), traits=Trait.COSTLY)
SINH = _elementwise("sinh", "sinh {0}", np.sinh, lambda g, y, x: g * np.cosh(x), traits=Trait.COSTLY)
COSH = _elementwise("cosh", "cosh {0}", np.cosh, lambda g, y, x: g * np.sinh(x), traits=Trait.COSTLY)
ERF = _elementwise(
    "erf", "erf {0}", _erf_of_array, lambda g, y, x: g * (2 / sqrt(pi)) * np.exp(-x * x), traits=Trait.COSTLY
)
ABS = _elementwise("abs", "|{0}|", np.abs, lambda g, y, x: g * np.sign(x))
SIGN = _elementwise("sign", "sign {0}", np.sign, None, infer=_number_type)
FLOOR = _elementwise("floor", "⌊{0}⌋", np.floor, None, traits=Trait.COSTLY)
STOP_GRADIENT = _elementwise("stop_gradient", "constant {0}", np.copy, None)

# Choices


def _if_chosen(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of `a` where y = max(a, b) or min(a, b): all of g if a alone was chosen, half of it in a tie."""
    return np.where(a == y, np.where(b == y, g / 2, g), 0)


_CHOICE = (_if_chosen, lambda g, y, a, b: _if_chosen(g, y, b, a))
MAXIMUM = _elementwise("maximum", "max({0}, {1})", np.maximum, *_CHOICE)
MINIMUM = _elementwise("minimum", "min({0}, {1})", np.minimum, *_CHOICE)
LESS = _elementwise("less", "{0} < {1}", np.less, None, None, infer=_bool_type, traits=Trait.COMPARISON)
LESS_EQUAL = _elementwise(
    "less_equal", "{0} ≤ {1}", np.less_equal, None, None, infer=_bool_type, traits=Trait.COMPARISON
)
EQUAL = _elementwise("equal", "{0} = {1}", np.equal, None, None, infer=_bool_type, traits=Trait.COMPARISON)
NOT_EQUAL = _elementwise("not_equal", "{0} ≠ {1}", np.not_equal, None, None, infer=_bool_type, traits=Trait.COMPARISON)
AND = _elementwise("and", "{0} ∧ {1}", np.logical_and, None, None, infer=_bool_type, traits=Trait.LOGICAL)
OR = _elementwise("or", "{0} ∨ {1}", np.logical_or, None, None, infer=_bool_type, traits=Trait.LOGICAL)
NOT = _elementwise("not", "¬{0}", np.logical_not, None, infer=_bool_type, traits=Trait.LOGICAL)


def _where_type(condition: ArrayType, a: ArrayType, b: ArrayType) -> ArrayType:
    if condition.dtype != _BOOL or condition.shape != a.shape:
        raise ArgumentError(f"where needs a condition of type bool and shape {a.shape}, got {condition}")
    return _same_type(a, b)


WHERE = _elementwise(
    "where",
    "{1} if {0} else {2}",
    np.where,
    None,
    lambda g, y, c, a, b: np.where(c, g, 0),
    lambda g, y, c, a, b: np.where(c, 0, g),
    infer=_where_type,
)


# The NumPy functions that these records stand for: operands are brought to one type first.


def _implement(op: Op, ufunc: np.ufunc) -> None:
    @implements(ufunc)
    def function(*operands: ArrayLike) -> Any:
        return apply(op, *match_loop(ufunc, *operands))


_UFUNCS: dict[Op, np.ufunc] = {
    ADD: np.add,
    SUBTRACT: np.subtract,
    MULTIPLY: np.multiply,
    NEGATIVE: np.negative,
    ABS: np.abs,
    SIGN: np.sign,
    FLOOR: np.floor,
    MAXIMUM: np.maximum,
    MINIMUM: np.minimum,
    DIVIDE: np.divide,
    EXP: np.exp,
    EXPM1: np.expm1,
    LOG: np.log,
    LOG1P: np.log1p,
    LOG2: np.log2,
    LOG10: np.log10,
    SQRT: np.sqrt,
    SIN: np.sin,
    COS: np.cos,
    TAN: np.tan,
    ARCTAN: np.arctan,
    TANH: np.tanh,
    SINH: np.sinh,
    COSH: np.cosh,
}
for _op, _ufunc in _UFUNCS.items():
    _implement(_op, _ufunc)


def _implement_comparison(op: Op, ufunc: np.ufunc) -> None:
    @implements(ufunc)
    def function(a: ArrayLike, b: ArrayLike) -> Any:
        dtypes = loop_dtypes(ufunc, a, b)
        beyond = [_beyond(x, dtype) for x, dtype in zip((a, b), dtypes, strict=True)]
        if any(beyond):
            return broadcast(lift(ufunc(*beyond)), broadcast_shapes(shape_of(a), shape_of(b)))
        return _compare_signs(op, ufunc, a, b) if dtypes[0] != dtypes[1] else apply(op, *match(a, b, dtype=dtypes[0]))


def _beyond(x: ArrayLike, dtype: np.dtype[Any]) -> int:
    """On which side of all integers of a dtype a Python integer lies: −1 or 1; 0 if it is one of them."""
    if type(x) is not int or dtype.kind == "f" or holds(dtype, x):
        return 0
    return 1 if x > 0 else -1


def _compare_signs(op: Op, ufunc: np.ufunc, a: ArrayLike, b: ArrayLike) -> Any:
    """int64 with uint64, exactly: a negative number is below all of the others, and the rest can be uint64."""
    if dtype_of(a).kind == "u":
        below, truth = np.less(b, 0), ufunc(0, -1)
    else:
        below, truth = np.less(a, 0), ufunc(-1, 0)
    return np.where(below, truth, apply(op, *match(a, b, dtype=_UINT64)))


_COMPARISONS = {LESS: np.less, LESS_EQUAL: np.less_equal, EQUAL: np.equal, NOT_EQUAL: np.not_equal}
for _op, _ufunc in _COMPARISONS.items():
    _implement_comparison(_op, _ufunc)


@implements(np.greater)
def _greater(a: ArrayLike, b: ArrayLike) -> Any:
    return np.less(b, a)


@implements(np.greater_equal)
def _greater_equal(a: ArrayLike, b: ArrayLike) -> Any:
    return np.less_equal(b, a)


@implements(np.positive)
def _positive(x: Value) -> Any:
    return match_loop(np.positive, x)[0]


@implements(np.logical_and, np.bitwise_and)
def _and(a: ArrayLike, b: ArrayLike) -> Any:
    return apply(AND, *match(_truth(a), _truth(b)))


@implements(np.logical_or, np.bitwise_or)
def _or(a: ArrayLike, b: ArrayLike) -> Any:
    return apply(OR, *match(_truth(a), _truth(b)))


@implements(np.logical_not, np.invert)
def _not(x: ArrayLike) -> Any:
    return apply(NOT, _truth(x))


def _truth(x: ArrayLike) -> Any:
    if common_dtype(x) != _BOOL:
        raise ArgumentError(
            f"and, or and not need conditions of dtype bool, got {common_dtype(x)}; compare first, as in x != 0"
        )
    return lift(x)


@implements(np.where)
def _where(condition: ArrayLike, *choices: ArrayLike) -> Any:
    if len(choices) != 2:
        alone = "np.where of a condition alone gives positions, as many as it is true"
        refuse(
            "np.where chooses from two arrays" if choices else alone,
            "write np.where(condition, a, b)",
        )
    a, b = choices
    condition = condition if common_dtype(condition) == _BOOL else np.not_equal(condition, 0)
    shape = broadcast_shapes(*map(shape_of, (condition, a, b)))
    dtype = common_dtype(a, b)
    return apply(WHERE, fit(condition, _BOOL, shape), fit(a, dtype, shape), fit(b, dtype, shape))


@implements(np.power)
def _power_of(a: ArrayLike, b: ArrayLike) -> Any:
    base, exponent = match_loop(np.power, a, b)
    if base.dtype.kind != "f":
        _require_whole_powers(b)
    return base if known_number(lift(exponent)) == 1 else apply(POWER, base, exponent)


def _require_whole_powers(exponent: ArrayLike) -> None:
    """Raise ArgumentError unless no exponent of an integer is negative."""
    if isinstance(exponent, Value):
        if exponent.dtype.kind == "i":
            raise ArgumentError(
                "integers have no negative powers, and the exponent, a traced integer, may be negative; make the base "
                "a float, as in x.astype(np.float64) ** n, or the exponent unsigned, as in x ** n.astype(np.uint8)"
            )
    elif np.any(np.less(exponent, 0)):
        raise ArgumentError("integers have no negative powers; make the base a float, as in x.astype(np.float64) ** n")


@implements_named("erf")
def erf(x: ArrayLike) -> Any:
    """The error function 2/√π ∫₀ˣ exp(−t²) dt."""
    return apply(ERF, *match_loop(np.exp, x))


def stop_gradient(x: ArrayLike) -> Any:
    """`x`, taken as a constant by every derivative."""
    return apply(STOP_GRADIENT, x)
