"""Checkpoints: all that a training needs to go on as if nothing had happened, in one file written whole.

The order of the examples and the dropout masks depend on nothing but the seed and the position, so the file needs no
generator state: weights, optimiser state, model state, position and history are enough for a byte-equal run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from chainrule import storage, tree
from chainrule.constraints import COUNT
from chainrule.errors import ModelFileError
from chainrule.train.callbacks import Callback
from chainrule.train.loop import Training
from chainrule.train.position import Position
from chainrule.train.weights import Weights
from chainrule.tree import Tree
from chainrule.types import Array

_KIND = "checkpoint"
_FINAL = ("early stopping", "converged", "stalled")  # after these there is nothing to continue


@dataclass(frozen=True)
class Checkpoint(Callback):
    """Where and how often to save a training. It continues from the file if there is one when it starts.

    Attributes:
        path: of the file; it is replaced as a whole at every save.
        every_steps: save after so many steps, and after every epoch in any case.
    """

    path: str | Path
    every_steps: int | None = None

    def __post_init__(self) -> None:
        if self.every_steps is not None:
            COUNT.require(self.every_steps, "every_steps")

    @property
    def step_interval(self) -> int | None:  # type: ignore[override]
        """`every_steps`."""
        return self.every_steps

    def on_start(self, training: Training) -> None:
        """Continue from the file."""
        self.resume(training)

    def on_step(self, training: Training) -> None:
        """Save if it is time."""
        if self.every_steps is not None and training.step % self.every_steps == 0:
            self.save(training)

    def on_epoch(self, training: Training) -> None:
        """Save."""
        self.save(training)

    def on_end(self, training: Training) -> None:
        """Save what was done since the last epoch, unless the training failed."""
        if training.history.stopped and training.position.done:
            self.save(training)

    def save(self, training: Training) -> None:
        """Write everything to the file.

        Raises:
            ModelFileError: it cannot be written; the previous checkpoint is intact.
        """
        header = {
            "run": _run(training),
            "position": _as_json(asdict(training.position)),
            "history": [_as_json(record) for record in training.history.epochs],
            "best_epoch": training.history.best_epoch,
            "finished": training.stop_reason if training.stop_reason in _FINAL else "",
            "reason": training.history.reason,
        }
        storage.save(self.path, _KIND, header, dict(_named(training.weights, training.best)))

    def resume(self, training: Training) -> bool:
        """Put a training where the file says; False if there is no file.

        Raises:
            ModelFileError: the file is damaged, or belongs to another training.
        """
        if not Path(self.path).exists():
            return False
        header, arrays = storage.load(self.path, _KIND)
        stored, run = header.get("run"), _run(training)
        if stored != run:
            names = _differences(stored if isinstance(stored, dict) else {}, run)
            raise ModelFileError(
                f"{self.path} belongs to another training: {', '.join(names)} {'differ' if names[1:] else 'differs'}; "
                "delete it to start anew, or name another file"
            )
        try:
            _restore(training, header, arrays)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"{self.path} does not describe a training: {error!r}; delete it") from error
        return True


def checkpoint_callbacks(checkpoint: Checkpoint | str | Path | None) -> list[Checkpoint]:
    """The checkpoint that an argument of `fit` stands for, first of the callbacks since it may move the start."""
    if checkpoint is None:
        return []
    return [checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)]


def _run(training: Training) -> dict[str, Any]:
    """What must be the same for a continuation to be one; the number of epochs may grow only without a schedule."""
    plan, optimizer = training.plan, training.optimizer
    scheduled = callable(getattr(optimizer, "learning_rate", None))
    return {
        **training.fingerprints,
        "optimizer": re.sub(" at 0x[0-9a-fA-F]+", "", repr(optimizer)),  # a schedule may be any function
        "number of steps": training.total_steps if scheduled else None,
        "batch_size": plan.batch_size,
        "accumulate": plan.accumulate,
        "shuffle": plan.shuffle,
        "order": plan.order is not None,
        "seed": int(plan.seed),
        "early_stopping": plan.early_stopping,
    }


def _differences(stored: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """The names of what differs; other data or another optimiser also change the step, which then says no more."""
    names = [name for name in run if stored.get(name, "missing") != run[name]]
    explained = {"data", "optimizer"} & set(names)
    return [name for name in names if not (explained and name == "network or loss")]


def _named(weights: Weights, best: Tree) -> list[tuple[str, Array]]:
    """Every array of a training, with the path that names it in the file."""
    return [(str(path), leaf) for path, leaf in (*tree.items(weights, "weights"), *tree.items(best, "best"))]


def _restore(training: Training, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Change the training as the file says; errors of many kinds, and no change, if it says nothing sensible."""
    weights = training.weights
    best = (weights.parameters, weights.state) if any(name.startswith("best") for name in arrays) else None
    expected = {name: (array.shape, array.dtype) for name, array in _named(weights, best)}
    if expected != {name: (array.shape, array.dtype) for name, array in arrays.items()}:
        raise ValueError("its parameters have other names, shapes or dtypes than those of this training")
    position = Position(**_from_json(header["position"]))
    if any(type(value) is not type(getattr(Position(), name)) for name, value in asdict(position).items()):
        raise TypeError(f"its position is {position}")
    if min(position.epoch, position.step, position.done, position.examples, position.waited) < 0:
        raise ValueError(f"its position is {position}")
    history = [_from_json(record) for record in header["history"]]
    reason, best_epoch = header["finished"], header["best_epoch"]
    if reason not in (*_FINAL, "") or not isinstance(best_epoch, int | None):
        raise TypeError(f"it ended with {reason!r}, the best epoch being {best_epoch!r}")

    def filled(content: Tree, name: str) -> Tree:
        return tree.rebuild(content, iter([arrays[str(path)] for path, _ in tree.items(content, name)]))

    training.weights, training.best = filled(weights, "weights"), filled(best, "best")
    training.position = position
    training.history.epochs, training.history.best_epoch = history, best_epoch
    training.history.reason = str(header.get("reason", ""))
    training.stop_reason = reason


def _as_json(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Infinities and nan as text, which JSON lacks; Python writes every other float so that it is read back exactly."""
    return {
        name: str(value) if isinstance(value, float) and not isfinite(value) else value
        for name, value in numbers.items()
    }


def _from_json(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: float(value) if value in ("inf", "-inf", "nan") else value for name, value in numbers.items()}
