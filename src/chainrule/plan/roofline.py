"""The time of a kernel by the roofline model, to be compared with the measured one.

The model is that of S. Williams, A. Waterman and D. Patterson, CACM 52, 2009: a kernel takes as long as its
arithmetic or its memory traffic needs, whichever is more. A core does two vector FMAs a cycle in products and one
vector operation in everything else, an elementary function counting as many; it moves 16 bytes a cycle from its caches.
A kernel that takes much longer than predicted is where there is something to gain, or something that the model does
not know: strided reads, indices from memory, rows shorter than a vector.
"""

from __future__ import annotations

from math import prod

from chainrule.graph import Kind, Node
from chainrule.ops.matmul import MATMUL
from chainrule.plan.cost import kernel_bytes, sparse_entries
from chainrule.plan.kernels import Kernel, Plan

CLOCK = 3e9  # cycles a second of the model's core
_BYTES_A_CYCLE = 16
_CALL_CYCLES = 60  # of a kernel outside of its loops
_CYCLES = {  # of a vector; division and square root of AVX2, elementary functions as counted in codegen/math
    "divide": 5,
    "sqrt": 6,
    "exp": 14,
    "expm1": 20,
    "log": 18,
    "log1p": 22,
    "log2": 35,
    "log10": 35,
    "sin": 25,
    "cos": 25,
    "tan": 35,
    "arctan": 25,
    "sinh": 30,
    "cosh": 20,
    "tanh": 25,
    "erf": 30,
    "power": 45,
    "logsumexp": 34,
    "random_bits": 40,
}


def seconds(plan: Plan, kernel: Kernel, lanes: int) -> float:
    """The predicted time of a kernel on one thread whose vectors hold so many lanes."""
    arithmetic = sum(_cycles(kernel, node, lanes) for node in kernel.members)
    traffic = kernel_bytes(plan, kernel) / _BYTES_A_CYCLE
    return (max(arithmetic, traffic) + _CALL_CYCLES) / CLOCK


def _cycles(kernel: Kernel, node: Node, lanes: int) -> float:
    """Cycles of one member over the whole space."""
    vectors = prod(kernel.space) / lanes
    if node.op is MATMUL:
        return vectors * node.operands[0].type.shape[-1] / 2
    if node.op.is_sparse:
        return sparse_entries(node) * kernel.space[1] / lanes
    if node.op.kind is Kind.REDUCTION:
        vectors = node.operands[0].type.size / lanes
    if node.op.kind is Kind.MOVEMENT:
        return 0.0
    return vectors * _CYCLES.get(node.op.name, 1)
