"""How a graph is called: once, or step after step with some of its results as the next step's arguments."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.graph.graph import Graph


@dataclass(frozen=True)
class Usage:
    """How a graph is going to be called. Inputs and outputs are named by their positions in the graph.

    Attributes:
        carried: pairs (input, output) where the output of one step is the input of the next.
        per_step_inputs: inputs of which every step has its own, stacked along a first axis.
        per_step_outputs: outputs that are stacked so.
        guard: the output that stops the steps when it is not finite, before any state changes.
        resident: inputs that stay the same from call to call; they are kept in the layout that the plan chooses.
        in_place: inputs whose arrays are read where they lie, whatever their strides; not by a product.
        with_gaps: those of them whose neighbours along the last axis are not neighbours in memory.
        threads: how many may share the work.
    """

    carried: tuple[tuple[int, int], ...] = ()
    per_step_inputs: frozenset[int] = frozenset()
    per_step_outputs: frozenset[int] = frozenset()
    guard: int | None = None
    resident: frozenset[int] = frozenset()
    in_place: frozenset[int] = frozenset()
    with_gaps: frozenset[int] = frozenset()
    threads: int = 1

    @property
    def repeats(self) -> bool:
        """Whether one call makes many steps."""
        return bool(self.carried or self.per_step_inputs)

    def given(self, graph: Graph) -> list[int]:
        """The inputs whose arrays come with a call, in their order: all that are not carried."""
        carried = {i for i, _ in self.carried}
        return [i for i in range(len(graph.inputs)) if i not in carried]

    def returned(self, graph: Graph) -> list[int]:
        """The outputs that a call returns, in their order: all that are not carried."""
        carried = {o for _, o in self.carried}
        return [o for o in range(len(graph.outputs)) if o not in carried]


ONE_CALL = Usage()
