"""A function recorded at given arguments: what every derivative function starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import reference, tree
from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.graph import Graph
from chainrule.ops.value import Value, lift
from chainrule.tracing import TracedCall, function_name, is_tracing, named_leaves, nodes_of, trace_call, type_of
from chainrule.transforms.inline import substitute
from chainrule.tree import Tree


@dataclass(frozen=True)
class Recording:
    """`f` recorded as a function of some of its arguments, the others held fixed.

    Attributes:
        traced: the call that was recorded.
        chosen: these arguments: numbers, or traced values of an enclosing trace.
    """

    traced: TracedCall
    chosen: tuple[Tree, ...]

    @property
    def name(self) -> str:
        """The name of `f`."""
        return self.traced.name

    @property
    def inputs(self) -> list[Value]:
        """A traced value for every leaf of the chosen arguments."""
        return self.traced.inputs

    @property
    def outputs(self) -> list[Value]:
        """The leaves of the result."""
        return self.traced.outputs

    def function(self, values: Sequence[Value], extra: Sequence[Value] = ()) -> Callable[..., list[Any]]:
        """The function extra inputs -> `values`, at the recorded arguments.

        It computes numbers; inside an enclosing trace it gives traced values that belong to that trace.
        """
        graph = Graph(nodes_of([*self.inputs, *extra]), nodes_of(values), self.name)
        arguments = tree.leaves(self.chosen)
        belongs_to_a_trace = _any_traced(arguments) or (is_tracing() and graph.free_inputs)
        run = None if belongs_to_a_trace else reference.as_function(graph)

        def function(*numbers: Any) -> list[Any]:
            if run is None or _any_traced(numbers):
                return _inlined(graph, [*arguments, *numbers])
            return [array if array.ndim else array[()] for array in run([*arguments, *numbers])]

        return function

    def like_arguments(self, leaves: Sequence[Any]) -> tuple[Tree, ...]:
        """Leaves in the structure of the chosen arguments."""
        rest = iter(leaves)
        return tuple(tree.rebuild(argument, rest) for argument in self.chosen)

    def like_result(self, leaves: Sequence[Any]) -> Tree:
        """Leaves in the structure of the result."""
        return tree.rebuild(self.traced.result, iter(leaves))


def record(f: Callable[..., Any], args: Sequence[Tree], kwargs: Mapping[str, Any], argnums: Sequence[int]) -> Recording:
    """Record `f` as a function of the arguments at `argnums`, which must be floats.

    Raises:
        ArgumentError: there is no such argument, or one of its leaves is not a float array.
        TraceError: `f` cannot be recorded.
    """
    for position in argnums:
        if not -len(args) <= position < len(args):
            raise ArgumentError(
                f"argnums names argument {position}, but {function_name(f)} got {counted(len(args), 'argument')}"
            )
    positions = [position % len(args) for position in argnums]
    for position in positions:
        for path, leaf in named_leaves(f, args, position):
            if not type_of(leaf, path).is_float:
                raise ArgumentError(
                    f"argument {path} of {function_name(f)} has type {type_of(leaf, path)}, without a "
                    "derivative; pass floats (3.0, or x.astype(float)), or leave it out of argnums"
                )
    return Recording(trace_call(f, args, kwargs, positions), tuple(args[position] for position in positions))


def _any_traced(values: Sequence[Any]) -> bool:
    return any(isinstance(value, Value) for value in values)


def _inlined(graph: Graph, values: Sequence[Any]) -> list[Any]:
    """The outputs of a graph at traced values and constants."""
    given = [lift(value).node for value in values]
    return list(map(Value, substitute(graph.outputs, dict(zip(graph.inputs, given, strict=True)))))
