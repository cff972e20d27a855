"""Each layer's part of the chain rule by itself: the rules of its operations, applied between aˡ⁻¹, zˡ and aˡ.

The engine differentiates the whole network at once. Here the same rules are applied layer by layer, by the reference
executor, which gives the factors that an explanation names and a check of the whole: the engine's δˡ⁺¹ goes in, and
what comes out is the engine's δˡ, up to what rounding may do in between (`transforms/rounding.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import reference, tree
from chainrule.graph import Kind, Node, dependants, topological_order
from chainrule.nn.activations import activation_function
from chainrule.nn.architecture import Architecture
from chainrule.nn.dense import Dense
from chainrule.nn.layer import Layer, Mode
from chainrule.ops.value import Value, lift
from chainrule.tracing import trace_call
from chainrule.transforms import pull_back
from chainrule.transforms.backprop import or_zeros
from chainrule.transforms.rounding import bounded
from chainrule.tree import Tree
from chainrule.types import Array


def computed(function: Callable[..., Tree], *args: Tree) -> Tree:
    """A traced function at arrays, by the reference executor."""
    traced = trace_call(function, args, {}, range(len(args)))
    results = reference.as_function(traced.graph)(tree.leaves(args))
    return tree.rebuild(traced.result, iter(results))


@dataclass(frozen=True)
class LocalRule:
    """One layer's chain rule for given numbers.

    Attributes:
        layer: the layer.
        parameters: its parameters.
        state: its state.
        below: aˡ⁻¹ [N × m].
        delta: ∂ℒ/∂zˡ, as the rules give it from the ∂ℒ/∂aˡ that arrives.
        below_bar: ∂ℒ/∂aˡ⁻¹, from the engine's ∂ℒ/∂zˡ.
        bounds: what rounding may put them off, "delta" and "below_bar".
        activated: whether aˡ is another value than zˡ.
        slope: g′(zˡ) [N × n] where g works element by element, else None.
        through: ∂zˡ/∂aˡ⁻¹ [N × n] where z does so too, as in batch normalisation, else None.
    """

    layer: Layer
    parameters: Tree
    state: Tree
    below: Array
    delta: Array
    below_bar: Array
    activated: bool
    slope: Array | None
    through: Array | None
    bounds: Mapping[str, Array]

    @classmethod
    def of(
        cls,
        layer: Layer,
        parameters: Tree,
        state: Tree,
        engine: tuple[Array, Array, Array],
        arriving: tuple[Array, Array],
    ) -> LocalRule:
        """The rule for the derivative ∂ℒ/∂aˡ that arrives from above.

        g′ is taken at the engine's own zˡ: a sum that is added in another order may end on the other side of a kink.

        Args:
            layer: the layer.
            parameters: its parameters.
            state: its state.
            engine: aˡ⁻¹, zˡ and δˡ.
            arriving: ∂ℒ/∂aˡ, and what it may be off.
        """
        activated = False

        def pulled(parameters: Tree, state: Tree, below: Any, z: Any, delta: Any, above_bar: Any) -> Tree:
            nonlocal activated
            layer_pass = layer.forward(parameters, state, below, Mode(training=False))
            if isinstance(layer, Dense):
                a = lift(activation_function(layer.activation)(z))
            else:
                z, a = lift(layer_pass.z), lift(layer_pass.a)
            activated = z.node is not a.node
            return {
                "delta": _pulled(a, above_bar, z),
                "below_bar": _pulled(lift(layer_pass.z), delta, below),
                "slope": _ones_pulled(a, z) if activated else None,
                "through": _ones_pulled(lift(layer_pass.z), below),
            }

        above_bar, error = arriving
        found, bounds = bounded(pulled, (parameters, state, *engine, above_bar), {5: error})
        return cls(layer, parameters, state, engine[0], activated=activated, **found, bounds=bounds)

    def activation_jacobian(self, example: int) -> Array:
        """∂aˡ/∂zˡ for one example, [units of a × units of z]."""
        return self._jacobian(example, "a", "z")

    def sum_jacobian(self, example: int) -> Array:
        """∂zˡ/∂aˡ⁻¹ for one example, [units of z × units below]."""
        return self._jacobian(example, "z", "below")

    def by_scale(self) -> tuple[Array, Array]:
        """∂zˡ/∂γ [N × n] of a normalisation with its bounds: each example has a scale of its own, pulled back."""

        def pulled(parameters: Tree, state: Tree, below: Any, scale: Any) -> Any:
            layer_pass = self.layer.forward({**parameters, "scale": scale}, state, below, Mode(training=False))
            return _ones_pulled(lift(layer_pass.z), scale)

        scale = np.broadcast_to(self.parameters["scale"], self.delta.shape)
        found, bound = bounded(pulled, (self.parameters, self.state, self.below, scale))
        return found, bound

    def _jacobian(self, example: int, of: str, by: str) -> Array:
        """One row for each unit, all pulled back at once: a layer outside of training treats each row by itself."""

        def count(parameters: Tree, state: Tree, below: Any) -> Any:
            layer_pass = self.layer.forward(parameters, state, below, Mode(training=False))
            return layer_pass.a if of == "a" else layer_pass.z

        row = self.below[example : example + 1]
        units = computed(count, self.parameters, self.state, row).shape[1]

        def pulled(parameters: Tree, state: Tree, below: Any, seeds: Any) -> Any:
            layer_pass = self.layer.forward(parameters, state, below, Mode(training=False))
            top = layer_pass.a if of == "a" else layer_pass.z
            return _pulled(lift(top), seeds, lift(layer_pass.z) if by == "z" else below)

        rows = np.repeat(row, units, axis=0)
        jacobian: Array = computed(pulled, self.parameters, self.state, rows, np.eye(units, dtype=row.dtype))
        return jacobian


def output_derivative(architecture: Architecture, outputs: Array, targets: Array) -> tuple[Array, Array]:
    """∂ℒ/∂aᴸ [N × k], by the rules of the loss, and what rounding may put it off."""

    def derivative(outputs: Any, targets: Any) -> Any:
        loss: Any = np.mean(architecture.loss.per_example(outputs, architecture.converted(targets)))
        return _pulled(loss, lift(np.ones((), loss.dtype)), outputs)

    found, bound = bounded(derivative, (outputs, targets))
    return found, bound


def _pulled(top: Value, seed: Value, bottom: Value) -> Value:
    """The cotangent of `bottom`, given that of `top`."""
    if top.node is bottom.node:
        return seed
    found: Value = or_zeros(pull_back([top.node], [seed.node], [bottom.node]).results, [bottom.node])[0]
    return found


def _ones_pulled(top: Value, bottom: Value) -> Value | None:
    """The derivative of each element of `top` by the element of `bottom` in its place; None if others matter too."""
    if not _is_elementwise(top.node, bottom.node):
        return None
    return _pulled(top, lift(np.ones(top.shape, top.dtype)), bottom)


def _is_elementwise(top: Node, bottom: Node) -> bool:
    between = dependants(topological_order([top]), [bottom]) - {bottom}
    return top.type == bottom.type and all(
        node.op.kind is Kind.ELEMENTWISE and node.type.shape == top.type.shape for node in between
    )
