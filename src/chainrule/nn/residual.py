"""Residual blocks: a + F(a), so that the cotangent always has one path that no weight can shrink (He et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.nn.layer import Layer, Mode, Pass, require_layers
from chainrule.nn.sequence import forward_all, initialise_all
from chainrule.tree import Tree


@dataclass(frozen=True)
class Residual(Layer):
    """The input plus what `layers` make of it; the last of them must have as many outputs as the block has inputs."""

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        require_layers(self.layers)
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ArgumentError("Residual needs at least one layer")

    @property
    def fewest_rows(self) -> int:
        """As many as the layer inside needs that needs the most."""
        return max(layer.fewest_rows for layer in self.layers)

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """The parameters and states of the layers inside."""
        n_outputs, parameters, states = initialise_all(self.layers, n_inputs, random)
        if n_outputs != n_inputs:
            raise ArgumentError(f"a Residual block adds {n_inputs} inputs to {n_outputs} outputs; make them equal")
        return n_outputs, parameters, states

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Add the input to the output of the last layer."""
        passes = forward_all(self.layers, parameters, state, a, mode)
        total = a + passes[-1].a
        return Pass(total, total, [inner.state for inner in passes])
