"""The check of a board: every line has the value of the line above, at random points where the function is smooth.

The first line is compared with central differences of the function; so are the derivatives that a line names. No rule
takes part in that, so a wrong rule is found here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DerivationError
from chainrule.explain.computation import Computation
from chainrule.explain.derivation import Check
from chainrule.explain.evaluate import evaluate
from chainrule.explain.expression import Derivative, Expression, Negative, Number, Product, Sum, Symbol
from chainrule.explain.rewrite import derivatives_of
from chainrule.explain.written import write
from chainrule.functions import grad
from chainrule.types import Array

POINTS = 12
"""Points at which a line is checked."""
TOLERANCE = 1e-6
"""Largest relative error that a line may have."""

_CANDIDATES = 96
_STEPS = (4e-3, 4e-4, 4e-5)
_SMOOTH = 1e-6
_NOISE = 1e-9  # that a difference quotient may have, relative to the value of the function
_ROUNDING = 4e-15


@dataclass(frozen=True)
class Difference:
    """A derivative by central differences, how far off rounding and curvature may put it, and where there is a kink.

    At a kink the value is the mean of the derivatives to the left and to the right.
    """

    value: Array
    noise: Array
    kink: Array | bool = False


def difference(function: Callable[[Array], Any], at: Any) -> Difference:
    """The derivative of a function of one number, elementwise at many points: float64 arrays of the shape of `at`.

    Of several steps each point takes the one with the smallest error. nan where the results of every step disagree.
    """
    at = np.asarray(at, np.float64)
    with np.errstate(all="ignore"):
        middle = np.asarray(function(at))
        tries = [_extrapolated(function, at, step * np.maximum(0.1, np.abs(at)), middle) for step in _STEPS]
        values, noises, kinks = (np.stack(np.broadcast_arrays(*found)) for found in zip(*tries, strict=True))
        best = np.expand_dims(np.argmin(np.where(np.isfinite(noises), noises, np.inf), axis=0), 0)
        value, noise, kink = (np.take_along_axis(found, best, 0)[0] for found in (values, noises, kinks))
        smooth = noise <= _SMOOTH * np.abs(value) + _NOISE * (np.abs(middle) + 1)
    return Difference(np.where(smooth, value, np.nan), noise, kink)


def _extrapolated(function: Callable[[Array], Any], at: Array, h: Array, middle: Array) -> tuple[Array, Array, Array]:
    """Differences of three steps, extrapolated twice, so that the error falls with h⁶ (Richardson), and its size.

    There is a kink where the slopes to both sides do not come closer to each other as the step becomes shorter.
    """
    sides = [(np.asarray(function(at + step)), np.asarray(function(at - step)), step) for step in (h, h / 2, h / 4)]
    wide, half, narrow = ((right - left) / (2 * step) for right, left, step in sides)
    jump, _, narrow_jump = (np.abs(right - middle + (left - middle)) / step for right, left, step in sides)
    first, second = (4 * half - wide) / 3, (4 * narrow - half) / 3
    values = np.maximum(np.abs(middle), np.maximum(*map(np.abs, sides[0][:2])))  # x² is 0 at 0, but not beside it
    rounding = _ROUNDING * (values + np.abs(at * narrow)) / h  # of the value, and of the argument
    kink = (narrow_jump > jump / 2) & (narrow_jump > 1e-7 * np.abs(narrow) + 1e3 * rounding)
    return (16 * second - first) / 15, np.abs(second - first) + rounding, kink


def _magnitude(e: Expression, values: Mapping[Expression, Any]) -> Any:
    """The value of an expression if no terms took anything from each other: what its rounding is relative to."""
    match e:
        case Sum(terms):
            return sum(_magnitude(term, values) for term in terms)
        case Product(factors):
            return math.prod(_magnitude(factor, values) for factor in factors)
        case Negative(operand):
            return _magnitude(operand, values)
        case _:
            return np.abs(evaluate(e, values))


class Checker:
    """Values of a computation at random points, and the lines compared there.

    Args:
        computation: the function.
        wrt: the variable.
        near: a point in the function's domain, if one is known.
        seed: of the random points.

    Raises:
        DerivationError: there is no point among the random ones at which the function has a finite derivative.
    """

    def __init__(self, computation: Computation, wrt: str, near: Mapping[str, float] | None = None, seed: int = 0):
        self._computation = computation
        inputs = self._candidates(near or {}, np.random.default_rng(seed))
        with np.errstate(all="ignore"):
            values = computation.values(inputs)
            first = self._difference(inputs, values, Derivative(computation.function, wrt, total=True))
            finite = np.isfinite(first.value)
            for value in values.values():
                finite &= np.isfinite(value)
        if not finite.any():
            raise DerivationError(
                f"{computation.function} has a finite derivative at none of {_CANDIDATES} random points, so no line "
                "can be checked; give a point of its domain, as in at={'x': 2.0}"
            )
        chosen = np.flatnonzero(finite)[:POINTS]
        self._inputs = {name: value[chosen] for name, value in inputs.items()}
        self._values = {key: (np.asarray(value) + np.zeros(finite.shape))[chosen] for key, value in values.items()}
        self.sought = Difference(first.value[chosen], first.noise[chosen])

    def _candidates(self, near: Mapping[str, float], random: np.random.Generator) -> dict[str, Array]:
        """Points of several kinds, mixed: of both signs, positive, within (0, 1), and near a known one."""
        found = {}
        for name in self._computation.inputs:
            normal = random.standard_normal((_CANDIDATES // 4, 4))
            normal[:, 1] = np.abs(normal[:, 1])
            normal[:, 2] = random.random(len(normal))
            if np.isfinite(near.get(name, np.nan)):
                normal[:, 3] = near[name] + 0.1 * normal[:, 3] * max(abs(near[name]), 0.1)
            found[name] = normal.ravel()
        return found

    def _difference(self, inputs: Mapping[str, Array], values: Mapping[Expression, Any], d: Derivative) -> Difference:
        """A derivative by differences: partial where `by` stands in the definition of `of`, else through all names.

        At a kink, where differences tell nothing, the engine's stands in.
        """
        by, of = Symbol(d.by), Symbol(d.of)

        def partial(x: Any) -> Any:
            return evaluate(self._computation.definitions[d.of], {**values, by: x})

        def total(x: Any) -> Any:
            return self._computation.values(inputs, {d.by: x})[of]

        function = total if d.total or d.by not in self._computation.operands(d.of) else partial
        found = difference(function, values[by])
        if not np.any(found.kink):
            return found
        engine = grad(lambda x: np.sum(function(x)))(np.asarray(values[by]))
        return Difference(np.where(found.kink, engine, found.value), found.noise)

    def value(self, e: Expression) -> Difference:
        """The value of an expression at the points; derivatives in it by differences."""
        known = dict(self._values)
        noises: dict[Expression, Array] = {}
        for d in derivatives_of(e):
            found = self._difference(self._inputs, self._values, d)
            known[d], noises[d] = found.value, found.noise
        with np.errstate(all="ignore"):
            value = evaluate(e, known) + np.zeros(self.sought.value.shape)
            noise = _ROUNDING * _magnitude(e, known) + np.zeros(value.shape)
            for derivative, wide in noises.items():
                moved = evaluate(e, {**known, derivative: known[derivative] + wide})
                noise = noise + wide + np.abs(moved - value)
            return Difference(value, noise)

    def compare(self, rule: str, line: Expression, above: Difference) -> tuple[Check, Difference]:
        """The check of a line against the line above, and its value.

        Raises:
            DerivationError: they differ; names the rule, the line and both values.
        """
        value = self.value(line)
        both = np.isfinite(value.value) & np.isfinite(above.value)
        error = np.abs(value.value - above.value)
        size = np.maximum(np.abs(value.value), np.abs(above.value))
        accepted = TOLERANCE * size + value.noise + above.noise + 1e-300
        wrong = both & ~(error <= accepted)
        if wrong.any() or not both.any():
            at = int(np.argmax(wrong))
            where = ", ".join(f"{name} = {write(Number(float(x[at])))}" for name, x in self._inputs.items())
            raise DerivationError(
                f'the line "{rule}" = {write(line)} is {write(Number(float(value.value[at])))}, but the line above is '
                f"{write(Number(float(above.value[at])))} at {where}"
            )
        relative = np.max(np.where(both & (error > value.noise + above.noise), error / (size + 1e-300), 0))
        return Check(int(both.sum()), float(relative)), value
