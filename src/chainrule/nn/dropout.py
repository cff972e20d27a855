"""Dropout: units are switched off at random while training, so that no unit can rely on a particular other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.constraints import FRACTION
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.tree import Tree


@dataclass(frozen=True)
class Dropout(Layer):
    """Each element is 0 with probability `rate`, the others are divided by 1 − rate (Srivastava et al. 2014).

    The mask is a function of seed, step, layer, row in the batch and column; outside of training nothing is dropped.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        FRACTION.require(self.rate, "Dropout: rate")

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """No parameters."""
        return n_inputs, {}, {}

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Multiply by the mask when training."""
        if mode.training and self.rate:
            bits = ops.random_bits(mode.key, a.shape, mode.next_stream())
            threshold = np.uint32(min(round(self.rate * 2**32), 2**32 - 1))
            a = np.where(bits < threshold, 0, a / (1 - self.rate))
        return Pass(a, a, state)
