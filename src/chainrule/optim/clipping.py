"""Clipping keeps one steep place in the loss from throwing the parameters far away.

By value it bounds every element on its own, which may turn the gradient; by global norm it shortens the
gradient as one vector over all leaves and keeps its direction. Source: Pascanu, Mikolov and Bengio (2013), On
the difficulty of training recurrent neural networks, algorithm 1. Both functions are traced, and neither
hides a NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import tree
from chainrule.tree import Tree


def clip_by_value(gradients: Tree, limit: float) -> Tree:
    """Return the gradients with every element moved into [−limit, limit]; NaN stays NaN."""
    return tree.map_leaves(lambda g: np.clip(g, -limit, limit), gradients)


def clip_by_global_norm(gradients: Tree, limit: float) -> Tree:
    """Return g · limit / max(‖g‖, limit), where g is the vector of all leaves together.

    A gradient within the limit, zero included, comes back bit for bit. A NaN or an infinity anywhere, or a
    float64 gradient whose norm overflows, makes every element NaN, so that training stops instead of standing
    still.
    """
    norm = global_norm(gradients)
    scale = np.where(norm < np.inf, limit / np.maximum(norm, limit), np.nan)
    return tree.map_leaves(lambda g: scale.astype(g.dtype) * g, gradients)


def global_norm(gradients: Tree) -> Any:
    """Return ‖g‖₂ over all leaves together, a float64 scalar.

    The squares are formed and summed in float64, where no float32 gradient can overflow or vanish.
    """
    return np.sqrt(sum(np.sum(g.astype(np.float64) * g.astype(np.float64)) for g in tree.leaves(gradients)))
