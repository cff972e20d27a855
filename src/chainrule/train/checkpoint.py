"""Checkpoints: all that a training needs to go on as if nothing had happened, in one file written whole.

The order of the examples and the dropout masks depend on nothing but the seed and the position, so the file needs no
generator state: weights, optimiser state, model state, position and history are enough for a byte-equal run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule import storage, tree
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.train.callbacks import Callback
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.train.loop import Training

_KIND = "checkpoint"


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
        if self.every_steps is not None and self.every_steps < 1:
            raise ArgumentError(f"every_steps must be above 0, got {self.every_steps}")

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
            "position": {name: _json_number(value) for name, value in asdict(training.position).items()},
            "history": training.history.epochs,
            "best_epoch": training.history.best_epoch,
        }
        storage.save(self.path, _KIND, header, dict(_named(training)))

    def resume(self, training: Training) -> bool:
        """Put a training where the file says; False if there is no file.

        Raises:
            ModelFileError: the file is damaged, or belongs to another training.
        """
        if not Path(self.path).exists():
            return False
        header, arrays = storage.load(self.path, _KIND)
        if header.get("run") != _run(training):
            raise ModelFileError(
                f"{self.path} belongs to a training with other data, layers, optimiser or options; "
                "delete it to start anew, or name another file"
            )
        has_best = any(name.startswith("best") for name in arrays)
        if has_best:
            training.best = (training.weights.parameters, training.weights.state)
        expected = {name: array.shape for name, array in _named(training)}
        if expected != {name: array.shape for name, array in arrays.items()}:
            raise ModelFileError(f"{self.path} holds other parameters than this training; delete it to start anew")
        _restore(training, header, arrays)
        return True


def checkpoint_callbacks(checkpoint: Checkpoint | str | Path | None) -> list[Checkpoint]:
    """The checkpoint that an argument of `fit` stands for, first of the callbacks since it may move the start."""
    if checkpoint is None:
        return []
    return [checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)]


def _run(training: Training) -> dict[str, Any]:
    """What must be the same for a continuation to be one; the number of epochs may grow only without a schedule."""
    plan = training.plan
    return {
        "examples": len(training.data),
        "arrays": [[list(array.shape[1:]), str(array.dtype)] for array in training.data.arrays],
        "weighted": training.data.weights is not None,
        "optimizer": repr(training.optimizer),
        "batch_size": plan.batch_size,
        "shuffle": plan.shuffle,
        "seed": int(plan.seed),
        "early_stopping": plan.early_stopping,
    }


def _named(training: Training) -> list[tuple[str, Array]]:
    """Every array of a training, with the path that names it in the file."""
    trees: dict[str, Tree] = {"weights": training.weights}
    if training.best is not None:
        trees["best"] = training.best
    return [item for name, content in trees.items() for item in tree.items(content, name)]


def _restore(training: Training, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    def filled(content: Tree, name: str) -> Tree:
        return tree.rebuild(content, iter([arrays[path] for path, _ in tree.items(content, name)]))

    training.weights = filled(training.weights, "weights")
    if training.best is not None:
        training.best = filled(training.best, "best")
    for name, value in header["position"].items():
        setattr(training.position, name, float(value) if isinstance(value, str) else value)
    training.history.epochs = list(header["history"])
    training.history.best_epoch = header["best_epoch"]


def _json_number(value: float) -> float | str:
    """Infinity as text, which JSON lacks; Python writes every other float so that it is read back exactly."""
    return str(value) if isinstance(value, float) and not abs(value) < float("inf") else value
