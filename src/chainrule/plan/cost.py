"""The cost of kernels: floating-point operations and memory traffic, for choosing threads and for profiles."""

from __future__ import annotations

from math import prod

from chainrule.graph import Kind, Node
from chainrule.ops.index import SCATTER_ADD
from chainrule.ops.matmul import MATMUL
from chainrule.plan.kernels import Kernel, Plan


def flops(plan: Plan) -> int:
    """Floating-point operations of one step."""
    return sum(map(kernel_flops, plan.kernels))


def kernel_flops(kernel: Kernel) -> int:
    """Multiplications and additions of a kernel; an elementwise node counts one operation for each element."""
    work = len(kernel.members)
    if kernel.anchor.op.is_sparse:
        return 2 * sparse_entries(kernel.anchor) * kernel.space[1] + prod(kernel.space) * (work - 1)
    if kernel.anchor.op is MATMUL:
        work += 2 * kernel.anchor.operands[0].type.shape[-1]
    elements = prod(kernel.space)
    if _goes_over_operand(kernel.anchor):
        elements = max(elements, kernel.anchor.operands[0].type.size)
    return elements * work


def _goes_over_operand(anchor: Node) -> bool:
    """Whether a kernel loops over the elements of its anchor's operand rather than those of its result."""
    return anchor.op.kind is Kind.REDUCTION or anchor.op is SCATTER_ADD


def sparse_entries(product: Node) -> int:
    """How many entries the chosen rows of a sparse matrix have, if they are rows like all others."""
    values, _, starts, rows, _ = (operand.type.shape[0] for operand in product.operands)
    return values * rows // max(starts - 1, 1)


def kernel_bytes(plan: Plan, kernel: Kernel) -> int:
    """Memory traffic of a kernel in bytes, each buffer once; of a data set only the rows that are gathered."""
    written = sum(store.buffer.bytes for store in kernel.stores)
    return written + sum(_bytes_read(plan, kernel, node) for node in plan.reads[kernel])


def _bytes_read(plan: Plan, kernel: Kernel, node: Node) -> int:
    """At most all of it, and at each place of a loop over elements at most one element in each way of indexing."""
    buffer = plan.buffers[node]
    if kernel.anchor.op.kind is Kind.CONTRACTION or _goes_over_operand(kernel.anchor):
        return buffer.bytes
    return min(buffer.bytes, prod(kernel.space) * len(plan.reads[kernel][node]) * buffer.itemsize)
