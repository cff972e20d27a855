"""The largest paths from the loss to one place, and the sum over all of them, checked against the engine's number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import GradientError
from chainrule.explain.expression import Derivative
from chainrule.nn.dense import Dense
from chainrule.nn.embedding import Embedding
from chainrule.nn.step_report.agreement import Agreement
from chainrule.nn.step_report.formula import Formula, Numbers, Word, formula
from chainrule.nn.step_report.local_rules import LocalRule
from chainrule.nn.step_report.names import quantity
from chainrule.nn.step_report.path_sum import SHOWN_PATHS, Factor, PathProduct, Why
from chainrule.nn.step_report.query import Query, arrays_of, parsed
from chainrule.nn.step_report.record import StepRecord
from chainrule.types import Array


@dataclass(frozen=True)
class _Stage:
    """The edges between one row of units and the next one below, for one example.

    Attributes:
        above: names a unit of the upper row.
        below: names a unit of the lower one.
        local: [n] where each unit has one edge, else [upper × lower].
        rounding: the error of the derivatives with respect to the lower row once they have come down, [lower].
        form: (upper unit, lower unit) -> what the local derivative is.
        given: whether the numbers are parameters.
    """

    above: Callable[[int], str]
    below: Callable[[int], str]
    local: Array
    rounding: Array
    form: Callable[[int, int], Formula]
    given: bool = False

    def factor(self, above: int, below: int) -> Factor:
        value = self.local[above] if self.local.ndim == 1 else self.local[above, below]
        derivative = Derivative(self.above(above), self.below(below))
        return Factor(derivative, self.form(above, below), Numbers(value, self.given))


class _Paths:
    """The largest products over paths from the loss to each unit of a row, going down row by row.

    Attributes:
        products: [units × kept].
        ways: the units that each path went through, [units × kept × rows].
        totals: the sums over all paths, [units].
        rounding: what they may be off, [units].
        counts: the numbers of paths, [units] of Python integers.
    """

    def __init__(self, start: Array, rounding: Array) -> None:
        self.products = start.astype(np.float64)[:, None]
        self.ways = np.arange(len(start))[:, None, None]
        self.totals, self.rounding = start.astype(np.float64), rounding
        self.counts = np.ones(len(start), object)

    def down(self, stage: _Stage) -> None:
        """Go on along the edges of a stage."""
        local = stage.local.astype(np.float64)
        if local.ndim == 1:
            self.products, self.totals = self.products * local[:, None], self.totals * local
            self.rounding = self.rounding * np.abs(local) + stage.rounding
            self.ways = np.concatenate([self.ways, self.ways[:, :, -1:]], axis=2)
            return
        candidates = (self.products[:, :, None] * local[:, None, :]).reshape(-1, local.shape[1])
        best = np.argsort(-np.abs(candidates), axis=0, kind="stable")[:SHOWN_PATHS]
        self.products = np.take_along_axis(candidates, best, axis=0).T
        ways = self.ways.reshape(-1, self.ways.shape[2])[best.T]
        here = np.broadcast_to(np.arange(local.shape[1])[:, None, None], (*best.T.shape, 1))
        self.ways = np.concatenate([ways, here], axis=2)
        self.totals = self.totals @ local
        self.rounding = self.rounding @ np.abs(local) + stage.rounding
        self.counts = np.full(local.shape[1], self.counts.sum(), object)


@dataclass(frozen=True)
class _End:
    """The last edge of every path, from zˡ to the parameter itself.

    Attributes:
        unit: of zˡ; for an input that of a⁰, with no edge more.
        local: the derivative of this unit by the parameter, for each example [N].
        present: for which examples there is such an edge [N].
        form: what the derivative is.
        given: whether its numbers were given.
        rounding: what `local` may be off.
    """

    unit: int
    local: Array
    present: Array
    form: Formula = ()
    given: bool = False
    rounding: Array | float = 0.0


def why(step: StepRecord, asked: str) -> Why:
    """The sum over paths for a parameter such as "W1[1,2]"; see `StepExplanation.why`."""
    wanted = parsed(step, asked)
    with np.errstate(all="ignore"):
        return _over_paths(step, wanted)


def _over_paths(step: StepRecord, wanted: Query) -> Why:
    end = _end(step, wanted)
    value, arriving, bound = _value_and_arriving(step, wanted, end)
    shares = np.where(end.present, arriving * end.local, 0)
    off = np.where(end.present, bound * np.abs(end.local) + np.abs(arriving) * end.rounding, 0) + _rounded(shares)
    found: list[PathProduct] = []
    count = 0
    present = np.flatnonzero(end.present)
    for example in present[np.argsort(-np.abs(shares[present]), kind="stable")[:SHOWN_PATHS]]:
        paths, here = _paths_of(step, wanted, end, int(example), float(shares[example]), float(off[example]))
        found, count = found + paths, here
    found.sort(key=lambda path: -abs(path.value))
    total = float(np.sum(shares, dtype=np.float64))
    _require_equal(wanted.name, value, total, float(np.sum(off + len(shares) * _rounded(shares))))
    return Why(wanted.name, value, count * len(present), tuple(found[:SHOWN_PATHS]), total)


def _rounded(values: Array) -> Array:
    """What one rounding of numbers may put them off."""
    magnitude: Array = np.abs(values).astype(np.float64)
    return magnitude * float(np.finfo(values.dtype).eps)


def _value_and_arriving(step: StepRecord, wanted: Query, end: _End) -> tuple[float, Array, Array]:
    """The engine's derivative; what arrives at the unit above the parameter, and its bound, for each example."""
    if wanted.letter == "x":
        rule = step.rules[0]
        value, arriving, bound = (
            np.atleast_2d(step.grad.x)[0, end.unit],
            rule.below_bar,
            rule.bounds["below_bar"],
        )
    else:
        rule = step.rules[wanted.layer - 1]
        gradient = arrays_of(step, wanted.letter)[wanted.layer, wanted.table]
        value, arriving, bound = gradient[wanted.indices], rule.delta, rule.bounds["delta"]
    return float(value), arriving[:, end.unit], bound[:, end.unit]


def _end(step: StepRecord, wanted: Query) -> _End:
    """The last edge, down to what is asked about."""
    unit, *others = wanted.indices
    count = step.example_count
    every, ones = np.ones(count, bool), np.ones(count)
    if wanted.letter == "x":
        return _End(unit, ones, every, given=True)
    rule = step.rules[wanted.layer - 1]
    match wanted.letter:
        case "W":
            (j,) = others
            form = formula(step.unit("a", wanted.layer - 1, j))
            return _End(unit, rule.below[:, j], every, form, given=wanted.layer == 1)
        case "scale":
            form = formula(step.unit("a", wanted.layer - 1, unit), ",", Word("normalised"))
            local, bound = rule.by_scale()
            return _End(unit, local[:, unit], every, form, rounding=bound[:, unit])
        case "tables":
            return _looked_up(rule, wanted.table, unit, others[0])
        case _:  # b and shift are added
            return _End(unit, ones, every, given=True)


def _looked_up(rule: LocalRule, table: int, code: int, place: int) -> _End:
    """A vector of an embedding is there for the examples that have its code."""
    layer = rule.layer
    assert isinstance(layer, Embedding)
    assert layer.columns is not None
    assert not isinstance(layer.dimension, int)
    passed = rule.below.shape[1] - len(layer.columns)
    unit = passed + sum(layer.dimension[:table]) + place
    has_code = rule.below[:, layer.columns[table]] == code
    return _End(unit, np.ones(len(rule.below)), has_code, formula(Word("code"), code), given=True)


def _paths_of(
    step: StepRecord, wanted: Query, end: _End, example: int, share: float, off: float
) -> tuple[list[PathProduct], int]:
    """The largest paths of one example, and how many it has; they add up to its share, which is `off` by rounding."""
    stages = list(_stages(step, wanted, example))
    start = step.output_derivative[example]
    paths = _Paths(start, step.output_rounding[example])
    for stage in stages:
        paths.down(stage)
    unit = end.unit
    last = _last_factor(step, wanted, end, example)
    scale = 1.0 if last is None else last.value
    off += float(paths.rounding[unit]) * abs(scale)
    _require_equal(wanted.name, share, float(paths.totals[unit]) * scale, off)
    top = len(step.rules)
    found = []
    for product, way in zip(paths.products[unit], paths.ways[unit], strict=True):
        output = step.unit_name("a", top, int(way[0]))
        first = Factor(Derivative("ℒ", output), step.unit_output(int(way[0])), Numbers(start[way[0]]))
        steps = [stage.factor(int(a), int(b)) for stage, a, b in zip(stages, way[:-1], way[1:], strict=True)]
        nodes = ["ℒ", output, *(stage.below(int(b)) for stage, b in zip(stages, way[1:], strict=True))]
        ends = [] if last is None else [last]
        if last is not None:
            nodes.append(wanted.name)
        found.append(PathProduct(tuple(nodes), (first, *steps, *ends), float(product) * scale, example))
    return found, int(paths.counts[unit])


def _stages(step: StepRecord, wanted: Query, example: int) -> Iterator[_Stage]:
    """The rows of edges from aᴸ down to zˡ, or to x."""
    for number_of_layer in range(len(step.rules), max(wanted.layer, 1) - 1, -1):
        rule = step.rules[number_of_layer - 1]
        z, a, below = (
            _namer(step, letter, layer)
            for letter, layer in (("z", number_of_layer), ("a", number_of_layer), ("a", number_of_layer - 1))
        )
        if rule.activated:
            form = _slope_namer(step, number_of_layer) if rule.slope is not None else _no_form
            local = rule.slope[example] if rule.slope is not None else rule.activation_jacobian(example)
            yield _Stage(a, z, local, rule.bounds["delta"][example], form)
        if number_of_layer > wanted.layer:
            above, rounding = z if rule.activated else a, rule.bounds["below_bar"][example]
            if isinstance(rule.layer, Dense):
                yield _Stage(above, below, rule.parameters["W"], rounding, _weight_namer(number_of_layer), given=True)
            else:
                local = rule.through[example] if rule.through is not None else rule.sum_jacobian(example)
                yield _Stage(above, below, local, rounding, _layer_namer(rule.layer))


def _last_factor(step: StepRecord, wanted: Query, end: _End, example: int) -> Factor | None:
    """The edge from zˡ to the parameter itself; none for an input."""
    if wanted.letter == "x":
        return None
    letter = "z" if step.rules[wanted.layer - 1].activated else "a"
    derivative = Derivative(step.unit_name(letter, wanted.layer, end.unit), wanted.name)
    return Factor(derivative, end.form, Numbers(end.local[example], end.given))


def _namer(step: StepRecord, letter: str, layer: int) -> Callable[[int], str]:
    return lambda unit: step.unit_name(letter, layer, unit)


def _slope_namer(step: StepRecord, layer: int) -> Callable[[int, int], Formula]:
    return lambda above, below: step.unit_slope(layer, above)


def _weight_namer(layer: int) -> Callable[[int, int], Formula]:
    return lambda above, below: formula(quantity("W", layer, above, below))


def _layer_namer(layer: Any) -> Callable[[int, int], Formula]:
    return lambda above, below: formula(Word(type(layer).__name__))


def _no_form(above: int, below: int) -> Formula:
    return ()


def _require_equal(what: str, value: float, total: float, rounding: float) -> None:
    """Raise GradientError unless the sum over paths is the engine's number, up to rounding."""
    agreement = Agreement.of(*map(np.asarray, (total, value, rounding)))
    if not agreement:
        raise GradientError(
            f"∂ℒ/∂{what} is {value!r}, but its paths add up to {total!r}, {agreement}: a defect of chainrule, or a "
            "layer of your own whose rows are not independent"
        )
