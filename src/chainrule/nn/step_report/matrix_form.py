"""The backward pass of a step in matrices: every line as a formula, with its derivation by index.

The loss is recorded again with its names, z¹, a¹ …, and derived by `chainrule.explain`, which checks every line. What
it finds is compared with the derivatives of the step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import ops, tree
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Derivative
from chainrule.explain.matrix.deriving import Recorded, derive_recorded
from chainrule.graph import Node
from chainrule.nn.activations import activation_function
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.step_report.agreement import Agreement
from chainrule.nn.step_report.names import name, parameter_name
from chainrule.nn.step_report.record import StepRecord
from chainrule.ops.value import lift
from chainrule.tracing import trace_call
from chainrule.transforms.rounding import bounded
from chainrule.tree import Tree
from chainrule.types import Array

LOSS = "ℒ"


def matrix_form(step: StepRecord) -> Derivation:
    """See `StepExplanation.derivation`."""
    recorded, sought = _recorded(step)
    derivation = derive_recorded(recorded, sought)
    found = {line.left: line.value for line in derivation.lines}
    gradient = tree.leaves(step.grad.parameters)
    for label, expected, bound in zip(sought, gradient, _rounding(step), strict=True):
        _require_equal(label, found[Derivative(LOSS, label)], expected, bound)
    if step.architecture.dtype == np.float64:
        return derivation
    return replace(derivation, notes=(*derivation.notes, "derived in float64; the step computed in float32"))


def _recorded(step: StepRecord) -> tuple[Recorded, list[str]]:
    """ℒ with its names, and the names of the parameters; one example is a column, several are rows."""
    for number, layer in enumerate(step.architecture.layers, 1):
        if not isinstance(layer, Dense | Dropout):
            raise ArgumentError(
                f"layer {number} is {type(layer).__name__}, but the derivation in matrices shows Dense layers only; "
                "the numbers of every layer are in the explanation itself, and its paths in `why`"
            )
    loss = step.architecture.loss
    column = step.example_count == 1 and loss.task != "own"
    x, y = step.rules[0].below, step.targets
    if loss.task == "classes" and y.ndim == 1:
        y = np.eye(step.architecture.n_outputs)[y]
    named: dict[Node, str] = {}

    def recorded(parameters: Tree, x: Any, y: Any) -> Any:
        a = x
        for number, (layer, leaves) in enumerate(zip(step.architecture.layers, parameters, strict=True), 1):
            if isinstance(layer, Dense):
                z = leaves["W"] @ a if column else a @ np.transpose(leaves["W"])
                z = z + leaves["b"] if layer.use_bias else z
                a = activation_function(layer.activation)(z)
                named[lift(a).node] = name("a", number)
                named[lift(z).node] = name("z", number)
        per_example = _cross_entropy if loss.task == "classes" else loss.per_example
        losses: Any = per_example(a, y)
        return losses if column else np.mean(losses)

    arguments = tree.map_leaves(_wide, (step.parameters, x[0] if column else x, y[0] if column else y))
    traced = trace_call(recorded, arguments, {}, range(3))
    sought = [parameter_name(path) for path, _ in tree.items(step.parameters)]
    inputs = dict(zip((value.node for value in traced.inputs), (*sought, "x", "y"), strict=True))
    return Recorded(inputs, traced.outputs[0].node, LOSS, named, tree.leaves(arguments)), sought


def _cross_entropy(a: Any, y: Any) -> Any:
    """The loss of classes with y as probabilities, of one example or of several."""
    return -np.sum(y * ops.log_softmax(a), axis=-1)


def _wide(leaf: Any) -> Array:
    return np.asarray(leaf, np.float64)


def _rounding(step: StepRecord) -> list[Array]:
    """What rounding may put the step's derivatives of the parameters off."""
    state, rows = [rule.state for rule in step.rules], step.rules[0].below
    given = step.parameters, state, rows, step.targets
    _, bounds = bounded(step.architecture.backpropagation, given)
    return tree.leaves(bounds["parameters"])


def _require_equal(label: str, found: Array | None, expected: Array, bound: Array) -> None:
    """Raise DerivationError unless the derivation, in float64, found the step's derivative up to its rounding."""
    if found is None:
        return
    agreement = Agreement.of(found, expected, bound)
    if not agreement:
        raise DerivationError(
            f"∂{LOSS}/∂{label} of the derivation differs from that of the step, {agreement}: a defect"
        )
