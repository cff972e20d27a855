"""Check derivatives against differences: the check that chainrule uses on itself, for users' functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.constraints import COUNT
from chainrule.errors import GradientError
from chainrule.functions import as_arguments, jvp, vjp
from chainrule.tracing import function_name
from chainrule.tree import Tree
from chainrule.types import Array

_SHORTEST = 0.5
"""The smallest component of a direction, so that the derivative along it tells how steep a function is at most."""
_LIKE_SIZE = 4
"""So many powers of ten may lie between the sizes of numbers that move together."""
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

    For each leaf of the arguments a random direction v is drawn; where sizes of elements are far apart, one for those
    of like size. The directional derivative Jv is compared with (f(x + hv) − f(x − hv)) / 2h, both in float64, and ⟨w,
    Jv⟩ with ⟨Jᵀw, v⟩ for a random w. Higher orders check the derivatives of the pullback in the same way. From `step`
    on h shrinks until two differences in a row agree, so that it is right beside a pole too, such as that of log at
    1e-6. A kink of `f` at x (relu at 0, a tie in max) fails the check.

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
        ArgumentError: the order is no whole number above 0, or the arguments cannot be differentiated.
    """
    COUNT.require(order, "order")
    args = as_arguments(args, "args")
    leaves = [np.asarray(leaf) for leaf in tree.leaves(args)]
    dtype = np.result_type(*leaves)
    accepted = tolerance if tolerance is not None else _TOLERANCE.get(dtype, 1e-6)
    random = np.random.default_rng(seed)
    name = function_name(f)
    for position, (path, _) in enumerate(tree.items(args)):
        for elements in _of_like_size(np.abs(leaves[position])):
            _check_leaf(f, args, position, elements, f"{name}, argument {path}", accepted, step, random)
    if order > 1:
        result, _ = vjp(f, *args)
        w = tree.map_leaves(lambda y: random.standard_normal(np.shape(y)).astype(np.asarray(y).dtype), result)

        def pullback(*x: Tree) -> tuple[Tree, ...]:
            y, pull = vjp(f, *x)
            return pull(tree.map_leaves(lambda wi, yi: wi.astype(yi.dtype), w, y))

        pullback.__name__ = f"the pullback of {name}"
        check_grads(pullback, args, order - 1, tolerance=tolerance, step=step, seed=seed + 1)


def _of_like_size(sizes: Array) -> list[Array]:
    """Which elements are checked together: arrays of truths."""
    largest = np.max(sizes, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        powers = np.floor(np.log10(largest / sizes) / _LIKE_SIZE)
    powers = np.where(np.isfinite(powers), powers, 0)  # numbers that are 0 have the size of all
    return [powers == power for power in np.unique(powers)] if sizes.size else [powers == 0]


def _check_leaf(
    f: Callable[..., Any],
    args: Tree,
    position: int,
    elements: Array,
    where: str,
    tolerance: float,
    step: float,
    random: np.random.Generator,
) -> None:
    """Check the derivative with respect to some elements of a leaf, those where the array of truths says so."""
    leaves = [np.asarray(leaf) for leaf in tree.leaves(args)]
    shape = leaves[position].shape
    direction = elements * random.choice([-1, 1], shape) * random.uniform(_SHORTEST, 2 - _SHORTEST, shape)
    tangents = [np.zeros_like(leaf) for leaf in leaves]
    tangents[position] = direction.astype(leaves[position].dtype)
    result, forward = jvp(f, args, tree.rebuild(args, iter(tangents)))

    def along(distance: float) -> Array:
        wide = [leaf.astype(np.float64) for leaf in leaves]
        wide[position] = wide[position] + distance * tangents[position].astype(np.float64)
        return _flat(f(*tree.rebuild(args, iter(wide))))

    numeric, rounding = _difference(along, np.abs(leaves[position][elements]), step, tolerance)
    _compare(
        _flat(forward), numeric, tolerance, f"{where}: forward mode against central differences", rounding=rounding
    )
    w = tree.map_leaves(lambda y: random.standard_normal(np.shape(y)).astype(np.asarray(y).dtype), result)
    reverse = tree.leaves(vjp(f, *args)[1](w))[position]
    left, right = _flat(w) @ _flat(forward), np.sum(np.float64(reverse) * tangents[position])
    scale = _norm(_flat(w)) * _norm(_flat(forward))
    _compare(np.array([left]), np.array([right]), tolerance, f"{where}: reverse mode against forward mode", scale)


def _difference(along: Callable[[float], Array], sizes: Array, step: float, tolerance: float) -> tuple[Array, Array]:
    """The central differences whose errors are estimated to be the least, and how much of an error may be rounding.

    Two neighbours tell what truncation the larger step leaves, but for the rounding of the smaller one; it leaves no
    less than smaller steps show. The step stops to shrink as soon as the errors are well below the tolerance.
    """
    quotients: list[tuple[Array, Array]] = []
    for narrow, rounding in _quotients(along, sizes, step):
        quotients.append((narrow, rounding))
        if len(quotients) > 1:
            error = np.abs(quotients[-2][0] - narrow) + rounding
            if np.max(error, initial=0) <= tolerance / 10 * _norm(narrow):
                break
    best, least, noise, shown = np.array(np.nan), np.array(np.inf), np.array(0.0), np.array(0.0)
    for (wide, wide_rounding), (narrow, narrow_rounding) in reversed(list(pairwise(quotients))):
        gap = np.abs(wide - narrow)
        for found, truncation, rounding in (
            (narrow, gap, narrow_rounding),
            (wide, gap - narrow_rounding, wide_rounding),
        ):
            error = np.maximum(truncation, shown) + rounding
            better = error < least
            best, least, noise = (
                np.where(better, new, old) for new, old in ((found, best), (error, least), (rounding, noise))
            )
        shown = np.maximum(gap - narrow_rounding - wide_rounding, shown)
    return best, noise


def _quotients(along: Callable[[float], Array], sizes: Array, step: float) -> Iterator[tuple[Array, Array]]:
    """(f(x + hv) − f(x − hv)) / 2h for smaller and smaller h, and what rounding f and x may add to it."""
    steepest, largest = 0.0, float(np.max(sizes, initial=0))
    for h in _steps(sizes, step):
        with np.errstate(all="ignore"):
            right, left = along(h), along(-h)
            quotient = (right - left) / (2 * h)
            slope, value = float(np.max(np.abs(quotient), initial=0)), np.maximum(np.abs(right), np.abs(left))
        if np.isfinite(slope):
            steepest = max(steepest, slope)
            yield quotient, np.finfo(np.float64).eps * (value + steepest * largest / _SHORTEST) / h


def _steps(sizes: Array, step: float) -> list[float]:
    """Steps for numbers of these sizes, from the largest to the smallest: each suits some of the numbers."""
    some = sizes[sizes > 0].astype(np.float64)
    largest, smallest = float(np.max(some, initial=1)), float(np.min(some, initial=1))
    falling = [step * largest * 10.0**-power for power in range(12)]
    fitting = [step * smallest * 10.0**-power for power in range(-2, 3)]
    steps: list[float] = []
    for h in sorted(falling + fitting, reverse=True):
        if not steps or h < 0.5 * steps[-1]:  # of two that are almost the same, the difference tells nothing
            steps.append(h)
    return steps


def _norm(values: Array) -> float:
    """The Euclidean norm, whose squares do not overflow."""
    largest = float(np.max(np.abs(values), initial=0))
    return largest * float(np.linalg.norm(values / largest)) if 0 < largest < np.inf else largest


def _flat(values: Tree) -> Array:
    parts = [np.ravel(np.asarray(leaf, np.float64)) for leaf in tree.leaves(values)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _compare(
    derived: Array, expected: Array, tolerance: float, where: str, scale: float = 0.0, rounding: Array | float = 0.0
) -> None:
    size = max(scale, _norm(derived), _norm(expected))
    expected = np.broadcast_to(expected, derived.shape)
    error = np.abs(derived - expected)
    if not np.all(error <= tolerance * size + rounding + 1e-300):
        off = error - rounding
        worst = int(np.nanargmax(off)) if not np.all(np.isnan(off)) else 0
        raise GradientError(
            f"{where}: element {worst} is {derived[worst]:.9g}, expected {expected[worst]:.9g} "
            f"(tolerance {tolerance:g} of {size:.3g})"
        )
