"""Matrix products: one primitive, a stack of matrices times a stack of matrices.

Why the transposes: y_ij = Σ_k a_ik b_kj, so every y_ij of row i depends on a_ik, and

    ∂ℒ/∂a_ik = Σ_j g_ij b_kj = (g bᵀ)_ik        ∂ℒ/∂b_kj = Σ_i a_ik g_ij = (aᵀ g)_kj
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, register
from chainrule.ops.convert import broadcast, cast, common_dtype
from chainrule.ops.value import ArrayLike, Value, apply, implements, lift
from chainrule.types import ArrayType, broadcast_shapes


def _matmul_type(a: ArrayType, b: ArrayType) -> ArrayType:
    if len(a.shape) < 2 or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2] or a.dtype != b.dtype:
        raise ArgumentError(f"matmul cannot multiply {a} by {b}: it needs […, n, k] and […, k, m] of one dtype")
    return ArrayType((*a.shape[:-1], b.shape[-1]), a.dtype)


MATMUL = register(
    Op(
        "matmul",
        Kind.CONTRACTION,
        "{0} @ {1}",
        infer=_matmul_type,
        numpy=np.matmul,
        rules=(
            lambda g, y, a, b: g @ np.swapaxes(b, -1, -2),
            lambda g, y, a, b: np.swapaxes(a, -1, -2) @ g,
        ),
    )
)


@implements(np.matmul)
def _matmul(a: ArrayLike, b: ArrayLike) -> Any:
    dtype = common_dtype(a, b)
    a, b = (cast(lift(x), dtype) for x in (a, b))
    if not (a.ndim and b.ndim):
        raise ArgumentError("matmul needs arrays with at least one axis; use * for single numbers")
    contracted = -2 if b.ndim > 1 else 0
    if a.shape[-1] != b.shape[contracted]:
        raise ArgumentError(
            f"matmul cannot multiply shape {a.shape} by {b.shape}: the last axis of the first ({a.shape[-1]}) and "
            f"axis {contracted} of the second ({b.shape[contracted]}) differ"
        )
    if a.ndim == 1:
        return np.squeeze(np.reshape(a, (1, -1)) @ b, axis=-1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        return np.squeeze(a @ np.reshape(b, (-1, 1)), axis=-1)
    return _matmul_stacks(a, b)


def _matmul_stacks(a: Value, b: Value) -> Any:
    if b.ndim == 2 < a.ndim:  # one matrix for the whole stack: a single product of all rows
        rows = np.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))
        return np.reshape(apply(MATMUL, rows, b), (*a.shape[:-1], b.shape[-1]))
    stack = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return apply(MATMUL, broadcast(a, (*stack, *a.shape[-2:])), broadcast(b, (*stack, *b.shape[-2:])))


@implements(np.dot)
def _dot(a: ArrayLike, b: ArrayLike) -> Any:
    a, b = lift(a), lift(b)
    return _contracted("dot", a, b, -2) if b.ndim > 1 else _contracted("dot", a, b, -1)


@implements(np.vdot)
def _vdot(a: ArrayLike, b: ArrayLike) -> Any:
    return np.ravel(lift(a)) @ np.ravel(lift(b))


@implements(np.inner)
def _inner(a: ArrayLike, b: ArrayLike) -> Any:
    a, b = lift(a), lift(b)
    return _contracted("inner", a, b, -1)


def _contracted(name: str, a: Any, b: Any, axis: int) -> Any:
    """The sum over the last axis of `a` and an `axis` of `b`; the other axes of `a` come first, then those of `b`."""
    if not a.ndim or not b.ndim:
        return a * b
    if a.shape[-1] != b.shape[axis]:
        raise ArgumentError(
            f"np.{name} cannot multiply shape {a.shape} by {b.shape}: the last axis of the first ({a.shape[-1]}) and "
            f"axis {axis} of the second ({b.shape[axis]}) differ"
        )
    if b.ndim == 1:
        return a @ b
    in_front = np.moveaxis(b, axis, 0)
    length, *others = in_front.shape
    return np.reshape(a @ np.reshape(in_front, (length, prod(others))), (*a.shape[:-1], *others))


@implements(np.outer)
def _outer(a: ArrayLike, b: ArrayLike) -> Any:
    return np.reshape(lift(a), (-1, 1)) * np.reshape(lift(b), (1, -1))
