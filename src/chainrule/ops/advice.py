"""What to write instead of the NumPy functions that cannot be traced, for those that people try most.

A formula is code in x, y and weights. It has the value, the slope and the dtype of the function, up to rounding, at
hard points too: the tests evaluate every one. Where no short formula has, none is given.
"""

from __future__ import annotations

_MATMUL = "write it with @, np.reshape and np.transpose"
_OUTSIDE = "compute it outside the function and pass the result as an argument"
_COUNTED = "it has a size or an order that depends on the numbers; " + _OUTSIDE
_SORTED = "index with positions that np.argsort gave outside the function"

FORMULAS = {
    "arctanh": "0.5 * (np.log1p(x) - np.log1p(-x))",
    "average": "np.sum(weights * x) / np.sum(weights)",
    "ceil": "-np.floor(-x)",
    "cumsum": "np.stack([np.sum(x[: i + 1]) for i in range(len(x))])",
    "diff": "x[..., 1:] - x[..., :-1]",
    "exp2": "2.0**x",
    "float_power": "x.astype(np.float64) ** y",
    "trace": "np.sum(x[np.arange(len(x)), np.arange(len(x))])",
    "tril": "np.where(np.tri(*x.shape[-2:], dtype=bool), x, 0)",
    "triu": "np.where(np.tri(*x.shape[-2:], k=-1, dtype=bool), 0, x)",
}
ADVICE = {name: f"write {formula}" for name, formula in FORMULAS.items()} | {
    "cross": "write out its three components and np.stack them",
    "einsum": _MATMUL,
    "linalg.inv": _OUTSIDE,
    "linalg.solve": _OUTSIDE,
    "median": _SORTED,
    "nonzero": _COUNTED,
    "pad": "write np.concatenate with zeros",
    "repeat": "write np.take with repeated positions",
    "sort": _SORTED,
    "tensordot": _MATMUL,
    "tile": "write np.broadcast_to, then np.reshape",
    "unique": _COUNTED,
}


def advice(name: str) -> str:
    """What to do instead of the NumPy function `name`, given without np."""
    known = ADVICE.get(name)
    return known or f"docs/reference.md lists the functions that can; write it with those, or {_OUTSIDE}"
