"""The numbers of one forward and one backward pass, under the lecture's names and layer numbers.

Layer l = 1 … L is the l-th entry of the network's list of layers; a[0] is the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True)
class Forward:
    """Forward propagation.

    Attributes:
        z: {l: zˡ} for l = 1 … L, [N × nₗ], or [nₗ] for a single example.
        a: {l: aˡ} for l = 0 … L; a[0] is the input.
    """

    z: Mapping[int, Array]
    a: Mapping[int, Array]


@dataclass(frozen=True)
class Gradient:
    """The derivatives of ℒ.

    Attributes:
        W: {l: ∂ℒ/∂Wˡ}, [nₗ × nₗ₋₁], for the layers that have weights.
        b: {l: ∂ℒ/∂bˡ}, [nₗ], for the layers that have biases.
        x: ∂ℒ/∂x, of the shape of x.
        parameters: all of them, in the structure of `network.parameters`.
    """

    W: Mapping[int, Array]
    b: Mapping[int, Array]
    x: Array
    parameters: Tree


@dataclass(frozen=True)
class Backpropagation:
    """Forward and back propagation.

    Attributes:
        loss: ℒ, the mean over the examples.
        z: as in `Forward`.
        a: as in `Forward`.
        delta: {l: δˡ = ∂ℒ/∂zˡ}, of the shapes of z. Over a batch ℒ is a mean, so each row is divided by N.
        grad: the derivatives with respect to parameters and input.
    """

    loss: float
    z: Mapping[int, Array]
    a: Mapping[int, Array]
    delta: Mapping[int, Array]
    grad: Gradient
