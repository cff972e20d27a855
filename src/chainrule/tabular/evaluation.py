"""The final scores: all models meet the same test rows, and one of them looks at no column at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import nn
from chainrule.data import ClassTarget, NumberTarget, Target
from chainrule.figures import figure
from chainrule.tabular.metrics import Scores, class_scores, number_scores
from chainrule.types import Array


@dataclass(frozen=True)
class Evaluator:
    """Scores what is predicted for the test part.

    Attributes:
        target: what is predicted.
        training: the encoded targets of the training part, from which the baseline comes.
        test: the encoded targets of the test part.
    """

    target: Target
    training: Array
    test: Array

    def network(self, network: nn.Network, X: Array) -> Scores:
        """The scores of a network, whose inputs for the test part are X."""
        if isinstance(self.target, ClassTarget):
            return class_scores(self.test, network.predict_proba(X))
        return self._of_numbers(self.target, network.predict(X))

    def baseline(self) -> Scores:
        """The scores of the class frequencies, whose likeliest class is the most frequent one; or of the mean."""
        if isinstance(self.target, ClassTarget):
            return class_scores(self.test, np.tile(self._frequencies(self.target), (len(self.test), 1)))
        return self._of_numbers(self.target, np.zeros(len(self.test)))

    @property
    def baseline_name(self) -> str:
        """What the baseline predicts."""
        if isinstance(self.target, ClassTarget):
            return f"always {self.target.classes[np.argmax(self._frequencies(self.target))]}"
        return f"the mean, {figure(self.target.mean)}"

    def _frequencies(self, target: ClassTarget) -> Array:
        counts = np.bincount(self.training, minlength=len(target.classes))
        return np.asarray(counts / len(self.training))

    def _of_numbers(self, target: NumberTarget, outputs: Array) -> Scores:
        truth = target.mean + target.deviation * self.test
        return number_scores(truth, target.decode(outputs))
