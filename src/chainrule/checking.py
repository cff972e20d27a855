"""Check derivatives against differences: the check that chainrule uses on itself, for users' functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    derivatives of the pullback in the same way. A kink of `f` (relu at 0, a tie in max) within h of x fails the check.

    Args:
        f: a function that returns floats and also works on float64.
        args: a tuple of its arguments, nested float arrays.
        order: how many derivatives to check.
        tolerance: largest error relative to the larger of the two sides' norms; by default 1e-6 for float64 arguments
            and 1e-4 for float32.
        step: h, relative to the size of the leaf's elements.
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
    numeric = _difference(f, args, leaves, position, tangents[position].astype(np.float64), step)
    _compare(_flat(forward), numeric, tolerance, f"{where}: forward mode against central differences")
    w = tree.map_leaves(lambda y: random.standard_normal(np.shape(y)).astype(np.asarray(y).dtype), result)
    reverse = tree.leaves(vjp(f, *args)[1](w))[position]
    left, right = _flat(w) @ _flat(forward), np.sum(np.float64(reverse) * tangents[position])
    scale = float(np.linalg.norm(_flat(w)) * np.linalg.norm(_flat(forward)))
    _compare(np.array([left]), np.array([right]), tolerance, f"{where}: reverse mode against forward mode", scale)


def _difference(
    f: Callable[..., Any], args: Tree, leaves: list[Array], position: int, direction: Array, step: float
) -> Array:
    """The central difference of f along a direction of one leaf, in float64, as one flat array."""
    h = step * max(1.0, float(np.max(np.abs(leaves[position]), initial=0)))

    def at(sign: int) -> Array:
        wide = [leaf.astype(np.float64) for leaf in leaves]
        wide[position] = wide[position] + sign * h * direction
        return _flat(f(*tree.rebuild(args, iter(wide))))

    return (at(1) - at(-1)) / (2 * h)


def _flat(values: Tree) -> Array:
    parts = [np.ravel(np.asarray(leaf, np.float64)) for leaf in tree.leaves(values)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _compare(derived: Array, expected: Array, tolerance: float, where: str, scale: float = 0.0) -> None:
    size = max(scale, float(np.linalg.norm(derived)), float(np.linalg.norm(expected)))
    error = np.abs(derived - expected)
    if error.size and not np.max(error) <= tolerance * size + 1e-300:
        worst = int(np.nanargmax(error)) if not np.all(np.isnan(error)) else 0
        raise GradientError(
            f"{where}: element {worst} is {derived[worst]:.9g}, expected {expected[worst]:.9g} "
            f"(tolerance {tolerance:g} of {size:.3g})"
        )
