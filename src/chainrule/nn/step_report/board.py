"""From an explanation to what is written on the board: FORWARD, BACKWARD, UPDATE, CHECK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np

from chainrule import tree
from chainrule.explain.expression import Derivative, Expression, MatrixProduct, Number, Power, Symbol, Transpose
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.normalisation import BatchNorm
from chainrule.nn.residual import Residual
from chainrule.nn.step_report.closed_forms import activation_name
from chainrule.nn.step_report.formula import Formula, Numbers, Word, formula, in_brackets
from chainrule.nn.step_report.local_rules import LocalRule
from chainrule.nn.step_report.names import name, parameter_name, quantity
from chainrule.nn.step_report.numbers import WRITTEN_OUT
from chainrule.nn.step_report.record import DifferenceCheck, StepRecord, Update
from chainrule.nn.step_report.statement import Section, Statement
from chainrule.terminal.styled import Role
from chainrule.types import Array

Statements: TypeAlias = tuple[Statement, ...]
"""A line of the board."""
LOSS = Symbol("ℒ")


def board(step: StepRecord, rule: bool) -> tuple[Section, ...]:
    """All that is written; `rule` says whether the optimiser's own numbers are."""
    return (
        Section("FORWARD", tuple(_forward(step))),
        Section("BACKWARD", tuple(_backward(step))),
        Section("UPDATE", tuple(_update(step, rule))),
        Section("CHECK", tuple(_check(step))),
    )


def _statement(left: Expression | Formula, *parts: Expression | Numbers | Formula, remark: Formula = ()) -> Statement:
    return Statement(formula(left), tuple(map(formula, parts)), remark=remark)


def _forward(step: StepRecord) -> Iterator[Statements]:
    lines: list[Statements] = []
    for layer, rule in enumerate(step.rules, 1):
        unit_by_unit = step.example_count == 1 and isinstance(rule.layer, Dense)
        if unit_by_unit and np.size(step.z[layer]) <= WRITTEN_OUT:
            lines += _units(step, layer, rule)
        else:
            lines.append(_whole(step, layer, rule))
    count = step.example_count
    mean = (formula(Word("mean of"), count, Word("losses")),) if count > 1 else ()
    *before, last = lines
    yield from before
    yield (*last, _statement(LOSS, *mean, Numbers(step.loss)))


def _units(step: StepRecord, layer: int, rule: LocalRule) -> Iterator[Statements]:
    """A layer unit by unit; in layer 1 the sum of the first unit is written out, and everywhere its activation."""
    z, a = np.ravel(step.z[layer]), np.ravel(step.a[layer])
    rest: list[Statement] = []
    for unit in range(len(z)):
        z_unit, a_unit = step.unit("z", layer, unit), step.unit("a", layer, unit)
        terms = (_sum_of(rule, unit),) if layer == 1 and unit == 0 and rule.below.size <= WRITTEN_OUT else ()
        statements = [_statement(z_unit if rule.activated else a_unit, *terms, Numbers(z[unit]))]
        if rule.activated and rule.slope is not None:
            applied = (_applied(_activation(rule), z_unit),) if unit == 0 else ()
            statements.append(_statement(a_unit, *applied, Numbers(a[unit])))
        if terms:
            yield tuple(statements)
        else:
            rest += statements
    if rule.activated and rule.slope is None:
        rest.append(_activated(layer, rule, a))
    if rest:
        yield tuple(rest)


def _sum_of(rule: LocalRule, unit: int) -> Formula:
    """0.2·1 + (−0.4)·0.5 + 0.1."""
    terms: list[Formula] = []
    for w, x in zip(rule.parameters["W"][unit], rule.below[0], strict=True):
        terms.append(formula(_number(w, first=not terms), "·", _number(x)))
    if "b" in rule.parameters:
        terms.append(_number(rule.parameters["b"][unit]))
    first, *others = terms
    return formula(first, *(formula("+", term) for term in others))


def _number(value: Any, first: bool = False) -> Formula:
    """A number that was given, in brackets where a sign stands before it and it is negative."""
    number = formula(Numbers(value, given=True))
    return in_brackets(number) if np.signbit(value) and not first else number


def _applied(function: str, argument: Expression) -> Formula:
    """function(argument)."""
    return formula(Symbol(function), in_brackets(argument))


def _activated(layer: int, rule: LocalRule, a: Array) -> Statement:
    """aˡ, all together."""
    return _statement(quantity("a", layer), _applied(_activation(rule), quantity("z", layer)), Numbers(a))


def _whole(step: StepRecord, layer: int, rule: LocalRule) -> Statements:
    """A layer by its formula, with its numbers all together."""
    z_name, a_name, below = quantity("z", layer), quantity("a", layer), quantity("a", layer - 1)
    z, a = _shown(step.z[layer]), _shown(step.a[layer])
    if isinstance(rule.layer, Dropout):
        return (_statement(a_name, below, remark=formula(Word("(dropout drops nothing here)"))),)
    if isinstance(rule.layer, Dense):
        W = quantity("W", layer)
        product = formula(W, "·", below) if step.example_count == 1 else formula(below, "·", Transpose(W))
        form = formula(product, "+", quantity("b", layer)) if rule.layer.use_bias else product
    else:
        form = _applied(type(rule.layer).__name__, below)
    if not rule.activated:
        return (_statement(a_name, form, Numbers(a)),)
    return (_statement(z_name, form, Numbers(z)), _activated(layer, rule, a))


def _activation(rule: LocalRule) -> str:
    return activation_name(rule.layer.activation) if isinstance(rule.layer, Dense) else "g"


def _shown(values: Array) -> Array:
    """A batch of one without its axis."""
    return values[0] if values.ndim == 2 and len(values) == 1 else values


def _backward(step: StepRecord) -> Iterator[Statements]:
    for layer in range(len(step.rules), 0, -1):
        yield (_delta(step, layer), *_before_the_update(step, layer))
        derivatives = tuple(_derivatives(step, layer))
        if derivatives:
            yield derivatives


def _delta(step: StepRecord, layer: int) -> Statement:
    """δˡ: what arrives at aˡ, times g′(zˡ)."""
    rule, top = step.rules[layer - 1], len(step.rules)
    z, a, delta = (quantity(letter, layer) for letter in "zaδ")
    values = _shown(step.delta[layer])
    numbers = Numbers(values)
    arriving, is_sum = _output_arriving(step) if layer == top else _arriving(step, layer)
    if not rule.activated:
        same = arriving == formula(quantity("δ", layer + 1))
        return _statement(delta, arriving) if same else _statement(delta, arriving, numbers)
    if rule.slope is None:
        jacobian = Transpose(Derivative(name("a", layer), name("z", layer)))
        return _statement(delta, formula(jacobian, in_brackets(arriving)), numbers)
    form = step.slope_form(layer)
    slope = form.factor(z, a) if form else _applied("g′", z)
    enclosed = in_brackets(arriving) if is_sum else arriving
    if values.size == 1 and layer == top:
        factors = (in_brackets(Numbers(local.reshape(()))) for local in (step.output_derivative, rule.slope))
        return _statement(delta, formula(enclosed, "·", slope), formula(*factors), numbers)
    return _statement(delta, formula(enclosed, "⊙", slope), numbers)


def _before_the_update(step: StepRecord, layer: int) -> Statements:
    """Which weights took δ down."""
    if not _through_weights(step, layer):
        return ()
    return (_statement(formula(quantity("W", layer + 1), Word("before the update"))),)


def _output_arriving(step: StepRecord) -> tuple[Formula, bool]:
    """∂ℒ/∂aᴸ in its usual form, and whether it needs brackets."""
    form, top = step.output_form(), len(step.rules)
    a, y = quantity("a", top), quantity("y", top)
    if form is None:
        return formula(Derivative(LOSS.name, name("a", top))), False
    if step.example_count > 1:
        return formula(form.factor(y, a), "/", step.example_count), False
    return form.formula(y, a), form.is_sum


def _through_weights(step: StepRecord, layer: int) -> bool:
    return layer < len(step.rules) and isinstance(step.rules[layer].layer, Dense)


def _arriving(step: StepRecord, layer: int) -> tuple[Formula, bool]:
    """∂ℒ/∂aˡ from the layer above, and whether it needs brackets."""
    W, delta = quantity("W", layer + 1), quantity("δ", layer + 1)
    if _through_weights(step, layer):
        return formula(MatrixProduct((Transpose(W), delta) if step.example_count == 1 else (delta, W))), True
    kind = type(step.rules[layer].layer)
    if kind is Dropout:
        return formula(delta), False
    return formula(Derivative(LOSS.name, name("a", layer)), Word(f"through {kind.__name__}")), True


def _derivatives(step: StepRecord, layer: int) -> Iterator[Statement]:
    """The gradients of the parameters of a layer; for one example ∂ℒ/∂b = δ is written for the last layer only."""
    rule, single = step.rules[layer - 1], step.example_count == 1
    delta, below = quantity("δ", layer), quantity("a", layer - 1)
    for path, derivative in tree.items(step.grad.parameters):
        if path.keys[0] != layer - 1:
            continue
        form: tuple[Formula, ...] = ()
        if isinstance(rule.layer, Dense) and path.last == "W":
            form = (formula(delta, "·", Transpose(below)) if single else formula(Transpose(delta), "·", below),)
        elif isinstance(rule.layer, Dense) and path.last == "b":
            if single and layer < len(step.rules):
                continue
            form = () if single else (formula("Σ", delta),)
        yield _statement(Derivative(LOSS.name, parameter_name(path)), *form, Numbers(derivative))


def _update(step: StepRecord, rule: bool) -> Iterator[Statements]:
    update = step.update
    if not update.plain:
        yield (_statement(formula(Word(_described(update)))),)
    before, after = (list(tree.items(parameters)) for parameters in (step.parameters, update.parameters))
    layers: list[list[Statement]] = [[] for _ in step.rules]
    for (path, old), (_, new) in zip(before, after, strict=True):
        label = formula(Symbol(parameter_name(path)))
        same = np.array_equal(old, new)
        layers[path.keys[0]].append(
            Statement(label, remark=formula(Word("unchanged"))) if same else Statement(label, _becomes(new), "→")
        )
    yield tuple(statement for statements in reversed(layers) for statement in statements)
    if rule:
        for symbol, numbers in update.numbers.items():
            yield tuple(
                _statement(formula(Symbol(symbol), Word("of"), Symbol(parameter_name(path))), Numbers(array))
                for path, array in tree.items(numbers)
            )
    yield (Statement(formula(LOSS, ":", Numbers(step.loss)), _becomes(step.loss_after), "→", _prediction(step)),)


def _becomes(values: Any) -> tuple[Formula, ...]:
    return (formula(Numbers(values)),)


def _prediction(step: StepRecord) -> Formula:
    """The change of ℒ to first order: −η‖g‖² for gradient descent, else ⟨g, Δ⟩."""
    if step.update.plain:
        form = formula("−", Symbol("η"), Power(Symbol("‖g‖"), Number(2)))
    else:
        form = formula("⟨", Symbol("g"), ",", Symbol("Δ"), "⟩")
    return in_brackets(formula(Word("first-order prediction"), form, "=", Numbers(step.predicted_change)))


def _described(update: Update) -> str:
    """The optimiser with what is not as usual."""
    settings = [
        f"{field.name}={getattr(update.optimizer, field.name)!r}"
        for field in fields(update.optimizer)
        if field.name == "learning_rate" or getattr(update.optimizer, field.name) != field.default
    ]
    said = f"{type(update.optimizer).__name__}({', '.join(settings)})"
    return f"{said}, of the transformed gradient" if update.transformed else said


def _check(step: StepRecord) -> Iterator[Statements]:
    for check in step.checks:
        remark = formula(Word("  central difference"), Numbers(check.difference), _verdict(check))
        yield (_statement(Derivative(LOSS.name, check.name), Numbers(check.derivative), remark=remark),)
    dtype = step.architecture.dtype
    replay = f"layer by layer the rules give the same δ up to {step.replay:.0e}, by rounding".replace("-", "−")
    yield _said(f"all numbers are {dtype}, from the engine;") + _said(replay)
    yield from map(_said, _notes(step))


def _verdict(check: DifferenceCheck) -> Word:
    if check.agrees:
        return Word("✓", Role.HOLDS)
    comparable = np.isfinite([check.derivative, check.difference]).all()
    return Word("✗, a kink or rounding", Role.FAILS) if comparable else Word("(not compared)")


def _said(text: str) -> Statements:
    return (_statement(formula(Word(text))),)


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
