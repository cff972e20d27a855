"""The fully connected layer of the lecture: zˡ = Wˡ aˡ⁻¹ + bˡ, aˡ = g(zˡ)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import COUNT
from chainrule.errors import ArgumentError
from chainrule.nn.activations import RECTIFIERS, Activation, activation_function
from chainrule.nn.initialisers import Initialiser, initial_array
from chainrule.nn.layer import Layer, Mode, Pass, require_flag
from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """`n_outputs` units, each connected to every unit below.

    Args:
        n_outputs: the number of units.
        activation: a name (see `chainrule.nn.ACTIVATIONS`) or a traced function z [N × n] -> a [N × n].
        weights: initial W [n_outputs × n_inputs]: a name, a function (shape, random) -> array, an array, or None for
            "he" under rectifiers and "glorot" otherwise.
        biases: initial b [n_outputs], in the same ways.
        use_bias: whether there is a b.
    """

    n_outputs: int
    activation: str | Activation = "linear"
    weights: str | Initialiser | Array | None = None
    biases: str | Initialiser | Array = "zeros"
    use_bias: bool = True

    def __post_init__(self) -> None:
        COUNT.require(self.n_outputs, "Dense: n_outputs")
        activation_function(self.activation)
        require_flag(self.use_bias, "Dense: use_bias")

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """W and b."""
        how = self.weights if self.weights is not None else "he" if self.activation in RECTIFIERS else "glorot"
        parameters = {"W": initial_array(how, (self.n_outputs, n_inputs), random, "weights")}
        if self.use_bias:
            parameters["b"] = initial_array(self.biases, (self.n_outputs,), random, "biases")
        return self.n_outputs, parameters, {}

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Rows are examples, so Wa is written a Wᵀ."""
        z = a @ np.transpose(parameters["W"])
        if self.use_bias:
            z = z + parameters["b"]
        activation = activation_function(self.activation)
        activated = activation(z)
        if np.shape(activated) != np.shape(z):
            raise ArgumentError(
                f"the activation {getattr(activation, '__name__', activation)} returned shape "
                f"{list(np.shape(activated))}, expected {list(np.shape(z))}"
            )
        return Pass(z, activated, state)
