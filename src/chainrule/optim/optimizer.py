"""An optimiser is a formula for one leaf, applied to every leaf of the parameters.

`update` clips the gradients, asks the schedule for the learning rate, and hands each parameter W, its
gradient g and its part of the state to the formula. It is a traced function: plain NumPy arithmetic that
computes on arrays, and that is recorded when given traced Values, so that it becomes a part of the training
step.

Scalars are computed in float64 and then cast to the dtype of each leaf, so float32 parameters stay float32.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.constraints import POSITIVE
from chainrule.errors import ArgumentError
from chainrule.optim.clipping import clip_by_global_norm, clip_by_value
from chainrule.optim.minimizer import Minimizer
from chainrule.optim.schedules import Scalar, Schedule, as_schedule
from chainrule.tree import Tree
from chainrule.types import require_unmasked

Leaf = Any  # an array, or the traced Value that stands for one
Leaves = tuple[Leaf, ...]


@dataclass(frozen=True)
class Optimizer(Minimizer):
    """What all first-order optimisers share.

    Args:
        learning_rate: a number, or a schedule: a function of (step, total_steps).
        clip_norm: the largest global norm of the gradient; None does not clip.
        clip_value: the largest magnitude of a gradient's element; None does not clip. Comes before
            `clip_norm`.
    """

    learning_rate: float | Schedule
    _: KW_ONLY
    clip_norm: float | None = None
    clip_value: float | None = None

    def __post_init__(self) -> None:
        as_schedule(self.learning_rate)
        if not callable(self.learning_rate):
            object.__setattr__(self, "learning_rate", float(self.learning_rate))
        for limit in ("clip_norm", "clip_value"):
            if getattr(self, limit) is not None:
                POSITIVE.require_fields(self, limit)

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the arrays that are kept for each parameter."""
        return ()

    def initialise(self, parameters: Tree) -> dict[str, Tree]:
        """Return the state before the first step: for each slot a tree of zeros, shaped like the parameters.

        Raises:
            ArgumentError: a leaf is not an array of float32 or float64.
        """
        require_floating(parameters)
        return {slot: tree.map_leaves(np.zeros_like, parameters) for slot in self.slots}

    def update(
        self, parameters: Tree, gradients: Tree, state: dict[str, Tree], step: Scalar, total_steps: Scalar
    ) -> tuple[Tree, dict[str, Tree]]:
        """Return the parameters and the state after one step.

        Args:
            parameters: a tree of float32 and float64 arrays.
            gradients: a tree of the same structure, shapes and dtypes.
            state: what `initialise` or the previous update returned.
            step: the number of updates already made, 0 for the first; float64 [].
            total_steps: the number of updates of the whole training; float64 [].
        """
        for other in (gradients, *state.values()):
            tree.require_same_structure(parameters, other)
        scalars = self.scalars(self.rate(step, total_steps), _float64(step))
        trees = (parameters, self.clip(gradients), *(state[slot] for slot in self.slots))
        moved = [
            self.leaf_update(W, g, tuple(arrays), tuple(scalar.astype(W.dtype) for scalar in scalars))
            for W, g, *arrays in zip(*map(tree.leaves, trees), strict=True)
        ]
        new_state = {
            slot: tree.rebuild(parameters, iter([arrays[index] for _, arrays in moved]))
            for index, slot in enumerate(self.slots)
        }
        return tree.rebuild(parameters, iter([W for W, _ in moved])), new_state

    def rate(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate η of this step, a float64 scalar."""
        return _float64(as_schedule(self.learning_rate)(_float64(step), _float64(total_steps)))

    def clip(self, gradients: Tree) -> Tree:
        """Return the gradients within `clip_value` and then within `clip_norm`."""
        if self.clip_value is not None:
            gradients = clip_by_value(gradients, self.clip_value)
        if self.clip_norm is not None:
            gradients = clip_by_global_norm(gradients, self.clip_norm)
        return gradients

    def scalars(self, rate: Scalar, step: Scalar) -> tuple[Scalar, ...]:
        """Return the float64 scalars of this step that `leaf_update` takes, cast to the dtype of its leaf."""
        return (rate,)

    @abstractmethod
    def leaf_update(self, W: Leaf, g: Leaf, state: Leaves, scalars: Leaves) -> tuple[Leaf, Leaves]:
        """Return one parameter and its arrays after a step: the formula of the optimiser.

        Args:
            W: the parameter, of any shape.
            g: its gradient, clipped.
            state: its arrays, in the order of `slots`.
            scalars: what the method `scalars` returned, in the dtype of W.
        """


def require_floating(parameters: Tree) -> None:
    """Raise ArgumentError that names the first leaf which is not an array of float32 or float64."""
    for path, leaf in tree.items(parameters):
        name = f"the parameter {str(path) or 'given'}"
        require_unmasked(leaf, name)
        dtype = getattr(leaf, "dtype", type(leaf).__name__)
        if dtype not in (np.float32, np.float64):
            raise ArgumentError(
                f"{name} is {dtype}, but only float32 and float64 arrays can be "
                "optimised; convert it, for instance with np.asarray(parameter, np.float64)"
            )


def _float64(scalar: Scalar) -> Scalar:
    """Return a Python number, a NumPy scalar or a Value as a float64 scalar."""
    return np.float64(scalar) if isinstance(scalar, int | float) else scalar.astype(np.float64)
