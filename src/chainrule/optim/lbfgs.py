"""L-BFGS: Newton's method with a Hessian that is remembered, not computed.

The last few steps s and the changes y of the gradient along them say how the loss curves; the two-loop
recursion turns them into a direction, and a line search says how far to go. It needs the whole data at each
step and a loss without noise, and then converges on small and smooth problems far faster than any first-order
method.

Source: Nocedal and Wright (2006), Numerical optimization, algorithms 7.4 and 7.5; Liu and Nocedal (1989).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule import tree
from chainrule.constraints import COUNT, NOT_NEGATIVE, SHARE
from chainrule.errors import ArgumentError
from chainrule.optim.line_search import StrongWolfe, Trial
from chainrule.optim.minimizer import Ending, FullBatchMinimizer, Objective
from chainrule.optim.optimizer import require_floating
from chainrule.tree import Tree
from chainrule.types import Array

_ROUNDINGS = 10
"""Units of rounding that a loss, a mean of many numbers, may be wrong by."""
_TOLD_APART = 1000
"""Units of rounding that the first step along the gradient should lower the loss by, at least."""


@dataclass(frozen=True)
class LBFGS(FullBatchMinimizer):
    """Limited-memory BFGS with a strong Wolfe line search, for full batches.

    Args:
        history: how many steps are remembered; the state holds 2 · `history` float64 vectors.
        max_line_search: the most evaluations of the objective in one line search.
        sufficient_decrease: c₁ of the Wolfe conditions.
        curvature: c₂ of the Wolfe conditions, above c₁.
        tolerance: finished when no element of the gradient is larger in magnitude.
    """

    history: int = 10
    max_line_search: int = 25
    sufficient_decrease: float = 1e-4
    curvature: float = 0.9
    tolerance: float = 1e-7

    def __post_init__(self) -> None:
        COUNT.require_fields(self, "history", "max_line_search")
        SHARE.require_fields(self, "sufficient_decrease", "curvature")
        NOT_NEGATIVE.require_fields(self, "tolerance")
        if self.sufficient_decrease >= self.curvature:
            raise ArgumentError("LBFGS: sufficient_decrease must be below curvature, as 1e-4 is below 0.9")

    def initialise(self, parameters: Tree) -> dict[str, Array]:
        """Return the state before the first step.

        It holds the remembered `steps` and `changes` [history × n, float64], oldest first, which of them are
        `valid` [history, bool], the last `point` and its `gradient` [n, float64] and `loss` [], and whether
        the search is `finished` [, bool]: the gradient is within the tolerance, or no lower loss can be
        found.

        Raises:
            ArgumentError: a leaf is not an array of float32 or float64.
        """
        require_floating(parameters)
        x = _flatten(parameters)
        return {
            "steps": np.zeros((self.history, x.size)),
            "changes": np.zeros((self.history, x.size)),
            "valid": np.zeros(self.history, bool),
            "point": np.full(x.size, np.nan),  # equal to no point
            "gradient": np.full(x.size, np.nan),
            "loss": np.array(np.nan),
            "finished": np.array(False),
        }

    def step(
        self, objective: Objective, parameters: Tree, state: dict[str, Array]
    ) -> tuple[Tree, dict[str, Array], float]:
        """Return the parameters, the state and the loss after one step; the loss never rises.

        Args:
            objective: gives the loss and the gradients at a tree of parameters; must be deterministic. It is
                not called again at a point where the previous step ended.
            parameters: a tree of float32 and float64 arrays; the algorithm itself computes in float64.
            state: what `initialise` or the previous step returned.
        """
        start = self._start(objective, parameters, state)
        state = {**state, "point": start.point, "gradient": start.gradient, "loss": np.array(start.value)}
        if np.max(np.abs(start.gradient), initial=0.0) <= self.tolerance:
            return parameters, {**state, "finished": np.array(True)}, start.value
        # Where remembered curvature leads nowhere, the steepest descent gets a last chance.
        for valid in (state["valid"], np.zeros_like(state["valid"])):
            end = self._search(objective, start, state["steps"], state["changes"], valid)
            if end is not start:
                state = {**state, **_remember(start, end, state["steps"], state["changes"], valid)}
                state |= {"point": end.point, "gradient": end.gradient, "loss": np.array(end.value)}
                return end.parameters, state, end.value
        return parameters, {**state, "finished": np.array(True)}, start.value

    def ending(self, parameters: Tree, state: dict[str, Array]) -> Ending | None:
        """How the search ended; None if it is not finished.

        Where no lower loss was found, it has converged if the decrease that the remembered curvature predicts, ½ gᵀHg
        (half the square of Newton's decrement), is lost in the rounding of the loss.
        """
        if not state["finished"]:
            return None
        gradient, loss = state["gradient"], float(state["loss"])
        steepest = float(np.max(np.abs(gradient), initial=0.0))
        if steepest <= self.tolerance:
            return Ending("converged", f"no element of the gradient is above the tolerance {self.tolerance:g}")
        direction = descent_direction(gradient, state["steps"], state["changes"], state["valid"])
        decrease, rounding = -0.5 * float(np.sum(gradient * direction)), _rounding(parameters, loss)
        if 0 <= decrease <= rounding:
            return Ending("converged", f"the loss {loss:.6g} is as low as its rounding, {rounding:.2g}, lets one tell")
        return Ending(
            "stalled",
            f"the line search found no loss below {loss:.6g} in {self.max_line_search} tries, though the gradient has "
            f"elements up to {steepest:.2g}: the loss is rounded to about {rounding:.2g}, has a kink, or a wrong "
            "gradient; scale the targets to variance 1, use float64, or a first-order optimiser as optim.Adam(1e-3)",
        )

    def _start(self, objective: Objective, parameters: Tree, state: dict[str, Array]) -> Trial:
        x = _flatten(parameters)
        if np.array_equal(x, state["point"]):
            return Trial(0.0, float(state["loss"]), 0.0, x, state["gradient"], parameters)
        loss, gradient = _evaluate(objective, parameters)
        return Trial(0.0, loss, 0.0, x, gradient, parameters)

    def _search(self, objective: Objective, start: Trial, steps: Array, changes: Array, valid: Array) -> Trial:
        """The end of a line search along the L-BFGS direction, or `start` itself if that is no way down."""
        direction = descent_direction(start.gradient, steps, changes, valid)
        origin = replace(start, slope=float(np.sum(start.gradient * direction)))
        if not origin.slope < 0:
            return start

        def evaluate(step: float) -> Trial:
            parameters = _unflatten(start.point + step * direction, start.parameters)
            loss, gradient = _evaluate(objective, parameters)
            slope = float(np.sum(gradient * direction))
            return Trial(step, loss, slope, _flatten(parameters), gradient, parameters)

        line = StrongWolfe(evaluate, origin, self.sufficient_decrease, self.curvature, self.max_line_search)
        # A remembered curvature makes 1 the natural length; without one, the first try moves by at most 1, unless the
        # loss would hardly change by that.
        first = 1.0
        if not valid.any():
            shortest = _TOLD_APART * _rounding(start.parameters, start.value) / -origin.slope
            first = max(min(1.0, 1.0 / math.sqrt(-origin.slope)), shortest)
        end = line.search(first)
        # In float32, or next to the minimum, a step can be too short to change any parameter.
        return start if np.array_equal(end.point, start.point) else end


def descent_direction(gradient: Array, steps: Array, changes: Array, valid: Array) -> Array:
    """Return −H g, where H is the inverse Hessian that the remembered steps imply (algorithm 7.4); traced.

    Args:
        gradient: g [n].
        steps: s [history × n], oldest first.
        changes: y [history × n], the change of the gradient along each step.
        valid: [history, bool]; rows that are not valid have no influence.
    """
    newest_first = range(steps.shape[0] - 1, -1, -1)
    products = np.where(valid, np.sum(steps * changes, axis=1), 1.0)
    rho = np.where(valid, 1.0 / products, 0.0)
    q = gradient
    alpha = {}
    for i in newest_first:
        alpha[i] = rho[i] * np.sum(steps[i] * q)
        q = q - alpha[i] * changes[i]
    square = np.where(valid[-1], np.sum(changes[-1] * changes[-1]), 1.0)
    r = products[-1] / square * q
    for i in reversed(newest_first):
        beta = rho[i] * np.sum(changes[i] * r)
        r = r + (alpha[i] - beta) * steps[i]
    direction: Array = -r
    return direction


def _remember(start: Trial, end: Trial, steps: Array, changes: Array, valid: Array) -> dict[str, Array]:
    """The memory with the newest step at its end, the oldest dropped."""
    s, y = end.point - start.point, end.gradient - start.gradient
    # Without this curvature H would not be positive definite (Byrd et al. 1995, equation 3.9).
    if not np.sum(s * y) > np.finfo(np.float64).eps * np.sum(y * y):
        return {"steps": steps, "changes": changes, "valid": valid}
    return {
        "steps": np.concatenate([steps[1:], s[None]]),
        "changes": np.concatenate([changes[1:], y[None]]),
        "valid": np.concatenate([valid[1:], np.array([True])]),
    }


def _rounding(parameters: Tree, loss: float) -> float:
    """By how much a loss computed in the dtype of the parameters may be wrong."""
    return _ROUNDINGS * max(float(np.finfo(leaf.dtype).eps) for leaf in tree.leaves(parameters)) * abs(loss)


def _evaluate(objective: Objective, parameters: Tree) -> tuple[float, Array]:
    """The loss and the flat gradient."""
    loss, gradients = objective(parameters)
    tree.require_same_structure(parameters, gradients)
    return float(loss), _flatten(gradients)


def _flatten(parameters: Tree) -> Array:
    """All leaves after one another: float64 [n]."""
    return np.concatenate([np.zeros(0), *(np.ravel(leaf).astype(np.float64) for leaf in tree.leaves(parameters))])


def _unflatten(vector: Array, parameters: Tree) -> Tree:
    """The inverse of `_flatten`, with the structure, shapes and dtypes of `parameters`."""
    likes = tree.leaves(parameters)
    ends = np.cumsum([like.size for like in likes])
    parts = zip(np.split(vector, ends[:-1]), likes, strict=True)
    return tree.rebuild(parameters, iter([part.reshape(like.shape).astype(like.dtype) for part, like in parts]))
