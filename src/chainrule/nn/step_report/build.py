"""From a network's numbers and one batch to the explanation of a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, GradientError
from chainrule.execution.program import Program
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation
from chainrule.nn.step_report.agreement import Agreement
from chainrule.nn.step_report.local_rules import LocalRule, computed, output_derivative
from chainrule.nn.step_report.names import indices, parameter_name
from chainrule.nn.step_report.record import DifferenceCheck, Update
from chainrule.nn.step_report.report import StepExplanation
from chainrule.optim import SGD, Adam, Minimizer, Optimizer
from chainrule.optim.minimizer import FullBatchMinimizer
from chainrule.train.gradient_accumulation import GradientAccumulation
from chainrule.transforms.rounding import bounded
from chainrule.tree import Tree
from chainrule.types import Array

CHECKED = 4
"""How many parameter arrays have an entry compared with a central difference, the largest of each."""
_SYMBOLS = {"velocity": "v", "mean": "m", "mean_square": "v", "square_sum": "s"}


def explain_step(
    architecture: Architecture,
    parameters: Tree,
    state: Tree,
    backpropagation: Program,
    examples: tuple[Array, Array, bool],
    optimizer: Minimizer | float,
    transform: Callable[..., Tree] | None,
) -> StepExplanation:
    """See `Network.explain_step`; `backpropagation` is the network's own program, `examples` are rows, targets and
    whether x was a single example.
    """
    rows, targets, single = examples

    def run(parameters: Tree) -> dict[str, Tree]:
        results: dict[str, Tree] = backpropagation(parameters, state, rows, targets)
        return results

    chosen = _chosen(optimizer)
    results = run(parameters)
    rules, derivative, replay = _local_rules(architecture, parameters, state, rows, targets, results)
    return StepExplanation(
        architecture=architecture,
        parameters=parameters,
        targets=targets,
        numbers=Backpropagation.of(rows, results, single),
        rules=rules,
        output_derivative=derivative[0],
        output_rounding=derivative[1],
        update=_updated(chosen, parameters, results, run, transform),
        checks=tuple(_checks(architecture, parameters, state, rows, targets, results["parameters"])),
        replay=replay,
    )


def _chosen(optimizer: Minimizer | float) -> Minimizer:
    if isinstance(optimizer, Minimizer):
        return optimizer
    if isinstance(optimizer, bool) or not isinstance(optimizer, int | float | np.number):
        raise ArgumentError(
            f"optimizer must be an optimiser such as optim.Adam(1e-3), or the learning rate of plain gradient descent, "
            f"got {optimizer!r}"
        )
    return SGD(float(optimizer))


def _local_rules(
    architecture: Architecture, parameters: Tree, state: Tree, rows: Array, targets: Array, results: dict[str, Tree]
) -> tuple[tuple[LocalRule, ...], tuple[Array, Array], float]:
    """The rules of all layers, ∂ℒ/∂aᴸ with its bound, and the largest relative difference from the engine's δ.

    Raises:
        GradientError: a difference is more than rounding.
    """
    below = [rows, *results["a"]]
    derivative = arriving = output_derivative(architecture, below[-1], targets)
    rules: list[LocalRule] = []
    worst = 0.0
    for layer in range(len(architecture.layers), 0, -1):
        i = layer - 1
        engine = below[i], results["z"][i], results["delta"][i]
        rule = LocalRule.of(architecture.layers[i], parameters[i], state[i], engine, arriving)
        agreement = Agreement.of(rule.delta, engine[2], rule.bounds["delta"])
        if not agreement:
            raise GradientError(f"layer {layer}: its own rules give another δ than the engine, {agreement}: a defect")
        rules.append(rule)
        worst, arriving = max(worst, agreement.relative), (rule.below_bar, rule.bounds["below_bar"])
    agreement = Agreement.of(arriving[0], results["x"], arriving[1])
    if not agreement:
        raise GradientError(f"layer 1: its own rules give another ∂ℒ/∂x than the engine, {agreement}: a defect")
    return tuple(reversed(rules)), derivative, worst


def _updated(
    optimizer: Minimizer,
    parameters: Tree,
    results: dict[str, Tree],
    run: Callable[[Tree], dict[str, Tree]],
    transform: Callable[..., Tree] | None,
) -> Update:
    """The first update, computed by the engine, and the loss that it leads to."""
    gradient = results["parameters"]
    start = optimizer.initialise(parameters)
    numbers: dict[str, Tree] = {}
    if isinstance(optimizer, FullBatchMinimizer):
        if transform is not None:
            raise ArgumentError("LBFGS asks for gradients as often as it needs; use transform_gradients with another")

        def objective(parameters: Tree) -> tuple[float, Tree]:
            asked = run(parameters)
            return float(asked["loss"]), asked["parameters"]

        after, _, _ = optimizer.step(objective, parameters, start)
    else:
        assert isinstance(optimizer, Optimizer)
        chosen = optimizer
        accumulation = GradientAccumulation(transform=transform)

        def update(parameters: Tree, gradient: Tree, state: Tree, step: Any, total: Any) -> Tree:
            changed = accumulation.transformed(gradient, np.True_)
            return (*chosen.update(parameters, changed, state, step, total), changed)

        after, kept, _ = Program(update)(parameters, gradient, start, np.float64(0), np.float64(1))
        numbers = _numbers_of(chosen, kept)
    plain = isinstance(optimizer, SGD) and optimizer == SGD(optimizer.learning_rate) and transform is None
    change = [
        new.astype(np.float64) - old for new, old in zip(tree.leaves(after), tree.leaves(parameters), strict=True)
    ]
    predicted = sum(float(np.sum(g * step)) for g, step in zip(tree.leaves(gradient), change, strict=True))
    transformed = transform is not None
    return Update(optimizer, plain, transformed, after, numbers, float(run(after)["loss"]), predicted)


def _numbers_of(optimizer: Optimizer, kept: dict[str, Tree]) -> dict[str, Tree]:
    """What the optimiser keeps after its first step, by symbol, and Adam's moments with their bias corrected."""
    numbers = {_SYMBOLS.get(slot, slot): arrays for slot, arrays in kept.items()}
    if isinstance(optimizer, Adam):
        for symbol, beta in (("m", optimizer.beta1), ("v", optimizer.beta2)):
            numbers[f"{symbol}\u0302"] = tree.map_leaves(lambda moment, c=1 - beta: moment / c, numbers[symbol])
    return numbers


def _checks(
    architecture: Architecture, parameters: Tree, state: Tree, rows: Array, targets: Array, gradient: Tree
) -> Iterator[DifferenceCheck]:
    """The largest entry of the gradient of some parameter arrays, beside central differences in float64."""
    _, bounds = bounded(architecture.backpropagation, (parameters, state, rows, targets))
    exact = replace(architecture, dtype=np.dtype(np.float64))
    wide = tree.map_leaves(lambda leaf: leaf.astype(np.float64), (parameters, state))
    x = rows.astype(np.float64)
    items = [(i, path) for i, (path, leaf) in enumerate(tree.items(parameters)) if leaf.size][::-1]
    chosen = [items[round(i)] for i in np.linspace(0, len(items) - 1, min(CHECKED, len(items)))]
    derivatives, rounding = tree.leaves(gradient), tree.leaves(bounds["parameters"])

    def loss(parameters: Tree) -> float:
        each, _ = computed(exact.losses, parameters, wide[1], x, targets)
        return float(np.mean(each))

    for position, path in chosen:
        g = derivatives[position]
        place = tuple(map(int, np.unravel_index(int(np.argmax(np.abs(g))), g.shape)))
        h = 1e-5 * max(1.0, abs(float(tree.leaves(wide[0])[position][place])))
        difference = (loss(_moved(wide[0], position, place, h)) - loss(_moved(wide[0], position, place, -h))) / (2 * h)
        largest = float(np.max([np.max(np.abs(d), initial=0.0) for d in derivatives]))
        tolerance = 1e-3 if architecture.dtype == np.float32 else 1e-6
        agrees = abs(difference - float(g[place])) <= tolerance * largest + float(rounding[position][place])
        yield DifferenceCheck(parameter_name(path) + indices(*place), float(g[place]), difference, bool(agrees))


def _moved(parameters: Tree, position: int, place: tuple[int, ...], h: float) -> Tree:
    """The parameters with one element moved by h."""
    leaves = [np.array(leaf) for leaf in tree.leaves(parameters)]
    leaves[position][place] += h
    return tree.rebuild(parameters, iter(leaves))
