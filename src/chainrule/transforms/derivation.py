"""What back propagation did, step by step: the by-product from which every explanation is printed.

Nothing here is computed a second time. The values in a derivation are nodes of the derivative graph itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.graph import Node


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
class Step:
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


@dataclass(frozen=True)
class Derivation:
    """All steps of one back propagation, in the order in which they were made.

    Attributes:
        outputs: the nodes that were differentiated, and their cotangents.
        seeds: the cotangents that were given for the outputs.
        wrt: the nodes with respect to which.
        results: their cotangents; None where no path leads.
        steps: the applications of the chain rule.
    """

    outputs: tuple[Node, ...]
    seeds: tuple[Node, ...]
    wrt: tuple[Node, ...]
    results: tuple[Node | None, ...]
    steps: tuple[Step, ...]

    def step(self, node: Node) -> Step | None:
        """The step at a node, or None if no path leads through it."""
        return next((step for step in self.steps if step.node is node), None)
