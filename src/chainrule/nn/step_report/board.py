"""From an explanation to what is written on the board: FORWARD, BACKWARD, UPDATE, CHECK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.normalisation import BatchNorm
from chainrule.nn.residual import Residual
from chainrule.nn.step_report.closed_forms import activation_name
from chainrule.nn.step_report.layout import SQUARED
from chainrule.nn.step_report.local_rules import LocalRule
from chainrule.nn.step_report.names import name, parameter_name
from chainrule.nn.step_report.numbers import WRITTEN_OUT, array, bracketed, given, number
from chainrule.nn.step_report.record import StepRecord, Update
from chainrule.nn.step_report.statement import Section, Statement
from chainrule.types import Array

Line = tuple[Statement, ...]


def board(step: StepRecord, rule: bool) -> tuple[Section, ...]:
    """All that is written; `rule` says whether the optimiser's own numbers are."""
    return (
        Section("FORWARD", tuple(_forward(step))),
        Section("BACKWARD", tuple(_backward(step))),
        Section("UPDATE", tuple(_update(step, rule))),
        Section("CHECK", tuple(_check(step))),
    )


def _forward(step: StepRecord) -> Iterator[Line]:
    lines: list[Line] = []
    for layer, rule in enumerate(step.rules, 1):
        unit_by_unit = step.example_count == 1 and isinstance(rule.layer, Dense)
        if unit_by_unit and np.size(step.z[layer]) <= WRITTEN_OUT:
            lines += _units(step, layer, rule)
        else:
            lines.append(_whole(step, layer, rule))
    count = step.example_count
    mean = (f"mean of {count} losses",) if count > 1 else ()
    *before, last = lines
    yield from before
    yield (*last, Statement("ℒ", (*mean, number(step.loss))))


def _units(step: StepRecord, layer: int, rule: LocalRule) -> Iterator[Line]:
    """A layer unit by unit; in layer 1 the sum of the first unit is written out, and everywhere its activation."""
    z, a = np.ravel(step.z[layer]), np.ravel(step.a[layer])
    rest: list[Statement] = []
    for unit in range(len(z)):
        z_name, a_name = step.unit_name("z", layer, unit), step.unit_name("a", layer, unit)
        terms = (_sum_of(rule, unit),) if layer == 1 and unit == 0 and rule.below.size <= WRITTEN_OUT else ()
        statements = [Statement(z_name if rule.activated else a_name, (*terms, number(z[unit])))]
        if rule.activated and rule.slope is not None:
            applied = (f"{_activation(rule)}({z_name})",) if unit == 0 else ()
            statements.append(Statement(a_name, (*applied, number(a[unit]))))
        if terms:
            yield tuple(statements)
        else:
            rest += statements
    if rule.activated and rule.slope is None:
        rest.append(Statement(name("a", layer), (f"{_activation(rule)}({name('z', layer)})", array(a))))
    if rest:
        yield tuple(rest)


def _sum_of(rule: LocalRule, unit: int) -> str:
    """0.2·1 + (−0.4)·0.5 + 0.1."""
    factors = zip(rule.parameters["W"][unit], rule.below[0], strict=True)
    terms = [f"{bracketed(given(w)) if i else given(w)}·{bracketed(given(x))}" for i, (w, x) in enumerate(factors)]
    if "b" in rule.parameters:
        terms.append(bracketed(given(rule.parameters["b"][unit])))
    return " + ".join(terms)


def _whole(step: StepRecord, layer: int, rule: LocalRule) -> Line:
    """A layer by its formula, with its numbers all together."""
    z_name, a_name, below = name("z", layer), name("a", layer), name("a", layer - 1)
    z, a = _shown(step.z[layer]), _shown(step.a[layer])
    if isinstance(rule.layer, Dense):
        W, b = name("W", layer), f" + {name('b', layer)}" if rule.layer.use_bias else ""
        formula = f"{W}·{below}{b}" if step.example_count == 1 else f"{below}·{W}ᵀ{b}"
    elif isinstance(rule.layer, Dropout):
        return (Statement(a_name, (below,), remark="(dropout drops nothing here)"),)
    else:
        formula = f"{type(rule.layer).__name__}({below})"
    if not rule.activated:
        return (Statement(a_name, (formula, array(a))),)
    return (Statement(z_name, (formula, array(z))), Statement(a_name, (f"{_activation(rule)}({z_name})", array(a))))


def _activation(rule: LocalRule) -> str:
    return activation_name(rule.layer.activation) if isinstance(rule.layer, Dense) else "g"


def _shown(values: Array) -> Array:
    """A batch of one without its axis."""
    return values[0] if values.ndim == 2 and len(values) == 1 else values


def _backward(step: StepRecord) -> Iterator[Line]:
    for layer in range(len(step.rules), 0, -1):
        yield (_delta(step, layer), *_before_the_update(step, layer))
        derivatives = tuple(_derivatives(step, layer))
        if derivatives:
            yield derivatives


def _delta(step: StepRecord, layer: int) -> Statement:
    """δˡ: what arrives at aˡ, times g′(zˡ)."""
    rule, top = step.rules[layer - 1], len(step.rules)
    label, delta = name("δ", layer), _shown(step.delta[layer])
    arriving, is_sum = _output_arriving(step) if layer == top else _arriving(step, layer)
    if not rule.activated:
        same = arriving.startswith("δ") and not is_sum
        return Statement(label, (arriving,) if same else (arriving, array(delta)))
    if rule.slope is None:
        formula = f"(∂{name('a', layer)}/∂{name('z', layer)})ᵀ({arriving})"
        return Statement(label, (formula, array(delta)))
    z, a = name("z", layer), name("a", layer)
    form = step.slope_formula(layer)
    slope = form.bracketed(z=z, a=a) if form else f"g′({z})"
    enclosed = f"({arriving})" if is_sum else arriving
    if delta.size == 1 and layer == top:
        first, second = (number(values.reshape(())) for values in (step.output_derivative, rule.slope))
        return Statement(label, (f"{enclosed}·{slope}", f"({first})({second})", array(delta)))
    return Statement(label, (f"{enclosed} ⊙ {slope}", array(delta)))


def _before_the_update(step: StepRecord, layer: int) -> Line:
    """Which weights took δ down."""
    return (Statement(f"{name('W', layer + 1)} before the update"),) if _through_weights(step, layer) else ()


def _output_arriving(step: StepRecord) -> tuple[str, bool]:
    """∂ℒ/∂aᴸ in its usual form, and whether it needs brackets."""
    formula, a = step.output_formula(), name("a", len(step.rules))
    if formula is None:
        return f"∂ℒ/∂{a}", False
    names = {"a": a, "y": "y", "i": ""}
    if step.example_count > 1:
        return f"{formula.bracketed(**names)}/{step.example_count}", False
    return formula.form.format(**names), formula.is_sum


def _through_weights(step: StepRecord, layer: int) -> bool:
    return layer < len(step.rules) and isinstance(step.rules[layer].layer, Dense)


def _arriving(step: StepRecord, layer: int) -> tuple[str, bool]:
    """∂ℒ/∂aˡ from the layer above, and whether it needs brackets."""
    above = layer + 1
    if _through_weights(step, layer):
        W, delta = name("W", above), name("δ", above)
        return (f"{W}ᵀ{delta}", True) if step.example_count == 1 else (f"{delta}{W}", True)
    kind = type(step.rules[layer].layer).__name__
    if kind == Dropout.__name__:
        return name("δ", above), False
    return f"∂ℒ/∂{name('a', layer)} through {kind}", True


def _derivatives(step: StepRecord, layer: int) -> Iterator[Statement]:
    """The gradients of the parameters of a layer; for one example ∂ℒ/∂b = δ is written for the last layer only."""
    rule, single = step.rules[layer - 1], step.example_count == 1
    delta, below = name("δ", layer), name("a", layer - 1)
    for path, derivative in tree.items(step.grad.parameters):
        if path.keys[0] != layer - 1:
            continue
        formula: tuple[str, ...] = ()
        if isinstance(rule.layer, Dense) and path.last == "W":
            formula = (f"{delta}·{below}ᵀ" if single else f"{delta}ᵀ·{below}",)
        elif isinstance(rule.layer, Dense) and path.last == "b":
            if single and layer < len(step.rules):
                continue
            formula = () if single else (f"Σ {delta}",)
        yield Statement(f"∂ℒ/∂{parameter_name(path)}", (*formula, array(derivative)))


def _update(step: StepRecord, rule: bool) -> Iterator[Line]:
    update = step.update
    if not update.plain:
        yield (Statement(_described(update)),)
    before, after = (list(tree.items(parameters)) for parameters in (step.parameters, update.parameters))
    layers = [[] for _ in step.rules]  # type: list[list[Statement]]
    for (path, old), (_, new) in zip(before, after, strict=True):
        label = parameter_name(path)
        same = np.array_equal(old, new)
        layers[path.keys[0]].append(
            Statement(label, (), remark="unchanged") if same else Statement(label, (array(new),), "→")
        )
    yield tuple(statement for statements in reversed(layers) for statement in statements)
    if rule:
        for symbol, numbers in update.numbers.items():
            yield tuple(Statement(f"{symbol} of {parameter_name(p)}", (array(n),)) for p, n in tree.items(numbers))
    prediction = f"−η‖g‖{SQUARED}" if update.plain else "⟨g, Δ⟩"
    predicted = f"(first-order prediction {prediction} = {number(step.predicted_change)})"
    yield (Statement(f"ℒ: {number(step.loss)}", (number(step.loss_after),), "→", predicted),)


def _described(update: Update) -> str:
    """The optimiser with what is not as usual."""
    settings = [
        f"{field.name}={getattr(update.optimizer, field.name)!r}"
        for field in fields(update.optimizer)
        if field.name == "learning_rate" or getattr(update.optimizer, field.name) != field.default
    ]
    said = f"{type(update.optimizer).__name__}({', '.join(settings)})"
    return f"{said}, of the transformed gradient" if update.transformed else said


def _check(step: StepRecord) -> Iterator[Line]:
    for check in step.checks:
        comparable = np.isfinite([check.derivative, check.difference]).all()
        verdict = "✓" if check.agrees else "✗, a kink or rounding" if comparable else "(not compared)"
        remark = f"  central difference {number(check.difference)} {verdict}"
        yield (Statement(f"∂ℒ/∂{check.name}", (number(check.derivative),), remark=remark),)
    dtype = step.architecture.dtype
    replay = f"layer by layer the rules give the same δ up to {step.replay:.0e}, by rounding".replace("-", "−")
    yield (Statement(f"all numbers are {dtype}, from the engine;"), Statement(replay))
    yield from ((Statement(note),) for note in _notes(step))


def _notes(step: StepRecord) -> Iterator[str]:
    """What was decided at a kink, and what is different while training."""
    for layer, rule in enumerate(step.rules, 1):
        if isinstance(rule.layer, Dense) and rule.layer.activation == "relu" and np.any(step.z[layer] == 0):
            yield f"{name('z', layer)} is 0 in places, and relu′(0) = 0"
    kinds = {type(layer) for layer in _all_layers(rule.layer for rule in step.rules)}
    if Dropout in kinds:
        yield "dropout drops nothing here; while training it does"
    if BatchNorm in kinds:
        yield "batch normalisation uses its running averages here; while training those of the batch"


def _all_layers(layers: Any) -> Iterator[Any]:
    for layer in layers:
        yield layer
        if isinstance(layer, Residual):
            yield from _all_layers(layer.layers)
