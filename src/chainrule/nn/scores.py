"""How good predictions are, in one number that people know: accuracy for classes, R² for numbers."""

from __future__ import annotations

import numpy as np

from chainrule.nn.losses import Loss
from chainrule.types import Array


def scores(loss: Loss, outputs: Array, targets: Array, weights: Array | None) -> dict[str, float]:
    """{"accuracy": …} or {"r2": …} of raw outputs [N × k]; nothing for a user-defined loss."""
    if loss.task == "classes":
        labels = targets if targets.ndim == 1 else np.argmax(targets, axis=1)
        return {"accuracy": float(np.average(np.argmax(outputs, axis=1) == labels, weights=weights))}
    if loss.task == "binary":
        threshold = 0.5 if loss.name == "binary_cross_entropy" else 0
        right = (outputs > 0) == (targets > threshold)
        return {"accuracy": float(np.average(right.mean(axis=1), weights=weights))}
    if loss.task == "regression":
        return {"r2": r_squared(np.asarray(loss.link(outputs)), targets, weights)}
    return {}


def r_squared(predicted: Array, targets: Array, weights: Array | None) -> float:
    """1 − Σ(y − ŷ)² / Σ(y − ȳ)²: 1 is perfect, 0 no better than the mean; averaged over the outputs, float64."""
    y = targets.astype(np.float64)
    residual = np.average((y - predicted) ** 2, axis=0, weights=weights)
    variance = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    explained = 1 - residual / np.where(variance > 0, variance, 1)
    return float(np.mean(np.where(variance > 0, explained, np.where(residual > 0, 0.0, 1.0))))
