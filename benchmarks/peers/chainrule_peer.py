"""This project, through its public face: `Network.fit` and `Network.outputs`."""

from __future__ import annotations

from functools import cache

import numpy as np

import chainrule as cr
from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import BETA1, BETA2, EPSILON, LEARNING_RATE, ORDERS, Task


class ChainrulePeer(Peer):
    """A user's program: no option that is not in the documentation, threads as the library chooses them."""

    def __init__(self, diagnose: str = "") -> None:
        """Train with a "cheap" or "full" diagnosis, or without."""
        self._diagnose = diagnose or None

    def versions(self) -> dict[str, str]:
        """This project's."""
        return {"chainrule": cr.__version__}

    def load(self, task: Task) -> None:
        """Take a task; the data stays as it is."""
        self.task = task

    def _network(self) -> cr.nn.Network:
        workload = self.task.workload
        *hidden, last = workload.widths[1:]
        layers = [*(cr.nn.Dense(width, workload.activation) for width in hidden), cr.nn.Dense(last)]
        network = cr.nn.Network(workload.widths[0], layers, workload.loss)
        network.set_parameters(self.task.weights, self.task.biases)
        return network

    def _fit(self, epochs: int, batch: int, order: list[np.ndarray] | None) -> cr.nn.Network:
        adam = cr.optim.Adam(LEARNING_RATE, BETA1, BETA2, EPSILON)
        return self._network().fit(
            self.task.X,
            self.task.y,
            optimizer=adam,
            epochs=epochs,
            batch_size=batch,
            order=order,
            progress=False,
            diagnose=self._diagnose,
        )

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """`fit`; the seconds are those of its history, which leave out the recording and compiling before them."""
        orders = None if shuffle else [self.task.orders[epoch % ORDERS] for epoch in range(epochs)]
        history = self._fit(epochs, self.task.workload.batch, orders).history
        return sum(history["seconds"]), history["loss"][-1]

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """Epochs of one step each, so that the history holds the loss of every step."""
        network = self._fit(steps, self.task.workload.batch, list(self.task.batches(steps)))
        return network.history["loss"], network.weights, network.biases

    def predictor(self) -> Predictor:
        """`Network.predictor`, one for each number of rows, as a program that predicts often would keep them."""
        predictor = cache(self._network().predictor)
        return lambda x: predictor(len(x))(x)


if __name__ == "__main__":
    serve(ChainrulePeer)
