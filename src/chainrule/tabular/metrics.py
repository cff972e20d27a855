"""How good predictions are, in the numbers that people compare: computed in float64, in the target's own units."""

from __future__ import annotations

import numpy as np

from chainrule.nn.scores import r_squared
from chainrule.types import Array

Scores = dict[str, float]
MODELS = ("network", "linear", "baseline")
"""What a table's report compares, in this order."""

LEAST_PROBABILITY = float(np.finfo(np.float32).eps)
"""A probability below counts as this one, so that a single wrong certainty leaves the mean finite."""


def class_scores(labels: Array, probabilities: Array) -> Scores:
    """Accuracy, log loss and, for two classes that both occur, the area under the ROC curve.

    Args:
        labels: the true classes, whole numbers 0 … k − 1, [N].
        probabilities: of all classes, rows that add up to 1, [N × k].
    """
    scores = {"accuracy": accuracy(labels, probabilities), "log_loss": log_loss(labels, probabilities)}
    if probabilities.shape[1] == 2 and 0 < np.count_nonzero(labels) < len(labels):
        scores["auc"] = area_under_curve(labels == 1, probabilities[:, 1])
    return scores


def number_scores(truth: Array, predicted: Array) -> Scores:
    """Root mean squared error, mean absolute error and R², of [N] against [N]."""
    error = predicted.astype(np.float64) - truth
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "r2": r_squared(predicted, truth, None),
    }


def accuracy(labels: Array, probabilities: Array) -> float:
    """The share of rows whose likeliest class is the true one."""
    return float(np.mean(np.argmax(probabilities, axis=1) == labels))


def log_loss(labels: Array, probabilities: Array) -> float:
    """−(1/N) Σ log p of the true class: 0 for certainty, log k for knowing nothing."""
    p = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.mean(np.log(np.clip(p, LEAST_PROBABILITY, 1))))


def area_under_curve(positive: Array, score: Array) -> float:
    """The probability that a positive row scores above a negative one, ties counting half.

    (R⁺ − n⁺(n⁺ + 1)/2) / (n⁺ n⁻), where R⁺ is the sum of the ranks of the positive rows and tied rows share the mean
    of their ranks (Mann and Whitney 1947).
    """
    _, position, count = np.unique(score, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(count)
    rank = (last_rank - (count - 1) / 2)[position]
    n = int(np.count_nonzero(positive))
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))
