"""Software prefetch: the rows of the next step's examples are fetched into the cache while this step computes.

The rows of a mini-batch are scattered over the data, most of them in main memory, and to wait for each of them takes
about as long as to compute with it. Their positions are known, so the largest product of a step, which is bound by
arithmetic and not by memory, prefetches a few cache lines of the next step's rows with each of its tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chainrule.graph import INPUT, Graph, Node
from chainrule.ops.index import TAKE
from chainrule.ops.matmul import MATMUL
from chainrule.plan.access import reads
from chainrule.plan.kernels import Buffer, Kernel, Place
from chainrule.plan.layout import LINE

_NEAR = 1 << 20  # bytes of an array that a cache of the processor holds anyway
_FEW = 256  # cache lines that arrive in time without a prefetch


def prefetched_gathers(graph: Graph, buffers: Mapping[Node, Buffer]) -> tuple[Node, ...]:
    """The nodes that gather rows of a large array at per-step positions."""
    return tuple(node for node in graph.nodes if node.op is TAKE and _is_far(node, buffers))


def _is_far(node: Node, buffers: Mapping[Node, Buffer]) -> bool:
    source, positions = node.operands
    if node.keywords["axis"] != 0 or len(positions.type.shape) != 1 or source.op is not INPUT:
        return False
    data = buffers[source]
    much = data.bytes > _NEAR and lines_of_row(node) * node.type.shape[0] >= _FEW
    return much and data.place is Place.ARGUMENT and not data.per_step and _are_known(positions, buffers)


def _are_known(positions: Node, buffers: Mapping[Node, Buffer]) -> bool:
    """Whether positions follow from the caller's arrays alone, and every step has its own."""
    read = [buffers[node] for node, _ in reads(positions, (0,), lambda node: node in buffers, memory_first=True)]
    return all(buffer.place is Place.ARGUMENT for buffer in read) and any(buffer.per_step for buffer in read)


def lines_of_row(node: Node) -> int:
    """Cache lines of a row that such a node gathers."""
    source = node.operands[0].type
    return max(1, -(-source.size // source.shape[0] * source.dtype.itemsize // LINE))


def prefetching_kernel(kernels: Iterable[Kernel]) -> Kernel | None:
    """The kernel that prefetches: the largest product that updates a state."""
    return max(filter(may_prefetch, kernels), key=_multiplications, default=None)


def may_prefetch(kernel: Kernel) -> bool:
    """Whether a kernel is a product that updates a state."""
    updates = any(store.buffer.place is Place.STATE for store in kernel.stores)
    return updates and kernel.anchor.op is MATMUL and len(kernel.space) == 2


def _multiplications(kernel: Kernel) -> int:
    return kernel.anchor.type.size * kernel.anchor.operands[0].type.shape[-1]
