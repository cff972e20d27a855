"""Functions that a board shows as one, though the engine computes them in several operations: σ, softplus, relu.

Each is an operation like the registered ones, with its derivative rule in one line, but never part of a program that
is run: it stands in the graphs from which derivations are written. Every derivation is compared with the engine's own
derivative of the operations below, so a rule here cannot disagree with the registered ones unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.graph import DerivativeRule, Kind, Op
from chainrule.types import ArrayType


def _composite(name: str, function: Callable[..., Any], rule: DerivativeRule) -> Op:
    return Op(name, Kind.ELEMENTWISE, name + "({0})", _same, function, (rule,))


def _same(x: ArrayType) -> ArrayType:
    return x


SIGMOID = _composite("σ", ops.sigmoid, lambda g, y, x: g * y * (1 - y))
SOFTPLUS = _composite("softplus", ops.softplus, lambda g, y, x: g * ops.value.apply(SIGMOID, x))
RELU = _composite("relu", ops.relu, lambda g, y, x: g * np.where(x > 0, 1, 0))
SOFTMAX = _composite("softmax", ops.softmax, lambda g, y, x: y * (g - np.sum(g * y, axis=-1, keepdims=True)))
LOG_SOFTMAX = _composite(
    "log_softmax",
    ops.log_softmax,
    lambda g, y, x: g - np.sum(g, axis=-1, keepdims=True) * ops.value.apply(SOFTMAX, x),
)

COMPOSITES = (SIGMOID, SOFTPLUS, RELU, SOFTMAX, LOG_SOFTMAX)
"""All of them; the last two are along the last axis of an array."""
