"""PyTorch: its fused Adam, eager or with torch.compile, on a given number of threads."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import BETA1, BETA2, EPSILON, LEARNING_RATE, ORDERS, Task


class TorchPeer(Peer):
    """A training loop as in PyTorch's tutorials, without what slows it: no data loader, no synchronisation."""

    def __init__(self, way: str, threads: str) -> None:
        torch.set_num_threads(int(threads))
        self.compiled = way == "compile"

    def versions(self) -> dict[str, str]:
        """PyTorch's."""
        return {"PyTorch": torch.__version__}

    def load(self, task: Task) -> None:
        """Share the memory of the data."""
        self.task = task
        self.X, self.y, self.orders = (torch.from_numpy(array) for array in (task.float32, task.y, task.orders))
        workload = task.workload
        activation = torch.nn.Tanh if workload.activation == "tanh" else torch.nn.ReLU
        layers: list[torch.nn.Module] = []
        for m, n in zip(workload.widths, workload.widths[1:], strict=False):
            layers += [torch.nn.Linear(m, n), activation()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.forward = torch.compile(self.model) if self.compiled else self.model
        self.loss = torch.compile(self._loss) if self.compiled else self._loss

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        outputs = self.model(x)
        if self.task.workload.loss == "half_squared":
            return 0.5 * torch.square(outputs - y).sum() / len(x)
        return functional.cross_entropy(outputs, y)

    def _linear(self) -> list[Any]:
        return [layer for layer in self.model if isinstance(layer, torch.nn.Linear)]

    def _restart(self) -> torch.optim.Optimizer:
        with torch.no_grad():
            for layer, W, b in zip(self._linear(), self.task.weights, self.task.biases, strict=True):
                layer.weight.copy_(torch.from_numpy(W))
                layer.bias.copy_(torch.from_numpy(b))
        parameters = self.model.parameters()
        return torch.optim.Adam(parameters, LEARNING_RATE, (BETA1, BETA2), EPSILON, fused=True)

    def _step(self, adam: torch.optim.Optimizer, rows: torch.Tensor) -> torch.Tensor:
        loss = self.loss(self.X.index_select(0, rows), self.y.index_select(0, rows))
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """Gather, forward, backward, step."""
        workload, adam = self.task.workload, self._restart()
        began = time.perf_counter()
        for epoch in range(epochs):
            order = torch.randperm(workload.rows) if shuffle else self.orders[epoch % ORDERS]
            total = torch.zeros(())
            for rows in order.split(workload.batch):
                total += self._step(adam, rows)
        loss = total.item() / workload.steps
        return time.perf_counter() - began, loss

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """In the given order."""
        adam = self._restart()
        losses = [self._step(adam, torch.from_numpy(rows)).item() for rows in self.task.batches(steps)]
        linear = self._linear()
        weights = [layer.weight.detach().numpy().copy() for layer in linear]
        return losses, weights, [layer.bias.detach().numpy().copy() for layer in linear]

    def predictor(self) -> Predictor:
        """The model in inference mode."""
        self._restart()
        forward = self.forward

        @torch.inference_mode()
        def predict(x: np.ndarray) -> np.ndarray:
            return forward(torch.from_numpy(x)).numpy()

        return predict


if __name__ == "__main__":
    serve(TorchPeer)
