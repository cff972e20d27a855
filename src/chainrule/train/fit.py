"""`fit`: train any loss function of any parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.execution.program import Program
from chainrule.ops import random_key
from chainrule.optim import Minimizer
from chainrule.row_blocks import row_blocks
from chainrule.train.arrays import as_data
from chainrule.train.callbacks import as_callbacks
from chainrule.train.checkpoint import Checkpoint, checkpoint_callbacks
from chainrule.train.examples import Examples
from chainrule.train.history import History
from chainrule.train.loop import Training
from chainrule.train.plan import TrainingPlan
from chainrule.train.problem import Objective, Problem, weighted_mean
from chainrule.train.progress import progress_callbacks
from chainrule.train.runner import chosen_optimizer
from chainrule.train.weights import Weights
from chainrule.tree import Tree
from chainrule.types import Array, as_array


class Fitted(NamedTuple):
    """The result of a training: its parameters, and its history."""

    parameters: Tree
    history: History


def fit(
    loss: Callable[..., Any],
    parameters: Tree,
    data: Any,
    *,
    optimizer: Minimizer | None = None,
    epochs: int = 10,
    batch_size: int | None = 32,
    shuffle: bool = True,
    order: Sequence[Array] | None = None,
    seed: int = 0,
    sample_weight: Any = None,
    accumulate: int = 1,
    transform_gradients: Callable[..., Tree] | None = None,
    validation: Any = None,
    early_stopping: int | None = None,
    callbacks: Any = (),
    progress: bool | None = None,
    checkpoint: Checkpoint | str | Path | None = None,
) -> Fitted:
    """Minimise a loss over data.

    Args:
        loss: traced (parameters, *batch) -> one loss for each example [B], or their mean []. If it has a parameter
            `key`, it gets a random key u32[3] that differs in every step (see `chainrule.ops.random_bits`).
        parameters: nested float arrays to start from; they are not changed.
        data: an array, or a tuple of arrays with one row for each example.
        optimizer: by default Adam(1e-3). LBFGS takes all examples in every step.
        epochs, batch_size, shuffle, order, seed, early_stopping: see `TrainingPlan`.
        sample_weight: [n], how much each example counts; scaled to mean 1.
        accumulate: how many batches make one update, their gradients being added up; it is the update that a batch of
            accumulate × batch_size examples gives, with the memory of one of batch_size.
        transform_gradients: traced gradients -> gradients, a tree like the parameters; what the optimiser gets. If it
            has a parameter `last`, it is told whether this is the last batch of an update (bool []).
        validation: arrays like `data`, to compute "valid_loss" from after each epoch.
        callbacks: functions of the training, called after each epoch, or `Callback` objects; a list, or one of them.
        progress: whether to draw a progress bar; by default where stderr is a terminal.
        checkpoint: where to save the training; an existing file is resumed.

    Returns:
        The parameters, those of the best epoch with early stopping, and the history. After Ctrl-C the training
        stops at the next step and returns what it has; history.stopped says so.

    Raises:
        ArgumentError: the arguments do not fit each other.
        DivergenceError: a loss was not finite.
        TraceError: the loss function cannot be recorded.
    """
    optimizer = chosen_optimizer(optimizer)
    start = _start(parameters)
    problem = _problem(loss)
    training = Training(
        problem=problem,
        optimizer=optimizer,
        data=Examples.of(_arrays(data, "data"), sample_weight),
        plan=TrainingPlan.of(
            optimizer,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            order=order,
            seed=seed,
            early_stopping=early_stopping,
            accumulate=accumulate,
            transform_gradients=transform_gradients,
        ),
        start=Weights(start, optimizer.initialise(start), {}),
        validation=None if validation is None else Examples.of(_arrays(validation, "validation"), name="validation"),
        callbacks=[*checkpoint_callbacks(checkpoint), *progress_callbacks(progress), *as_callbacks(callbacks)],
    )
    history = training.run()
    return Fitted(training.result[0], history)


def _start(parameters: Tree) -> Tree:
    """Copies of the parameters."""
    start = tree.map_leaves(lambda leaf: np.array(as_array(leaf, "a parameter")), parameters)
    for path, leaf in tree.items(start):
        if not np.all(np.isfinite(leaf)):
            raise ArgumentError(f"the parameter {str(path) or 'given'} contains nan or infinity")
    return start


def _arrays(data: Any, name: str) -> list[Array]:
    if isinstance(data, list):
        raise ArgumentError(
            f"{name} must be an array or a tuple of arrays; write (X, y), not [X, y], and np.array(rows) for a list "
            "of rows"
        )
    named = {f"{name}[{i}]": array for i, array in enumerate(data)} if isinstance(data, tuple) else {name: data}
    arrays = [as_data(array, place) for place, array in named.items()]
    if not arrays or any(array.ndim == 0 for array in arrays):
        raise ArgumentError(f"{name} must be an array or a tuple of arrays with one row for each example")
    for place, array in zip(named, arrays, strict=True):
        for start, rows in row_blocks(array):
            _require_finite(rows, start, place)
    return arrays


def _require_finite(rows: Array, start: int, place: str) -> None:
    good = np.isfinite(rows).all(axis=tuple(range(1, rows.ndim)))
    if not good.all():
        row = start + int(np.argmin(good))
        raise ArgumentError(f"{place}: row {row} contains nan or infinity; fill it or drop the row")


def _problem(loss: Callable[..., Any]) -> Problem:
    takes_key = "key" in inspect.signature(loss).parameters

    def losses(parameters: Tree, key: Any, *batch: Any) -> Any:
        return loss(parameters, *batch, key=key) if takes_key else loss(parameters, *batch)

    def objective(parameters: Tree, state: Tree, key: Any, *batch: Any) -> Objective:
        return Objective(losses(parameters, key, *batch), 0.0, state)

    program = Program(losses)

    def validate(parameters: Tree, state: Tree, data: Sequence[Array], weights: Array | None) -> dict[str, float]:
        values = np.atleast_1d(program(parameters, random_key(0), *data))
        return {"loss": weighted_mean(values, weights)}

    return Problem(objective, validate)
