"""Loop fusion: which nodes share a loop nest, and which values have to be kept in memory.

First every node is given a kernel, in one pass from the inputs to the outputs. A matmul or a reduction begins a kernel
of its own. An elementwise node joins an operand's kernel if it runs over the same space and nothing else that it needs
depends on that kernel; a matmul's kernel is preferred, since its results are still in registers. Cheap functions of the
inputs alone belong to no kernel: they are recomputed wherever they are used, unless the code grows too long.

Nodes that matter only under a condition share kernels with no others, so that these can be left out of a step; such a
kernel goes through the space in the order of the one that it would have been a part of.

Then a pass back from the results finds what every kernel reads. What another kernel computed is stored in memory,
unless it can be recomputed with a few cheap operations from what is stored anyway: the derivative of tanh is
1 − a², and a is stored for the next layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chainrule.graph import Graph, Kind, Node
from chainrule.graph.usage import Usage
from chainrule.ops.elementwise import STOP_GRADIENT
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.ops.index import SCATTER_ADD
from chainrule.ops.shape import TRANSPOSE
from chainrule.plan.access import is_leaf
from chainrule.plan.conditions import conditions
from chainrule.plan.kernels import Axes, Kernel

_DEEPEST = 100  # nodes computed one from another before one is kept: the code generator descends that far
_LONGEST = 32  # operations in the code of one element of a node without a kernel
_RECOMPUTED = 6  # so many cheap operations are done again rather than kept


def is_cheap(node: Node) -> bool:
    """Whether to recompute an elementwise node costs about as much as to read its result."""
    return node.op.kind is Kind.ELEMENTWISE and not node.op.is_costly


@dataclass
class Fusion:
    """The result of fusion: kernels with their members, and the nodes that are stored in memory.

    Attributes:
        kernels: in an order in which they can run.
        kernel_of: the kernel of every node that belongs to one.
        stored: nodes that are written to memory.
        needs: the kernels that each kernel reads from.
        below: the kernels that a node depends on directly: its own, or those of its operands.
        depth: how many nodes are computed one from another, at most, without anything in memory between them.
        length: how many operations the code of one element has, down to nodes that belong to kernels, and leaves.
        conditions: without which nodes need not be computed; the nodes of a kernel have the same one.
        continued: the kernel of a condition that goes on where another one stopped because it has not that condition.
    """

    graph: Graph
    conditions: Mapping[Node, Node]
    continued: dict[tuple[Kernel, Node | None], Kernel] = field(default_factory=dict)
    kernels: list[Kernel] = field(default_factory=list)
    kernel_of: dict[Node, Kernel] = field(default_factory=dict)
    stored: set[Node] = field(default_factory=set)
    needs: dict[Kernel, set[Kernel]] = field(default_factory=dict)
    below: dict[Node, frozenset[Kernel]] = field(default_factory=dict)
    depth: dict[Node, int] = field(default_factory=dict)
    length: dict[Node, int] = field(default_factory=dict)

    def new_kernel(self, anchor: Node, continues: Kernel | None = None, axes: Axes | None = None) -> Kernel:
        """A kernel over the elements of a node; one that continues another runs over the space of that."""
        axes, condition = axes or tuple(range(len(anchor.type.shape))), self.conditions.get(anchor)
        space = tuple(anchor.type.shape[axes.index(axis)] for axis in range(len(axes)))
        kernel = Kernel(len(self.kernels), anchor, space, axes, {anchor: axes})
        kernel.condition, kernel.continues = condition, continues
        if continues is not None:
            self.continued[continues, condition] = kernel
        self.kernels.append(kernel)
        self.kernel_of[anchor] = kernel
        self.needs[kernel] = set(self._operands_below(anchor))
        self.below[anchor] = frozenset({kernel})
        self.depth[anchor], self.length[anchor] = 0, 1
        return kernel

    def join(self, node: Node, kernel: Kernel, axes: Axes) -> None:
        """Compute a node in an existing kernel."""
        kernel.members[node] = axes
        self.kernel_of[node], self.length[node] = kernel, 1
        self.needs[kernel] |= self._operands_below(node) - {kernel}
        self.below[node] = frozenset({kernel})

    def _operands_below(self, node: Node) -> frozenset[Kernel]:
        return frozenset().union(*(self.below.get(operand, frozenset()) for operand in node.operands))

    def reaches(self, start: frozenset[Kernel], goal: Kernel) -> bool:
        """Whether any of the kernels needs `goal`, directly or through others."""
        pending, seen = list(start), set(start)
        while pending:
            kernel = pending.pop()
            if kernel is goal:
                return True
            new = self.needs[kernel] - seen
            seen |= new
            pending.extend(new)
        return False


def fuse(graph: Graph, usage: Usage, stored: set[Node]) -> Fusion:
    """Find the kernels of a graph; `stored` are nodes that must be in memory in any case."""
    fusion = Fusion(graph, conditions(graph, usage))
    for node in graph.nodes:
        if not is_leaf(node):
            _find_home(fusion, node)
    fusion.stored = {node for node in (*graph.outputs, *stored) if not is_leaf(node)}
    _store_what_is_read(fusion)
    _order(fusion)
    return fusion


def _find_home(fusion: Fusion, node: Node) -> None:
    fusion.depth[node] = 1 + max((fusion.depth.get(operand, 0) for operand in node.operands), default=0)
    if node.op.is_anchor or fusion.depth[node] > _DEEPEST:
        fusion.new_kernel(node)
    elif node.op.kind is Kind.ELEMENTWISE or node.op is TRANSPOSE:
        candidates = _candidates(fusion, node)
        for kernel, axes in candidates:
            if _may_join(fusion, node, kernel):
                fusion.join(node, kernel, axes)
                return
        below = fusion._operands_below(node)
        fusion.length[node] = _length(fusion, node)
        homeless = is_cheap(node) and node.type.shape != () and not below and fusion.length[node] <= _LONGEST
        if node.op.kind is Kind.ELEMENTWISE and not homeless:
            apart = next((item for item in candidates if item[0].condition is not fusion.conditions.get(node)), ())
            fusion.new_kernel(node, *apart)
        else:
            fusion.below[node] = below
    else:
        fusion.length[node] = _length(fusion, node)
        fusion.below[node] = fusion._operands_below(node)
        if fusion.length[node] > _LONGEST:
            fusion.new_kernel(node)


def _length(fusion: Fusion, node: Node) -> int:
    """How many operations one element takes: what is needed at one place counts once, and again behind every view.

    A view reads elsewhere, so halves of halves of an array, as in a product of all its elements, double at every level.
    """
    count, pending, seen = 0, [node], {node}
    while pending:
        current = pending.pop()
        count += 1
        if current.op.is_view:
            count += sum(fusion.length.get(operand, 1) for operand in current.operands)
        elif current not in fusion.kernel_of:
            new = [operand for operand in current.operands if operand not in seen and not is_leaf(operand)]
            seen.update(new)
            pending.extend(new)
    return count


def _candidates(fusion: Fusion, node: Node) -> list[tuple[Kernel, Axes]]:
    """The kernels of the operands that run over the node's own elements, the best first."""
    found: dict[Kernel, Axes] = {}
    for operand in node.operands:
        kernel = fusion.kernel_of.get(operand)
        if kernel is None or kernel.anchor.op in (SCATTER_ADD, HOST_CALLBACK):
            continue
        axes = kernel.members[operand]
        if node.op is TRANSPOSE:
            axes = tuple(axes[i] for i in node.keywords["axes"])
        if node.op is STOP_GRADIENT and axes != tuple(sorted(axes)):
            continue  # a loop across it would lay the copy out as what it was made from
        found.setdefault(fusion.continued.get((kernel, fusion.conditions.get(node)), kernel), axes)
    return sorted(found.items(), key=lambda item: (item[0].anchor.op.kind is not Kind.CONTRACTION, -item[0].number))


def _may_join(fusion: Fusion, node: Node, kernel: Kernel) -> bool:
    """Whether both are needed in the same steps, and nothing the node needs from elsewhere waits for the kernel."""
    if kernel.condition is not fusion.conditions.get(node):
        return False
    elsewhere = [operand for operand in node.operands if fusion.kernel_of.get(operand) is not kernel]
    below = frozenset().union(*(fusion.below.get(operand, frozenset()) for operand in elsewhere))
    return not fusion.reaches(below, kernel)


def _store_what_is_read(fusion: Fusion) -> None:
    """Go from everything that is stored to what it is computed from, and store what crosses between kernels."""
    pending = sorted(fusion.stored, key=lambda node: node.type.size)
    done: set[Node] = set()
    while pending:
        node = pending.pop()
        if node in done:
            continue
        done.add(node)
        if node not in fusion.kernel_of:
            fusion.new_kernel(node)
        for read in _crossings(fusion, node):
            if read not in fusion.stored:
                fusion.stored.add(read)
                pending.append(read)


def _crossings(fusion: Fusion, root: Node) -> Iterator[Node]:
    """The values of other kernels that must be in memory for `root` to be computed in its own."""
    kernel = fusion.kernel_of[root]
    pending, seen = list(root.operands), set()
    while pending:
        node = pending.pop()
        if node in seen or is_leaf(node) or node in fusion.stored:
            continue
        seen.add(node)
        if fusion.kernel_of.get(node, kernel) is kernel or _few_operations(fusion, node):
            pending.extend(node.operands)
        else:
            yield node


def _few_operations(fusion: Fusion, node: Node) -> bool:
    """Whether a few cheap operations compute a value from what is in memory."""
    count, pending, seen = 0, [node], set()
    while pending:
        current = pending.pop()
        if current in seen or is_leaf(current) or current in fusion.stored:
            continue
        seen.add(current)
        count += 1
        if count > _RECOMPUTED or not (current.op.is_view or is_cheap(current)):
            return False
        pending.extend(current.operands)
    return True


def _order(fusion: Fusion) -> None:
    """Drop kernels that compute nothing that is stored, and number the others so that each follows what it reads."""
    used = {fusion.kernel_of[node] for node in fusion.stored}
    reads = {kernel: _kernels_read(fusion, kernel) for kernel in used}
    ordered: list[Kernel] = []
    state: dict[Kernel, bool] = {}
    pending = [(kernel, False) for kernel in sorted(used, key=lambda kernel: -kernel.number)]
    while pending:
        kernel, ready = pending.pop()
        if ready:
            ordered.append(kernel)
        elif kernel not in state:
            state[kernel] = True
            pending.append((kernel, True))
            pending.extend((other, False) for other in sorted(reads[kernel], key=lambda k: -k.number))
    for number, kernel in enumerate(ordered):
        kernel.number = number
    fusion.kernels = ordered
    fusion.needs = reads


def _kernels_read(fusion: Fusion, kernel: Kernel) -> set[Kernel]:
    """The kernels whose stored values a kernel reads."""
    roots = [node for node in kernel.members if node in fusion.stored]
    found: set[Kernel] = set()
    pending, seen = list(roots), set(roots)
    while pending:
        node = pending.pop()
        for operand in node.operands:
            if operand in seen or is_leaf(operand):
                continue
            if operand in fusion.stored and fusion.kernel_of[operand] is not kernel:
                found.add(fusion.kernel_of[operand])
            else:
                seen.add(operand)
                pending.append(operand)
    return found
