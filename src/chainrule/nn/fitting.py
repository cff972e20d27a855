"""From an architecture and a user's arguments to a training: targets, weights, validation set, problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import tree
from chainrule.cache_key import cache_key, joined_keys
from chainrule.constraints import NOT_NEGATIVE
from chainrule.errors import ArgumentError
from chainrule.execution.program import Program
from chainrule.figures import counted
from chainrule.nn.architecture import Architecture, penalty
from chainrule.nn.chosen_rows import ChosenRows
from chainrule.nn.layer import Layer
from chainrule.nn.predicting import block_of
from chainrule.nn.scores import scores
from chainrule.nn.sparse_rows import SparseRows
from chainrule.optim import Minimizer
from chainrule.sampling import split_rows
from chainrule.train import Training, TrainingPlan
from chainrule.train.examples import Examples
from chainrule.train.problem import Objective, Problem, weighted_mean
from chainrule.train.weights import Weights
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.doctor.recorder import Diagnose

_ROWS = 8192  # validated at a time


@dataclass(frozen=True)
class Options:
    """What `Network.fit` adds to a plan; see there."""

    l1: float
    l2: float
    sample_weight: Any
    class_weight: Mapping[int, float] | str | None
    validation: Any

    def __post_init__(self) -> None:
        for name in ("l1", "l2"):
            NOT_NEGATIVE.require(getattr(self, name), name)


def make_training(
    architecture: Architecture,
    parameters: Tree,
    state: Tree,
    X: Any,
    y: Any,
    options: Options,
    plan: TrainingPlan,
    optimizer: Minimizer,
    callbacks: Sequence[Any],
    diagnose: Diagnose | None = None,
) -> Training:
    """The training that starts from copies of these parameters and this state; see `Network.fit`."""
    data, validation = _split(architecture, X, y, options, plan.seed)
    plan.check_order(len(data))
    _require_rows(architecture.layers, plan.batch_rows(len(data)))
    start = tree.map_leaves(np.array, parameters)
    recorder = None
    if diagnose is not None:
        from chainrule.nn.diagnosing import make_recorder

        recorder = make_recorder(architecture, diagnose, start, plan, data)
    return Training(
        problem=_problem(architecture, options),
        optimizer=optimizer,
        data=data,
        plan=plan,
        start=Weights(start, optimizer.initialise(start), tree.map_leaves(np.array, state)),
        validation=validation,
        callbacks=callbacks,
        recorder=recorder,
    )


def _require_rows(layers: Sequence[Layer], rows: set[int]) -> None:
    """Raise ArgumentError if no batch has as many rows as a layer needs; `rows` are those that batches have."""
    for number, layer in enumerate(layers, 1):
        if layer.fewest_rows > max(rows):
            raise ArgumentError(
                f"layer {number} ({type(layer).__name__}) learns from batches of at least "
                f"{counted(layer.fewest_rows, 'row')}, "
                f"but none has more than {max(rows):,}; give more rows or a larger batch_size, or use nn.LayerNorm"
            )


def examples(architecture: Architecture, X: Any, y: Any, sample_weight: Any, name: str) -> Examples:
    """X and y, checked, as the training loop takes them."""
    inputs = np.atleast_2d(architecture.inputs(X, name))
    targets = architecture.loss.prepare(y, architecture.n_outputs)
    if len(inputs) != len(targets):
        raise ArgumentError(f"{name} has {counted(len(inputs), 'row')}, but its targets have {len(targets)}")
    return Examples.of((inputs, targets), sample_weight, name)


def _split(architecture: Architecture, X: Any, y: Any, options: Options, seed: int) -> tuple[Examples, Examples | None]:
    """The training and the validation examples."""
    data = examples(architecture, X, y, options.sample_weight, "X")
    weights = _with_class_weight(architecture, data, options.class_weight)
    data = Examples.of(data.arrays, weights, "X")
    if options.validation is None:
        return data, None
    if isinstance(options.validation, float | np.floating):
        targets = data.arrays[1]
        labels = targets if architecture.loss.task == "classes" and targets.ndim == 1 else None
        return _divided(data, *split_rows(len(data), float(options.validation), int(seed), labels, "validation"))
    if not isinstance(options.validation, tuple) or len(options.validation) not in (2, 3):
        raise ArgumentError("validation must be (X, y), (X, y, sample_weight), or the share of the rows to set aside")
    valid_X, valid_y, *weight = options.validation
    return data, examples(architecture, valid_X, valid_y, weight[0] if weight else None, "validation X")


def _divided(data: Examples, train: Array, valid: Array) -> tuple[Examples, Examples]:
    """Two parts of the examples, of which only the targets are copied."""
    x, y = data.arrays

    def rows(chosen: Array) -> Examples:
        weights = None if data.weights is None else data.weights[chosen]
        inputs: Any = np.take(x, chosen, axis=0) if isinstance(x, SparseRows) else ChosenRows(x, chosen)
        return Examples.of((inputs, y[chosen]), weights)

    return rows(train), rows(valid)


def _with_class_weight(
    architecture: Architecture, data: Examples, class_weight: Mapping[int, float] | str | None
) -> Any:
    """The sample weights, each times the weight of its class."""
    if class_weight is None:
        return data.weights
    targets = data.arrays[1]
    if architecture.loss.task == "regression" or (targets.ndim == 2 and targets.shape[1] > 1):
        raise ArgumentError(
            f"class_weight needs one label for each example; the loss {architecture.loss.name} has none"
        )
    labels = targets.reshape(-1)
    present, counts = np.unique(labels, return_counts=True)
    if class_weight == "balanced":
        factors = {label: len(labels) / (len(present) * n) for label, n in zip(present.tolist(), counts, strict=True)}
    elif isinstance(class_weight, Mapping):
        factors = dict(starmap(_class_weight, class_weight.items()))
    else:
        raise ArgumentError(f'class_weight must be a dict or "balanced", got {class_weight!r}')
    missing = [label for label in present.tolist() if label not in factors]
    if missing:
        raise ArgumentError(f"class_weight has no weight for label {missing[0]}; the labels are {present.tolist()}")
    by_class = np.array([factors[label] for label in labels.tolist()], np.float64)
    return by_class if data.weights is None else by_class * data.weights


def _class_weight(label: Any, factor: Any) -> tuple[float, float]:
    """One weight of `class_weight`, as numbers."""
    numbers = (int, float, np.number, np.bool_)
    if not isinstance(label, numbers) or not isinstance(factor, numbers) or not 0 <= factor < np.inf:
        raise ArgumentError(f"class_weight gives label {label!r} the weight {factor!r}; write {{0: 1.0, 1: 2.5}}")
    return float(label), float(factor)


def _problem(architecture: Architecture, options: Options) -> Problem:
    def objective(parameters: Tree, state: Tree, key: Any, x: Any, y: Any) -> Objective:
        return architecture.objective(parameters, state, key, x, y)._replace(
            penalty=penalty(parameters, options.l1, options.l2)
        )

    losses = Program(architecture.losses, resident=2, cache_key=architecture.cache_key)
    key = joined_keys(architecture.cache_key, cache_key(options.l1, options.l2))

    def valid(parameters: Tree, state: Tree, data: Sequence[Array], weights: Array | None) -> dict[str, float]:
        return validate(architecture, losses, parameters, state, Examples(tuple(data), weights))

    def locate(parameters: Tree, state: Tree, key: Array, batch: Sequence[Array]) -> str:
        return _first_not_finite(architecture, parameters, state, key, batch[0])

    return Problem(objective, valid, locate, key)


def validate(
    architecture: Architecture, losses: Program, parameters: Tree, state: Tree, data: Examples
) -> dict[str, float]:
    """The mean loss and the score of these parameters; `losses` is the program of `architecture.losses`."""
    x, y = data.arrays
    parts = [
        losses(parameters, state, block_of(x, start, stop, stop - start), y[start:stop])
        for start, stop in ((start, min(start + _ROWS, len(y))) for start in range(0, len(y), _ROWS))
    ]
    each, outputs = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    return {"loss": weighted_mean(each, data.weights), **scores(architecture.loss, outputs, y, data.weights)}


def _first_not_finite(architecture: Architecture, parameters: Tree, state: Tree, key: Array, x: Array) -> str:
    """The first layer whose z or a is not finite for these examples."""
    z, a = Program(architecture.forward_in_training)(parameters, state, key, x)
    for number, (layer, z_l, a_l) in enumerate(zip(architecture.layers, z, a, strict=True), 1):
        for name, values in (("z", z_l), ("a", a_l)):
            if not np.all(np.isfinite(values)):
                return f"{name} of layer {number} ({type(layer).__name__})"
    return f"the loss {architecture.loss.name}, all layers being finite"
