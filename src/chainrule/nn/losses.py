"""Losses ℒ(y, ŷ): one number for each example, from the network's outputs [N × k] and the targets.

A `Loss` knows three things: the traced formula; how outputs become predictions (the link); and what targets must
look like. Losses for classes take logits, because log(softmax(z)) taken apart loses digits and overflows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.constraints import POSITIVE, SHARE
from chainrule.errors import ArgumentError
from chainrule.nn import targets
from chainrule.nn.names import no_such
from chainrule.types import Array

PerExample = Callable[[Any, Any], Any]


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss function and what belongs to it.

    Attributes:
        name: for files and messages.
        per_example: traced (outputs [N × k], targets) -> losses [N].
        link: traced outputs -> predicted mean, or class probabilities.
        prepare: (targets, k) -> targets as `per_example` takes them; raises ArgumentError.
        task: "regression", "binary" or "classes"; "own" for a user's function, whose predictions are the outputs.
    """

    name: str
    per_example: PerExample
    link: Callable[[Any], Any]
    prepare: Callable[[Any, int], Array]
    task: str

    def __repr__(self) -> str:
        return f"Loss({self.name!r})"


def _identity(outputs: Any) -> Any:
    return outputs


def _half_squared(outputs: Any, y: Any) -> Any:
    """½ Σ (y − a)², the lecture's loss."""
    return 0.5 * np.sum((outputs - y) ** 2, axis=-1)


def _mse(outputs: Any, y: Any) -> Any:
    """Mean of (y − a)² over the outputs."""
    return np.mean((outputs - y) ** 2, axis=-1)


def _mae(outputs: Any, y: Any) -> Any:
    """Mean of |y − a| over the outputs."""
    return np.mean(np.abs(outputs - y), axis=-1)


def _cross_entropy(logits: Any, y: Any) -> Any:
    """−log softmax(z) of the right class; for probabilities y, −Σ y log softmax(z)."""
    if y.ndim == 1:
        right = np.arange(logits.shape[1]) == np.expand_dims(y, 1)
        return ops.logsumexp(logits, -1) - np.sum(np.where(right, logits, 0), axis=-1)
    return -np.sum(y * ops.log_softmax(logits), axis=-1)


def _binary_cross_entropy(logits: Any, y: Any) -> Any:
    """−y log σ(z) − (1 − y) log(1 − σ(z)), averaged over the outputs; all terms are positive, so none cancel."""
    decay = np.log1p(np.exp(np.where(logits >= 0, -logits, logits)))
    return np.mean(decay + np.where(logits >= 0, (1 - y) * logits, -y * logits), axis=-1)


def _hinge(margins: Any, y: Any) -> Any:
    """max(0, 1 − y a), y = ±1, averaged over the outputs (Cortes and Vapnik 1995)."""
    return np.mean(ops.relu(1 - y * margins), axis=-1)


def _poisson(log_rates: Any, y: Any) -> Any:
    """λ − y log λ for log λ, averaged over the outputs: the negative log likelihood up to a constant."""
    return np.mean(np.exp(log_rates) - y * log_rates, axis=-1)


def _rates(log_rates: Any) -> Any:
    """λ, which may overflow to infinity."""
    with np.errstate(over="ignore"):
        return np.exp(log_rates)


def _huber(outputs: Any, y: Any, delta: float) -> Any:
    r = np.abs(outputs - y)
    return np.mean(np.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)), axis=-1)


def _quantile(outputs: Any, y: Any, q: float) -> Any:
    r = y - outputs
    return np.mean(np.where(r >= 0, q * r, (q - 1) * r), axis=-1)


def huber(delta: float = 1.0) -> Loss:
    """½ r² for |r| ≤ δ, δ(|r| − ½ δ) beyond, averaged over the outputs (Huber 1964)."""
    POSITIVE.require(delta, "huber: delta")
    return Loss(f"huber({delta!r})", partial(_huber, delta=delta), _identity, targets.numbers, "regression")


def quantile(q: float = 0.5) -> Loss:
    """max(q r, (q − 1) r) for r = y − a, averaged over the outputs: its minimum is the q-quantile (Koenker 1978)."""
    SHARE.require(q, "quantile: q")
    return Loss(f"quantile({q!r})", partial(_quantile, q=q), _identity, targets.numbers, "regression")


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("half_squared", _half_squared, _identity, targets.numbers, "regression"),
        Loss("mse", _mse, _identity, targets.numbers, "regression"),
        Loss("mae", _mae, _identity, targets.numbers, "regression"),
        Loss("cross_entropy", _cross_entropy, ops.softmax, targets.classes, "classes"),
        Loss("binary_cross_entropy", _binary_cross_entropy, ops.sigmoid, targets.probabilities, "binary"),
        Loss("hinge", _hinge, _identity, targets.signs, "binary"),
        Loss("poisson", _poisson, _rates, targets.counts, "regression"),
    )
}
_WITH_PARAMETER: dict[str, Callable[..., Loss]] = {"huber": huber, "quantile": quantile}


def loss_function(loss: str | Loss | PerExample) -> Loss:
    """The Loss that a name ("huber(1.5)" with its parameter), a Loss or a user's traced function stands for.

    A user's function takes (outputs [N × k], targets) and returns one loss for each example [N].

    Raises:
        ArgumentError: there is no loss of this name, or its parameter is wrong.
    """
    if isinstance(loss, Loss):
        return loss
    if callable(loss):
        return Loss(getattr(loss, "__name__", "loss"), loss, _identity, targets.anything, "own")
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]
    name, _, parameter = str(loss).removesuffix(")").partition("(")
    if name not in _WITH_PARAMETER:
        raise ArgumentError(f"{no_such('loss', loss, [*LOSSES, *_WITH_PARAMETER])}, or a function")
    if not parameter:
        return _WITH_PARAMETER[name]()
    try:
        number = float(parameter)
    except ValueError as error:
        raise ArgumentError(f"the loss {loss!r} needs a number, as in '{name}(0.5)'") from error
    return _WITH_PARAMETER[name](number)
