"""From a Python function to a graph: run it once on traced values, and keep what they recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from chainrule import tree
from chainrule.errors import ArgumentError, TraceError
from chainrule.graph import Graph, Node, make_input
from chainrule.ops.value import Value, lift
from chainrule.tree import Tree
from chainrule.types import ArrayType, as_array


def trace(f: Callable[..., Any], *args: Tree, **kwargs: Any) -> Graph:
    """Record `f` as a graph of its positional arguments.

    Args:
        f: a function written in NumPy and chainrule functions.
        args: arrays, numbers, or nested dicts, lists and tuples of them; only their shapes and dtypes matter.
        kwargs: passed on as they are, not traced.

    Returns:
        An immutable graph whose inputs and outputs are the leaves, in order. It prints as readable text.

    Raises:
        TraceError: `f` did something that cannot be recorded; names the line.
        ArgumentError: an argument or result is no array, or shapes do not fit.
    """
    inputs = make_inputs(f, range(len(args)), args)
    leaves = iter(inputs)
    values = [tree.rebuild(arg, leaves) for arg in args]
    outputs = output_leaves(f, call(f, values, kwargs))
    graph = Graph(nodes_of(inputs), nodes_of(outputs), function_name(f))
    graph.verify()
    return graph


_depth: ContextVar[int] = ContextVar("how many traces enclose this one", default=0)


def call(f: Callable[..., Any], args: Iterable[Tree], kwargs: Mapping[str, Any]) -> Tree:
    """Call `f` as part of a trace: values that it takes from its surroundings may belong to an enclosing trace."""
    token = _depth.set(_depth.get() + 1)
    try:
        return f(*args, **kwargs)
    except ValueError as error:  # NumPy wraps the refusal of a traced value that is assigned into an array
        if isinstance(error.__cause__, TraceError):
            raise error.__cause__ from None
        raise
    finally:
        _depth.reset(token)


def is_tracing() -> bool:
    """Whether some function is being recorded right now."""
    return _depth.get() > 0


def make_inputs(f: Callable[..., Any], positions: Iterable[int], args: Iterable[Tree]) -> list[Value]:
    """An input for every leaf of the arguments at `positions`, named after the parameters of `f`."""
    names = parameter_names(f)
    inputs = []
    for position, arg in zip(positions, args, strict=True):
        name = names[position] if position < len(names) else f"arg{position}"
        for path, leaf in tree.items(arg, name):
            inputs.append(Value(make_input(path, type_of(leaf, path))))
    return inputs


def type_of(leaf: Any, name: str) -> ArrayType:
    """The type of an array, a number or a traced value."""
    if isinstance(leaf, Value):
        return leaf.node.type
    array = as_array(leaf, f"argument {name}")
    return ArrayType(array.shape, array.dtype)


def output_leaves(f: Callable[..., Any], result: Tree) -> list[Value]:
    """The leaves of what `f` returned, as values; plain numbers and arrays become constants."""
    leaves = []
    for path, leaf in tree.items(result):
        try:
            leaves.append(lift(leaf))
        except ArgumentError as error:
            raise TraceError(
                f"{function_name(f)} returned {type(leaf).__name__}{f' at {path}' if path else ''}; "
                "it must return arrays, or nested dicts, lists and tuples of arrays"
            ) from error
    return leaves


def function_name(f: Callable[..., Any]) -> str:
    """The name of a function for messages and printed graphs."""
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else name


def parameter_names(f: Callable[..., Any]) -> list[str]:
    """The names of the positional parameters, as far as they are known."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # builtins need not have a signature
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def nodes_of(values: Iterable[Value]) -> tuple[Node, ...]:
    """The nodes behind values."""
    return tuple(value.node for value in values)
