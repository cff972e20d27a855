"""The training step of a network as the engine compiles it, tried on examples that are given or made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.nn import fitting
from chainrule.nn.architecture import Architecture
from chainrule.optim import Minimizer
from chainrule.train import TrainingPlan
from chainrule.train.runner import chosen_optimizer, make_runner
from chainrule.tree import Tree

if TYPE_CHECKING:
    from chainrule.runtime.inspection import Inspection

_NO_OPTIONS = fitting.Options(0.0, 0.0, None, None, None)


def training_step(
    architecture: Architecture,
    parameters: Tree,
    state: Tree,
    X: Any,
    y: Any,
    batch_size: int,
    optimizer: Minimizer | None,
) -> Inspection:
    """What is compiled for a step on mini-batches of a size; see `Network.profile`."""
    plan = TrainingPlan(1, batch_size)
    if X is None and y is None:
        X, y = _made_up(architecture, batch_size)
    if X is None or y is None:
        raise ArgumentError("X and y belong together; give both, or neither")
    chosen = chosen_optimizer(optimizer)
    training = fitting.make_training(architecture, parameters, state, X, y, _NO_OPTIONS, plan, chosen, ())
    runner = make_runner(training.problem, chosen, training.data.arrays, training.data.weights, training.start)
    return runner.inspection(len(training.data) if chosen.full_batch else batch_size)


def _made_up(architecture: Architecture, n: int) -> tuple[Any, Any]:
    """Examples of zeros, with targets that every loss of this library takes."""
    if architecture.loss.task == "classes":
        return np.zeros((n, architecture.n_inputs)), np.zeros(n, np.int64)
    return np.zeros((n, architecture.n_inputs)), np.ones((n, architecture.n_outputs))
