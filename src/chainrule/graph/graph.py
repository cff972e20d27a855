"""A graph is a function: inputs, outputs, and the nodes between them in the order in which they can be computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chainrule.graph.node import INPUT, Node
from chainrule.graph.show import show
from chainrule.graph.verify import verify


def topological_order(outputs: Iterable[Node], known: Iterable[Node] = ()) -> tuple[Node, ...]:
    """Every node that the outputs need, operands before their users, without looking below the `known` ones.

    Depth costs no stack.
    """
    order: list[Node] = []
    done = set(known)
    pending = [*outputs][::-1]
    while pending:
        node = pending[-1]
        missing = [operand for operand in node.operands if operand not in done] if node not in done else ()
        if missing:
            pending += missing[::-1]
            continue
        pending.pop()
        if node not in done:
            done.add(node)
            order.append(node)
    return tuple(order)


@dataclass(frozen=True, eq=False)
class Graph:
    """An immutable function over arrays.

    A node that no output needs is not part of the graph, so dead code cannot exist. Inputs stay in the signature
    even if no output needs them.

    Attributes:
        inputs: the input nodes, in the order of the arguments.
        outputs: the nodes whose values are returned.
        nodes: all nodes that the outputs need, in topological order.
        name: printed as the name of the function.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    name: str = "f"
    nodes: tuple[Node, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", topological_order(self.outputs))

    @property
    def free_inputs(self) -> tuple[Node, ...]:
        """Inputs of an enclosing trace that the outputs need; a graph that can be run has none."""
        own = set(self.inputs)
        return tuple(node for node in self.nodes if node.op is INPUT and node not in own)

    def verify(self) -> None:
        """Check every invariant of the graph; GraphError names the first node that breaks one."""
        verify(self)

    def __str__(self) -> str:
        return show(self)

    __repr__ = __str__


def dependants(order: Sequence[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes of `order` (topological) that depend on any of `sources`, themselves included."""
    found = set(sources)
    for node in order:
        if any(operand in found for operand in node.operands):
            found.add(node)
    return found
