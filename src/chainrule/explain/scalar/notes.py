"""What stands below a board: why terms are zero, what rules assume at kinks, and where numbers are not finite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.explain.algebra.guards import left_out
from chainrule.explain.algebra.rewrite import ZERO, parts
from chainrule.explain.expression import Call, Choice, Expression, Number, Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Path
from chainrule.explain.scalar.computation import Computation


def notes_of(computation: Computation, wrt: str) -> list[str]:
    """Why a term is zero, and what the rules assume at kinks."""
    reaching = computation.reaching(wrt)
    notes = []
    for name in computation.order:
        users = [user for user in reaching if name in computation.operands(user) and user != wrt]
        if name in computation.definitions and name not in reaching and users:
            notes.append(f"{wrt} does not reach {name}: {write(computation.partial(name, wrt))} = 0")
    if computation.acts_twice(computation.function, wrt):
        notes.append(f"∂{computation.function}/∂{wrt} holds the other names fixed; d does not")
    called = {call for meaning in computation.definitions.values() for call in _calls(meaning)}
    notes += [text for name, text in _KINKS.items() if name in called]
    shown = [computation.definitions[name] for name in computation.definitions if name in reaching and name != wrt]
    return list(dict.fromkeys([*notes, *(text for meaning in shown for text in left_out(meaning, reaching))]))


_KINKS = {
    "relu": "relu′(0) = 0",
    "abs": "|x|′ = 0 at 0",
    "max": "where max ties, each side gets half",
    "min": "where min ties, each side gets half",
}


def _calls(e: Expression) -> set[str]:
    own = {e.function} if isinstance(e, Call) else set()
    return own.union(*map(_calls, parts(e)))


def notes_at(computation: Computation, found: Sequence[Path], known: Mapping[Expression, Any]) -> list[str]:
    """Where a path is cut at the point, and where a derivative is not finite."""
    notes = []
    edges = dict.fromkeys(edge for path in found for edge in path.edges)
    passed = {(edge.source, edge.target) for edge in edges if edge.value != 0}
    for edge in edges:
        d = write(edge.derivative)
        if edge.local != ZERO and (edge.source, edge.target) not in passed:
            meaning = computation.definitions[edge.target]
            function = meaning.function if isinstance(meaning, Call) else edge.target
            notes.append(f"path cut at {function}: {d} = 0 at this point")
        if edge.value is not None and not np.isfinite(edge.value) and np.isfinite(known[Symbol(edge.target)]):
            notes.append(f"{d} = {write(edge.local)} is {write(Number(edge.value))} at this point")
            if _has_choice(computation.definitions[edge.target]):
                notes.append(
                    "a branch that is not chosen takes part in the derivative with 0 times its own: choose its "
                    f"argument too, as in log(where({edge.source} > 0, {edge.source}, 1))"
                )
    return notes


def not_finite(computation: Computation, known: Mapping[Expression, Any]) -> list[str]:
    """Which values are the first that are not finite, though all that they come from are, and what was rounded."""
    told = {name: write(Number(float(value))) for name, value in known.items() if isinstance(name, Symbol)}
    notes = [
        f"{name} is {told[Symbol(name)]} at this point"
        for name in computation.inputs
        if not np.isfinite(known[Symbol(name)])
    ]
    rounded = []
    for name, meaning in computation.definitions.items():
        value, operands = told[Symbol(name)], [known[Symbol(operand)] for operand in computation.operands(name)]
        if not np.isfinite(known[Symbol(name)]) and np.isfinite(operands).all():
            outside = ", outside of its domain" if value == "NaN" else ""
            notes.append(f"{name} = {write(meaning)} is {value} at this point{outside}")
        if isinstance(meaning, Call) and known[Symbol(name)] in _NEVER.get(meaning.function, ()):
            rounded.append(f"{name} = {write(meaning)} is rounded to {value} at this point")
    return notes + rounded if notes else []


_NEVER = {"σ": (0.0, 1.0), "tanh": (-1.0, 1.0), "exp": (0.0,)}
"""Values that a function of a finite number takes by rounding only."""


def _has_choice(e: Expression) -> bool:
    return isinstance(e, Choice) or any(map(_has_choice, parts(e)))
