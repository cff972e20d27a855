"""From a graph to a plan: fuse operations to kernels, lay out buffers, schedule kernels, and allocate memory."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.graph import CONSTANT, Graph, Node
from chainrule.graph.usage import ONE_CALL, Usage
from chainrule.plan.actions import actions
from chainrule.plan.canonicalise import canonicalise, copy_of
from chainrule.plan.column_parallel import share_columns
from chainrule.plan.fuse import Fusion
from chainrule.plan.kernels import Axes, Buffer, Kernel, Place, Plan, Reads, Store
from chainrule.plan.layout import (
    Role,
    constant,
    fuse_with_factors,
    in_panels,
    in_place,
    order_in_loop,
    plain,
    resident_order,
    roles,
    scratch,
    state,
)
from chainrule.plan.memory import live_ranges, place_scratch
from chainrule.plan.prefetch import prefetched_gathers, prefetching_kernel
from chainrule.plan.schedule import is_alone, kernel_reads, read_by, schedule


def make_plan(graph: Graph, usage: Usage = ONE_CALL) -> Plan:
    """The plan of a simplified graph without free inputs."""
    graph, fusion = fuse_with_factors(canonicalise(graph), usage)
    constants = tuple(node for node in graph.nodes if node.op is CONSTANT and node.type.shape)
    buffers = {node: _argument(node, slot, usage) for slot, node in enumerate(graph.inputs)}
    buffers |= {node: constant(node, slot) for slot, node in enumerate(constants, len(graph.inputs))}
    reads_of = kernel_reads(fusion)
    read_as = roles(graph)
    states = _add_states(graph, usage, fusion, reads_of, buffers, read_as)
    results = _add_results(graph, usage, fusion, buffers)
    for kernel in fusion.kernels:
        for node in kernel.members:
            if node in fusion.stored and node not in buffers:
                buffers[node] = _for_products(scratch(node, order_in_loop(fusion, node)), read_as)
    _add_stores(fusion, buffers, share_columns(fusion, usage, reads_of, buffers))
    guard = None if usage.guard is None else fusion.kernel_of[graph.outputs[usage.guard]]
    schedule(fusion, reads_of, buffers, guard)
    written = [store.buffer for kernel in fusion.kernels for store in kernel.stores]
    shared, private = place_scratch(written, live_ranges(fusion.kernels, reads_of, buffers))
    return Plan(
        graph,
        usage,
        actions(fusion.kernels, guard),
        buffers,
        constants,
        states,
        results,
        reads_of,
        shared,
        private,
        prefetched_gathers(graph, buffers),
        prefetching_kernel(fusion.kernels),
    )


def _argument(node: Node, slot: int, usage: Usage) -> Buffer:
    """The caller's array for an input."""
    if slot in usage.in_place:
        return in_place(node, slot, slot in usage.with_gaps)
    return plain(node, Place.ARGUMENT, slot, slot in usage.per_step_inputs)


def _for_products(buffer: Buffer, read_as: Mapping[Node, set[Role]]) -> Buffer:
    """The buffer, in panels if products read it as their right factor, as it lies, and nobody reads it otherwise."""
    return in_panels(buffer) if read_as.get(buffer.node) == {("right", buffer.order)} else buffer


def _add_states(
    graph: Graph,
    usage: Usage,
    fusion: Fusion,
    reads_of: Reads,
    buffers: dict[Node, Buffer],
    read_as: Mapping[Node, set[Role]],
) -> tuple[Buffer, ...]:
    """A buffer for every carried input, which the output's kernel overwrites.

    Where others still read the old value, or where the guard or a host callback waits for that kernel, a copy
    overwrites it at the end. What lies in panels, as weights that products read, is updated with what lies so too.
    """
    needs = {kernel: set(others) for kernel, others in fusion.needs.items()}
    guards = {kernel for kernel in fusion.kernels if kernel.is_host_callback}
    if usage.guard is not None:
        guards.add(fusion.kernel_of[graph.outputs[usage.guard]])
    states = []
    pairs = [(graph.inputs[i], graph.outputs[o]) for i, o in usage.carried]
    panelled = {fusion.kernel_of[new] for old, new in pairs if ("right", order_in_loop(fusion, new)) in read_as[old]}
    for slot, (old, new) in enumerate(pairs):
        carried = state(old, order_in_loop(fusion, new), slot)
        if fusion.kernel_of[new] in panelled and all(name != "left" for name, _ in read_as[old]):
            carried = in_panels(carried)
        buffers[old] = carried
        states.append(carried)
        writer = fusion.kernel_of[new]
        readers = {kernel for kernel, nodes in reads_of.items() if old in nodes} | guards
        readers.discard(writer)
        overwrites = reads_of[writer].get(old, set()) <= {writer.members[new]}
        if overwrites and writer not in guards and not any(_reaches(needs, reader, writer) for reader in readers):
            needs[writer] |= readers
            buffers[new] = carried
        else:
            copy = _copy_at_the_end(fusion, new, buffers, carried)
            reads_of[copy] = read_by(fusion, copy)
    for i in sorted(usage.resident):
        node = graph.inputs[i]
        buffers[node] = _for_products(state(node, resident_order(graph, node), len(states)), read_as)
        states.append(buffers[node])
    return tuple(states)


def _reaches(needs: dict[Kernel, set[Kernel]], start: Kernel, goal: Kernel) -> bool:
    pending, seen = [start], {start}
    while pending:
        for kernel in needs[pending.pop()] - seen:
            if kernel is goal:
                return True
            seen.add(kernel)
            pending.append(kernel)
    return False


def _copy_at_the_end(fusion: Fusion, new: Node, buffers: dict[Node, Buffer], old: Buffer) -> Kernel:
    """Keep the new value in scratch memory; a kernel of its own moves it when the old one is no longer read."""
    copy = copy_of(new)
    axes: Axes = tuple(old.order.index(axis) for axis in range(len(old.order)))
    space = tuple(new.type.shape[axis] for axis in old.order)
    condition = fusion.kernel_of[new].condition
    kernel = Kernel(len(fusion.kernels), copy, space, axes, {copy: axes}, condition=condition)
    fusion.kernels.append(kernel)
    fusion.kernel_of[copy] = kernel
    fusion.needs[kernel] = {fusion.kernel_of[new]}
    fusion.stored.add(copy)
    buffers[copy] = old
    return kernel


def _add_results(graph: Graph, usage: Usage, fusion: Fusion, buffers: dict[Node, Buffer]) -> tuple[Buffer, ...]:
    """The caller's arrays for the outputs that are not carried, in their order."""
    positions = usage.returned(graph)
    for slot, position in enumerate(positions):
        node = graph.outputs[position]
        buffers[node] = plain(node, Place.RESULT, slot, position in usage.per_step_outputs)
    return tuple(buffers[graph.outputs[position]] for position in positions)


def _add_stores(fusion: Fusion, buffers: dict[Node, Buffer], alone: set[Kernel]) -> None:
    """Every stored node is written by its kernel; what every thread computes for itself becomes private."""
    for kernel in fusion.kernels:
        kernel.stores = [
            Store(node, buffers[node], axes) for node, axes in kernel.members.items() if node in fusion.stored
        ]
        places = {store.buffer.place for store in kernel.stores}
        kernel.divided = Place.STATE in places or not (is_alone(kernel) or kernel in alone)
        if not kernel.divided:
            for store in kernel.stores:
                if store.buffer.place is Place.SHARED:
                    store.buffer.place = Place.PRIVATE
