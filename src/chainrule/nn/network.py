"""A network: layers, a loss, and the numbers that training changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import storage, tree
from chainrule.errors import ArgumentError
from chainrule.nn import fitting
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation, Forward, Gradient
from chainrule.nn.layer import Layer, require_layers, require_positive
from chainrule.nn.layer_records import architecture_record
from chainrule.nn.losses import Loss, PerExample, loss_function
from chainrule.nn.sequence import initialise_all
from chainrule.optim import LBFGS, Optimizer
from chainrule.program import Program
from chainrule.train import Checkpoint, History, Plan
from chainrule.train.callbacks import as_callbacks
from chainrule.train.checkpoint import checkpoint_callbacks
from chainrule.train.progress import progress_callbacks
from chainrule.train.step import chosen_optimizer
from chainrule.tree import Tree
from chainrule.types import Array, as_array, as_dtype

KIND = "network"  # what a file of a network says it holds
_ROWS = 8192  # predicted at a time, which bounds the memory of the activations


class Network:
    """A feed-forward network.

    Args:
        n_inputs: the number of features of an example.
        layers: the layers, first to last; layer numbers count from 1.
        loss: a name (see `chainrule.nn.LOSSES`, "huber(1.5)", "quantile(0.9)"), a `Loss`, or a traced function
            (outputs [N × k], targets) -> losses [N].
        seed: of the initial parameters.
        dtype: "float32" or "float64", in which everything is computed.

    Attributes:
        parameters: a list with the parameters of each layer, such as {"W": [nₗ × nₗ₋₁], "b": [nₗ]}.
        state: a list with the state of each layer, such as the running averages of batch normalisation.
        history: of the last `fit`.

    Raises:
        ArgumentError: a layer does not fit the one below it, or an argument is wrong; names the layer.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer],
        loss: str | Loss | PerExample = "half_squared",
        *,
        seed: int = 0,
        dtype: Any = "float32",
    ) -> None:
        require_positive(n_inputs, "n_inputs")
        require_layers(layers)
        if not layers:
            raise ArgumentError("a network needs at least one layer")
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
            raise ArgumentError(f"seed must be a whole number in 0 … 2⁶⁴−1, got {seed!r}")
        self.n_inputs = int(n_inputs)
        self.layers = tuple(layers)
        self.loss = loss_function(loss)
        self.dtype = as_dtype(dtype)
        if self.dtype.kind != "f":
            raise ArgumentError(f"dtype must be float32 or float64, got {self.dtype}")
        random = np.random.Generator(np.random.Philox(key=seed))
        self.n_outputs, parameters, state = initialise_all(self.layers, self.n_inputs, random)
        self.architecture = Architecture(self.n_inputs, self.n_outputs, self.layers, self.loss, self.dtype)
        self.parameters: Tree = tree.map_leaves(self._converted, parameters)
        self.state: Tree = tree.map_leaves(self._converted, state)
        self.history = History()
        self._outputs = Program(self.architecture.outputs)
        self._forward = Program(self.architecture.forward)
        self._backpropagation = Program(self.architecture.backpropagation)
        self._losses = Program(self.architecture.losses)

    def _converted(self, array: Array) -> Array:
        return np.asarray(array, self.dtype)

    # Parameters

    @property
    def weights(self) -> list[Array]:
        """Copies of all W [nₗ × nₗ₋₁], first to last."""
        return self._named("W")

    @property
    def biases(self) -> list[Array]:
        """Copies of all b [nₗ], first to last."""
        return self._named("b")

    def _named(self, name: str) -> list[Array]:
        return [np.array(leaf) for path, leaf in tree.items(self.parameters) if path.endswith(f"['{name}']")]

    def set_parameters(self, weights: Sequence[Any] | None = None, biases: Sequence[Any] | None = None) -> None:
        """Give all weights, all biases, or both.

        Raises:
            ArgumentError: wrong number, shape, or values that are not finite; nothing is changed then.
        """
        replaced: dict[str, Iterator[Array]] = {}
        for name, given in (("W", weights), ("b", biases)):
            if given is not None:
                replaced[name] = iter(self._checked(name, given))
        leaves = []
        for path, leaf in tree.items(self.parameters):
            given = [arrays for name, arrays in replaced.items() if path.endswith(f"['{name}']")]
            leaves.append(next(given[0]) if given else leaf)
        self.parameters = tree.rebuild(self.parameters, iter(leaves))

    def _checked(self, name: str, given: Sequence[Any]) -> list[Array]:
        present = self._named(name)
        if len(given) != len(present):
            raise ArgumentError(f"this network has {len(present)} {name}, got {len(given)}")
        arrays = [as_array(array, f"{name}{number}").astype(self.dtype) for number, array in enumerate(given, 1)]
        for number, (array, old) in enumerate(zip(arrays, present, strict=True), 1):
            if array.shape != old.shape:
                raise ArgumentError(f"{name}{number} must have shape {list(old.shape)}, got {list(array.shape)}")
            if not np.all(np.isfinite(array)):
                raise ArgumentError(f"{name}{number} contains nan or infinity")
        return arrays

    # Forward and back propagation

    def forward(self, x: Any) -> Forward:
        """Forward propagation: zˡ and aˡ of every layer, for examples [N × n] or a single one [n]."""
        rows, single = self._rows(x)
        z, a = self._forward(self.parameters, self.state, rows)
        return Forward(_numbered(z, 1, single), _numbered([rows, *a], 0, single))

    def backpropagate(self, x: Any, y: Any) -> Backpropagation:
        """Forward and back propagation: δˡ and the derivatives of the mean loss; parameters are not changed.

        Args:
            x: examples [N × n], or a single one [n].
            y: their targets.
        """
        rows, single = self._rows(x)
        targets = self.loss.prepare(_one_row(y, self.n_outputs) if single else y, self.n_outputs)
        if not len(rows):
            raise ArgumentError("x has no rows; there is no mean loss to differentiate")
        if len(targets) != len(rows):
            raise ArgumentError(f"x has {len(rows)} rows, but y has {len(targets)}")
        r = self._backpropagation(self.parameters, self.state, rows, targets)
        gradient = Gradient(
            W=_by_layer(r["parameters"], "W"),
            b=_by_layer(r["parameters"], "b"),
            x=r["x"][0] if single else r["x"],
            parameters=r["parameters"],
        )
        z, delta = _numbered(r["z"], 1, single), _numbered(r["delta"], 1, single)
        return Backpropagation(float(r["loss"]), z, _numbered([rows, *r["a"]], 0, single), delta, gradient)

    def _rows(self, x: Any) -> tuple[Array, bool]:
        array = self.architecture.inputs(x, "x")
        return np.atleast_2d(array).astype(self.dtype), array.ndim == 1

    # Prediction

    def outputs(self, X: Any) -> Array:
        """The activations aᴸ of examples [N × n]: logits, means or margins, [N × k]; [k] for a single example."""
        array = self.architecture.inputs(X, "X")
        rows = np.atleast_2d(array)
        parts = [
            self._outputs(self.parameters, self.state, rows[start : start + _ROWS])
            for start in range(0, len(rows), _ROWS)
        ]
        result = np.concatenate(parts) if parts else np.zeros((0, self.n_outputs), self.dtype)
        return result[0] if array.ndim == 1 else result

    def predict(self, X: Any) -> Array:
        """Predictions for examples [N × n].

        Class labels [N] for "cross_entropy"; 0 or 1 for "binary_cross_entropy" and −1 or 1 for "hinge", and means
        (rates for "poisson") otherwise: [N] if the network has one output, else [N × k].
        """
        outputs = self.outputs(X)
        if self.loss.task == "classes":
            return np.asarray(np.argmax(outputs, axis=-1))
        if self.loss.task == "binary":
            outputs = np.where(outputs > 0, 1, -1 if self.loss.name == "hinge" else 0)
        else:
            outputs = np.asarray(self.loss.link(outputs))
        return outputs[..., 0] if self.n_outputs == 1 else outputs

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities for examples [N × n].

        [N × k] for "cross_entropy"; for "binary_cross_entropy" with one output [N × 2], else one probability for each
        output [N × k].

        Raises:
            ArgumentError: the loss does not give probabilities.
        """
        if self.loss.name not in ("cross_entropy", "binary_cross_entropy"):
            raise ArgumentError(f"{self.loss.name} does not give probabilities; train with a cross-entropy")
        p = np.asarray(self.loss.link(self.outputs(X)))
        if self.loss.name == "binary_cross_entropy" and self.n_outputs == 1:
            return np.concatenate([1 - p, p], axis=-1)
        return p

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """The mean "loss", and "accuracy" or "r2", of the predictions for X [N × n] against y."""
        data = fitting.examples(self.architecture, X, y, sample_weight, "X")
        return fitting.validate(self.architecture, self._losses, self.parameters, self.state, data)

    # Training

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        optimizer: Optimizer | LBFGS | None = None,
        epochs: int = 20,
        batch_size: int | None = 32,
        shuffle: bool = True,
        order: Sequence[Any] | None = None,
        seed: int = 0,
        l1: float = 0.0,
        l2: float = 0.0,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        validation: Any = None,
        early_stopping: int | None = None,
        callbacks: Any = (),
        progress: bool | None = None,
        checkpoint: Checkpoint | str | Path | None = None,
    ) -> Network:
        """Train on examples X [N × n] with targets y, starting from the present parameters.

        Args:
            X: finite numbers of any dtype; converted a mini-batch at a time, never copied as a whole.
            y: targets as the loss takes them: labels [N], numbers [N] or [N × k], one-hot rows [N × k].
            optimizer: by default Adam(1e-3). LBFGS takes all examples in every step.
            epochs: how many times the examples are gone through.
            batch_size: examples in a step; None takes all of them.
            shuffle: whether every epoch has a new random order, made of `seed`.
            order: a row of positions for each epoch, instead of shuffling.
            seed: of the order and of dropout.
            l1: λ₁ of the penalty λ₁ Σ|W|.
            l2: λ₂ of the penalty ½ λ₂ Σ W², so that Wˡ ← Wˡ − η(∂ℒ/∂Wˡ + λ₂ Wˡ). Biases are not penalised.
            sample_weight: [N], how much each example counts; scaled to mean 1.
            class_weight: weight of each label, or "balanced" for the inverse of its frequency.
            validation: (X, y), or the share of the examples to set aside at random.
            early_stopping: stop after so many epochs without a lower validation loss, and restore the best weights.
            callbacks: functions of the training, called after each epoch, or `chainrule.train.Callback` objects; a
                list, or one of them.
            progress: whether to draw a progress bar; by default where stderr is a terminal.
            checkpoint: where to save the training; an existing file is resumed.

        Returns:
            The network itself. `network.history` tells what happened; after Ctrl-C it says "interrupted".

        Raises:
            ArgumentError: X, y or an option is wrong; names row and column.
            DivergenceError: a loss was not finite; the weights are those of the last good epoch.
        """
        optimizer = chosen_optimizer(optimizer)
        training = fitting.make_training(
            self.architecture,
            self.parameters,
            self.state,
            X,
            y,
            fitting.Options(l1, l2, sample_weight, class_weight, validation),
            Plan(epochs, None if optimizer.full_batch else batch_size, shuffle, order, seed, early_stopping),
            optimizer,
            [*checkpoint_callbacks(checkpoint), *progress_callbacks(progress), *as_callbacks(callbacks)],
        )
        self.history = training.history
        try:
            training.run()
        finally:
            self.parameters, self.state = training.result
        return self

    # Files

    def save(self, path: str | Path) -> None:
        """Write architecture and parameters to a safetensors file; see `chainrule.nn.load`."""
        header, arrays = self.record()
        storage.save(path, KIND, {"network": header}, arrays)

    def record(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """The architecture as JSON, and all arrays by name: what a file of the network holds."""
        return architecture_record(self.architecture), dict(self.named_arrays())

    def named_arrays(self) -> list[tuple[str, Array]]:
        """Every array of the parameters and the state, with the path that names it in a file."""
        return [*tree.items(self.parameters, "parameters"), *tree.items(self.state, "state")]

    def __repr__(self) -> str:
        lines = [f"Network({self.n_inputs} inputs, loss={self.loss.name!r}, dtype={self.dtype})"]
        for number, (layer, parameters) in enumerate(zip(self.layers, self.parameters, strict=True), 1):
            count = sum(leaf.size for leaf in tree.leaves(parameters))
            lines.append(f"  {number}  {type(layer).__name__:<10} {count:>10,} parameters")
        return "\n".join(lines)


def _numbered(arrays: Sequence[Array], first: int, single: bool) -> dict[int, Array]:
    return {number: array[0] if single else array for number, array in enumerate(arrays, first)}


def _by_layer(parameters: Tree, name: str) -> dict[int, Array]:
    return {
        number: layer[name] for number, layer in enumerate(parameters, 1) if isinstance(layer, dict) and name in layer
    }


def _one_row(y: Any, k: int) -> Array:
    """The target of a single example as a batch of one."""
    array = np.asarray(y)
    return array[None] if array.ndim == 0 or (array.shape == (k,) and k > 1) else np.reshape(array, (1, -1))
