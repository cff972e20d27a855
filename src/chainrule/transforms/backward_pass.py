"""The record of a backward pass, step by step: the by-product from which every explanation is printed.

Nothing here is computed a second time. The values in a backward pass are nodes of the derivative graph itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.figures import counted
from chainrule.graph import Node, topological_order
from chainrule.graph.show import number_nodes


@dataclass(frozen=True)
class Contribution:
    """One edge of the graph, walked backwards: what a node passes on to one of its operands.

    Attributes:
        position: which operand of the node.
        operand: that operand.
        result: the cotangent that the derivative rule gave for it.
    """

    position: int
    operand: Node
    result: Node


@dataclass(frozen=True)
class BackwardStep:
    """One application of the chain rule, at one node.

    Attributes:
        node: the node whose operation is differentiated.
        terms: the cotangents that arrived, one for every path that meets here, in order of arrival.
        cotangent: their sum, the derivative with respect to this node: all that is needed from here on.
        contributions: what the rules of the operation made of it, one for every operand that matters.
    """

    node: Node
    terms: tuple[Node, ...]
    cotangent: Node
    contributions: tuple[Contribution, ...]

    def written(self, names: Mapping[Node, str]) -> str:
        """The step on one line, such as "at %2 arrives %3 + %4 = %5; passes %6 to x"."""
        arrives = " + ".join(names[term] for term in self.terms)
        total = f" = {names[self.cotangent]}" if len(self.terms) > 1 else ""
        passes = ", ".join(f"{names[edge.result]} to {names[edge.operand]}" for edge in self.contributions)
        return f"at {names[self.node]} arrives {arrives}{total}" + (f"; passes {passes}" if passes else "")


@dataclass(frozen=True)
class BackwardPass:
    """One back propagation: all its steps, in the order in which they were made.

    Attributes:
        outputs: the nodes that were differentiated, and their cotangents.
        seeds: the cotangents that were given for the outputs.
        wrt: the nodes with respect to which they were differentiated.
        results: their cotangents; None where no path leads.
        steps: the applications of the chain rule.
    """

    outputs: tuple[Node, ...]
    seeds: tuple[Node, ...]
    wrt: tuple[Node, ...]
    results: tuple[Node | None, ...]
    steps: tuple[BackwardStep, ...]

    def __repr__(self) -> str:
        return f"<backward pass of {counted(len(self.steps), 'step')}>"

    def __str__(self) -> str:
        """The nodes, numbered as in the derivative graph, then one line for each application of the chain rule."""
        results = [result for result in self.results if result is not None]
        between = [node for step in self.steps for node in (step.cotangent, *(c.result for c in step.contributions))]
        names, lines = number_nodes(topological_order([*self.outputs, *results, *between]))
        return "\n".join(["nodes", *lines, "chain rule", *(f"  {step.written(names)}" for step in self.steps)])

    def step(self, node: Node) -> BackwardStep | None:
        """The step at a node, or None if no path leads through it."""
        return next((step for step in self.steps if step.node is node), None)
