"""Alternatives to NumPy functions that cannot be traced, for those that people try most.

A formula is code in x, y and weights. It has the value, the slope and the dtype of the function, up to rounding, at
hard points too: the tests evaluate every one. It is given only for calls that it fits, since NumPy's functions mean
something else with an axis, an order, an offset, or other ranks. Where no short formula has, none is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any, NamedTuple

_MATMUL = "write it with @, np.reshape and np.transpose"
_OUTSIDE = "compute it outside the function and pass the result as an argument"
_COUNTED = "it has a size or an order that depends on the numbers; " + _OUTSIDE
_SORTED = "index with positions that np.argsort gave outside the function"


class Formula(NamedTuple):
    """What to write instead of some calls of a function.

    `fits` takes the arguments of those calls, no others, and says whether their shapes are among those. The first
    is an array of floats.
    """

    text: str
    fits: Callable[..., bool]


def _always(x: Any) -> bool:
    return True


def _matrices(x: Any) -> bool:
    return bool(x.ndim >= 2)


FORMULAS = {
    "arctanh": Formula("0.5 * (np.log1p(x) - np.log1p(-x))", _always),
    "average": Formula(
        "np.sum(weights * x) / np.sum(weights)", lambda x, *, weights: getattr(weights, "shape", None) == x.shape
    ),
    "ceil": Formula("-np.floor(-x)", _always),
    "cumsum": Formula(
        "np.stack([np.sum(x[: i + 1]) for i in range(len(x))])", lambda x: x.ndim == 1 and x.shape[0] > 0
    ),
    "diff": Formula("x[..., 1:] - x[..., :-1]", lambda x: x.ndim > 0),
    "exp2": Formula("2.0**x", _always),
    "float_power": Formula("x.astype(np.float64) ** y", lambda x, y: True),
    "trace": Formula(
        "np.sum(x[np.arange(len(x)), np.arange(len(x))])", lambda x: x.ndim == 2 and x.shape[0] <= x.shape[1]
    ),
    "tril": Formula("np.where(np.tri(*x.shape[-2:], dtype=bool), x, 0)", _matrices),
    "triu": Formula("np.where(np.tri(*x.shape[-2:], k=-1, dtype=bool), 0, x)", _matrices),
}
ADVICE = {
    "cross": "write out its three components and np.stack them",
    "einsum": _MATMUL,
    "linalg.inv": _OUTSIDE,
    "linalg.solve": _OUTSIDE,
    "median": _SORTED,
    "nonzero": _COUNTED,
    "pad": "write np.concatenate with the values that pad it",
    "repeat": "write np.take with repeated positions",
    "sort": _SORTED,
    "tensordot": _MATMUL,
    "tile": "write np.broadcast_to, then np.reshape",
    "unique": _COUNTED,
}


def advice(name: str, arguments: Sequence[Any] = (), keywords: Mapping[str, Any] | None = None) -> str:
    """What to do instead of a call of the NumPy function `name`, given without np., or of an array's method."""
    formula = FORMULAS.get(name)
    if formula and _fits(formula, arguments, keywords or {}):
        return f"write {formula.text}"
    known = ADVICE.get(name)
    return known or f"docs/reference.md lists the functions that can; write it with those, or {_OUTSIDE}"


def _fits(formula: Formula, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    try:
        signature(formula.fits).bind(*arguments, **keywords)
    except TypeError:
        return False
    dtype = getattr(arguments[0], "dtype", None)
    return dtype is not None and dtype.kind == "f" and formula.fits(*arguments, **keywords)
