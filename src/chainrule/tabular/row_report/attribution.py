"""How much each input of a network adds to a prediction: integrated gradients, and the gradient at the row.

The straight line from a baseline to the row is walked in the space of the inputs, where a code stands for its learned
vector: Aᵢ = (xᵢ − x̄ᵢ) ∫₀¹ ∂F/∂xᵢ(x̄ + t(x − x̄)) dt. The Aᵢ add up to F(x) − F(x̄), whatever the network; how far a
sum over finitely many points is from that is its error (Sundararajan, Taly and Yan 2017, *Axiomatic attribution for
deep networks*).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.execution.program import Program
from chainrule.nn.architecture import Architecture
from chainrule.ops.value import lift
from chainrule.transforms import pull_back
from chainrule.transforms.backprop import or_zeros
from chainrule.tree import Tree
from chainrule.types import Array

BLOCK = 256
"""Points on the line that are computed at a time."""
MOST_BLOCKS = 32
ENOUGH = 1e-3
"""The error, relative to F(x) − F(x̄), at which no more points are needed."""


@dataclass(frozen=True)
class Attribution:
    """What integrated gradients found, [inputs] each, in the order of the network's inputs.

    Attributes:
        shares: what each input adds to F(x) − F(x̄).
        slopes: ∂F/∂x at the row; 0 for codes, which have no derivative.
        value: F(x), from the network's own outputs.
        baseline: F(x̄).
        points: how many points on the line were taken.
    """

    shares: Array
    slopes: Array
    value: float
    baseline: float
    points: int

    @property
    def error(self) -> float:
        """F(x) − F(x̄) less the sum of the shares."""
        return self.value - self.baseline - float(self.shares.sum())


class Quantity:
    """The number F that is explained: a probability, or the output.

    Args:
        network: gives the outputs.
        output: which of them.
    """

    def __init__(self, network: nn.Network, output: int) -> None:
        self.network, self.output = network, output
        first = network.layers[0]
        self._embedding = first if isinstance(first, nn.Embedding) else None
        skipped = 0 if self._embedding is None else 1
        self._parameters, self._state = network.parameters[skipped:], network.state[skipped:]
        self._rest = replace(network.architecture, layers=network.layers[skipped:])
        self._gradient = Program(self._slopes, resident=2)

    def of(self, rows: Array) -> Array:
        """F of inputs [N × n], float64 [N]."""
        linked = self.network.loss.link(self.network.outputs(rows))
        return np.asarray(linked)[:, self.output].astype(np.float64)

    def attribute(self, row: Array, baseline: Array) -> Attribution:
        """The shares of the inputs [n] in the difference to a baseline [n]."""
        ends = np.stack([row, baseline])
        value, usual = self.of(ends)
        x, start = self._vectors(ends).astype(np.float64)
        total, points = np.zeros(len(x)), 0
        for blocks in _doubling():
            total = np.zeros(len(x))
            points = blocks * BLOCK
            for block in range(blocks):
                t = (np.arange(block * BLOCK, (block + 1) * BLOCK) + 0.5) / points
                total += self._slopes_at(start + t[:, None] * (x - start)).sum(axis=0)
            error = value - usual - float(((x - start) * total).sum()) / points
            if abs(error) <= ENOUGH * abs(value - usual):
                break
        slopes = self._slopes_at(np.repeat(x[None], BLOCK, axis=0))[0]
        shares = self._by_input((x - start) * total / points)
        return Attribution(shares, self._passed(slopes), float(value), float(usual), points)

    def _slopes_at(self, points: Array) -> Array:
        slopes: Array = self._gradient(self._parameters, self._state, points.astype(self.network.dtype))
        return slopes.astype(np.float64)

    def _slopes(self, parameters: Tree, state: Tree, points: Any) -> Any:
        """∂F/∂ of each point, which only its own F depends on."""
        architecture: Architecture = self._rest
        values: Any = np.sum(architecture.loss.link(architecture.outputs(parameters, state, points))[:, self.output])
        seed = lift(np.ones((), values.dtype)).node
        return or_zeros(pull_back([values.node], [seed], [points.node]).results, [points.node])[0]

    def _vectors(self, rows: Array) -> Array:
        """Rows with the learned vectors in place of the codes."""
        return rows if self._embedding is None else self.network.forward(rows).a[1]

    def _owners(self) -> list[int]:
        """Which input each element of a row of `_vectors` belongs to."""
        inputs = range(self.network.n_inputs)
        if self._embedding is None:
            return list(inputs)
        coded = zip(self._embedding.columns or (), _dimensions(self._embedding), strict=True)
        passed = [i for i in inputs if i not in (self._embedding.columns or ())]
        return passed + [column for column, dimension in coded for _ in range(dimension)]

    def _by_input(self, elements: Array) -> Array:
        return np.bincount(self._owners(), elements, self.network.n_inputs)

    def _passed(self, elements: Array) -> Array:
        """The elements of the inputs that are no codes."""
        codes = () if self._embedding is None else self._embedding.columns or ()
        found = self._by_input(elements)
        found[list(codes)] = 0
        return found


def _dimensions(embedding: nn.Embedding) -> tuple[int, ...]:
    return (embedding.dimension,) if isinstance(embedding.dimension, int) else tuple(embedding.dimension)


def _doubling() -> list[int]:
    return [2**power for power in range(MOST_BLOCKS.bit_length())]
