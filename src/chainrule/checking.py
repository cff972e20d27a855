"""Check derivatives against differences: the check that chainrule uses on itself, for users' functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, GradientError
from chainrule.functions import as_arguments, jvp, vjp
from chainrule.tracing import function_name
from chainrule.tree import Tree
from chainrule.types import Array

_TOLERANCE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-6}


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Tree],
    order: int = 2,
    *,
    tolerance: float | None = None,
    step: float = 1e-5,
    seed: int = 0,
) -> None:
    """Raise GradientError unless forward and reverse derivatives of `f` agree with central differences.

    For each leaf of the arguments a random direction v is drawn. The directional derivative Jv is compared with
    (f(x + hv) − f(x − hv)) / 2h, both in float64, and ⟨w, Jv⟩ with ⟨Jᵀw, v⟩ for a random w. Higher orders check the
    derivatives of the pullback in the same way. From `step` on h shrinks until two differences in a row agree, so that
    it is right beside a pole too, such as that of log at 1e-6. A kink of `f` at x (relu at 0, a tie in max) fails the
    check.

    Args:
        f: a function that returns floats and also works on float64.
        args: a tuple of its arguments, nested float arrays.
        order: how many derivatives to check.
        tolerance: largest error relative to the larger of the two sides' norms; by default 1e-6 for float64 arguments
            and 1e-4 for float32.
        step: the first h, relative to the largest element of the leaf if that is above 1.
        seed: of the random directions.

    Raises:
        GradientError: names the leaf, the mode, both numbers and the order.
        ArgumentError: the order is below 1, or the arguments cannot be differentiated.
    """
    if order < 1:
        raise ArgumentError(f"order must be at least 1, got {order}")
    args = as_arguments(args, "args")
    leaves = [np.asarray(leaf) for leaf in tree.leaves(args)]
    dtype = np.result_type(*leaves)
    accepted = tolerance if tolerance is not None else _TOLERANCE.get(dtype, 1e-6)
    random = np.random.default_rng(seed)
    name = function_name(f)
    for position, (path, _) in enumerate(tree.items(args)):
        _check_leaf(f, args, position, f"{name}, argument {path}", accepted, step, random)
    if order > 1:
        result, _ = vjp(f, *args)
        w = tree.map_leaves(lambda y: random.standard_normal(np.shape(y)).astype(np.asarray(y).dtype), result)

        def pullback(*x: Tree) -> tuple[Tree, ...]:
            y, pull = vjp(f, *x)
            return pull(tree.map_leaves(lambda wi, yi: wi.astype(yi.dtype), w, y))

        pullback.__name__ = f"the pullback of {name}"
        check_grads(pullback, args, order - 1, tolerance=tolerance, step=step, seed=seed + 1)


def _check_leaf(
    f: Callable[..., Any], args: Tree, position: int, where: str, tolerance: float, step: float, random: Any
) -> None:
    leaves = [np.asarray(leaf) for leaf in tree.leaves(args)]
    direction = random.standard_normal(leaves[position].shape)
    tangents = [np.zeros_like(leaf) for leaf in leaves]
    tangents[position] = direction.astype(leaves[position].dtype)
    result, forward = jvp(f, args, tree.rebuild(args, iter(tangents)))

    def along(distance: float) -> Array:
        wide = [leaf.astype(np.float64) for leaf in leaves]
        wide[position] = wide[position] + distance * tangents[position].astype(np.float64)
        return _flat(f(*tree.rebuild(args, iter(wide))))

    numeric, rounding = _difference(along, np.abs(leaves[position]), step, tolerance)
    _compare(
        _flat(forward), numeric, tolerance, f"{where}: forward mode against central differences", rounding=rounding
    )
    w = tree.map_leaves(lambda y: random.standard_normal(np.shape(y)).astype(np.asarray(y).dtype), result)
    reverse = tree.leaves(vjp(f, *args)[1](w))[position]
    left, right = _flat(w) @ _flat(forward), np.sum(np.float64(reverse) * tangents[position])
    scale = float(np.linalg.norm(_flat(w)) * np.linalg.norm(_flat(forward)))
    _compare(np.array([left]), np.array([right]), tolerance, f"{where}: reverse mode against forward mode", scale)


def _difference(along: Callable[[float], Array], sizes: Array, step: float, tolerance: float) -> tuple[Array, float]:
    """The central difference whose error is estimated to be the least, and how much of the error may be rounding.

    Two neighbours tell what truncation the larger step leaves, but for the rounding of the smaller one. The step stops
    to shrink as soon as the error is well below the tolerance.
    """
    best, least, noise = np.array([np.nan]), np.inf, 0.0
    for (wide, wide_rounding), (narrow, narrow_rounding) in pairwise(_quotients(along, sizes, step)):
        gap = np.max(np.abs(wide - narrow), initial=0)
        unexplained = max(gap - narrow_rounding, 0)
        for found, error, rounding in (
            (wide, unexplained + wide_rounding, wide_rounding),
            (narrow, gap + narrow_rounding, narrow_rounding),
        ):
            if error < least:
                best, least, noise = found, error, rounding
        if least <= tolerance / 10 * np.linalg.norm(best):
            break
    return best, noise


def _quotients(along: Callable[[float], Array], sizes: Array, step: float) -> Iterator[tuple[Array, float]]:
    """(f(x + hv) − f(x − hv)) / 2h for smaller and smaller h, and what rounding f and x may add to it."""
    steepest, largest = 0.0, float(np.max(sizes, initial=0))
    for h in _steps(sizes, step):
        with np.errstate(all="ignore"):
            right, left = along(h), along(-h)
            quotient = (right - left) / (2 * h)
            slope, value = (float(np.max(np.abs(array), initial=0)) for array in (quotient, np.stack([right, left])))
        if np.isfinite(slope):
            steepest = max(steepest, slope)
            yield quotient, float(np.finfo(np.float64).eps) * (value + steepest * largest) / h


def _steps(sizes: Array, step: float) -> list[float]:
    """Steps for numbers of these sizes, from the largest to the smallest: each suits some of the numbers."""
    some = sizes[sizes > 0].astype(np.float64)
    largest, smallest = float(np.max(some, initial=1)), float(np.min(some, initial=1))
    falling = [step * largest * 10.0**-power for power in range(12)]
    return sorted({*falling, *(step * smallest * 10.0**-power for power in range(-2, 3))}, reverse=True)


def _flat(values: Tree) -> Array:
    parts = [np.ravel(np.asarray(leaf, np.float64)) for leaf in tree.leaves(values)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _compare(
    derived: Array, expected: Array, tolerance: float, where: str, scale: float = 0.0, rounding: float = 0.0
) -> None:
    size = max(scale, float(np.linalg.norm(derived)), float(np.linalg.norm(expected)))
    error = np.abs(derived - expected)
    if error.size and not np.max(error) <= tolerance * size + rounding + 1e-300:
        worst = int(np.nanargmax(error)) if not np.all(np.isnan(error)) else 0
        raise GradientError(
            f"{where}: element {worst} is {derived[worst]:.9g}, expected {expected[worst]:.9g} "
            f"(tolerance {tolerance:g} of {size:.3g})"
        )
