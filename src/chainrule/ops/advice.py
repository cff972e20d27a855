"""What to write instead of the NumPy functions that cannot be traced, for those that people try most."""

from __future__ import annotations

_MATMUL = "write it with @, np.reshape and np.transpose"
_OUTSIDE = "compute it outside the function and pass the result as an argument"
_COUNTED = "it has a size or an order that depends on the numbers; " + _OUTSIDE

ADVICE = {
    "arccos": "write np.pi / 2 - np.arctan(x / np.sqrt(1 - x * x))",
    "arcsin": "write np.arctan(x / np.sqrt(1 - x * x))",
    "arcsinh": "write np.log(x + np.sqrt(x * x + 1))",
    "arctan2": "write np.arctan(y / x), with np.where to choose the quadrant",
    "arctanh": "write 0.5 * (np.log1p(x) - np.log1p(-x))",
    "average": "write np.sum(weights * x) / np.sum(weights)",
    "ceil": "write -np.floor(-x)",
    "cross": "write out its three components and np.stack them",
    "cumprod": "write np.exp of a cumulative sum of logarithms",
    "cumsum": "write x @ np.triu(np.ones((n, n)))",
    "diff": "write x[1:] - x[:-1]",
    "einsum": _MATMUL,
    "exp2": "write 2.0**x",
    "float_power": "write x**y",
    "floor_divide": "write np.floor(x / y)",
    "linalg.inv": _OUTSIDE,
    "linalg.solve": _OUTSIDE,
    "median": "use np.mean, or sort outside the function and index",
    "nonzero": _COUNTED,
    "pad": "write np.concatenate with zeros",
    "remainder": "write x - y * np.floor(x / y)",
    "repeat": "write np.take with repeated positions",
    "round": "write np.floor(x + 0.5)",
    "sort": "index with positions that np.argsort gave outside the function",
    "tensordot": _MATMUL,
    "tile": "write np.broadcast_to, then np.reshape",
    "trace": "write np.sum(x * np.eye(n))",
    "tril": "write x * np.tri(n)",
    "triu": "write x * np.tri(n).T",
    "unique": _COUNTED,
}


def advice(name: str) -> str:
    """What to do instead of the NumPy function `name`, given without np."""
    known = ADVICE.get(name)
    return known or f"docs/reference.md lists the functions that can; write it with those, or {_OUTSIDE}"
