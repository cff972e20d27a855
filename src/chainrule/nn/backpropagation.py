"""The numbers of one forward and one backward pass, under the lecture's names and layer numbers.

Layer l = 1 … L is the l-th entry of the network's list of layers; a[0] is the input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chainrule.figures import figure
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

    def __repr__(self) -> str:
        return f"Forward(z={_shapes(self.z)}, a={_shapes(self.a)})"


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

    def __repr__(self) -> str:
        return f"Gradient(W={_shapes(self.W)}, b={_shapes(self.b)}, x={list(self.x.shape)})"


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

    def __repr__(self) -> str:
        arrays = ", ".join(f"{name}={_shapes(getattr(self, name))}" for name in ("z", "a", "delta"))
        return f"Backpropagation(loss={figure(self.loss)}, {arrays}, grad={self.grad!r})"

    @classmethod
    def of(cls, rows: Array, results: Mapping[str, Tree], single: bool) -> Backpropagation:
        """The results of `Architecture.backpropagation` for examples [N × n], or for a single one [1 × n]."""
        parameters = results["parameters"]
        gradient = Gradient(
            W=_by_layer(parameters, "W"),
            b=_by_layer(parameters, "b"),
            x=results["x"][0] if single else results["x"],
            parameters=parameters,
        )
        z, delta = numbered(results["z"], 1, single), numbered(results["delta"], 1, single)
        return cls(float(results["loss"]), z, numbered([rows, *results["a"]], 0, single), delta, gradient)


def _shapes(arrays: Mapping[int, Array]) -> str:
    """{l: [rows, columns]}: what arrays of any size are shown as."""
    return str({number: list(array.shape) for number, array in arrays.items()})


def numbered(arrays: Sequence[Array], first: int, single: bool) -> dict[int, Array]:
    """Arrays with a row for each example by layer number, which begins with `first`; a single example without rows."""
    return {number: array[0] if single else array for number, array in enumerate(arrays, first)}


def _by_layer(parameters: Tree, name: str) -> dict[int, Array]:
    return {
        number: layer[name] for number, layer in enumerate(parameters, 1) if isinstance(layer, dict) and name in layer
    }
