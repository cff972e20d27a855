"""A plan as text: every kernel with its iteration space, what it reads and what it writes."""

from __future__ import annotations

from chainrule.figures import counted
from chainrule.graph.show import number_nodes
from chainrule.plan.kernels import Buffer, Plan


def show(plan: Plan) -> str:
    """One line for each kernel, under the phase in which it runs."""
    names, _ = number_nodes(plan.graph.nodes)
    lines = [
        f"{plan.graph.name}: {counted(len(plan.kernels), 'kernel')} in {counted(plan.phases, 'phase')}, "
        f"{counted(plan.shared_bytes, 'byte')} shared, {counted(plan.private_bytes, 'byte')} for each thread"
    ]
    phase = -1
    for kernel in plan.kernels:
        if kernel.phase != phase:
            phase = kernel.phase
            lines.append(f"phase {phase}")
        stores = ", ".join(f"{names.get(s.node, '?')} → {_place(s.buffer)}" for s in kernel.stores)
        reads = ", ".join(names.get(node, "?") for node in plan.reads[kernel])
        lines.append(
            f"  {kernel.number:3} {kernel.anchor.op.name:12} over {list(kernel.space)!s:14}"
            f"{'' if kernel.divided else ' by every thread'}  writes {stores}  reads {reads}"
            f"{'' if kernel.condition is None else f'  if {names[kernel.condition]}'}"
        )
    return "\n".join(lines)


def _place(buffer: Buffer) -> str:
    order = "" if list(buffer.order) == sorted(buffer.order) else " transposed"
    return f"{buffer.place.value} {buffer.slot}{order}"
