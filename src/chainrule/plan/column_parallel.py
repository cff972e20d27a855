"""Products that are divided among the threads by columns instead of rows: where weights outweigh the examples.

By rows, each thread computes a layer for some of the examples. It reads all weights, and those that another thread has
updated since have to be moved from cache to cache. By columns, each thread computes some units of the layer for all
examples, and updates the weights of these units: they stay where they are, and examples travel instead.

The price is one barrier more, since the next layer needs all units. So it is done where the weights are larger than
what goes in and out, for a layer that takes its inputs straight from memory, which every thread then reads for itself,
and whose weights nobody else reads: the first layer of a wide network, in batches that are not too large.
"""

from __future__ import annotations

from chainrule.graph import Kind, Node
from chainrule.graph.usage import Usage
from chainrule.ops.matmul import MATMUL
from chainrule.plan.access import is_leaf
from chainrule.plan.divide import COLUMNS
from chainrule.plan.fuse import Fusion
from chainrule.plan.kernels import Buffer, Kernel, Place, Reads
from chainrule.plan.layout import base_of

_UNITS = 2  # of COLUMNS that each thread gets at least


def share_columns(fusion: Fusion, usage: Usage, reads_of: Reads, buffers: dict[Node, Buffer]) -> set[Kernel]:
    """Let threads share the columns of some products; the kernels that each of them then runs for itself."""
    alone: set[Kernel] = set()
    if usage.threads == 1:
        return alone
    for i, o in usage.carried:
        old, new = fusion.graph.inputs[i], fusion.graph.outputs[o]
        update = fusion.kernel_of[new]
        layer = _only_reader(update, old, reads_of)
        if layer is None or buffers[new].place is not Place.STATE or not _match(layer, update, old, new, reads_of):
            continue
        inputs = base_of(layer.anchor.operands[0])[0]
        loader = fusion.kernel_of.get(inputs)
        if _pays(layer, usage.threads) and (loader is None or _only_loads(loader, reads_of)):
            layer.shared_axis = update.shared_axis = 1
            if loader is not None:
                alone.add(loader)
    return alone


def _only_reader(update: Kernel, weights: Node, reads_of: Reads) -> Kernel | None:
    """The one kernel that reads weights, besides the one that updates them."""
    readers = [kernel for kernel, nodes in reads_of.items() if weights in nodes and kernel is not update]
    return readers[0] if len(readers) == 1 else None


def _match(layer: Kernel, update: Kernel, old: Node, new: Node, reads_of: Reads) -> bool:
    """Whether both are products with whole units of columns, in which the same weights belong to the same column."""
    if any(kernel.anchor.op is not MATMUL or len(kernel.space) != 2 for kernel in (layer, update)):
        return False
    factor, axes = base_of(layer.anchor.operands[1])
    if factor is not old or layer.space[1] % COLUMNS or reads_of[layer][old] != {_along_columns(axes)}:
        return False
    return update.members[new][axes[1]] == 1 and reads_of[update][old] <= {update.members[new]}


def _along_columns(axes: tuple[int, ...]) -> tuple[int | None, ...]:
    """How the factor of a product is read: its columns along those of the product."""
    return tuple(1 if axis == axes[1] else None for axis in range(2))


def _pays(layer: Kernel, threads: int) -> bool:
    """Whether there are columns enough, and the weights, read and written, are more than inputs and outputs."""
    (rows, columns), terms = layer.space, layer.anchor.operands[0].type.shape[-1]
    return columns >= _UNITS * COLUMNS * threads and rows * (terms + columns) < 2 * terms * columns


def _only_loads(kernel: Kernel, reads_of: Reads) -> bool:
    """Whether a kernel does nothing but gather and convert what lies in the caller's arrays."""
    copies = kernel.anchor.op.kind in (Kind.ELEMENTWISE, Kind.MOVEMENT) and not kernel.adds_up
    return copies and all(map(is_leaf, reads_of[kernel]))
