"""Memory layout: the order of a buffer's axes and their strides.

The right factor of a matmul is read in whole vectors along its columns, so its rows must lie one after another, padded.
A value is therefore kept in the order of the loop that computes it, and a factor with another layout is copied.
"""

from __future__ import annotations

from dataclasses import replace

from chainrule.graph import Graph, Node, make_node, rebuild
from chainrule.graph.usage import Usage
from chainrule.ops.matmul import MATMUL
from chainrule.ops.shape import TRANSPOSE
from chainrule.ops.sparse import SPARSE_OUTER
from chainrule.plan.access import is_leaf
from chainrule.plan.canonicalise import copy_of
from chainrule.plan.fuse import Fusion, fuse
from chainrule.plan.kernels import AS_GIVEN, Axes, Buffer, Place

_FAR = 1 << 18  # bytes of a left factor
_REUSED = 256  # columns of a product for which it pays to copy one
Role = tuple[str, Axes]
_FACTORS = ("left", "right")
_OTHERS: Role = ("others", ())
LINE = 64  # bytes of a cache line; rows of scratch memory begin at one, and the rows of a panel are one


def base_of(node: Node) -> tuple[Node, Axes]:
    """The node below a chain of transposes, and for each axis of `node` the axis of that one."""
    axes = tuple(range(len(node.type.shape)))
    while node.op is TRANSPOSE:
        inner = node.keywords["axes"]
        axes = tuple(inner[i] for i in axes)
        node = node.operands[0]
    return node, axes


def natural(node: Node) -> Axes:
    """Axes from the outermost to the innermost in row-major (C) order."""
    return tuple(range(len(node.type.shape)))


def order_in_loop(fusion: Fusion, node: Node) -> Axes:
    """The axes of a computed node in the order of the loops that compute it."""
    axes = fusion.kernel_of[node].members[node]
    return tuple(sorted(range(len(axes)), key=lambda axis: axes[axis]))


def fuse_with_factors(graph: Graph, usage: Usage) -> tuple[Graph, Fusion]:
    """The graph with a copy of every factor of a matmul that cannot be read where it lies, and its fusion."""
    fusion = fuse(graph, usage, _factors(graph))
    carried = [(graph.inputs[i], graph.outputs[o]) for i, o in usage.carried]
    orders = {old: order_in_loop(fusion, new) for old, new in carried}
    orders |= {graph.inputs[i]: resident_order(graph, graph.inputs[i]) for i in usage.resident}
    results = set(graph.outputs) - {new for _, new in carried}

    def order_of(base: Node) -> Axes:
        if base in results or (is_leaf(base) and base not in orders):
            return natural(base)
        return orders[base] if is_leaf(base) else order_in_loop(fusion, base)

    def copied(node: Node) -> tuple[bool, bool]:
        (a, a_axes), (b, b_axes) = map(base_of, node.operands)
        plain_b = b in results or (is_leaf(b) and b not in orders)  # not padded, so not to be read in whole vectors
        single = node.type.shape[-1] == 1  # one column: what vectors read beside it does not matter
        contiguous = order_of(a)[-1]
        left = contiguous not in a_axes[-2:] or (contiguous != a_axes[-1] and _far_and_reused(node))
        return left, plain_b or not (single or order_of(b) == b_axes)

    def across(node: Node) -> bool:
        base, axes = base_of(node)
        return order_of(base)[-1] != axes[-1]

    def factor_copy(old: Node, new: Node) -> Node:
        copied, copy = copy_of(old), copy_of(new)
        return factor_copy(copied, copy) if copied in graph.outputs else copy  # the caller's array is not padded

    def with_copies(old: Node, new: Node) -> Node:
        if old.op.is_sparse and across(old.operands[4]):
            return make_node(new.op, (*new.operands[:4], factor_copy(old.operands[4], new.operands[4])), **new.keywords)
        if old.op is not MATMUL or not any(copied(old)):
            return new
        pairs = zip(old.operands, new.operands, copied(old), strict=True)
        return make_node(new.op, tuple(factor_copy(x, y) if wanted else y for x, y, wanted in pairs))

    changed = rebuild(graph, with_copies)
    if changed.nodes == graph.nodes:
        return graph, fusion
    return changed, fuse(changed, usage, _factors(changed))


def _far_and_reused(node: Node) -> bool:
    """Whether a left factor exceeds the L2 cache and is read for many panels of columns.

    A tile of one that lies across reads a cache line of a far row in every round, which no processor foresees.
    """
    left = node.operands[0].type
    return left.size * left.dtype.itemsize >= _FAR and node.type.shape[-1] >= _REUSED


def resident_order(graph: Graph, node: Node) -> Axes:
    """The order in which a matmul reads an input that never changes."""
    for user in graph.nodes:
        if user.op is MATMUL or user.op.is_sparse:
            base, axes = base_of(user.operands[-1])
            if base is node:
                return axes
    return natural(node)


def _factors(graph: Graph) -> set[Node]:
    """The nodes that products read again and again, and those that are added up in memory."""
    factors = {base_of(operand)[0] for node in graph.nodes if node.op is MATMUL for operand in node.operands}
    factors |= {base_of(node.operands[4])[0] for node in graph.nodes if node.op.is_sparse}
    factors |= {node for node in graph.nodes if node.op is SPARSE_OUTER}
    return {node for node in factors if not is_leaf(node)}


def scratch(node: Node, order: Axes) -> Buffer:
    """A padded buffer whose rows begin at cache lines and do not collide."""
    itemsize = 4 if node.type.dtype.kind == "b" else node.type.dtype.itemsize
    return _buffer(node, order, Place.SHARED, itemsize, padded=True)


def in_panels(buffer: Buffer) -> Buffer:
    """The buffer with a matrix in panels as wide as a cache line, if it is larger than one and consists of whole ones.

    A product reads a panel from end to end, for each of its tiles anew. In whole rows, every row of a panel would lie
    in another place of the memory, too many for what a processor remembers of pages.
    """
    order, panel = buffer.order, LINE // buffer.itemsize
    if len(order) != 2:
        return buffer
    rows, columns = (buffer.node.type.shape[axis] for axis in order)
    if columns <= panel or columns % panel:
        return buffer
    strides = tuple(1 if axis == order[-1] else panel for axis in range(2))
    return replace(buffer, strides=strides, elements=rows * columns, panel=panel)


def roles(graph: Graph) -> dict[Node, set[Role]]:
    """How the nodes of a graph are read, through transposes: as "left" or "right" factors of products, or by "others".

    With the order of its axes as the product sees it; nobody but products has one.
    """
    found: dict[Node, set[Role]] = {node: set() for node in (*graph.inputs, *graph.nodes)}
    for user in graph.nodes:
        if user.op is TRANSPOSE:
            continue
        for position, operand in enumerate(user.operands):
            base, axes = base_of(operand)
            found[base].add((_FACTORS[position], axes) if user.op is MATMUL else _OTHERS)
    for output in graph.outputs:
        found[base_of(output)[0]].add(_OTHERS)
    return found


def state(node: Node, order: Axes, slot: int) -> Buffer:
    """A buffer like scratch memory that lives from call to call."""
    buffer = _buffer(node, order, Place.STATE, node.type.dtype.itemsize, padded=True)
    buffer.slot = slot
    return buffer


def plain(node: Node, place: Place, slot: int, per_step: bool = False) -> Buffer:
    """A C-contiguous array of the caller."""
    buffer = _buffer(node, natural(node), place, node.type.dtype.itemsize, padded=False)
    buffer.slot, buffer.per_step = slot, per_step
    return buffer


def constant(node: Node, slot: int) -> Buffer:
    """A copy of an array that the graph holds: C-contiguous, and padded where it is a single row."""
    buffer = _buffer(node, natural(node), Place.ARGUMENT, node.type.dtype.itemsize, padded=len(node.type.shape) == 1)
    buffer.slot = slot
    return buffer


def in_place(node: Node, slot: int, with_gaps: bool) -> Buffer:
    """An array of the caller with strides of its own; `with_gaps` if they are not 1 along the last axis."""
    buffer = plain(node, Place.ARGUMENT, slot)
    axes = len(buffer.strides)
    if axes:
        buffer.strides = (AS_GIVEN,) * axes if with_gaps else (*(AS_GIVEN,) * (axes - 1), 1)
    return buffer


def _buffer(node: Node, order: Axes, place: Place, itemsize: int, padded: bool) -> Buffer:
    shape = node.type.shape
    strides = [0] * len(shape)
    length = 1
    for position, axis in enumerate(reversed(order)):
        strides[axis] = length
        length *= shape[axis]
        if padded and position == 0:
            length = _padded(length, itemsize, several=len(order) > 1)
    if padded and not order:
        length = LINE // itemsize
    return Buffer(node, place, order, tuple(strides), length, itemsize, padded)


def _padded(length: int, itemsize: int, several: bool) -> int:
    """A row's length in memory: an odd number of cache lines, as rows at even distances crowd a part of the cache."""
    lines = max(-(-length * itemsize // LINE), 1)
    return (lines | 1 if several else lines) * LINE // itemsize
