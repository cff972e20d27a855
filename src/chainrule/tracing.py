"""From a Python function to a graph: run it once on traced values, and keep what they recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chainrule import tree
from chainrule.errors import ArgumentError, TraceError
from chainrule.graph import Graph, Node, make_input
from chainrule.ops.value import Value, lift
from chainrule.tree import KeyPath, Tree
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
    graph = trace_call(f, args, kwargs, range(len(args))).graph
    graph.verify()
    return graph


@dataclass(frozen=True)
class TracedCall:
    """A call of a function with traced values in place of some of its arguments.

    Attributes:
        name: of the function.
        inputs: a traced value for every leaf of these arguments, in order.
        arguments: for each of these arguments the positions of its leaves among the inputs.
        result: what the function returned, for its structure.
        outputs: the leaves of the result.
    """

    name: str
    inputs: list[Value]
    arguments: tuple[range, ...]
    result: Tree
    outputs: list[Value]

    @property
    def graph(self) -> Graph:
        """The function inputs -> outputs."""
        return Graph(nodes_of(self.inputs), nodes_of(self.outputs), self.name)


def trace_call(
    f: Callable[..., Any], args: Sequence[Tree], kwargs: Mapping[str, Any], positions: Iterable[int]
) -> TracedCall:
    """Call `f` with traced values in place of the arguments at `positions`; the others are passed as they are."""
    if not callable(f):
        raise ArgumentError(f"only a function can be recorded, got {f!r}")
    inputs: list[Value] = []
    arguments: list[range] = []
    complete = list(args)
    for position in positions:
        named = named_leaves(f, args, position)
        leaves = [Value(make_input(str(path), type_of(leaf, path))) for path, leaf in named]
        complete[position] = tree.rebuild(args[position], iter(leaves))
        arguments.append(range(len(inputs), len(inputs) + len(leaves)))
        inputs += leaves
    result = _call(f, complete, kwargs)
    return TracedCall(function_name(f), inputs, tuple(arguments), result, output_leaves(f, result))


_depth: ContextVar[int] = ContextVar("how many traces enclose this one", default=0)


def _call(f: Callable[..., Any], args: Iterable[Tree], kwargs: Mapping[str, Any]) -> Tree:
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


def type_of(leaf: Any, name: KeyPath | str) -> ArrayType:
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
                f"{function_name(f)} returned {type(leaf).__name__}{f' at {path}' if path.keys else ''}; "
                "it must return arrays, or nested dicts, lists and tuples of arrays"
            ) from error
    return leaves


def function_name(f: Callable[..., Any]) -> str:
    """The name of a function for messages and printed graphs."""
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else name


def named_leaves(f: Callable[..., Any], args: Sequence[Tree], position: int) -> Iterator[tuple[KeyPath, Any]]:
    """The leaves of one argument, named after the parameter of `f` that takes it, as in x['W'][0]."""
    names: list[str] = []
    with suppress(TypeError, ValueError):  # builtins need not have a signature
        parameters = inspect.signature(f).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tree.items(args[position], names[position] if position < len(names) else f"arg{position}")


def nodes_of(values: Iterable[Value]) -> tuple[Node, ...]:
    """The nodes behind values."""
    return tuple(value.node for value in values)
