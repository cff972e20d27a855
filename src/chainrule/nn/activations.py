"""Activation functions g by name; a layer takes any of these names, or a user-defined function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.errors import ArgumentError
from chainrule.nn.names import no_such

Activation = Callable[[Any], Any]


def linear(z: Any) -> Any:
    """The identity, g(z) = z."""
    return z


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    "sigmoid": ops.sigmoid,
    "tanh": np.tanh,
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "selu": ops.selu,
    "gelu": ops.gelu,
    "silu": ops.silu,
    "mish": ops.mish,
    "softplus": ops.softplus,
    "softmax": ops.softmax,
}
RECTIFIERS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish")  # half of their inputs pass: He's case


def activation_function(activation: str | Activation) -> Activation:
    """The function that a name or a function stands for; ArgumentError lists the names if there is none."""
    if callable(activation):
        return activation
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ArgumentError(f"{no_such('activation', activation, ACTIVATIONS)}, or a function z -> a")
    return ACTIVATIONS[activation]


def activation_name(activation: str | Activation) -> str:
    """The name under which a layer's activation is known here; "" for a user-defined function."""
    known = (name for name, function in ACTIVATIONS.items() if activation == name or activation is function)
    return next(known, "")
