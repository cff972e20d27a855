"""What is trained: the three functions that a training loop needs, and nothing about how they are made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule.doctor.measuring import Watched
from chainrule.tree import Tree
from chainrule.types import Array


class Objective(NamedTuple):
    """What a problem says about a batch.

    Attributes:
        losses: one for each example [B], or their mean as a single number [].
        penalty: what is added to the mean loss, independent of the batch; [].
        state: the model's state after the batch.
        layers: what can be watched, one for each entry of the list of parameters; empty if they have no layers.
    """

    losses: Any
    penalty: Any
    state: Tree
    layers: Sequence[Watched] = ()


def _no_scores(parameters: Tree, state: Tree, data: Sequence[Array], weights: Array | None) -> dict[str, float]:
    return {}


def _somewhere(parameters: Tree, state: Tree, key: Array, batch: Sequence[Array]) -> str:
    return "the loss function"


@dataclass(frozen=True)
class Problem:
    """Something to train.

    Attributes:
        objective: traced (parameters, state, key, *batch) -> Objective, in training mode.
        validate: (parameters, state, data, weights) -> scores by name, "loss" among them; lower loss is better.
        locate: (parameters, state, key, batch) -> the place where a step first met a number that is not finite.
        cache_key: equal for problems whose objectives compute the same; None if nobody can tell.
    """

    objective: Callable[..., Objective]
    validate: Callable[[Tree, Tree, Sequence[Array], Array | None], dict[str, float]] = _no_scores
    locate: Callable[[Tree, Tree, Array, Sequence[Array]], str] = _somewhere
    cache_key: Hashable | None = None


def weighted_mean(values: Array, weights: Array | None) -> float:
    """The mean of one number for each example, accumulated in float64."""
    if weights is None:
        return float(np.mean(values, dtype=np.float64))
    return float(np.sum(values * weights, dtype=np.float64) / np.sum(weights, dtype=np.float64))
