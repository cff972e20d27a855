"""What stands on the board besides the mathematics, in the order in which every format shows it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from chainrule.explain.expression import Expression, Number, Relation, Symbol
from chainrule.explain.notation.notation import digits
from chainrule.explain.record import DerivationRecord, Edge, Line, Path, Rule
from chainrule.figures import counted
from chainrule.types import Array

AGREES, NEGLIGIBLE = 1e-4, 1e-9
"""The largest relative and absolute difference from a central difference that counts as agreement."""
MOST_SHOWN = 16
"""The numbers of a larger array are told by their shape, norm and range."""


@dataclass(frozen=True)
class BoardStep:
    """One row of the board: what was done, and what comes of it.

    Attributes:
        rule: what was done, in words; not shown where `left` is given.
        expression: what stands after the equals sign.
        note: said beside it; "" for nothing.
        where: the values that were put in, in the last step; else empty.
        left: what stands before the equals sign, if it is not what is sought: a derivative on the way there.
        value: the numbers of an array; "" for nothing.
        reason: why it holds, as rows of their own.
        dots: whether factors stay apart, so that one sees what was put in place of what.
    """

    rule: str
    expression: Expression
    note: str = ""
    where: tuple[Relation, ...] = ()
    left: Expression | None = None
    value: str = ""
    reason: tuple[BoardStep, ...] = ()
    dots: bool = False


def steps(derivation: DerivationRecord) -> Iterator[BoardStep]:
    """The rows below the first, and the value at the point."""
    yield from map(_step, derivation.lines[1:])
    if derivation.value is not None:
        where = tuple(Relation("=", Symbol(name), Number(value)) for name, value in derivation.point.items())
        yield BoardStep("at" if where else "value", Number(derivation.value), _difference(derivation), where)


def _step(line: Line) -> BoardStep:
    return BoardStep(
        line.action,
        line.expression,
        line.note,
        left=line.left,
        value="" if line.value is None else numbers(line.value),
        reason=tuple(map(_step, line.reason)),
        dots=line.rule is Rule.ELIMINATE,
    )


def numbers(array: Array) -> str:
    """The numbers of a small array to six digits; of a larger one its shape, norm and range."""
    if array.size <= MOST_SHOWN:
        return _nested(array)
    norm, low, high = float(np.linalg.norm(array.ravel())), array.min(), array.max()
    shape = "×".join(map(str, array.shape))
    return f"{shape}, norm {_six(norm)}, from {_six(low)} to {_six(high)}"


def _nested(array: Array) -> str:
    return f"[{', '.join(map(_nested, array))}]" if array.ndim else _six(array)


def _six(value: float | Array) -> str:
    return digits(float(value), 6).replace("-", "−")


def meanings(derivation: DerivationRecord) -> dict[str, Expression]:
    """What the names stand for: the function first, then those that it is made of, in the order of the computation."""
    first = {name: form for name, form in derivation.definitions.items() if name == derivation.function}
    return first | dict(derivation.definitions)


def names_on(path: Path) -> tuple[str, ...]:
    """The names that a path passes, from the variable to the function."""
    return (path.edges[0].source, *(edge.target for edge in path.edges)) if path.edges else ()


def routes(derivation: DerivationRecord) -> Iterator[tuple[tuple[str, ...], int]]:
    """The names that the paths pass, and how many paths they stand for: more than two of the same are told once."""
    for route, count in Counter(map(names_on, derivation.paths)).items():
        yield from [(route, 1)] * count if count <= 2 else [(route, count)]


def edges_of(derivation: DerivationRecord) -> tuple[Edge, ...]:
    """Every edge that lies on a path, once."""
    return tuple(dict.fromkeys(chain.from_iterable(path.edges for path in derivation.paths)))


def agrees(derivation: DerivationRecord) -> bool:
    """Whether the value and the central difference are the same up to the error of the difference."""
    value, difference = derivation.value, derivation.difference
    if value is None or difference is None or not (math.isfinite(value) and math.isfinite(difference)):
        return False
    return abs(value - difference) <= AGREES * max(abs(value), abs(difference)) + NEGLIGIBLE


def _difference(derivation: DerivationRecord) -> str:
    """The verdict on the value, with the difference in six digits."""
    if derivation.difference is None:
        return "check: no central difference: the function has a kink, an edge or too few digits here"
    if not math.isfinite(derivation.difference):
        return f"check: no central difference: {derivation.function} is not finite here"
    shown = f"{derivation.difference:#.6g}".replace("-", "−")
    return f"check: central difference {shown}{' ✓' if agrees(derivation) else ': the function has a kink here'}"


def checked(derivation: DerivationRecord) -> str:
    """How the lines were checked, in a sentence; "" if one was not."""
    checks = [line.check for line in derivation.lines if line.check]
    if not checks:
        return ""
    points, worst = {check.points for check in checks}, max(check.worst for check in checks)
    if not min(points):
        return ""
    where = counted(min(points), "random point")
    if any(line.value is not None for line in derivation.lines):
        where = "this point and one nearby" if 1 not in points else "this point, and one nearby if it holds there"
    return f"every line was checked at {where}; largest relative difference {worst:.0e}"


def paths_told(derivation: DerivationRecord) -> str:
    """What is said before the paths, or in their place; "" for arrays, which have none."""
    count = derivation.path_count
    ends = f"from {derivation.wrt} to {derivation.function}"
    if derivation.paths:
        return f"{'path' if count == 1 else 'paths'} {ends}"
    if count:
        return f"{count} paths {ends}: walked in {derivation.style} mode"
    return f"no path {ends}" if derivation.value is not None or len(derivation.lines) < 2 else ""
