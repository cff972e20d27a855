"""A network: layers, a loss, and the numbers that training changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import storage, tree
from chainrule.constraints import COUNT, SEED
from chainrule.errors import ArgumentError
from chainrule.execution.program import Program
from chainrule.figures import counted
from chainrule.nn import fitting
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation, Forward, numbered
from chainrule.nn.inspecting import training_step
from chainrule.nn.layer import Layer, require_layers
from chainrule.nn.layer_records import architecture_record
from chainrule.nn.losses import Loss, PerExample, loss_function
from chainrule.nn.parameters import named, parameters_with
from chainrule.nn.predicting import Predictor, in_blocks
from chainrule.nn.predictions import predictions, probabilities, require_probabilities
from chainrule.nn.sequence import initialise_all
from chainrule.nn.sparse_rows import is_sparse
from chainrule.nn.targets import one_row
from chainrule.optim import Minimizer
from chainrule.train import Checkpoint, History, TrainingPlan
from chainrule.train.callbacks import as_callbacks
from chainrule.train.checkpoint import checkpoint_callbacks
from chainrule.train.progress import progress_callbacks
from chainrule.train.runner import chosen_optimizer
from chainrule.tree import Tree
from chainrule.types import Array, as_array, as_dtype

if TYPE_CHECKING:
    from chainrule.doctor.diagnosis import Diagnosis
    from chainrule.doctor.recorder import Diagnose
    from chainrule.nn.step_report import StepExplanation
    from chainrule.runtime.profile import Profile

KIND = "network"  # what a file of a network says it holds


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
        diagnosis: of the last `fit` that was asked to `diagnose`; None if there was none.

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
        COUNT.require(n_inputs, "n_inputs")
        require_layers(layers)
        if not layers:
            raise ArgumentError("a network needs at least one layer")
        SEED.require(seed, "seed")
        self.n_inputs = int(n_inputs)
        self.layers = tuple(layers)
        self.loss = loss_function(loss)
        self.dtype = as_dtype(dtype)
        if self.dtype.kind != "f":
            raise ArgumentError(f"dtype must be float32 or float64, got {self.dtype}")
        random = np.random.Generator(np.random.Philox(key=seed))
        self.n_outputs, parameters, state = initialise_all(self.layers, self.n_inputs, random)
        self.architecture = Architecture(self.n_inputs, self.n_outputs, self.layers, self.loss, self.dtype)
        self.parameters, self.state = parameters, state
        self.history = History()
        self.diagnosis: Diagnosis | None = None
        key = self.architecture.cache_key
        self._outputs = Program(self.architecture.outputs, resident=2, cache_key=key)
        self._forward = Program(self.architecture.forward, cache_key=key)
        self._backpropagation = Program(self.architecture.backpropagation, cache_key=key)
        self._losses = Program(self.architecture.losses, resident=2, cache_key=key)

    # Parameters

    @property
    def parameters(self) -> Tree:
        """The parameters of each layer: read-only arrays, so that nothing made from them can become out of date."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: Tree) -> None:
        self._parameters = tree.map_leaves(self._frozen, parameters)

    @property
    def state(self) -> Tree:
        """The state of each layer: read-only arrays."""
        return self._state

    @state.setter
    def state(self, state: Tree) -> None:
        self._state = tree.map_leaves(self._frozen, state)

    def _frozen(self, array: Any) -> Array:
        frozen = np.array(as_array(array, "a parameter"), self.dtype)
        frozen.flags.writeable = False
        return frozen

    @property
    def weights(self) -> list[Array]:
        """Copies of all W [nₗ × nₗ₋₁], first to last."""
        return [np.array(W) for W in named(self.parameters, "W")]

    @property
    def biases(self) -> list[Array]:
        """Copies of all b [nₗ], first to last."""
        return [np.array(b) for b in named(self.parameters, "b")]

    def set_parameters(self, weights: Sequence[Any] | None = None, biases: Sequence[Any] | None = None) -> None:
        """Give all weights, all biases, or both.

        Raises:
            ArgumentError: wrong number, shape, or values that are not finite; nothing is changed then.
        """
        self.parameters = parameters_with(self.parameters, weights, biases)

    # Forward and back propagation

    def forward(self, x: Any) -> Forward:
        """Forward propagation: zˡ and aˡ of every layer, for examples [N × n] or a single one [n]."""
        rows, single = self._rows(x)
        z, a = self._forward(self.parameters, self.state, rows)
        return Forward(numbered(z, 1, single), numbered([rows, *a], 0, single))

    def backpropagate(self, x: Any, y: Any) -> Backpropagation:
        """Forward and back propagation: δˡ and the derivatives of the mean loss; parameters are not changed.

        Args:
            x: examples [N × n], or a single one [n].
            y: their targets.
        """
        rows, targets, single = self._examples(x, y)
        return Backpropagation.of(rows, self._backpropagation(self.parameters, self.state, rows, targets), single)

    def explain_step(
        self,
        x: Any,
        y: Any,
        optimizer: Minimizer | float = 0.1,
        *,
        transform_gradients: Callable[..., Tree] | None = None,
    ) -> StepExplanation:
        """Forward, backward and one update with their numbers, as on a board; the network is not changed.

        It is the pass of `backpropagate`: dropout drops nothing, and batch normalisation uses its running averages.

        Args:
            x: examples [N × n], or a single one [n].
            y: their targets.
            optimizer: what makes the update, its first; a number is the learning rate of plain gradient descent.
            transform_gradients: as for `fit`; for instance a function that returns 0 for what is frozen.

        Raises:
            ArgumentError: x, y or an option is wrong.
            GradientError: the layers' own rules, or a written form, do not give the engine's numbers.
        """
        from chainrule.nn.step_report.build import explain_step

        rows, targets, single = self._examples(x, y)
        return explain_step(
            self.architecture,
            self.parameters,
            self.state,
            self._backpropagation,
            (rows, targets, single),
            optimizer,
            transform_gradients,
        )

    def _examples(self, x: Any, y: Any) -> tuple[Array, Array, bool]:
        """Rows [N × n], N > 0, their targets, and whether x was a single example."""
        rows, single = self._rows(x)
        targets = self.loss.prepare(one_row(y, self.n_outputs) if single else y, self.n_outputs)
        if not len(rows):
            raise ArgumentError("x has no rows; there is no mean loss to differentiate")
        if len(targets) != len(rows):
            raise ArgumentError(f"x has {counted(len(rows), 'row')}, but y has {len(targets)}")
        return rows, targets, single

    def _rows(self, x: Any) -> tuple[Array, bool]:
        if is_sparse(x):
            raise ArgumentError("forward and backpropagate show every number, so x cannot be sparse; pass x.toarray()")
        array = self.architecture.inputs(x, "x")
        return np.atleast_2d(array).astype(self.dtype), array.ndim == 1

    # Prediction

    def outputs(self, X: Any) -> Array:
        """The activations aᴸ of examples [N × n]: logits, means or margins, [N × k]; [k] for a single example."""
        array = self.architecture.inputs(X, "X")
        rows = np.atleast_2d(array)
        if not len(rows):
            return np.zeros((0, self.n_outputs), self.dtype)
        result = in_blocks(lambda block: self._outputs(self.parameters, self.state, block), rows)
        return result[0] if array.ndim == 1 else result

    def predictor(self, rows: int = 1) -> Predictor:
        """The outputs for a fixed number of rows as a compiled function with no more Python around it than needed.

        For controllers and other loops that ask for one prediction at a time. It keeps the parameters of now.

        Raises:
            ArgumentError: rows is not a whole number above 0.
        """
        COUNT.require(rows, "rows")
        resident = (self.parameters, self.state)
        graph = self._outputs.graph(*resident, np.zeros((rows, self.n_inputs), self.dtype))
        return Predictor(graph, resident, rows, self.n_inputs)

    def predict(self, X: Any) -> Array:
        """Predictions for examples [N × n].

        Class labels [N] for "cross_entropy"; 0 or 1 for "binary_cross_entropy" and −1 or 1 for "hinge", and means
        (rates for "poisson") otherwise: [N] if the network has one output, else [N × k].
        """
        return predictions(self.loss, self.outputs(X))

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities for examples [N × n].

        [N × k] for "cross_entropy"; for "binary_cross_entropy" with one output [N × 2], else one probability for each
        output [N × k].

        Raises:
            ArgumentError: the loss does not give probabilities.
        """
        require_probabilities(self.loss)
        return probabilities(self.loss, self.outputs(X))

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
        optimizer: Minimizer | None = None,
        epochs: int = 20,
        batch_size: int | None = 32,
        shuffle: bool = True,
        order: Sequence[Any] | None = None,
        seed: int = 0,
        l1: float = 0.0,
        l2: float = 0.0,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        accumulate: int = 1,
        transform_gradients: Callable[..., Tree] | None = None,
        validation: Any = None,
        early_stopping: int | None = None,
        callbacks: Any = (),
        progress: bool | None = None,
        checkpoint: Checkpoint | str | Path | None = None,
        diagnose: Diagnose | None = None,
    ) -> Network:
        """Train on examples X [N × n] with targets y, starting from the present parameters.

        Args:
            X: finite numbers; read where they lie, whatever their strides, and converted a mini-batch at a time. A
                sparse matrix of SciPy stays sparse; the first layer must then be Dense.
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
            accumulate: how many batches make one update, their gradients being added up: the update that a batch of
                accumulate × batch_size examples gives, with the memory of one of batch_size. Batch normalisation still
                sees one batch at a time.
            transform_gradients: traced gradients -> gradients, a tree like `parameters`; what the optimiser gets. If it
                has a parameter `last`, it is told whether this is the last batch of an update (bool []).
            validation: (X, y), or the share of the examples to set aside at random.
            early_stopping: stop after so many epochs without a lower validation loss, and restore the best weights.
            callbacks: functions of the training, called after each epoch, or `chainrule.train.Callback` objects; a
                list, or one of them.
            progress: whether to draw a progress bar; by default where stderr is a terminal.
            checkpoint: where to save the training; an existing file is resumed.
            diagnose: "cheap" or "full": measure the layers during the training, at ever fewer steps or at every one.
                `network.diagnosis` tells what was found, also after a DivergenceError, which then names the operation
                that failed. The weights are the same to the last bit.

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
            TrainingPlan.of(
                optimizer,
                epochs=epochs,
                batch_size=batch_size,
                shuffle=shuffle,
                order=order,
                seed=seed,
                early_stopping=early_stopping,
                accumulate=accumulate,
                transform_gradients=transform_gradients,
            ),
            optimizer,
            [*checkpoint_callbacks(checkpoint), *progress_callbacks(progress), *as_callbacks(callbacks)],
            diagnose,
        )
        self.history = training.history
        try:
            training.run()
        finally:
            self.parameters, self.state = training.result
            if training.recorder is not None:
                self.diagnosis = training.recorder.diagnosis(training.parameters)
        return self

    def profile(
        self,
        X: Any = None,
        y: Any = None,
        *,
        batch_size: int = 32,
        optimizer: Minimizer | None = None,
    ) -> Profile:
        """What one step of `fit` is compiled to: every kernel with its loops, work, tiles, threads and times.

        The step is compiled and measured here, in about half a second; the network is not changed. The profile prints
        as a table.

        Args:
            X: examples [N × n] as for `fit`; by default zeros, one batch of them.
            y: their targets; needed with a loss of your own that does not take ones [N × k].
            batch_size: examples in a step.
            optimizer: by default Adam(1e-3).
        """
        return training_step(self.architecture, self.parameters, self.state, X, y, batch_size, optimizer).profile()

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
        named = (*tree.items(self.parameters, "parameters"), *tree.items(self.state, "state"))
        return [(str(path), leaf) for path, leaf in named]

    def __repr__(self) -> str:
        lines = [f"Network({counted(self.n_inputs, 'input')}, loss={self.loss.name!r}, dtype={self.dtype})"]
        for number, (layer, parameters) in enumerate(zip(self.layers, self.parameters, strict=True), 1):
            count = sum(leaf.size for leaf in tree.leaves(parameters))
            lines.append(f"  {number}  {type(layer).__name__:<10} {count:>10,} parameters")
        return "\n".join(lines)
