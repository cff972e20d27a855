"""A function recorded at given arguments: what every derivative function starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import reference, tree
from chainrule.errors import ArgumentError
from chainrule.graph import Graph
from chainrule.ops.value import Value, lift
from chainrule.tracing import call, function_name, is_tracing, make_inputs, nodes_of, output_leaves
from chainrule.transforms.inline import substitute
from chainrule.tree import Tree


@dataclass(frozen=True)
class Recording:
    """`f` recorded as a function of some of its arguments, the others held fixed.

    Attributes:
        name: the name of `f`.
        inputs: one traced value for every leaf of the chosen arguments.
        arguments: the numbers at these leaves, or traced values of an enclosing trace.
        argument_trees: the chosen arguments, for their structure.
        outputs: the leaves of the result.
        result: the result, for its structure.
    """

    name: str
    inputs: list[Value]
    arguments: list[Any]
    argument_trees: tuple[Tree, ...]
    outputs: list[Value]
    result: Tree

    def function(self, values: Sequence[Value], extra: Sequence[Value] = ()) -> Callable[..., list[Any]]:
        """The function extra inputs -> `values`, at the recorded arguments.

        It computes numbers; inside an enclosing trace it gives traced values that belong to that trace.
        """
        inputs = nodes_of([*self.inputs, *extra])
        graph = Graph(inputs, nodes_of(values), self.name)
        if any(isinstance(argument, Value) for argument in self.arguments) or (graph.free_inputs and is_tracing()):
            return lambda *numbers: self._inline(graph, numbers)
        run = reference.prepare(graph)
        return lambda *numbers: (
            self._inline(graph, numbers)
            if any(isinstance(number, Value) for number in numbers)
            else [array if array.ndim else array[()] for array in run([*self.arguments, *numbers])]
        )

    def _inline(self, graph: Graph, numbers: Sequence[Any]) -> list[Any]:
        given = [lift(value).node for value in (*self.arguments, *numbers)]
        return list(map(Value, substitute(graph.outputs, dict(zip(graph.inputs, given, strict=True)))))

    def like_arguments(self, leaves: Sequence[Any]) -> tuple[Tree, ...]:
        """Leaves in the structure of the chosen arguments."""
        rest = iter(leaves)
        return tuple(tree.rebuild(argument, rest) for argument in self.argument_trees)

    def like_result(self, leaves: Sequence[Any]) -> Tree:
        """Leaves in the structure of the result."""
        return tree.rebuild(self.result, iter(leaves))


def record(f: Callable[..., Any], args: Sequence[Tree], kwargs: Mapping[str, Any], argnums: Sequence[int]) -> Recording:
    """Record `f` as a function of the arguments at `argnums`, which must be floats.

    Raises:
        ArgumentError: there is no such argument, or one of its leaves is not a float array.
        TraceError: `f` cannot be recorded.
    """
    for position in argnums:
        if not -len(args) <= position < len(args):
            raise ArgumentError(f"argnums names argument {position}, but {function_name(f)} got {len(args)} arguments")
    positions = [position % len(args) for position in argnums]
    chosen = tuple(args[position] for position in positions)
    inputs = make_inputs(f, positions, chosen)
    for value in inputs:
        if not value.node.type.is_float:
            raise ArgumentError(
                f"argument {value.node.keywords['slot']} of {function_name(f)} has type {value.node.type}, without "
                "a derivative; pass floats (3.0, or x.astype(float)), or leave it out of argnums"
            )
    leaves = iter(inputs)
    complete = list(args)
    for position, argument in zip(positions, chosen, strict=True):
        complete[position] = tree.rebuild(argument, leaves)
    result = call(f, complete, kwargs)
    outputs = output_leaves(f, result)
    return Recording(function_name(f), inputs, tree.leaves(chosen), chosen, outputs, result)
