"""The schedule of kernels: phases with barriers between them, so that nothing is read before it is written.

A kernel may follow another within a phase if every thread reads only what it wrote itself: both divide axis 0, and row
i of the one reads row i of the other. Forward and backward passes of a network are such chains over the examples. A
gradient sums over the examples, so it waits for the next phase, and so does whoever overwrites what others read.
"""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.graph import Node
from chainrule.ops.elementwise import STOP_GRADIENT
from chainrule.plan.access import AccessPattern, is_leaf, reads
from chainrule.plan.fuse import Fusion
from chainrule.plan.kernels import Axes, Buffer, Kernel, Place, Reads
from chainrule.plan.layout import base_of

_ALONE = 16384  # up to so many elements are read by every thread for itself


def kernel_reads(fusion: Fusion) -> Reads:
    """What every kernel reads from memory."""
    return {kernel: read_by(fusion, kernel) for kernel in fusion.kernels}


def read_by(fusion: Fusion, kernel: Kernel) -> dict[Node, set[AccessPattern]]:
    """What a kernel reads from memory."""

    def stored_elsewhere(node: Node) -> bool:
        return node in fusion.stored and fusion.kernel_of[node] is not kernel

    found: dict[Node, set[AccessPattern]] = {}
    for root, axes in kernel.members.items():
        if root in fusion.stored:
            for node, indices in reads(root, axes, stored_elsewhere):
                found.setdefault(node, set()).add(indices)
    return found


def is_alone(kernel: Kernel) -> bool:
    """Whether every thread computes all of a kernel for itself, which costs less than to wait for the others.

    So it is with a single number, and with a small copy of what all threads read anyway: the weights as the backward
    pass needs them.
    """
    if kernel.is_host_callback or kernel.adds_up:
        return False
    if kernel.anchor.op is STOP_GRADIENT and len(kernel.members) == 1:
        return is_leaf(base_of(kernel.anchor.operands[0])[0]) and kernel.anchor.type.size <= _ALONE
    if kernel.space not in ((), (1,)):
        return False
    return all(operand.type.size <= _ALONE for operand in kernel.anchor.operands)


def schedule(
    fusion: Fusion,
    reads_of: Reads,
    buffers: Mapping[Node, Buffer],
    guard: Kernel | None,
) -> None:
    """Set the phases of all kernels and sort them."""
    before = _before(fusion, reads_of, buffers, guard)
    for kernel in _topological(fusion.kernels, before):
        kernel.phase = max((other.phase + delay for other, delay in before[kernel]), default=0)
    late = _after_writers(fusion.kernels, before, guard)
    rank = {kernel: position for position, kernel in enumerate(_topological(fusion.kernels, before))}
    fusion.kernels.sort(key=lambda kernel: (kernel.phase, kernel in late, rank[kernel]))
    for number, kernel in enumerate(fusion.kernels):
        kernel.number = number


Before = dict[Kernel, list[tuple[Kernel, int]]]


def _before(
    fusion: Fusion,
    reads_of: Reads,
    buffers: Mapping[Node, Buffer],
    guard: Kernel | None,
) -> Before:
    """For every kernel those that must run before it, and how many phases before."""
    before: Before = {kernel: [] for kernel in fusion.kernels}
    writers = {store.buffer: kernel for kernel in fusion.kernels for store in kernel.stores}
    for kernel in fusion.kernels:
        for node, indices in reads_of[kernel].items():
            writer = fusion.kernel_of.get(node)
            if writer is not None:
                before[kernel].append((writer, 0 if _own_rows(fusion, kernel, writer, node, indices) else 1))
            elif buffers[node].place is Place.STATE and (writer := writers.get(buffers[node])) not in (None, kernel):
                before[writer].append((kernel, 0 if _same_rows(kernel, writer, buffers[node], indices) else 1))
    guards = [kernel for kernel in fusion.kernels if kernel is guard or kernel.is_host_callback]
    for kernel in fusion.kernels:
        if any(store.buffer.place is Place.STATE for store in kernel.stores):
            before[kernel] += [(other, 1 if other.divided else 0) for other in guards if other is not kernel]
    return before


def _own_rows(fusion: Fusion, kernel: Kernel, writer: Kernel, node: Node, indices: set[AccessPattern]) -> bool:
    """Whether each thread reads only what it wrote itself."""
    if not writer.divided:
        return True
    if not kernel.divided or writer.is_host_callback or kernel.is_host_callback:
        return False
    if not writer.space or not kernel.space:
        return writer.space == kernel.space  # both run on the first thread only
    return _in_step(kernel, writer, writer.members[node], indices)


def _same_rows(reader: Kernel, writer: Kernel, state: Buffer, indices: set[AccessPattern]) -> bool:
    """Whether a thread overwrites only what it alone reads: both go through a state row by row."""
    axes = next(store.axes for store in writer.stores if store.buffer is state)
    if not (reader.divided and writer.divided and reader.space and writer.space):
        return False
    return _in_step(reader, writer, axes, indices)


def _in_step(reader: Kernel, writer: Kernel, axes: Axes, indices: set[AccessPattern]) -> bool:
    """Whether the elements that a thread's part of the one touches are those that its part of the other touches."""
    same = reader.shared_length == writer.shared_length and reader.grain == writer.grain
    return same and all(at[axes.index(writer.shared_axis)] == reader.shared_axis for at in indices)


def _topological(kernels: list[Kernel], before: Before) -> list[Kernel]:
    order: list[Kernel] = []
    seen: set[Kernel] = set()
    pending = [(kernel, False) for kernel in reversed(kernels)]
    while pending:
        kernel, ready = pending.pop()
        if ready:
            order.append(kernel)
        elif kernel not in seen:
            seen.add(kernel)
            pending.append((kernel, True))
            pending.extend((other, False) for other, _ in before[kernel] if other not in seen)
    return order


def _after_writers(kernels: list[Kernel], before: Before, guard: Kernel | None) -> set[Kernel]:
    """Kernels that run after the guard's verdict: those that change a state, and what follows them in their phase."""
    late: set[Kernel] = set()
    for kernel in _topological(kernels, before):
        writes = any(store.buffer.place is Place.STATE for store in kernel.stores)
        follows = any(other in late and other.phase == kernel.phase for other, _ in before[kernel])
        if kernel is not guard and (writes or follows):
            late.add(kernel)
    return late
