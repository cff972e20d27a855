"""Back propagation and Adam in plain NumPy; in float64, the reference that all others are compared with."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import BETA1, BETA2, EPSILON, LEARNING_RATE, ORDERS, Task


class Network:
    """A network and its optimiser, computed in `dtype`.

    Back propagation: Nielsen (2015), Neural networks and deep learning, chapter 2. Adam: Kingma and Ba (2015),
    in the form at the end of their section 2. There, ε is added to √v̂; to √v if `plain_epsilon`, as in scikit-learn.
    """

    def __init__(self, task: Task, dtype: Any, plain_epsilon: bool = False) -> None:
        self.workload = task.workload
        self.dtype = np.dtype(dtype)
        self.W = [W.astype(dtype) for W in task.weights]
        self.b = [b.astype(dtype) for b in task.biases]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in (*self.W, *self.b)]
        self.t = 0
        self.plain_epsilon = plain_epsilon

    def forward(self, x: np.ndarray) -> list[np.ndarray]:
        """The activations of every layer, x first."""
        a = [x]
        for number, (W, b) in enumerate(zip(self.W, self.b, strict=True), 1):
            z = a[-1] @ W.T
            z += b
            if number < len(self.W):
                (np.tanh if self.workload.activation == "tanh" else _rectify)(z, out=z)
            a.append(z)
        return a

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One step of Adam on a batch; returns its mean loss before the step."""
        a = self.forward(x)
        loss, delta = self._loss(a[-1], y)
        gradients_W, gradients_b = [], []
        for layer in reversed(range(len(self.W))):
            gradients_W.insert(0, delta.T @ a[layer])
            gradients_b.insert(0, delta.sum(axis=0))
            if layer:
                delta = delta @ self.W[layer]
                delta *= a[layer] > 0 if self.workload.activation == "relu" else 1 - a[layer] ** 2
        self._adam([*gradients_W, *gradients_b])
        return loss

    def _loss(self, outputs: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        """The mean loss, and its derivative by the outputs."""
        n = len(outputs)
        if self.workload.loss == "half_squared":
            delta = outputs - y
            return float(np.square(delta).sum() / 2 / n), delta / self.dtype.type(n)
        outputs = outputs - outputs.max(axis=1, keepdims=True)
        p = np.exp(outputs)
        total = p.sum(axis=1, keepdims=True)
        right = (np.arange(n), y)
        loss = float((np.log(total[:, 0]) - outputs[right]).mean())
        p /= total
        p[right] -= 1
        p /= self.dtype.type(n)
        return loss, p

    def _adam(self, gradients: list[np.ndarray]) -> None:
        self.t += 1
        c1, c2 = 1 - BETA1**self.t, 1 - BETA2**self.t
        rate, epsilon = LEARNING_RATE * np.sqrt(c2) / c1, EPSILON * (1 if self.plain_epsilon else np.sqrt(c2))
        for p, g, (m, v) in zip((*self.W, *self.b), gradients, self.moments, strict=True):
            m *= BETA1
            m += (1 - BETA1) * g
            v *= BETA2
            g *= g
            g *= 1 - BETA2
            v += g
            root = np.sqrt(v)
            root += float(epsilon)
            np.divide(m, root, out=root)
            root *= float(rate)
            p -= root


def _rectify(z: np.ndarray, out: np.ndarray) -> None:
    np.maximum(z, 0, out=out)


class NumpyPeer(Peer):
    """The plain step, as one would write it by hand."""

    def versions(self) -> dict[str, str]:
        """NumPy's."""
        return {"NumPy": np.__version__}

    def load(self, task: Task) -> None:
        """Take a task."""
        self.task, self.X, self.y = task, task.float32, task.y

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """Gather, step, repeat."""
        network = Network(self.task, np.float32)
        workload, random = self.task.workload, np.random.default_rng(0)
        began = time.perf_counter()
        for epoch in range(epochs):
            order = random.permutation(workload.rows) if shuffle else self.task.orders[epoch % ORDERS]
            total = 0.0
            for rows in order.reshape(workload.steps, workload.batch):
                total += network.step(self.X[rows], self.y[rows])
        return time.perf_counter() - began, total / workload.steps

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """In float32."""
        return trajectory(self.task, steps, np.float32)

    def predictor(self) -> Predictor:
        """One matrix product a layer."""
        network = Network(self.task, np.float32)
        return lambda x: network.forward(x)[-1]


def trajectory(
    task: Task, steps: int, dtype: Any, plain_epsilon: bool = False
) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
    """The losses of the first steps in the given order, and W and b after them, computed in `dtype`."""
    network = Network(task, dtype, plain_epsilon)
    y = task.y.astype(dtype) if task.workload.loss == "half_squared" else task.y
    losses = [network.step(task.X[rows].astype(dtype), y[rows]) for rows in task.batches(steps)]
    return losses, network.W, network.b


if __name__ == "__main__":
    serve(NumpyPeer)
