"""Code for one element, or a vector of neighbouring ones, of any node: the recursion that all kernels are made of.

`pull(node, indices)` gives the code for element `indices` of a node. A node in memory is loaded; an elementwise node
pulls its operands; a view pulls its operand at other indices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.codegen.context import Context
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.memory import Memory
from chainrule.codegen.scalar import EMITTERS, element_of
from chainrule.codegen.scope import Indices, Pulled
from chainrule.codegen.values import constant, lanes
from chainrule.codegen.views import VIEWS, zero
from chainrule.graph import CONSTANT, INPUT, Kind, Node
from chainrule.plan import Buffer, Kernel, Plan
from chainrule.plan.access import AccessPattern, moves_lanes


class ElementWriter(Memory):
    """Emits code for the elements of nodes into a function.

    Attributes:
        given: nodes whose elements come from elsewhere, such as a reduction's result.
    """

    def __init__(self, plan: Plan, kernel: Kernel, function: FunctionBuilder, context: Context) -> None:
        super().__init__(plan, kernel, function, context)
        self.given: dict[Node, Callable[[Indices], Pulled]] = {}
        self._inner = {store.node for store in kernel.stores} | {kernel.anchor}

    def pull(self, node: Node, at: Indices) -> Pulled:
        """Element `at` of a node; a scalar if it is the same for all lanes."""
        level = max((index.level for index in at), default=0)
        key = (node, at)
        known = self._known[level].get(key)
        if known is None:
            known = self._known[level][key] = self._pull(node, at, level)
        return known

    def _pull(self, node: Node, at: Indices, level: int) -> Pulled:
        if node in self.given:
            return self.given[node](at)
        if 0 in node.type.shape:  # it has no element, so no loop asks for one; what is computed before loops must not
            return zero(node)
        if node.op is CONSTANT and not node.type.shape:
            return Pulled(constant(element_of(node.type.dtype), node.keywords["value"].array[()]), 0)
        if node.op in (INPUT, CONSTANT) or (node in self.plan.buffers and node not in self._inner):
            return self.load(self.plan.buffers[node], at)
        if node.op.kind is Kind.ELEMENTWISE:
            return self._apply(node, [self.pull(operand, at) for operand in node.operands])
        return VIEWS[node.op.name](self, node, at)

    def _apply(self, node: Node, operands: Sequence[Pulled]) -> Pulled:
        level = max((operand.level for operand in operands), default=0)
        if any(lanes(operand.value.type) > 1 for operand in operands):
            operands = [self.splat(operand) for operand in operands]
        with self.function.at(level):
            return Pulled(EMITTERS[node.op.name](self.function, node, *(x.value for x in operands)), level)

    def is_padded(self, width: int) -> bool:
        """Whether all that the kernel touches along its last axis may be read and written in whole vectors."""
        last = len(self.kernel.space) - 1
        if self.kernel.space[last] and self.kernel.space[last] % width == 0:
            return True
        touched: list[tuple[Buffer, AccessPattern]] = [(s.buffer, s.axes) for s in self.kernel.stores]
        for node, patterns in self.plan.reads[self.kernel].items():
            touched += [(self.plan.buffers[node], pattern) for pattern in patterns]
        for buffer, axes in touched:
            if last in axes and not buffer.holds_vectors(axes.index(last), width):
                return False
        return not moves_lanes(self._roots(), last, self.in_memory)

    def _roots(self) -> list[tuple[Node, AccessPattern]]:
        return [(store.node, store.axes) for store in self.kernel.stores]

    def in_memory(self, node: Node) -> bool:
        """Whether a node's elements are loaded and not computed here."""
        return node in self.plan.buffers and node not in self._inner
