"""A network without its numbers: what its layers and its loss compute from parameters that are given."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.cache_key import cache_key
from chainrule.doctor.measuring import Watched
from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.nn.activations import ACTIVATIONS, activation_name
from chainrule.nn.dense import Dense
from chainrule.nn.embedding import Embedding
from chainrule.nn.inputs import as_inputs
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.nn.losses import Loss
from chainrule.nn.sequence import forward_all
from chainrule.nn.sparse_rows import as_sparse_rows, is_sparse
from chainrule.ops.value import lift
from chainrule.train.problem import Objective
from chainrule.transforms import pull_back
from chainrule.transforms.backprop import or_zeros
from chainrule.tree import Tree


@dataclass(frozen=True, eq=False)
class Architecture:
    """Layers and a loss, and their traced functions of (parameters, state, examples …).

    Attributes:
        n_inputs: the number of features of an example.
        n_outputs: the number of outputs of the last layer.
        layers: the layers, first to last.
        loss: the loss.
        dtype: in which everything is computed; examples are converted to it after they are gathered.
    """

    n_inputs: int
    n_outputs: int
    layers: tuple[Layer, ...]
    loss: Loss
    dtype: np.dtype[Any]

    def __repr__(self) -> str:
        kinds = ", ".join(type(layer).__name__ for layer in self.layers)
        return (
            f"Architecture({counted(self.n_inputs, 'input')}, [{kinds}], loss={self.loss.name!r}, dtype={self.dtype})"
        )

    @cached_property
    def cache_key(self) -> Hashable | None:
        """Equal for architectures that compute the same; None if a layer or function is user-defined."""
        return cache_key(self, *ACTIVATIONS.values())  # a user may have added an activation

    def inputs(self, X: Any, name: str) -> Any:
        """`X` as an array [N × n] or [n], or as sparse rows [N × n].

        Raises:
            ArgumentError: names the first row and column that cannot be used, or a first layer that needs the zeros.
        """
        if is_sparse(X):
            if not isinstance(self.layers[0], Dense):
                raise ArgumentError(
                    f"{name} is sparse, which needs Dense as the first layer, not {type(self.layers[0]).__name__}; "
                    f"put a Dense layer there, or pass {name}.toarray()"
                )
            return as_sparse_rows(X, self.n_inputs, name, self.dtype)
        array = as_inputs(X, self.n_inputs, name, self.dtype)
        if isinstance(self.layers[0], Embedding):
            self.layers[0].check_codes(np.atleast_2d(array), name)
        return array

    def passes(self, parameters: Tree, state: Tree, x: Any, mode: Mode) -> list[Pass]:
        """The passes of all layers on examples [N × n]."""
        return forward_all(self.layers, parameters, state, self.converted(x), mode)

    def outputs(self, parameters: Tree, state: Tree, x: Any) -> Any:
        """aᴸ."""
        return self.passes(parameters, state, x, Mode(training=False))[-1].a

    def forward(self, parameters: Tree, state: Tree, x: Any) -> Tree:
        """All z and all a."""
        passes = self.passes(parameters, state, x, Mode(training=False))
        return [p.z for p in passes], [p.a for p in passes]

    def forward_in_training(self, parameters: Tree, state: Tree, key: Any, x: Any) -> Tree:
        """All z and all a, with dropout and batch statistics."""
        passes = self.passes(parameters, state, x, Mode(True, key))
        return [p.z for p in passes], [p.a for p in passes]

    def losses(self, parameters: Tree, state: Tree, x: Any, y: Any) -> tuple[Any, Any]:
        """The loss of each example [N], and the outputs."""
        outputs = self.outputs(parameters, state, x)
        return self._losses(outputs, y), outputs

    def objective(self, parameters: Tree, state: Tree, key: Any, x: Any, y: Any) -> Objective:
        """What training minimises, without penalties."""
        passes = self.passes(parameters, state, x, Mode(True, key))
        watched = [
            Watched(layer_pass.z, layer_pass.a, activation_name(getattr(layer, "activation", "")))
            for layer, layer_pass in zip(self.layers, passes, strict=True)
        ]
        states = [layer_pass.state for layer_pass in passes]
        return Objective(self._losses(passes[-1].a, y), 0.0, states, watched)

    def backpropagation(self, parameters: Tree, state: Tree, x: Any, y: Any) -> Tree:
        """ℒ, all z, all a, all δ, ∂ℒ/∂x and the derivatives of the parameters; x has the network's dtype."""
        passes = self.passes(parameters, state, x, Mode(training=False))
        loss: Any = np.mean(self._losses(passes[-1].a, y))
        nodes = [lift(value).node for value in (*(p.z for p in passes), x, *tree.leaves(parameters))]
        backward_pass = pull_back([loss.node], [lift(np.ones((), loss.dtype)).node], nodes)
        derivatives = or_zeros(backward_pass.results, nodes)
        count = len(passes)
        return {
            "loss": loss,
            "z": [p.z for p in passes],
            "a": [p.a for p in passes],
            "delta": derivatives[:count],
            "x": derivatives[count],
            "parameters": tree.rebuild(parameters, iter(derivatives[count + 1 :])),
        }

    def _losses(self, outputs: Any, y: Any) -> Any:
        losses = self.loss.per_example(outputs, self.converted(y))
        if np.shape(losses) != (len(outputs),):
            raise ArgumentError(
                f"the loss {self.loss.name} returned shape {list(np.shape(losses))}; "
                f"it must return one loss for each example, [{len(outputs)}]"
            )
        return losses

    def converted(self, array: Any) -> Any:
        """Floats and features in the network's dtype; integer labels stay integers."""
        return array.astype(self.dtype) if array.ndim > 1 or array.dtype.kind == "f" else array


def penalty(parameters: Tree, l1: float, l2: float) -> Any:
    """λ₁ Σ|W| + ½ λ₂ Σ W² over the weights, the leaves named W; biases are not penalised."""
    weights = [leaf for path, leaf in tree.items(parameters) if path.last == "W"]
    terms = [l1 * np.sum(np.abs(W)) for W in weights if l1] + [0.5 * l2 * np.sum(W**2) for W in weights if l2]
    return sum(terms[1:], terms[0]) if terms else 0.0
