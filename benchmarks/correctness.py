"""Whether all peers compute the same training, before anyone is timed: nobody may win by doing less.

The judge is a plain NumPy run in float64. Losses of the first steps must be those of the judge as far as float32 goes.
After more steps, the distance of the parameters from the judge's tells how well a peer rounds; see `accuracy.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.conductor import Worker, WorkerError
from benchmarks.peers import numpy_peer
from benchmarks.workloads import Task

COMPARED, TOLERANCE = 5, 1e-4
"""The losses of so many steps must agree to so much, relative to the largest of them.

A learning rate that is 1 % off makes 5e-4 and more in these steps, in every workload. More steps would judge luck: in
deep networks some relu's input is 1e-7 from 0 every few steps, so that rounding switches it, whatever the library, and
from then on two trainings drift apart, to 1e-2 in 16 layers.
"""

PLAIN_EPSILON = ("scikit-learn",)
"""Peers whose Adam adds ε to √v, not to √v̂: that is a slightly different training, so they have their own judge."""

OUTPUT_TOLERANCE = 1e-4
"""Predictions, relative to the largest."""


@dataclass(frozen=True)
class Verdict:
    """What became of a check.

    Attributes:
        same: whether the losses of the first steps are the judge's.
        loss_error: the largest difference of a loss, relative to the largest loss.
        distance: root mean square of the differences of all parameters after the last step, relative to that of how
            far the judge's parameters have moved. A single unit that is switched on by a rounding error, where the
            judge's stays off, dominates it: Adam moves its weights as much as any others.
        median_distance: the median of the differences, relative to the same.
        steps: after how many steps.
    """

    same: bool
    loss_error: float
    distance: float
    median_distance: float
    steps: int


@dataclass(frozen=True)
class Judge:
    """The run in float64: its losses, and its parameters before and after, as one vector each."""

    losses: list[float]
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(cls, task: Task, steps: int, plain_epsilon: bool = False) -> Judge:
        """Run it."""
        losses, weights, biases = numpy_peer.trajectory(task, steps, np.float64, plain_epsilon)
        return cls(losses, flat([*task.weights, *task.biases]), flat([*weights, *biases]))

    def verdict(self, losses: Sequence[float], parameters: Sequence[np.ndarray]) -> Verdict:
        """Compare a run of the same steps: its losses, its W and b after them."""
        first = np.asarray(self.losses[:COMPARED])
        error = float(np.max(np.abs(np.asarray(losses[:COMPARED]) - first)) / np.max(np.abs(first)))
        moved, off = norm(self.after - self.before), flat(parameters) - self.after
        same = error <= TOLERANCE and bool(np.isfinite(losses).all())
        return Verdict(same, error, norm(off) / moved, float(np.median(np.abs(off))) / moved, len(self.losses))


def check_training(task: Task, workers: dict[str, Worker], folder: Path) -> tuple[dict[str, Verdict], dict[str, str]]:
    """The verdict on each worker, which has loaded the task; and why some gave none."""
    verdicts, failed = {}, {}
    judges: dict[bool, Judge] = {}
    for name, worker in workers.items():
        path = folder / "parameters.npz"
        plain = name.startswith(PLAIN_EPSILON)
        judge = judges[plain] = judges.get(plain) or Judge.of(task, COMPARED, plain)
        try:
            losses = worker.request("trajectory", steps=COMPARED, into=str(path))["losses"]
        except WorkerError as error:
            failed[name] = str(error)
            continue
        with np.load(path) as arrays:
            verdicts[name] = judge.verdict(losses, [arrays[key] for key in arrays.files])
    return verdicts, failed


def check_outputs(task: Task, workers: dict[str, Worker], rows: int) -> dict[str, str]:
    """Why the predictions of some workers are not those of the network."""
    network = numpy_peer.Network(task, np.float64)
    expected = network.forward(task.X[:rows].astype(np.float64))[-1]
    failed = {}
    for name, worker in workers.items():
        try:
            outputs = np.reshape(worker.request("outputs", rows=rows)["outputs"], expected.shape)
        except (WorkerError, ValueError) as error:
            failed[name] = str(error)
            continue
        error_ = float(np.max(np.abs(outputs - expected)) / np.max(np.abs(expected)))
        if not error_ <= OUTPUT_TOLERANCE:
            failed[name] = f"its outputs are {error_:.1e} off"
    return failed


def flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """All numbers as one vector, float64."""
    return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])


def norm(vector: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(vector))))
