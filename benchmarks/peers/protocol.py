"""How a worker is spoken to: a line of JSON on its standard input for each command, a line of JSON back.

A worker that has nothing to do blocks on the pipe. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import workloads
from benchmarks.workloads import Task

Predictor = Callable[[np.ndarray], np.ndarray]


class Peer(ABC):
    """A library that trains feed-forward networks.

    Whatever a training starts from is made anew at every call: the given parameters, an optimiser without a past.
    """

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Of the libraries that do the work."""

    @abstractmethod
    def load(self, task: Task) -> None:
        """Take a task; compile nothing yet."""

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """Train; returns the seconds that the steps took, and the mean loss of the last epoch."""
        raise NotImplementedError(f"{type(self).__name__} does not train")

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """The losses of the first steps in the given order; W [nₗ × nₗ₋₁] and b [nₗ] after them."""
        raise NotImplementedError(f"{type(self).__name__} does not train")

    def predictor(self) -> Predictor:
        """A function from inputs float32 [N × n₀] to outputs [N × k], NumPy arrays both; initial parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not predict")


class Worker:
    """Carries out commands with a peer."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.predictor: Predictor | None = None

    def load(self, folder: str) -> dict[str, Any]:
        """Read a task; answers the peak memory before the library has seen the data."""
        task = workloads.read(Path(folder))
        peak = peak_memory()
        self.peer.load(task)
        self.predictor = None
        self.inputs = np.asarray(task.X[:4096], np.float32)
        return {"peak": peak}

    def train(self, epochs: int, shuffle: bool) -> dict[str, Any]:
        """Train from the given parameters; "wall" includes what a training does before its first step."""
        began = time.perf_counter()
        seconds, loss = self.peer.train(epochs, shuffle)
        return {"seconds": seconds, "wall": time.perf_counter() - began, "loss": loss, "peak": peak_memory()}

    def first_step(self) -> dict[str, Any]:
        """The seconds of a training of one step, and of the same once more: the difference is compiling."""
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            self.peer.trajectory(1)
            seconds.append(time.perf_counter() - began)
        return {"first": seconds[0], "second": seconds[1]}

    def trajectory(self, steps: int, into: str) -> dict[str, Any]:
        """The losses of the first steps; the parameters after them go to a file."""
        losses, weights, biases = self.peer.trajectory(steps)
        np.savez(into, *weights, *biases)
        return {"losses": [float(loss) for loss in losses]}

    def outputs(self, rows: int) -> dict[str, Any]:
        """The outputs for the first rows."""
        return {"outputs": np.asarray(self.peer.predictor()(self.inputs[:rows]), float).tolist()}

    def predict(self, rows: int, calls: int) -> dict[str, Any]:
        """The seconds of so many predictions, one call each, of `rows` rows."""
        if self.predictor is None:
            self.predictor = self.peer.predictor()
        predictor = self.predictor
        batches = [self.inputs[start : start + rows] for start in range(0, len(self.inputs) - rows + 1, rows)]
        predictor(batches[0])
        began = time.perf_counter()
        for call in range(calls):
            predictor(batches[call % len(batches)])
        return {"seconds": time.perf_counter() - began}


def peak_memory() -> int:
    """The most bytes that were resident at once.

    Linux counts it for each program in VmHWM; ru_maxrss would include the parent from before the program started.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def serve(make: Callable[..., Peer]) -> None:
    """Answer commands until standard input ends; `make` gets the arguments of the command line.

    Every answer tells the CPU time used while the worker waited for the command, so that the conductor sees whether
    idle workers take time from the one that is measured.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    peer = make(*sys.argv[1:])
    worker = Worker(peer)
    print(json.dumps({"versions": peer.versions()}), file=answers)
    rested = time.process_time()
    for line in sys.stdin:
        idle = time.process_time() - rested
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("command"))(**request)
        except Exception as error:  # whatever goes wrong in a library is a result of it
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer | {"idle": idle}), file=answers)
        rested = time.process_time()
