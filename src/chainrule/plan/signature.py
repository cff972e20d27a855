"""The signature of a plan, a text that determines its code: plans that share it are computed by the same machine code.

It has numbers instead of names: nodes count in the order in which they are computed, buffers in that of the plan. The
names of inputs and the lines that nodes come from do not matter; arrays and host callbacks reach code as addresses.
"""

from __future__ import annotations

from typing import Any

from chainrule.graph import CONSTANT, INPUT, Node, topological_order
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.plan.kernels import Action, Buffer, EarlyExit, Kernel, Plan


def signature(plan: Plan) -> str:
    """The text of a plan; it is of the same form in every process."""
    members = (node for kernel in plan.kernels for node in kernel.members)
    nodes = (*plan.graph.inputs, *topological_order((*plan.graph.outputs, *members), plan.graph.inputs))
    numbers = {node: number for number, node in enumerate(nodes)}
    buffers = {buffer: number for number, buffer in enumerate(dict.fromkeys((*plan.buffers.values(), *plan.results)))}
    usage = plan.usage
    return repr(
        (
            [_node(node, numbers) for node in nodes],
            [numbers[node] for node in plan.graph.outputs],
            [_buffer(buffer, numbers) for buffer in buffers],
            [(numbers[node], buffers[buffer]) for node, buffer in plan.buffers.items()],
            [_kernel(kernel, plan, numbers, buffers) for kernel in plan.kernels],
            [_action(action) for action in plan.actions],
            [numbers[node] for node in plan.constants],
            [buffers[buffer] for buffer in (*plan.states, *plan.results)],
            (usage.carried, sorted(usage.per_step_inputs), sorted(usage.per_step_outputs), usage.guard),
            (sorted(usage.resident), plan.shared_bytes, plan.private_bytes),
            ([numbers[node] for node in plan.prefetched], plan.prefetcher.number if plan.prefetcher else None),
        )
    )


def _node(node: Node, numbers: dict[Node, int]) -> tuple[Any, ...]:
    operands = [numbers[operand] for operand in node.operands]
    return node.op.name, operands, node.type.shape, node.type.dtype.str, _attributes(node)


def _attributes(node: Node) -> Any:
    if node.op is CONSTANT:
        return node.keywords["value"].array.tobytes() if node.type.size == 1 else None  # a number stands in the code
    return None if node.op is INPUT or node.op is HOST_CALLBACK else node.attributes


def _buffer(buffer: Buffer, numbers: dict[Node, int]) -> tuple[Any, ...]:
    layout = buffer.order, buffer.strides, buffer.elements, buffer.itemsize, buffer.padded
    return numbers[buffer.node], buffer.place.value, *layout, buffer.slot, buffer.per_step, buffer.panel


def _action(action: Action) -> tuple[Any, ...]:
    if isinstance(action, Kernel):
        return ("run", action.number)
    return ("exit", action.kernel.number) if isinstance(action, EarlyExit) else ("barrier",)


def _kernel(kernel: Kernel, plan: Plan, numbers: dict[Node, int], buffers: dict[Buffer, int]) -> tuple[Any, ...]:
    return (
        (kernel.number, numbers[kernel.anchor], kernel.space, kernel.axes),
        (kernel.phase, kernel.divided, kernel.shared_axis, kernel.grain),
        None if kernel.condition is None else numbers[kernel.condition],
        [(numbers[node], axes) for node, axes in kernel.members.items()],
        [(numbers[store.node], buffers[store.buffer], store.axes) for store in kernel.stores],
        [(numbers[node], sorted(map(repr, patterns))) for node, patterns in plan.reads[kernel].items()],
    )
