"""How every operation is called: the table that the tests of values, derivatives and mutants walk through.

A case is one function of a library and of arrays. NumPy is one library, chainrule is NumPy with a few functions more,
and JAX is another: so the same line of code gives the result, its traced twin and the oracle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

import chainrule as cr
from chainrule import ops
from chainrule.ops.shape import SLICE, UNSLICE
from chainrule.ops.value import apply


class Library:
    """A module of array functions with some functions added."""

    def __init__(self, module: Any, **functions: Any) -> None:
        self.module = module
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


# What NumPy lacks, written here a second time and in another way than in chainrule.


def _slices(ranges):
    return tuple(slice(a, a + n * s if a + n * s >= 0 else None, s) for a, n, s in ranges)


def _unslice(x, shape, ranges):
    result = np.zeros(shape, x.dtype)
    result[_slices(ranges)] = x
    return result


def _scatter_add(x, indices, *, axis, length):
    result = np.zeros((length, *np.moveaxis(x, axis, 0).shape[1:]), x.dtype)
    for part, index in zip(np.moveaxis(x, axis, 0), indices, strict=True):
        result[index] += part
    return np.moveaxis(result, 0, axis)


def _dense(values, columns, starts, rows, length):
    """The chosen rows of a sparse matrix, with their zeros."""
    matrix = np.zeros((len(starts) - 1, length), values.dtype)
    for row in range(len(matrix)):
        for entry in range(starts[row], starts[row + 1]):
            matrix[row, columns[entry]] += values[entry]
    return matrix[rows]


def _logsumexp(x, axis=None, keepdims=False):
    wide = x if x.dtype.kind == "c" else x.astype(np.float64)
    largest = np.max(wide.real, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(wide - largest), axis=axis, keepdims=True)) + largest
    return (total if keepdims else np.squeeze(total, axis=axis)).astype(x.dtype)


def philox4x32_10(counter, key):
    """One block of four words: the algorithm of Salmon et al. (2011) on Python's integers."""
    word = 0xFFFFFFFF
    c, k = list(counter), list(key)
    for round_ in range(10):
        if round_:
            k = [(k[0] + 0x9E3779B9) & word, (k[1] + 0xBB67AE85) & word]
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & word, (p >> 32) ^ c[3] ^ k[1], p & word]
    return c


def _random_bits(key, shape, stream=0):
    low, high, step = (int(word) for word in key)
    columns = shape[-1] if shape else 1
    rows = math.prod(shape[:-1])
    words = [
        philox4x32_10((column // 4, row, stream, step), (low, high))[column % 4]
        for row in range(rows)
        for column in range(columns)
    ]
    return np.array(words, np.uint32).reshape(shape)


def _erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype)


NUMPY = Library(
    np,
    cast=lambda x, dtype: x.astype(dtype),
    erf=_erf,
    logsumexp=_logsumexp,
    scatter_add=_scatter_add,
    stop_gradient=np.copy,
    random_bits=_random_bits,
    slice=lambda x, ranges: x[_slices(ranges)],
    sparse_matmul=lambda v, c, s, r, W: _dense(v, c, s, r, len(W)) @ W,
    sparse_outer=lambda v, c, s, r, g, *, length: _dense(v, c, s, r, length).T @ g,
    unslice=_unslice,
)
# As smooth as real numbers are: for derivatives, a cast of a float is nothing and a stopped gradient is a constant.
SMOOTH = Library(NUMPY, cast=lambda x, dtype: x, stop_gradient=np.zeros_like)
CHAINRULE = Library(
    np,
    cast=lambda x, dtype: x.astype(dtype),
    erf=ops.erf,
    logsumexp=ops.logsumexp,
    scatter_add=ops.scatter_add,
    stop_gradient=ops.stop_gradient,
    random_bits=ops.random_bits,
    sparse_matmul=ops.sparse_matmul,
    sparse_outer=ops.sparse_outer,
    slice=lambda x, ranges: apply(SLICE, x, ranges=ranges),
    unslice=lambda x, shape, ranges: apply(UNSLICE, x, shape=shape, ranges=ranges),
)


# Arguments

Draw = Callable[[np.random.Generator], np.ndarray]


def floats(shape, low=-2.0, high=2.0) -> Draw:
    return lambda rng: np.asarray(rng.uniform(low, high, shape))


def away_from_zero(shape, low=0.3, high=2.0) -> Draw:
    return lambda rng: np.asarray(rng.uniform(low, high, shape) * rng.choice([-1.0, 1.0], shape))


def distinct(shape) -> Draw:
    """Numbers at least 0.2 apart, so that no comparison changes close to them."""
    return lambda rng: np.asarray(rng.permutation(math.prod(shape)) * 0.2 - 1.13).reshape(shape)


def integers(shape, low, high) -> Draw:
    return lambda rng: np.asarray(rng.integers(low, high, shape))


def booleans(shape) -> Draw:
    return lambda rng: np.asarray(rng.random(shape) < 0.5)


@dataclass(frozen=True)
class Case:
    """One way to call one operation.

    Attributes:
        op: its name in the registry.
        name: what is special about the case.
        function: (library, *arrays) -> array.
        draws: one for each array.
        ulps: how far the result may be from NumPy's, in units of its last place.
        analytic: whether NumPy computes it for complex numbers too, so that derivatives can be had by the complex step.
    """

    op: str
    name: str
    function: Callable[..., Any]
    draws: tuple[Draw, ...]
    ulps: int = 0
    analytic: bool = False

    def __str__(self) -> str:
        return f"{self.op}-{self.name}"

    def arguments(self, dtype=np.float64):
        """The arrays, always the same; floats in `dtype`."""
        rng = np.random.default_rng(crc32(str(self).encode()))
        drawn = [draw(rng) for draw in self.draws]
        return [x.astype(dtype) if x.dtype.kind == "f" else x for x in drawn]

    def traced(self, *arrays):
        return self.function(CHAINRULE, *arrays)

    def numpy(self, *arrays):
        with np.errstate(all="ignore"):
            return self.function(NUMPY, *arrays)


SHAPES = {
    "scalar": (),
    "vector": (3,),
    "matrix": (2, 3),
    "axis of length 1": (2, 1, 2),
    "one element": (1,),
    "empty": (0,),
    "empty matrix": (2, 0),
}
SHAPE_PAIRS = {
    "scalars": ((), ()),
    "vectors": ((3,), (3,)),
    "scalar and vector": ((), (3,)),
    "vector and scalar": ((3,), ()),
    "matrix and row": ((2, 3), (3,)),
    "column and row": ((2, 1), (1, 3)),
    "vector and stack": ((3,), (2, 1, 3)),
    "empty and row": ((0, 3), (3,)),
    "empty and column": ((2, 0), (2, 1)),
}


def unary(op, function, draw=floats, analytic=False, ulps=0):
    return [Case(op, name, function, (draw(shape),), ulps, analytic) for name, shape in SHAPES.items()]


def binary(op, function, first=floats, second=floats, analytic=False):
    return [Case(op, name, function, (first(a), second(b)), 0, analytic) for name, (a, b) in SHAPE_PAIRS.items()]


def pairs_of_distinct(op, function):
    """Both operands cut from one array of distinct numbers, so that none of them tie."""

    def draw_both(a, b):
        return lambda rng: distinct((math.prod(a) + math.prod(b),))(rng)

    def cut(a, b):
        n = math.prod(a)
        return lambda np, x: function(np, np.reshape(x[:n], a), np.reshape(x[n:], b))

    return [Case(op, name, cut(a, b), (draw_both(a, b),)) for name, (a, b) in SHAPE_PAIRS.items()]


def ternary(op, function):
    shapes = {
        "scalars": ((), (), ()),
        "vectors": ((3,), (3,), (3,)),
        "broadcast": ((2, 1), (3,), ()),
        "broadcast condition": ((), (2, 3), (1, 3)),
        "empty": ((0,), (0,), ()),
    }
    return [Case(op, name, function, (booleans(a), floats(b), floats(c))) for name, (a, b, c) in shapes.items()]


REDUCTIONS = {
    "everything": ((2, 3), None),
    "rows": ((2, 3), 0),
    "last axis": ((2, 3), -1),
    "two axes": ((2, 3, 2), (0, 2)),
    "axis of length 1": ((3, 1), 1),
    "one element": ((1,), 0),
    "scalar": ((), None),
    "empty result": ((2, 0), 0),
}


def reduction(op, function, draw=floats, analytic=False, ulps=0):
    """`function` takes (library, x, axis, keepdims)."""

    def along(axis, keepdims):
        return lambda np, x: function(np, x, axis, keepdims)

    return [
        Case(op, f"{name}{', kept' * keepdims}", along(axis, keepdims), (draw(shape),), ulps, analytic)
        for name, (shape, axis) in REDUCTIONS.items()
        for keepdims in (False, True)
    ]


positive = lambda shape: floats(shape, 0.5, 3.0)
OTHER = {"f": "float64", "d": "float32"}
INDICES = np.array([[2, 0], [0, 2]])
STEPS = ((3, 2, -2), (0, 2, 1))  # of an array [4, 3]

# values, columns and starts of a matrix, the chosen rows, and the shapes of W and of g
SPARSE = [
    (
        "repeated columns, unsorted",
        ([0.5, -1, 2, 0.25, 3, -0.75], [3, 0, 3, 1, 4, 2], [0, 3, 3, 4, 6], [2, 0, 3, 1, 0]),
        {"sparse_matmul": (5, 3), "sparse_outer": (5, 3)},
    ),
    ("one column", ([2, -3], [1, 0], [0, 1, 2], [1, 0, 1]), {"sparse_matmul": (2, 1), "sparse_outer": (3, 1)}),
    ("no entries", ([], [], [0, 0, 0], [0, 1, 1]), {"sparse_matmul": (4, 2), "sparse_outer": (3, 2)}),
    ("no rows", ([1.5], [0], [0, 1], []), {"sparse_matmul": (2, 2), "sparse_outer": (0, 2)}),
    ("nothing at all", ([], [], [0], []), {"sparse_matmul": (0, 2), "sparse_outer": (0, 2)}),
]


def _sparse_product(op, matrix, kind):
    values, *indices = matrix
    columns, starts, rows = (np.array(x, kind) for x in indices)
    how = {} if op == "sparse_matmul" else {"length": max(matrix[1], default=0) + 1}
    return lambda np_, x: getattr(np_, op)(np.array(values, x.dtype), columns, starts, rows, x, **how)


CASES: list[Case] = [
    # arithmetic
    *binary("add", lambda np, a, b: a + b, analytic=True),
    *binary("subtract", lambda np, a, b: a - b, analytic=True),
    *binary("multiply", lambda np, a, b: a * b, analytic=True),
    *binary("divide", lambda np, a, b: a / b, second=away_from_zero, analytic=True),
    *unary("negative", lambda np, x: -x, analytic=True),
    *binary("power", lambda np, a, b: a**b, first=positive, analytic=True),
    Case("power", "square", lambda np, x: x**2, (floats((3,)),), analytic=True),
    Case("power", "cube", lambda np, x: x**3, (floats((3,)),)),
    Case("power", "root", lambda np, x: x**0.5, (positive((3,)),)),
    Case("power", "negative exponent", lambda np, x: x**-2.0, (away_from_zero((3,)),)),
    Case("power", "number as base", lambda np, x: 2.0**x, (floats((3,)),), analytic=True),
    Case("power", "exponent array", lambda np, x: x ** np.array([0, 1, 2, -1], x.dtype), (positive((4,)),)),
    # functions of one variable
    *unary("exp", lambda np, x: np.exp(x), analytic=True),
    *unary("expm1", lambda np, x: np.expm1(x), analytic=True),
    *unary("log", lambda np, x: np.log(x), positive, analytic=True),
    *unary("log1p", lambda np, x: np.log1p(x), lambda shape: floats(shape, -0.5, 2.0), analytic=True),
    *unary("log2", lambda np, x: np.log2(x), positive, ulps=1),
    *unary("log10", lambda np, x: np.log10(x), positive, ulps=1),
    *unary("sqrt", lambda np, x: np.sqrt(x), positive, analytic=True),
    *unary("sin", lambda np, x: np.sin(x), analytic=True),
    *unary("cos", lambda np, x: np.cos(x), analytic=True),
    *unary("tan", lambda np, x: np.tan(x), lambda shape: floats(shape, -1.0, 1.0), analytic=True),
    *unary("arctan", lambda np, x: np.arctan(x), analytic=True),
    *unary("tanh", lambda np, x: np.tanh(x), analytic=True),
    *unary("sinh", lambda np, x: np.sinh(x), analytic=True),
    *unary("cosh", lambda np, x: np.cosh(x), analytic=True),
    *unary("erf", lambda np, x: np.erf(x), ulps=4),
    *unary("abs", lambda np, x: np.abs(x), away_from_zero),
    *unary("sign", lambda np, x: np.sign(x), away_from_zero),
    *unary("floor", lambda np, x: np.floor(x), distinct),
    *unary("stop_gradient", lambda np, x: np.stop_gradient(x)),
    # choices
    *pairs_of_distinct("maximum", lambda np, a, b: np.maximum(a, b)),
    *pairs_of_distinct("minimum", lambda np, a, b: np.minimum(a, b)),
    *pairs_of_distinct("less", lambda np, a, b: a < b),
    *pairs_of_distinct("less_equal", lambda np, a, b: a <= b),
    *binary("equal", lambda np, a, b: np.floor(a) == np.floor(b)),
    *binary("not_equal", lambda np, a, b: np.floor(a) != np.floor(b)),
    *binary("and", lambda np, a, b: np.logical_and(a, b), booleans, booleans),
    *binary("or", lambda np, a, b: np.logical_or(a, b), booleans, booleans),
    *unary("not", lambda np, a: np.logical_not(a), booleans),
    *ternary("where", lambda np, c, a, b: np.where(c, a, b)),
    # reductions
    *[
        c
        for c in reduction("sum", lambda np, x, a, k: np.sum(x, axis=a, keepdims=k), analytic=True, ulps=1)
        if not c.name.startswith("scalar")  # the sum of a scalar is the scalar: nothing to record
    ],
    *[
        c
        for op in ("max", "min")
        for c in reduction(op, lambda np, x, a, k, op=op: getattr(np, op)(x, axis=a, keepdims=k), draw=distinct)
        if not c.name.startswith(("scalar", "empty"))  # there is no largest one of no elements
    ],
    *[
        c
        for c in reduction("logsumexp", lambda np, x, a, k: np.logsumexp(x, axis=a, keepdims=k), analytic=True, ulps=2)
        if not c.name.startswith(("scalar", "empty"))
    ],
    Case("argmax", "everything", lambda np, x: np.argmax(x), (distinct((2, 3)),)),
    Case("argmax", "axis", lambda np, x: np.argmax(x, axis=0), (distinct((2, 3)),)),
    Case("argmax", "kept", lambda np, x: np.argmax(x, axis=-1, keepdims=True), (distinct((2, 1, 3)),)),
    Case("argmin", "everything", lambda np, x: np.argmin(x), (distinct((2, 3)),)),
    Case("argmin", "axis", lambda np, x: np.argmin(x, axis=0), (distinct((2, 3)),)),
    Case("argmin", "kept", lambda np, x: np.argmin(x, axis=-1, keepdims=True), (distinct((2, 1, 3)),)),
    # matrix products
    *[
        Case("matmul", f"{a} by {b}", lambda np, a, b: a @ b, (floats(a), floats(b)), 4, True)
        for a, b in [
            ((2, 3), (3, 4)),
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((5, 2, 3), (5, 3, 4)),
            ((5, 1, 2, 3), (4, 3, 2)),
            ((3,), (5, 3, 2)),
            ((5, 2, 3), (3,)),
            ((1, 1), (1, 1)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((2, 3), (3, 0)),
        ]
    ],
    # movement
    Case("reshape", "shape", lambda np, x: np.reshape(x, (3, 2)), (floats((2, 3)),), analytic=True),
    Case("reshape", "unknown length", lambda np, x: x.reshape(-1, 2), (floats((2, 3)),), analytic=True),
    Case("reshape", "to scalar", lambda np, x: np.reshape(x, ()), (floats((1, 1)),), analytic=True),
    Case("reshape", "from scalar", lambda np, x: np.reshape(x, (1,)), (floats(()),), analytic=True),
    Case("reshape", "empty", lambda np, x: np.reshape(x, (0, 5)), (floats((2, 0)),), analytic=True),
    Case("transpose", "matrix", lambda np, x: x.T, (floats((2, 3)),), analytic=True),
    Case(
        "transpose",
        "rotated axes",
        lambda np, x: np.transpose(x, (2, 0, 1)),
        (floats((2, 3, 4)),),
        analytic=True,
    ),
    Case("transpose", "empty", lambda np, x: np.transpose(x), (floats((0, 3)),), analytic=True),
    Case("transpose", "axis of length 1", lambda np, x: x.swapaxes(0, 1), (floats((1, 3)),), analytic=True),
    *[
        Case("concatenate", name, function, tuple(floats(shape) for shape in shapes), analytic=True)
        for name, function, shapes in [
            ("vectors", lambda np, *x: np.concatenate(x), ((2,), (3,), (1,))),
            ("columns", lambda np, *x: np.concatenate(x, axis=1), ((2, 1), (2, 3))),
            ("last axis", lambda np, *x: np.concatenate(x, axis=-1), ((1, 2, 3), (1, 2, 1))),
            ("with empty", lambda np, *x: np.concatenate(x), ((2,), (0,), (1,))),
            ("same twice", lambda np, x: np.concatenate([x, x]), ((2,),)),
            ("everything", lambda np, *x: np.concatenate(x, axis=None), ((2, 2), (3,))),
        ]
    ],
    *[
        Case("slice", name, function, (floats(shape),), analytic=True)
        for name, function, shape in [
            ("range", lambda np, x: x[1:3], (4,)),
            ("reversed", lambda np, x: x[::-1], (4,)),
            ("negative step", lambda np, x: x[3:0:-2], (5,)),
            ("step", lambda np, x: x[:, ::2], (2, 5)),
            ("integer", lambda np, x: x[-1], (3, 2)),
            ("element", lambda np, x: x[1, 2], (2, 3)),
            ("nothing", lambda np, x: x[2:2], (4,)),
            ("axis of length 1", lambda np, x: x[::-1, 0], (3, 1)),
            ("last axis", lambda np, x: x[..., 1:], (2, 1, 3)),
            ("of nothing", lambda np, x: x[:, 1:], (0, 3)),
            ("by ranges", lambda np, x: np.slice(x, STEPS), (4, 3)),
        ]
    ],
    Case("unslice", "steps", lambda np, x: np.unslice(x, (4, 3), STEPS), (floats((2, 2)),), analytic=True),
    Case("unslice", "vector", lambda np, x: np.unslice(x, (5,), ((1, 3, 1),)), (floats((3,)),), analytic=True),
    Case("unslice", "empty", lambda np, x: np.unslice(x, (5,), ((1, 0, 1),)), (floats((0,)),), analytic=True),
    Case("unslice", "to the front", lambda np, x: np.unslice(x, (3,), ((2, 3, -1),)), (floats((3,)),)),
    *[
        Case("take", name, function, (floats(shape),), analytic=True)
        for name, function, shape in [
            ("repeated", lambda np, x: np.take(x, np.array([2, 0, 2]), axis=0), (3,)),
            ("matrix of indices", lambda np, x: np.take(x, INDICES, axis=1), (2, 3)),
            ("negative", lambda np, x: np.take(x, np.array([-1, 0]), axis=0), (3, 1)),
            ("flat", lambda np, x: np.take(x, np.array([4, 1])), (2, 3)),
            ("one", lambda np, x: np.take(x, np.array(1), axis=-1), (2, 3)),
            ("none", lambda np, x: np.take(x, np.zeros(0, int), axis=0), (3, 2)),
            ("two axes", lambda np, x: x[np.array([0, 1, 1]), np.array([2, 0, 0])], (2, 3)),
            ("apart", lambda np, x: x[np.array([0, 1, 1]), :, np.array([1, 0, 0])], (2, 3, 2)),
        ]
    ],
    Case(
        "take",
        "traced indices",
        lambda np, x, i: np.take(x, i, axis=0),
        (floats((3, 2)), integers((4,), 0, 3)),
    ),
    *[
        Case("scatter_add", name, function, (floats(shape),))
        for name, function, shape in [
            (
                "repeated",
                lambda np, x: np.scatter_add(x, np.array([2, 0, 2, 2]), axis=0, length=3),
                (4,),
            ),
            ("rows", lambda np, x: np.scatter_add(x, np.array([1, 1]), axis=0, length=3), (2, 3)),
            ("columns", lambda np, x: np.scatter_add(x, np.array([1, 1, 0]), axis=1, length=2), (2, 3)),
            ("nothing", lambda np, x: np.scatter_add(x, np.zeros(0, int), axis=0, length=2), (0, 3)),
        ]
    ],
    # sparse matrices
    *[
        Case(op, f"{name}, {kind} indices", _sparse_product(op, matrix, kind), (floats(shapes[op]),), 4, analytic=True)
        for kind in ("int32", "int64")
        for name, matrix, shapes in SPARSE
        for op in ("sparse_matmul", "sparse_outer")
    ],
    # types and shapes
    *unary("cast", lambda np, x: np.cast(x, OTHER[x.dtype.char]), ulps=1),
    Case("cast", "to integer", lambda np, x: np.cast(x, "int64"), (distinct((3,)),)),
    Case("cast", "to bool", lambda np, x: np.cast(x, "bool"), (distinct((3,)),)),
    Case("cast", "from integer", lambda np, x: np.cast(x, "float64"), (integers((3,), -5, 5),)),
    Case("cast", "by meeting", lambda np, x, i: x * i, (floats((3,)), integers((3,), -5, 5))),
    Case("broadcast", "new axis", lambda np, x: np.broadcast_to(x, (2, 3)), (floats((3,)),), analytic=True),
    Case("broadcast", "stretched", lambda np, x: np.broadcast_to(x, (2, 3)), (floats((2, 1)),), analytic=True),
    Case("broadcast", "both", lambda np, x: np.broadcast_to(x, (4, 2, 3)), (floats((1, 3)),), analytic=True),
    Case("broadcast", "under axes of length 1", lambda np, x: np.broadcast_to(x, (1, 1, 2)), (floats((1, 1)),)),
    Case("broadcast", "scalar", lambda np, x: np.broadcast_to(x, (2, 2)), (floats(()),), analytic=True),
    Case("broadcast", "to nothing", lambda np, x: np.broadcast_to(x, (0, 3)), (floats((3,)),), analytic=True),
    # random numbers
    *[
        Case(
            "random_bits",
            name,
            lambda np, key, shape=shape: np.random_bits(key, shape, stream=7),
            (lambda rng: rng.integers(0, 2**32, 3, np.uint32),),
        )
        for name, shape in [
            ("scalar", ()),
            ("vector", (6,)),
            ("matrix", (3, 5)),
            ("no rows", (0, 3)),
            ("no columns", (3, 0)),
        ]
    ],
]

# NumPy functions that are written in these operations; `op` is the name of the function.


def _unary(name, function, draw=floats, analytic=True, ulps=2):
    return [
        Case(name, shape_name, function, (draw(shape),), ulps, analytic)
        for shape_name, shape in [("vector", (4,)), ("scalar", ()), ("stack", (2, 1, 3))]
    ]


def _of(name, case_name, function, *draws, ulps=2, analytic=False):
    return Case(name, case_name, function, draws, ulps, analytic)


_ORDER = np.array([[1, 0, 2], [2, 2, 0]])
_SPREAD = lambda shape: lambda rng: distinct(shape)(rng)

NUMPY_CASES: list[Case] = [
    *_unary("square", lambda np, x: np.square(x)),
    *_unary("reciprocal", lambda np, x: np.reciprocal(x), away_from_zero),
    *_unary("positive", lambda np, x: +x * 2),
    *_unary("clip", lambda np, x: np.clip(x, -0.5, 0.5), distinct, analytic=False),
    *_unary("clip from below", lambda np, x: np.clip(x, -0.5, None), distinct, analytic=False),
    *_unary("zeros_like", lambda np, x: np.zeros_like(x) + np.ones_like(x) * np.full_like(x, 3) * x),
    *_unary("isnan", lambda np, x: np.where(np.isnan(x) | ~np.isfinite(x), 0, x), analytic=False),
    *_unary("comparisons", lambda np, x: np.where((x > 0.1) & (x >= 0.1), x, 2 * x), distinct, analytic=False),
    *_unary("bits", lambda np, x: np.where(np.bitwise_or(np.invert(x < 0), x > 1), x, 2 * x), distinct, False),
    _of("logaddexp", "vectors", lambda np, a, b: np.logaddexp(a, b), floats((3,)), floats((2, 1))),
    _of("hypot", "vectors", lambda np, a, b: np.hypot(a, b), away_from_zero((3,)), floats((2, 1))),
    *[
        _of(name, f"axis {axis}{', kept' * kept}", function(axis, kept), floats(shape), ulps=4, analytic=analytic)
        for shape, axis in [((2, 3), None), ((3, 2), 0), ((2, 1, 3), (0, -1)), ((2, 4), -1)]
        for kept in (False, True)
        for name, function, analytic in [
            ("mean", lambda a, k: lambda np, x: np.mean(x, axis=a, keepdims=k), True),
            ("prod", lambda a, k: lambda np, x: np.prod(x, axis=a, keepdims=k), True),
            ("var", lambda a, k: lambda np, x: np.var(x, axis=a, keepdims=k), False),
            ("std", lambda a, k: lambda np, x: np.std(x, axis=a, keepdims=k, ddof=1), False),
        ]
    ],
    _of("prod", "odd count", lambda np, x: np.prod(x), floats((7,)), ulps=4, analytic=True),
    _of("prod", "empty", lambda np, x: np.prod(x, axis=0) + np.sum(x), floats((0, 3)), analytic=True),
    _of("norm", "matrix", lambda np, x: np.linalg.norm(x), floats((2, 3))),
    _of("norm", "rows", lambda np, x: np.linalg.norm(x, axis=1, keepdims=True), floats((2, 3))),
    _of("dot", "vectors", lambda np, a, b: np.dot(a, b), floats((3,)), floats((3,)), ulps=4, analytic=True),
    _of("dot", "number", lambda np, a, b: np.dot(a, b), floats(()), floats((2, 3)), analytic=True),
    _of("dot", "matrices", lambda np, a, b: a.dot(b), floats((2, 3)), floats((3, 2)), ulps=4, analytic=True),
    _of("vdot", "matrices", lambda np, a, b: np.vdot(a, b), floats((2, 3)), floats((2, 3)), ulps=4),
    _of("inner", "rows", lambda np, a, b: np.inner(a, b), floats((2, 3)), floats((4, 3)), ulps=4, analytic=True),
    _of("inner", "vectors", lambda np, a, b: np.inner(a, b), floats((3,)), floats((3,)), ulps=4, analytic=True),
    _of("outer", "matrix and vector", lambda np, a, b: np.outer(a, b), floats((2, 2)), floats((3,)), analytic=True),
    _of("stack", "new last axis", lambda np, a, b: np.stack([a, b], axis=-1), floats((2, 3)), floats((2, 3))),
    _of("hstack", "vectors", lambda np, a, b: np.hstack([a, b]), floats((2,)), floats(())),
    _of("hstack", "matrices", lambda np, a, b: np.hstack([a, b]), floats((2, 1)), floats((2, 3))),
    _of("vstack", "row and matrix", lambda np, a, b: np.vstack([a, b]), floats((3,)), floats((2, 3))),
    _of("split", "parts", lambda np, x: np.split(x, 3, axis=1)[1] * 2, floats((2, 6))),
    _of("split", "positions", lambda np, x: np.split(x, [1, 4])[1] * 2, floats((6,))),
    _of("flip", "all axes", lambda np, x: np.flip(x), floats((2, 3))),
    _of("flip", "one axis", lambda np, x: np.flip(x, axis=-1), floats((2, 3))),
    _of("ravel", "matrix", lambda np, x: np.ravel(x) * 2, floats((2, 3))),
    _of("swapaxes", "ends", lambda np, x: np.swapaxes(x, 0, -1), floats((2, 3, 4))),
    _of("moveaxis", "to the end", lambda np, x: np.moveaxis(x, 0, -1), floats((2, 3, 4))),
    _of("expand_dims", "two", lambda np, x: np.expand_dims(x, (0, -1)), floats((2, 3))),
    _of("squeeze", "all", lambda np, x: np.squeeze(x), floats((1, 3, 1))),
    _of("squeeze", "one", lambda np, x: np.squeeze(x, axis=0), floats((1, 3, 1))),
    _of("broadcast_arrays", "two", lambda np, a, b: np.broadcast_arrays(a, b)[0] * b, floats((3,)), floats((2, 1))),
    _of("sizes", "matrix", lambda np, x: x * np.size(x) / np.ndim(x) + np.shape(x)[0], floats((2, 3))),
    _of("take_along_axis", "rows", lambda np, x: np.take_along_axis(x, _ORDER, axis=1), floats((2, 3))),
    _of("astype", "down and up", lambda np, x: x.astype(x.dtype) * 2, floats((3,))),
]


@dataclass(frozen=True)
class Kink:
    """A point where a function has no derivative, or an infinite one, and what chainrule says it is."""

    name: str
    function: Callable[[Any], Any]
    point: Any
    gradient: Any

    def __str__(self) -> str:
        return self.name


KINKS = [
    Kink("abs at 0", np.abs, [-1, -0.0, 0, 2], [-1, 0, 0, 1]),
    Kink("sign is flat", np.sign, [-1, 0, 2], [0, 0, 0]),
    Kink("floor is flat", np.floor, [-1, 0, 0.5], [0, 0, 0]),
    Kink("stop_gradient is a constant", lambda x: x * ops.stop_gradient(x), [2, 3], [2, 3]),
    Kink("maximum, first operand", lambda x: np.maximum(x, np.array([1.0, 1, 1], x.dtype)), [0, 1, 2], [0, 0.5, 1]),
    Kink("maximum, second operand", lambda x: np.maximum(np.array([1.0, 1, 1], x.dtype), x), [0, 1, 2], [0, 0.5, 1]),
    Kink("minimum, first operand", lambda x: np.minimum(x, np.array([1.0, 1, 1], x.dtype)), [0, 1, 2], [1, 0.5, 0]),
    Kink("minimum, second operand", lambda x: np.minimum(np.array([1.0, 1, 1], x.dtype), x), [0, 1, 2], [1, 0.5, 0]),
    Kink("maximum with itself", lambda x: np.maximum(x, +x), [0, 1], [1, 1]),
    Kink("clip", lambda x: np.clip(x, -1, 1), [-2, -1, 0, 1, 2], [0, 0.5, 1, 0.5, 0]),
    Kink("max of ties", np.max, [1, 3, 0, 3], [0, 0.5, 0, 0.5]),
    Kink("min of ties", np.min, [1, 0, 0, 3, 0, 0], [0, 0.25, 0.25, 0, 0.25, 0.25]),
    Kink("max along an axis", lambda x: np.max(x, axis=0), [[1, 3, 2], [1, 0, 5]], [[0.5, 1, 0], [0.5, 0, 1]]),
    Kink(
        "max of two axes",
        lambda x: np.max(x, axis=(0, 1)),
        [[[1], [1]], [[0], [1]]],
        np.array([[[1], [1]], [[0], [1]]]) / 3,
    ),
    Kink("relu", ops.relu, [-1, 0, 1], [0, 0, 1]),
    Kink("leaky relu", lambda x: ops.leaky_relu(x, 0.25), [-1, 0, 1], [0.25, 0.25, 1]),
    Kink("elu", lambda x: ops.elu(x, 0.5), [0, 1], [0.5, 1]),
    Kink("sigmoid", ops.sigmoid, [0, -0.0], [0.25, 0.25]),
    Kink("softplus", ops.softplus, [0, -0.0], [0.5, 0.5]),
    Kink("where", lambda x: np.where(x > 1, 3 * x, 5 * x), [0, 1, 2], [5, 5, 3]),
    Kink("zeroth power", lambda x: x**0, [0, 1, -1], [0, 0, 0]),
    Kink("first power", lambda x: x**1, [0, 1, -1], [1, 1, 1]),
    Kink("second power", lambda x: x**2, [0, 1, -1], [0, 2, -2]),
    Kink("powers by array", lambda x: x ** np.array([0, 1, 2, 0], x.dtype), [0, 0, 0, 5], [0, 1, 0, 0]),
    Kink("zero as base", lambda x: np.array([0, 0, 0, 1], x.dtype) ** x, [2, 0.5, 0, 3], [0, 0, 0, 0]),
    Kink("zero as exponent", lambda x: np.array([2, 0.5], x.dtype) ** x, [0, 0], np.log([2, 0.5])),
    Kink(
        "slope of the zeroth power by its exponent",  # d/db (b aᵇ⁻¹) = 1/a for b = 0
        lambda b: cr.grad(lambda a: np.sum(a**b))(np.array([2, 0.5], b.dtype)),
        [0, 0],
        [0.5, 2],
    ),
    Kink(
        "slope of powers of zero",
        lambda x: cr.grad(lambda b: np.sum(np.array([0, 1], b.dtype) ** b))(x),
        [2, 2],
        [0, 0],
    ),
    Kink(
        "slope of powers at zero",
        lambda x: cr.grad(lambda a: np.sum(a ** np.array([0, 1, 2], a.dtype)))(x),
        [0, 0, 0],
        [0, 0, 2],
    ),
    Kink("square root at 0", np.sqrt, [0, 4], [np.inf, 0.25]),
    Kink("half power at 0", lambda x: x**0.5, [0, 4], [np.inf, 0.25]),
    Kink("product with zeros", np.prod, [2, 0, 3], [0, 6, 0]),
    Kink("product with two zeros", np.prod, [0, 5, 0], [0, 0, 0]),
    Kink("logsumexp with −∞", ops.logsumexp, [0, -np.inf], [1, 0]),
]
