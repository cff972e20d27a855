"""What is derived: a text, a function of numbers, or one of arrays as a function of their elements."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.explain.algebra.from_graph import expression_of, with_composites
from chainrule.explain.algebra.rewrite import LARGEST, size, substituted
from chainrule.explain.expression import Expression, Symbol
from chainrule.explain.scalar.chain import MOST_PATHS, backwards, over_paths, path_count
from chainrule.explain.scalar.computation import Computation
from chainrule.explain.source.by_element import Elements
from chainrule.explain.source.text import parse
from chainrule.explain.source.variable_names import record_named, result_of
from chainrule.figures import counted
from chainrule.functions import grad
from chainrule.graph import Node
from chainrule.tracing import function_name
from chainrule.types import Array, as_array

At: TypeAlias = Mapping[str, Any] | Sequence[Any] | float | None


@dataclass(frozen=True)
class Source:
    """What is derived: how a board shows it, and how the engine computes it from the inputs, in their order."""

    computation: Computation
    function: Callable[..., Any]


def from_text(text: str) -> Source:
    """Definitions, the function first; ArgumentError if they break the grammar."""
    computation = Computation.of(parse(text))

    def function(*numbers: Any) -> Any:
        values = computation.values(dict(zip(computation.inputs, numbers, strict=True)))
        return values[Symbol(computation.function)]

    return Source(computation, function)


def _parameters(f: Callable[..., Any]) -> dict[str, Any]:
    """The parameters that are inputs, with their defaults: those before one whose default is no number and no array."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(f).parameters.values()
    given = takewhile(lambda p: p.default is p.empty or _is_numeric(p.default), signature)
    return {p.name: p.default for p in given if p.kind in positional}


def _is_numeric(default: Any) -> bool:
    return isinstance(default, int | float | np.number | np.ndarray) and not isinstance(default, bool)


def with_defaults(f: Callable[..., Any], at: At) -> At:
    """A point by name, with the defaults of the parameters that it does not give."""
    names = _parameters(f)
    if not isinstance(at, Mapping):
        values = list(at) if isinstance(at, tuple | list) else [at]
        if len(values) > len(names):
            return at
        at = dict(zip(names, values, strict=False))
    known = {name: default for name, default in names.items() if default is not inspect.Parameter.empty} | dict(at)
    return {name: known[name] for name in dict.fromkeys([*names, *known]) if name in known}


def has_arrays(at: At) -> bool:
    """Whether a point is one of arrays, perhaps nested."""
    arguments = list(at.values()) if isinstance(at, Mapping) else list(at) if isinstance(at, Sequence) else [at]
    return any(np.ndim(leaf) > 0 for argument in arguments if argument is not None for leaf in tree.leaves(argument))


def arguments_at(f: Callable[..., Any], at: At) -> list[Any]:
    """The arguments of a function at a point, in their order; ArgumentError names those that are missing."""
    if not isinstance(at, Mapping):
        return list(at) if isinstance(at, tuple | list) else [at]
    names = _parameters(f)
    if set(at) != set(names):
        raise ArgumentError(f"at needs a value for each of {', '.join(names)}, got {', '.join(at) or 'none'}")
    return [at[name] for name in names]


def wide(leaf: Any) -> Array:
    """An argument as boards compute with it: floats in float64."""
    array = as_array(leaf, "at")
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def from_function(f: Callable[..., Any]) -> Source:
    """A traced function of numbers, which are named after its parameters; ArgumentError if it names none."""
    if not callable(f):
        raise ArgumentError(f"derive takes a function or a text such as 'f = x*y; y = x^2', got {f!r}")
    names = tuple(_parameters(f))
    if not names:
        raise ArgumentError(
            f"{function_name(f)} has no parameters with names that could be inputs; write def f(x, y), not def f(*args)"
        )
    traced, named = record_named(f, [1.0] * len(names))
    inputs = dict(zip((value.node for value in traced.inputs), names, strict=True))
    return Source(_computation(result_of(traced), inputs, named, function_name(f)), f)


def from_elements(f: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Source, dict[str, float]]:
    """A function of arrays as one of their elements, and the point."""
    names = list(_parameters(f))
    if len(names) != len(arguments):
        count = counted(len(names), "input")
        takes = f"{function_name(f)} takes {count}, {', '.join(names)}" if names else "it names no inputs"
        raise ArgumentError(f"at has {counted(len(arguments), 'argument')}, but {takes}")
    for name, argument in zip(names, arguments, strict=True):
        if not isinstance(argument, np.ndarray):
            raise ArgumentError(
                f"{name} is a {type(argument).__name__}; elements are named of arrays, so give each of its arrays as "
                "an argument of its own"
            )
    recorded = Elements(f, dict(zip(names, arguments, strict=True)))
    computation = _computation(recorded.output, recorded.inputs, recorded.named, function_name(f))
    return Source(computation, recorded.function), recorded.point


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


def derivative_of(source: Source, wrt: str) -> Source:
    """The derivative as a new source: its last line in the inputs, or where that is too large its adjoints."""
    computation = source.computation
    position = computation.inputs.index(wrt)
    name = computation.function + "′"
    closed = _closed(computation, wrt)
    definitions = {name: closed} if closed else _adjoints(computation, wrt, name)
    return Source(Computation.of(definitions, computation.inputs), grad(source.function, position))


def _closed(computation: Computation, wrt: str) -> Expression | None:
    if path_count(computation, wrt) > MOST_PATHS:
        return None
    line = computation.closed(over_paths(computation, wrt)[1])
    if size(line) > LARGEST:
        return None
    return computation.order.collected(computation.order.without_zeros(line))


def _adjoints(computation: Computation, wrt: str, name: str) -> dict[str, Expression]:
    steps = list(backwards(computation, wrt))
    names: dict[Expression, Symbol] = {d: Symbol(name if d.by == wrt else f"{d.by}̄") for d, _ in steps}
    adjoints = {names[d].name: substituted(e, names) for d, e in reversed(steps)}
    return adjoints | dict(computation.definitions)
