"""What the outputs of a network say, as its loss reads them: labels, means or probabilities."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.nn.losses import Loss
from chainrule.types import Array


def predictions(loss: Loss, outputs: Array) -> Array:
    """Labels or means of outputs [… × k]; see `Network.predict`."""
    if loss.task == "classes":
        return np.asarray(np.argmax(outputs, axis=-1))
    if loss.task == "binary":
        outputs = np.where(outputs > 0, 1, -1 if loss.name == "hinge" else 0)
    else:
        outputs = np.asarray(loss.link(outputs))
    return outputs[..., 0] if outputs.shape[-1] == 1 else outputs


def require_probabilities(loss: Loss) -> None:
    """Raise ArgumentError unless the loss gives probabilities."""
    if loss.name not in ("cross_entropy", "binary_cross_entropy"):
        raise ArgumentError(f"{loss.name} does not give probabilities; train with a cross-entropy")


def probabilities(loss: Loss, outputs: Array) -> Array:
    """Class probabilities of outputs [… × k]; see `Network.predict_proba`."""
    p = np.asarray(loss.link(outputs))
    if loss.name == "binary_cross_entropy" and outputs.shape[-1] == 1:
        return np.concatenate([1 - p, p], axis=-1)
    return p
