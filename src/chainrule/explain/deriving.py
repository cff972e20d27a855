"""`derive`: the derivative of a function, shown line by line as on a board."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.by_element import Elements, names_of_elements
from chainrule.explain.chain import MOST_PATHS, added, backwards, forwards, over_paths, path_count, paths
from chainrule.explain.checked import Checker, difference
from chainrule.explain.computation import Computation
from chainrule.explain.derivation import Derivation, Line, Path, Style
from chainrule.explain.deriving_arrays import derive_arrays
from chainrule.explain.evaluate import evaluate
from chainrule.explain.expression import Call, Choice, Derivative, Expression, Number, Product, Sum, Symbol
from chainrule.explain.from_graph import expression_of, with_composites
from chainrule.explain.guards import left_out
from chainrule.explain.naming import record_named, result_of
from chainrule.explain.rewrite import ZERO, derivatives_of, parts, size, substituted, symbols_of
from chainrule.explain.text import parse
from chainrule.explain.written import write
from chainrule.functions import grad
from chainrule.graph import Node
from chainrule.tracing import function_name
from chainrule.types import Array

_LONGEST_LINE = 130
"""Characters of a line from which names have been eliminated; where it would be longer, the names stay."""
_LARGEST = 4000
"""Numbers, names and operations of an expression that is looked at at all."""

At = Mapping[str, Any] | Sequence[Any] | float | None


@dataclass(frozen=True)
class _Subject:
    """What is derived: how a board shows it, and how the engine computes it from the inputs, in their order."""

    computation: Computation
    function: Callable[..., Any]


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

    A function of arrays is derived at a point, in matrices: a line for every δ (the derivative by a z) and every input,
    each with the engine's numbers and, for matrix products, the reason by index. It is computed in float64. By one
    element, wrt="W[1,2]", it is derived as a function of numbers, the elements W₁₁, W₁₂ … of small arrays: so it can be
    of any order and style, and use slices, choices and arrays of any number of axes.

    Args:
        f: a traced function that returns a number, or definitions as text, the function first.
        wrt: the name or the position of the variable; "x,y" for the derivative by x of the derivative by y, and so on.
            It may be left out where there is only one; for arrays it then means every float input. Places of elements,
            as in "W[1,2]", count from 1.
        at: a point, by name or in the order of the inputs; without it no numbers are shown. Arrays, and nested dicts,
            lists and tuples of them, are given here. Parameters that it does not give take their defaults.
        style: "paths" (over all paths; with more than 32 of them "reverse" takes its place), "reverse" (adjoints), or
            "forward" (tangents).
        order: how often to derive by the same variable.

    Raises:
        ArgumentError: the text breaks the grammar, there is no such variable, or the function is none of numbers.
        TraceError: `f` cannot be recorded.
        DerivationError: a line does not equal the line above; this would be a defect of chainrule.
    """
    if style not in ("paths", "reverse", "forward"):
        raise ArgumentError(f'style must be "paths", "reverse" or "forward", got {style!r}')
    if callable(f) and at is not None:
        at = _with_defaults(f, at)
    if callable(f) and _has_arrays(at):
        arguments = [tree.map_leaves(_wide, argument) for argument in _arguments(f, at)]
        if isinstance(wrt, str) and "[" in wrt:
            subject, at = _from_elements(f, arguments)
            wrt = names_of_elements(wrt)
        elif order != 1 or style == "forward":
            raise ArgumentError(
                "a function of arrays is derived once, backwards; leave order and style away, or name an element, "
                "as in wrt='x[2]'"
            )
        else:
            return derive_arrays(f, arguments, wrt)
    else:
        subject = _from_text(f) if isinstance(f, str) else _from_function(f)
    variables = _variables(subject.computation, wrt, order)
    point = _point(subject.computation, at)
    for variable in variables[:-1]:
        subject = _derivative_of(subject, variable)
    return _derived(subject, variables[-1], point, style)


# What is derived


def _from_text(text: str) -> _Subject:
    computation = Computation.of(parse(text))

    def function(*numbers: Any) -> Any:
        values = computation.values(dict(zip(computation.inputs, numbers, strict=True)))
        return values[Symbol(computation.function)]

    return _Subject(computation, function)


def _parameters(f: Callable[..., Any]) -> dict[str, Any]:
    """The parameters that are inputs, with their defaults: those before one whose default is no number and no array."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(f).parameters.values()
    given = takewhile(lambda p: p.default is p.empty or _is_numeric(p.default), signature)
    return {p.name: p.default for p in given if p.kind in positional}


def _is_numeric(default: Any) -> bool:
    return isinstance(default, int | float | np.number | np.ndarray) and not isinstance(default, bool)


def _with_defaults(f: Callable[..., Any], at: At) -> At:
    """A point by name, with the defaults of the parameters that it does not give."""
    names = _parameters(f)
    if not isinstance(at, Mapping):
        values = list(at) if isinstance(at, tuple | list) else [at]
        if len(values) > len(names):
            return at
        at = dict(zip(names, values, strict=False))
    known = {name: default for name, default in names.items() if default is not inspect.Parameter.empty} | dict(at)
    return {name: known[name] for name in dict.fromkeys([*names, *known]) if name in known}


def _has_arrays(at: At) -> bool:
    """Whether a point is one of arrays, perhaps nested."""
    arguments = list(at.values()) if isinstance(at, Mapping) else list(at) if isinstance(at, Sequence) else [at]
    return any(np.ndim(leaf) > 0 for argument in arguments if argument is not None for leaf in tree.leaves(argument))


def _arguments(f: Callable[..., Any], at: At) -> list[Any]:
    if not isinstance(at, Mapping):
        return list(at) if isinstance(at, tuple | list) else [at]
    names = _parameters(f)
    if set(at) != set(names):
        raise ArgumentError(f"at needs a value for each of {', '.join(names)}, got {', '.join(at) or 'none'}")
    return [at[name] for name in names]


def _wide(leaf: Any) -> Array:
    """An argument as boards compute with it: floats in float64."""
    array = np.asarray(leaf)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _from_function(f: Callable[..., Any]) -> _Subject:
    if not callable(f):
        raise ArgumentError(f"derive takes a function or a text such as 'f = x*y; y = x^2', got {f!r}")
    names = tuple(_parameters(f))
    if not names:
        raise ArgumentError(
            f"{function_name(f)} has no parameters with names that could be inputs; write def f(x, y), not def f(*args)"
        )
    traced, named = record_named(f, [1.0] * len(names))
    inputs = dict(zip((value.node for value in traced.inputs), names, strict=True))
    return _Subject(_computation(result_of(traced), inputs, named, function_name(f)), f)


def _from_elements(f: Callable[..., Any], arguments: Sequence[Any]) -> tuple[_Subject, dict[str, float]]:
    """A function of arrays as one of their elements, and the point."""
    names = list(_parameters(f))
    if len(names) != len(arguments):
        takes = f"{function_name(f)} takes {len(names)} inputs, {', '.join(names)}" if names else "it names no inputs"
        raise ArgumentError(f"at has {len(arguments)} arguments, but {takes}")
    for name, argument in zip(names, arguments, strict=True):
        if not isinstance(argument, np.ndarray):
            raise ArgumentError(
                f"{name} is a {type(argument).__name__}; elements are named of arrays, so give each of its arrays as "
                "an argument of its own"
            )
    recorded = Elements(f, dict(zip(names, arguments, strict=True)))
    computation = _computation(recorded.output, recorded.inputs, recorded.named, function_name(f))
    return _Subject(computation, recorded.function), recorded.point


def _computation(result: Node, names: Mapping[Node, str], named: Mapping[Node, str], name: str) -> Computation:
    """A recorded function as named steps; its inputs and some nodes between have names."""
    shown = with_composites([result, *named])
    output, between = shown[result], [shown[node] for node in named]
    inputs = {node: Symbol(each) for node, each in names.items()}
    symbols = {node: Symbol(each) for node, each in zip(between, named.values(), strict=True) if node not in inputs}
    known = {**inputs, **symbols}
    function = symbols[output].name if output in symbols else _unused(name, known)
    definitions = {function: expression_of(output, {n: s for n, s in known.items() if n is not output or n in inputs})}
    for node, symbol in symbols.items():
        if node is not output:
            definitions[symbol.name] = expression_of(node, {n: s for n, s in known.items() if n is not node})
    return Computation.of(definitions, tuple(names.values()))


def _unused(name: str, known: Mapping[Any, Symbol]) -> str:
    while Symbol(name) in known.values():
        name += "′"
    return name


def _variables(computation: Computation, wrt: str | int | None, order: int) -> list[str]:
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ArgumentError(f"order must be at least 1, a whole number, got {order!r}")
    if not computation.inputs:
        raise ArgumentError(f"{computation.function} is a number: it has no inputs by which to derive")
    if wrt is None and len(computation.inputs) == 1:
        wrt = 0
    inputs = computation.inputs
    if wrt is None:
        raise ArgumentError(f"wrt says by which variable to derive; choose one of {', '.join(inputs)}")
    if isinstance(wrt, int) and -len(inputs) <= wrt < len(inputs):
        return [inputs[wrt]] * order
    names = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else []
    known = [*inputs, *(name for name in computation.definitions if name != computation.function)]
    if not names or not set(names) <= set(known):
        raise ArgumentError(f"wrt must be one of {', '.join(known)}, or a position among the inputs, got {wrt!r}")
    if len(names) > 1 and order > 1:
        raise ArgumentError(f"wrt={wrt!r} names every derivative, so leave order={order} away")
    if len(names) * order > 1 and not set(names) <= set(inputs):
        raise ArgumentError(f"higher derivatives are by inputs ({', '.join(inputs)}), got {wrt!r}")
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


def _derivative_of(subject: _Subject, wrt: str) -> _Subject:
    """The derivative as a new subject: its last line in the inputs, or where that is too large its adjoints."""
    computation = subject.computation
    position = computation.inputs.index(wrt)
    name = computation.function + "′"
    closed = _closed(computation, wrt)
    definitions = {name: closed} if closed else _adjoints(computation, wrt, name)
    return _Subject(Computation.of(definitions, computation.inputs), grad(subject.function, position))


def _closed(computation: Computation, wrt: str) -> Expression | None:
    if path_count(computation, wrt) > MOST_PATHS:
        return None
    line = computation.closed(over_paths(computation, wrt)[1])
    if size(line) > _LARGEST:
        return None
    return computation.order.collected(computation.order.without_zeros(line))


def _adjoints(computation: Computation, wrt: str, name: str) -> dict[str, Expression]:
    steps = list(backwards(computation, wrt))
    names: dict[Expression, Symbol] = {d: Symbol(name if d.by == wrt else f"{d.by}̄") for d, _ in steps}
    adjoints = {names[d].name: substituted(e, names) for d, e in reversed(steps)}
    return adjoints | dict(computation.definitions)


# The board


def _derived(subject: _Subject, wrt: str, point: dict[str, float], style: Style) -> Derivation:
    computation = subject.computation
    function = computation.function
    count = path_count(computation, wrt)
    checker = Checker(computation, wrt, point)
    sought = computation.total(function, wrt)
    _check_edges(computation, checker, wrt)
    board = _Board(computation, checker, sought)
    notes = _notes(computation, wrt)
    if style == "paths" and count > MOST_PATHS:
        style = "reverse"
        notes.append(f"{count} paths are more than {MOST_PATHS}, so the chain rule goes backwards, once over each edge")
    if not count:
        board.add("no path leads to it", ZERO)
    elif style == "paths":
        _by_paths(board, wrt)
    else:
        _by_steps(board, wrt, style)
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
    return _at(derivation, subject, board) if point else derivation


def _check_edges(computation: Computation, checker: Checker, wrt: str) -> None:
    """Every local derivative by itself, so that two wrong ones cannot make up for each other."""
    reaching = computation.reaching(wrt)
    for target in computation.definitions:
        for source in computation.operands(target) if target in reaching and target != wrt else ():
            if source not in reaching:
                continue
            d = Derivative(target, source)
            checker.compare(write(d), added(computation.local(target, source)), checker.value(d))


class _Board:
    """The lines that stand already, each of which was checked when it was added."""

    def __init__(self, computation: Computation, checker: Checker, sought: Derivative) -> None:
        self.computation, self.checker, self.sought = computation, checker, sought
        self.lines = [Line("sought", sought)]
        self.steps: dict[Derivative, Expression] = {}
        self._above = checker.sought

    @property
    def last(self) -> Expression:
        return self.lines[-1].expression

    def add(self, rule: str, expression: Expression) -> None:
        """A line that equals the line above; none if it says the same, or if a number in it became too large."""
        if expression != self.last and (not _overflows(expression) or _overflows(self.last)):
            check, self._above = self.checker.compare(rule, expression, self._above)
            self.lines.append(Line(rule, expression, check=check))

    def step(self, derivative: Derivative, expression: Expression) -> None:
        """A line of its own: what a derivative between is."""
        check, _ = self.checker.compare(write(derivative), expression, self.checker.value(derivative))
        self.lines.append(Line(write(derivative), expression, check=check))
        self.steps[derivative] = expression

    def finish(self) -> None:
        """From local derivatives to the result."""
        order = self.computation.order
        short = order.collected(order.without_zeros(self.last))
        if _count(short) < _count(self.last) and not _has_zero(self.last):
            self.add("collect", short)
        needed = self._needed()
        names = [name for name in order if name in needed]
        closed = self.computation.closed(self.last)
        if names and size(closed) <= _LARGEST and len(write(closed, dots=True)) <= _LONGEST_LINE:
            self.add(f"eliminate {', '.join(names)}", closed)
        if _has_zero(self.last):
            self.add("drop zero terms", order.without_zeros(self.last))
        elif not self._needed() or isinstance(self.last, Sum):
            self.add("multiply out", order.multiplied_out(self.last))
        self.add("collect", order.collected(self.last) if isinstance(self.last, Sum) else self.last)
        self.add("recognise σ", order.with_sigmoids(self.last))

    def _needed(self) -> set[str]:
        """The defined names in the last line, and those in their definitions."""
        needed: set[str] = set()
        pending = [*symbols_of(self.last)]
        while pending:
            name = pending.pop()
            if name in self.computation.definitions and name not in needed:
                needed.add(name)
                pending += self.computation.operands(name)
        return needed


def _overflows(e: Expression) -> bool:
    return (isinstance(e, Number) and not math.isfinite(e.value)) or any(map(_overflows, parts(e)))


def _by_paths(board: _Board, wrt: str) -> None:
    named, derived = over_paths(board.computation, wrt)
    if not isinstance(named, Derivative):
        board.add("chain rule", named)
    board.add("local derivatives", derived)
    board.finish()


def _by_steps(board: _Board, wrt: str, style: Style) -> None:
    computation = board.computation
    steps = list((backwards if style == "reverse" else forwards)(computation, wrt))
    known: dict[Expression, Expression] = {}
    for derivative, expression in steps[:-1]:
        board.step(derivative, expression)
        if all(d in known for d in derivatives_of(expression)):
            inserted = substituted(expression, known)
            if size(inserted) <= _LARGEST:
                known[derivative] = computation.order.collected(inserted)
    last = steps[-1][1]
    board.add("chain rule", last)
    if all(d in known for d in derivatives_of(last)):
        inserted = substituted(last, known)
        if size(inserted) <= _LARGEST and len(write(inserted)) <= _LONGEST_LINE:
            board.add("insert", inserted)
            board.finish()


def _count(e: Expression) -> int:
    return len(e.terms) if isinstance(e, Sum) else 1


def _has_zero(e: Expression) -> bool:
    terms = e.terms if isinstance(e, Sum) else (e,)
    return any(isinstance(term, Product) and ZERO in term.factors for term in terms) and len(terms) > 1


def _notes(computation: Computation, wrt: str) -> list[str]:
    """Why a term is zero, and what the rules assume at kinks."""
    reaching = computation.reaching(wrt)
    notes = []
    for name in computation.order:
        users = [user for user in reaching if name in computation.operands(user) and user != wrt]
        if name in computation.definitions and name not in reaching and users:
            notes.append(f"{wrt} does not reach {name}: ∂{name}/∂{wrt} = 0")
    if computation.total(computation.function, wrt).total:
        notes.append(f"∂{computation.function}/∂{wrt} holds the other names fixed; d does not")
    called = {call for meaning in computation.definitions.values() for call in _calls(meaning)}
    notes += [text for name, text in _KINKS.items() if name in called]
    shown = [computation.definitions[name] for name in computation.definitions if name in reaching and name != wrt]
    return list(dict.fromkeys([*notes, *(text for meaning in shown for text in left_out(meaning))]))


_KINKS = {
    "relu": "relu′(0) = 0",
    "abs": "|x|′ = 0 at 0",
    "max": "where max ties, each side gets half",
    "min": "where min ties, each side gets half",
}


def _calls(e: Expression) -> set[str]:
    own = {e.function} if isinstance(e, Call) else set()
    return own.union(*map(_calls, parts(e)))


# At a point


def _at(derivation: Derivation, subject: _Subject, board: _Board) -> Derivation:
    """The derivation with its numbers at the point: of every edge, of the engine's derivative, of the difference."""
    computation, wrt, point = subject.computation, derivation.wrt, derivation.point
    numbers = {name: np.float64(number) for name, number in point.items()}

    def function(x: Any) -> Any:
        return computation.values(numbers, {wrt: x})[Symbol(computation.function)]

    with np.errstate(all="ignore"):
        known = computation.values(numbers)
        slope = difference(function, known[Symbol(wrt)]).value
        found = tuple(
            Path(tuple(replace(edge, value=float(evaluate(edge.local, known))) for edge in path.edges))
            for path in derivation.paths
        )
        for step, expression in board.steps.items():
            known[step] = evaluate(expression, known)
        by_hand = float(evaluate(board.last, known))
    if wrt in point:
        value = float(grad(subject.function, computation.inputs.index(wrt))(*numbers.values()))
    else:
        value = float(grad(function)(known[Symbol(wrt)]))
    if np.isfinite([value, by_hand]).all() and not abs(value - by_hand) <= 1e-6 * max(abs(value), abs(by_hand)) + 1e-12:
        raise DerivationError(
            f"the last line, {write(board.last)}, is {write(Number(by_hand))} at the point, but the engine's "
            f"derivative is {write(Number(value))}"
        )
    notes = [*derivation.notes, *_notes_at(computation, found, known), *_not_finite(computation, known)]
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


def _notes_at(computation: Computation, found: Sequence[Path], known: Mapping[Expression, Any]) -> list[str]:
    """Where a path is cut at the point, and where a derivative is not finite."""
    notes = []
    for edge in dict.fromkeys(edge for path in found for edge in path.edges):
        d = f"∂{edge.target}/∂{edge.source}"
        if edge.value == 0 and edge.local != ZERO:
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


def _not_finite(computation: Computation, known: Mapping[Expression, Any]) -> list[str]:
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
