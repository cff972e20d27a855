"""scikit-learn's multi-layer perceptron: `partial_fit`, which is one epoch over the data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import BETA1, BETA2, EPSILON, LEARNING_RATE, Task


class SklearnPeer(Peer):
    """Without its L2 penalty, which the others do not have."""

    def versions(self) -> dict[str, str]:
        """scikit-learn's."""
        return {"scikit-learn": sklearn.__version__}

    def load(self, task: Task) -> None:
        """Take a task."""
        self.task, self.X = task, task.float32
        self.y = task.y if task.workload.loss == "cross_entropy" or task.y.shape[1] > 1 else task.y[:, 0]

    def _model(self, shuffle: bool) -> Any:
        """A model with the given parameters and an optimiser without a past."""
        workload = self.task.workload
        classes = workload.loss == "cross_entropy"
        model = (MLPClassifier if classes else MLPRegressor)(
            hidden_layer_sizes=workload.widths[1:-1],
            activation=workload.activation,
            alpha=0.0,
            batch_size=workload.batch,
            learning_rate_init=LEARNING_RATE,
            beta_1=BETA1,
            beta_2=BETA2,
            epsilon=EPSILON,
            shuffle=shuffle,
            random_state=0,
        )
        arguments = {"classes": np.arange(workload.widths[-1])} if classes else {}
        model.partial_fit(self.X[: workload.batch], self.y[: workload.batch], **arguments)  # makes its arrays
        model.coefs_ = [np.ascontiguousarray(W.T) for W in self.task.weights]
        model.intercepts_ = [b.copy() for b in self.task.biases]
        del model._optimizer  # the next partial_fit makes a new one
        return model

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """A call an epoch; it shuffles by itself and cannot take an order."""
        if not shuffle:
            raise ValueError("scikit-learn takes no order")
        model = self._model(shuffle)
        began = time.perf_counter()
        for _ in range(epochs):
            model.partial_fit(self.X, self.y)
        return time.perf_counter() - began, float(model.loss_) * self._outputs_in_loss()

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """A call a step."""
        model = self._model(False)
        losses = []
        for rows in self.task.batches(steps):
            model.partial_fit(self.X[rows], self.y[rows])
            losses.append(float(model.loss_) * self._outputs_in_loss())
        return losses, [W.T for W in model.coefs_], model.intercepts_

    def _outputs_in_loss(self) -> int:
        """It reports the squared error averaged over the outputs, but follows the gradient of their sum."""
        return self.task.workload.widths[-1] if self.task.workload.loss == "half_squared" else 1

    def predictor(self) -> Predictor:
        """Probabilities or means, as it has no function for the outputs before the link."""
        model = self._model(False)
        return model.predict_proba if self.task.workload.loss == "cross_entropy" else model.predict


if __name__ == "__main__":
    serve(SklearnPeer)
