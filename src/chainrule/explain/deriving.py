"""`derive`: the derivative of a function, shown line by line as on a board."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.algebra.rewrite import ZERO
from chainrule.explain.derivation import Derivation
from chainrule.explain.differences import difference, of_traced
from chainrule.explain.expression import Number, Symbol
from chainrule.explain.matrix.deriving import derive_arrays
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Path, Rule, Style
from chainrule.explain.scalar.chain import MOST_PATHS, added, path_count, paths
from chainrule.explain.scalar.computation import Computation
from chainrule.explain.scalar.lines import Board, by_paths, by_steps
from chainrule.explain.scalar.notes import not_finite, notes_at, notes_of
from chainrule.explain.scalar.numerical_check import Checker, Measured, measured
from chainrule.explain.source.by_element import names_of_elements
from chainrule.explain.source.function import (
    At,
    Source,
    arguments_at,
    derivative_of,
    from_elements,
    from_function,
    from_text,
    has_arrays,
    wide,
    with_defaults,
)
from chainrule.functions import grad

_FEW_DIGITS = 1e-6
"""The rounding of a function, relative to its value, beyond which differences tell nothing."""


def derive(
    f: Callable[..., Any] | str,
    wrt: str | int | None = None,
    at: At = None,
    style: Style = "paths",
    order: int = 1,
) -> Derivation:
    """The derivative of a function that returns a number, shown line by line as on a board.

    The derivatives along the edges come from the rules that the engine itself uses. Every line is checked against the
    line above at random points, the first against central differences, the last against the engine's derivative.

        print(cr.derive("f = x*y*z; x = r; y = r*s; z = s", wrt="s", at={"r": 2, "s": 3}))

    A function of arrays is differentiated at a point, in matrices: a line for every δ (the derivative with respect to a
    z) and every input, each with the engine's numbers and, for matrix products, the reason by index. It is computed in
    float64. With respect to one element, wrt="W[1,2]", it is differentiated as a function of numbers, the elements W₁₁,
    W₁₂ … of small arrays: so it can be of any order and style, and use slices, choices and arrays with any number of
    axes.

    Args:
        f: a traced function that returns a number, or definitions as text, the function first.
        wrt: the name or the position of the variable; "x,y" for ∂²/∂x∂y, and so on.
            It may be left out where there is only one; for arrays it then means every float input. Places of elements,
            as in "W[1,2]", count from 1.
        at: a point, by name or in the order of the inputs; without it no numbers are shown. Arrays, and nested dicts,
            lists and tuples of them, are given here. Parameters that it does not give take their defaults.
        style: "paths" (over all paths; with more than 32 of them "reverse" takes its place), "reverse" (adjoints), or
            "forward" (tangents).
        order: how often to differentiate with respect to the same variable.

    Raises:
        ArgumentError: the text breaks the grammar, there is no such variable, or the function is none of numbers.
        TraceError: `f` cannot be recorded.
        DerivationError: a line does not equal the line above; this would be a defect of chainrule.
    """
    if style not in ("paths", "reverse", "forward"):
        raise ArgumentError(f'style must be "paths", "reverse" or "forward", got {style!r}')
    if callable(f) and at is not None:
        at = with_defaults(f, at)
    if callable(f) and has_arrays(at):
        arguments = [tree.map_leaves(wide, argument) for argument in arguments_at(f, at)]
        if isinstance(wrt, str) and "[" in wrt:
            source, at = from_elements(f, arguments)
            wrt = names_of_elements(wrt)
        elif order != 1 or style == "forward":
            raise ArgumentError(
                "a function of arrays is derived once, backwards; leave order and style away, or name an element, "
                "as in wrt='x[2]'"
            )
        else:
            return derive_arrays(f, arguments, wrt)
    else:
        source = from_text(f) if isinstance(f, str) else from_function(f)
    variables = _variables(source.computation, wrt, order)
    point = _point(source.computation, at)
    for variable in variables[:-1]:
        source = derivative_of(source, variable)
    return _derived(source, variables[-1], point, style)


def _variables(computation: Computation, wrt: str | int | None, order: int) -> list[str]:
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ArgumentError(f"order must be at least 1, a whole number, got {order!r}")
    if not computation.inputs:
        raise ArgumentError(
            f"{computation.function} is a number: it has no inputs with respect to which to differentiate"
        )
    if wrt is None and len(computation.inputs) == 1:
        wrt = 0
    inputs = computation.inputs
    if wrt is None:
        raise ArgumentError(
            f"wrt names the variable to differentiate with respect to; choose one of {', '.join(inputs)}"
        )
    if isinstance(wrt, int) and -len(inputs) <= wrt < len(inputs):
        return [inputs[wrt]] * order
    names = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else []
    known = [*inputs, *(name for name in computation.definitions if name != computation.function)]
    if not names or not set(names) <= set(known):
        raise ArgumentError(f"wrt must be one of {', '.join(known)}, or a position among the inputs, got {wrt!r}")
    if len(names) > 1 and order > 1:
        raise ArgumentError(f"wrt={wrt!r} names every derivative, so leave order={order} away")
    if len(names) * order > 1 and not set(names) <= set(inputs):
        raise ArgumentError(f"higher derivatives are with respect to inputs ({', '.join(inputs)}), got {wrt!r}")
    return names * order if len(names) == 1 else names[::-1]


def _point(computation: Computation, at: At) -> dict[str, float]:
    inputs = computation.inputs
    if at is None:
        return {}
    if not isinstance(at, Mapping):
        numbers = list(at) if isinstance(at, Sequence) else [at]
        if len(numbers) != len(inputs):
            raise ArgumentError(f"at needs a number for each of {', '.join(inputs)}, got {len(numbers)}")
        at = dict(zip(inputs, numbers, strict=True))
    if set(at) != set(inputs):
        raise ArgumentError(f"at needs a number for each of {', '.join(inputs)}, got {', '.join(at) or 'none'}")
    return {name: _number(name, at[name]) for name in inputs}


def _number(name: str, given: Any) -> float:
    """A coordinate of the point."""
    if isinstance(given, np.ndarray) and given.ndim:
        raise ArgumentError(f"at: {name} must be a number, got an array of shape {given.shape}")
    try:
        return float(given)
    except (TypeError, ValueError, OverflowError):
        hint = "; for an array write np.array(…)" if isinstance(given, list | tuple) and given else ""
        raise ArgumentError(f"at: {name} must be a number, got {given!r}{hint}") from None


# The board


def _derived(source: Source, wrt: str, point: dict[str, float], style: Style) -> Derivation:
    computation = source.computation
    function = computation.function
    count = path_count(computation, wrt)
    checker = Checker(computation, wrt, point)
    sought = computation.total(function, wrt)
    _check_edges(computation, checker, wrt)
    board = Board(computation, checker, sought)
    notes = notes_of(computation, wrt)
    if not checker.points:
        notes.append(f"{function} has a finite derivative at no point that was looked at, so no line was checked")
    if style == "paths" and count > MOST_PATHS:
        style = "reverse"
        notes.append(f"{count} paths are more than {MOST_PATHS}, so the chain rule goes backwards, once over each edge")
    if not count:
        board.add(Rule.NO_PATH, ZERO)
    elif style == "paths":
        by_paths(board, wrt)
    else:
        by_steps(board, wrt, style)
    derivation = Derivation(
        function,
        computation.definitions,
        wrt,
        style,
        paths(computation, wrt) if count <= MOST_PATHS else (),
        count,
        tuple(notes),
        tuple(board.lines),
        point,
    )
    return _at(derivation, source, board) if point else derivation


def _check_edges(computation: Computation, checker: Checker, wrt: str) -> None:
    """Every local derivative by itself, so that two wrong ones cannot make up for each other."""
    reaching = computation.reaching(wrt)
    for target in computation.definitions:
        for source in computation.operands(target) if target in reaching and target != wrt else ():
            if source not in reaching:
                continue
            d = computation.partial(target, source)
            checker.compare(write(d), added(computation.local(target, source)), checker.value(d))


# At a point


def _at(derivation: Derivation, source: Source, board: Board) -> Derivation:
    """The derivation with its numbers at the point: of every edge, of the engine's derivative, of the difference."""
    computation, wrt, point = source.computation, derivation.wrt, derivation.point
    numbers = {name: np.float64(number) for name, number in point.items()}

    def function(x: Any) -> Any:
        return computation.values(numbers, {wrt: x})[Symbol(computation.function)]

    with np.errstate(all="ignore"):
        known = computation.values(numbers)
        bounded = of_traced(function, known[Symbol(wrt)])
        height, rounding = bounded(np.asarray(known[Symbol(wrt)]))
        slope = difference(bounded, known[Symbol(wrt)]).told(height)
        found = tuple(
            Path(tuple(replace(edge, value=float(evaluate(edge.local, known))) for edge in path.edges))
            for path in derivation.paths
        )
        for step, expression in board.steps.items():
            known[step] = evaluate(expression, known)
        exact = {name: Measured(np.asarray(number), np.zeros(())) for name, number in known.items()}
        last = measured(board.last, exact)
        by_hand, off = float(last.value), float(last.noise)
    if wrt in point:
        value = float(grad(source.function, computation.inputs.index(wrt))(*numbers.values()))
    else:
        value = float(grad(function)(known[Symbol(wrt)]))
    accepted = 1e-6 * max(abs(value), abs(by_hand)) + 2 * off
    if np.isfinite([value, by_hand]).all() and abs(value - by_hand) > accepted:
        raise DerivationError(
            f"the last line, {write(board.last)}, is {write(Number(by_hand))} at the point, but the engine's "
            f"derivative is {write(Number(value))}"
        )
    notes = [*derivation.notes, *notes_at(computation, found, known), *not_finite(computation, known)]
    if np.isnan(slope) and np.isfinite(value) and rounding > _FEW_DIGITS * abs(known[Symbol(computation.function)]):
        notes.append(
            f"rounding leaves {computation.function} few digits at this point, so no difference tells its slope"
        )
    if np.isfinite(by_hand) and not np.isfinite(value):
        notes.append(f"the last line, which does without what is not finite, is {write(Number(by_hand))} at this point")
    finite = np.isfinite(known[Symbol(computation.function)])
    return replace(
        derivation,
        paths=found,
        notes=tuple(notes),
        value=value,
        difference=math.nan if not finite else float(slope) if np.isfinite(slope) else None,
    )
