"""What all ways to minimise a loss have in common, be they first-order updates or a search over all examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from chainrule.tree import Tree

Objective = Callable[[Tree], tuple[float, Tree]]
"""The loss and the gradients at a tree of parameters."""


class Ending(NamedTuple):
    """How a search ended.

    Attributes:
        outcome: "converged", or "stalled" if lower losses are to be expected but none was found.
        reason: why, in a sentence.
    """

    outcome: str
    reason: str


@dataclass(frozen=True)
class Minimizer(ABC):
    """What `fit` takes: an `Optimizer`, which turns a gradient into an update, or a search such as `LBFGS`.

    Attributes:
        full_batch: whether it looks at all examples in every step, as often as it needs.
    """

    full_batch: ClassVar[bool] = False

    @abstractmethod
    def initialise(self, parameters: Tree) -> dict[str, Any]:
        """Return the state before the first step.

        Raises:
            ArgumentError: a leaf is not an array of float32 or float64.
        """

    def ending(self, parameters: Tree, state: dict[str, Any]) -> Ending | None:
        """Why there is nothing left to do after a step; None if it goes on."""
        return None


@dataclass(frozen=True)
class FullBatchMinimizer(Minimizer):
    """A search that asks for the loss and the gradients of all examples, as often as it needs in a step."""

    full_batch: ClassVar[bool] = True

    @abstractmethod
    def step(self, objective: Objective, parameters: Tree, state: dict[str, Any]) -> tuple[Tree, dict[str, Any], float]:
        """Return the parameters, the state and the loss after one step.

        Args:
            objective: gives the loss and the gradients; must be deterministic.
            parameters: a tree of float32 and float64 arrays.
            state: what `initialise` or the previous step returned.
        """
