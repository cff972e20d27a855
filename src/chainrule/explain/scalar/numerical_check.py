"""The check of a board: every line has the value of the line above, at random points where the function is smooth.

The first line is compared with central differences of the function; so are the derivatives that a line names. No rule
takes part in that, so a wrong rule is found here. Lines may differ by what rounding explains, which is bounded along
with their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DerivationError
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.algebra.rewrite import derivatives_of, parts, symbols_of
from chainrule.explain.differences import Difference, difference, of_traced
from chainrule.explain.expression import Derivative, Expression, Number, Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Check
from chainrule.explain.scalar.computation import Computation
from chainrule.functions import grad
from chainrule.transforms.rounding import bounded
from chainrule.types import Array

POINTS = 12
"""Points at which a line is checked."""
TOLERANCE = 1e-6
"""Largest relative error that a line may have."""

_CANDIDATES = 96
_SPREADS = (1.0, 10.0, 100.0, 1e4, 1e-2)
"""How far from 0, and from the numbers in the definitions, points are looked for; the usual distance first."""


@dataclass(frozen=True)
class Measured:
    """Values at the points, and what rounding or differences may put them off."""

    value: Array
    noise: Array


def measured(e: Expression, known: Mapping[Expression, Measured]) -> Measured:
    """The value of an expression with its bound, from those of all symbols and derivatives in it."""
    needed: list[Expression] = [*(Symbol(name) for name in symbols_of(e)), *derivatives_of(e)]
    shape = np.broadcast_shapes(*(entry.value.shape for entry in known.values()))

    def function(zeros: Any, *values: Any) -> Any:
        return evaluate(e, dict(zip(needed, values, strict=True))) + zeros

    errors = {position: known[part].noise for position, part in enumerate(needed, 1)}
    values, bounds = bounded(function, [np.zeros(shape), *(known[part].value for part in needed)], errors)
    return Measured(values, bounds)


class Checker:
    """Values of a computation at random points, and the lines compared there.

    There are fewer than `POINTS` points, or none, where the function has a finite derivative at no more of those that
    were looked at.

    Args:
        computation: the function.
        wrt: the variable.
        near: a point in the function's domain, if one is known.
        seed: of the random points.
    """

    def __init__(self, computation: Computation, wrt: str, near: Mapping[str, float] | None = None, seed: int = 0):
        self._computation = computation
        sought = Derivative(computation.function, wrt, total=True)
        chosen: list[tuple[dict[str, Array], Difference]] = []
        left = POINTS
        for inputs in self._candidates(near or {}, np.random.default_rng(seed)):
            chosen.append(self._smooth(inputs, sought, left))
            left -= len(chosen[-1][1].value)
            if not left:
                break
        self._inputs = {name: np.concatenate([points[name] for points, _ in chosen]) for name in computation.inputs}
        self._known = self._measured(self._inputs)
        self.sought = Measured(*(np.concatenate([getattr(d, part) for _, d in chosen]) for part in ("value", "noise")))

    @property
    def points(self) -> int:
        """How many points there are."""
        return len(self.sought.value)

    def _candidates(self, near: Mapping[str, float], random: np.random.Generator) -> Iterator[dict[str, Array]]:
        """Points of several kinds, mixed: of both signs, positive, in (0, 1), near a known one; then further off."""
        centres = [0.0, *sorted(_numbers_in(self._computation))]
        for spread in _SPREADS:
            for centre in centres:
                found = {}
                for name in self._computation.inputs:
                    normal = random.standard_normal((_CANDIDATES // 4, 4))
                    normal[:, 1] = np.abs(normal[:, 1])
                    normal[:, 2] = random.random(len(normal))
                    points = centre + spread * normal
                    if np.isfinite(near.get(name, np.nan)):
                        points[:, 3] = near[name] + 0.1 * spread * normal[:, 3] * max(abs(near[name]), 0.1)
                    found[name] = points.ravel()
                yield found

    def _smooth(
        self, inputs: Mapping[str, Array], sought: Derivative, most: int
    ) -> tuple[dict[str, Array], Difference]:
        """Of candidates at most so many at which all is finite, and the derivative that is sought there."""
        with np.errstate(all="ignore"):
            values = self._computation.values(inputs)
        finite = np.ones(_CANDIDATES, bool)
        for value in values.values():
            finite &= np.isfinite(value)
        points = {name: value[finite] for name, value in inputs.items()}
        if not finite.any():
            return points, Difference(*(np.zeros(0) for _ in range(3)))
        found = self._difference(points, self._computation.values(points), sought)
        kept = np.flatnonzero(np.isfinite(found.value))[:most]
        return {name: value[kept] for name, value in points.items()}, Difference(
            found.value[kept], found.noise[kept], found.kink[kept]
        )

    def _measured(self, inputs: Mapping[str, Array]) -> dict[Expression, Measured]:
        """Every name at the points, with what rounding may put it off; the inputs are exact."""

        def named(*arrays: Any) -> dict[str, Any]:
            values = self._computation.values(dict(zip(inputs, arrays, strict=True)))
            return {name.name: value + 0 * arrays[0] for name, value in values.items() if isinstance(name, Symbol)}

        values, bounds = bounded(named, list(inputs.values()))
        return {Symbol(name): Measured(values[name], bounds[name]) for name in values}

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
        at = np.broadcast_to(values[by], next(iter(inputs.values())).shape)
        found = difference(of_traced(function, at), at)
        told = found.told(np.broadcast_to(function(at), at.shape))
        if np.any(found.kink):
            engine = grad(lambda x: np.sum(function(x)))(np.array(at))
            told = np.where(found.kink, engine, told)
        return Difference(told, found.noise, found.kink)

    def value(self, e: Expression) -> Measured:
        """The value of an expression at the points; derivatives in it by differences."""
        for d in derivatives_of(e):
            if d not in self._known:
                values = {name: entry.value for name, entry in self._known.items()}
                found = self._difference(self._inputs, values, d)
                self._known[d] = Measured(found.value, found.noise)
        return measured(e, self._known)

    def compare(self, rule: str, line: Expression, above: Measured) -> tuple[Check, Measured]:
        """The check of a line against the line above, and its value.

        Raises:
            DerivationError: they differ; names the rule, the line and both values.
        """
        value = self.value(line)
        both = np.isfinite(value.value) & np.isfinite(above.value)
        error = np.abs(value.value - above.value)
        size = np.maximum(np.abs(value.value), np.abs(above.value))
        noise = value.noise + above.noise
        wrong = both & (error > TOLERANCE * size + noise + 1e-300)
        lost = not both.any() and not derivatives_of(line) and np.isfinite(above.value).any()
        if wrong.any() or lost:
            at = int(np.argmax(wrong))
            where = ", ".join(f"{name} = {write(Number(float(x[at])))}" for name, x in self._inputs.items())
            raise DerivationError(
                f'the line "{rule}" = {write(line)} is {write(Number(float(value.value[at])))}, but the line above is '
                f"{write(Number(float(above.value[at])))} at {where}"
            )
        told = both & np.isfinite(noise)
        relative = np.max(np.where(told & (error > noise), error / (size + 1e-300), 0), initial=0)
        return Check(int(told.sum()), float(relative)), value


def _numbers_in(computation: Computation) -> set[float]:
    """The numbers in the definitions, where domains may begin: log(x−5) begins at 5, and √(x²−9) at 3."""
    found: set[float] = set()

    def visit(e: Expression) -> None:
        match e:
            case Number(value) if np.isfinite(float(value)):
                found.update((float(value), -float(value)))
        for part in parts(e):
            visit(part)

    for meaning in computation.definitions.values():
        visit(meaning)
    return found - {0.0}
