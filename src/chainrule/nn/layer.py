"""What a layer is: a frozen description with two functions. Its numbers live in the network, not in the layer.

`initialise` makes the first parameters; `forward` is a traced function from aˡ⁻¹ to (zˡ, aˡ). A layer has no backward
function: the chain rule makes it from the forward one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.tree import Tree


class Pass(NamedTuple):
    """What one layer did to a batch.

    Attributes:
        z: pre-activation [N × n]; equal to `a` for layers without an activation.
        a: output [N × n].
        state: the layer's state after the batch.
    """

    z: Any
    a: Any
    state: Tree


@dataclass
class Mode:
    """How a forward pass is made.

    Attributes:
        training: whether dropout drops and batch statistics are used.
        key: random key of this step, u32[3]; None when not training.
        streams: how many random streams the layers have taken so far in this pass.
    """

    training: bool
    key: Any = None
    streams: int = field(default=0)

    def next_stream(self) -> int:
        """A number that no other layer of this pass draws random bits with."""
        self.streams += 1
        return self.streams


class Layer(ABC):
    """One entry of a network's list of layers. Subclasses are frozen dataclasses."""

    @property
    def fewest_rows(self) -> int:
        """How many rows a batch must have for the layer to learn from it."""
        return 1

    @abstractmethod
    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """The number of outputs, the initial parameters and the initial state, float64."""

    @abstractmethod
    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """From the activations below [N × n_in] to this layer's; a traced function."""


def require_layers(layers: Any) -> None:
    """Raise ArgumentError unless `layers` is a list of layers."""
    if not isinstance(layers, Iterable):
        raise ArgumentError(f"layers must be a list of layers such as [nn.Dense(10)], got {layers!r}")
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise ArgumentError(f"layer {number} must be a layer such as nn.Dense(10), got {layer!r}")


def require_flag(value: Any, name: str) -> None:
    """Raise ArgumentError unless `value` is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"{name} must be True or False, got {value!r}")
