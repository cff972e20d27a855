"""The invariants of a plan, checked from the plan alone: for tests, and for whoever changes the planner."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from chainrule.errors import PlanError
from chainrule.graph import CONSTANT, INPUT, Node
from chainrule.ops.elementwise import STOP_GRADIENT, WHERE
from chainrule.ops.index import SCATTER_ADD
from chainrule.ops.matmul import MATMUL
from chainrule.ops.sparse import SPARSE_OUTER
from chainrule.plan.access import AccessPattern, reads
from chainrule.plan.kernels import Barrier, Buffer, EarlyExit, Kernel, Place, Plan, Reads, Store
from chainrule.plan.layout import LINE, base_of


def verify(plan: Plan) -> None:
    """Check every invariant of a plan.

    Raises:
        PlanError: names the first kernel or buffer that breaks one, and what it should be.
    """
    _verify_order(plan)
    for kernel in plan.kernels:
        _verify_shape(plan, kernel)
    _verify_outputs(plan)
    read = {kernel: _reads(plan, kernel) for kernel in plan.kernels}
    _verify_reads(plan, read)
    _verify_states(plan, read)
    _verify_exits(plan)
    _verify_conditions(plan, read)
    _verify_memory(plan, read)


def _fail(plan: Plan, kernel: Kernel | None, message: str) -> None:
    place = "" if kernel is None else f" kernel {kernel.number} ({kernel.anchor.op.name}, phase {kernel.phase}):"
    raise PlanError(f"plan of {plan.graph.name}:{place} {message}")


def _verify_order(plan: Plan) -> None:
    """Numbers count the kernels, phases the barriers; a step ends with one, so that the next step may begin."""
    barriers = 0
    for action in plan.actions:
        if isinstance(action, Barrier):
            barriers += 1
        elif isinstance(action, Kernel) and action.phase != barriers:
            _fail(plan, action, f"runs after {barriers} barriers")
    for position, kernel in enumerate(plan.kernels):
        if kernel.number != position:
            _fail(plan, kernel, f"is at position {position}")
    if not plan.actions or not isinstance(plan.actions[-1], Barrier):
        _fail(plan, None, "a step does not end with a barrier, so threads may be in the next one before others")


def _verify_shape(plan: Plan, kernel: Kernel) -> None:
    """What a kernel computes runs over its space, and it has places to write to that its threads may write to."""
    for node, axes in kernel.members.items():
        if tuple(kernel.space[axis] for axis in axes) != node.type.shape or sorted(axes) != list(range(len(axes))):
            _fail(plan, kernel, f"its space is {list(kernel.space)}, but {node} runs along the axes {list(axes)}")
    if not kernel.stores:
        _fail(plan, kernel, "writes nothing")
    for store in kernel.stores:
        if kernel.members.get(store.node) != store.axes or store.node.type != store.buffer.node.type:
            _fail(plan, kernel, f"writes {store.node} to a buffer of {store.buffer.node} along {list(store.axes)}")
        if store.buffer.place is Place.ARGUMENT:
            _fail(plan, kernel, f"writes {store.node} to an argument")
        alone = {Place.PRIVATE} if kernel.adds_up else {Place.PRIVATE, Place.RESULT}
        if (store.buffer.place is Place.PRIVATE) if kernel.divided else (store.buffer.place not in alone):
            _fail(plan, kernel, f"is {'' if kernel.divided else 'not '}divided and writes to {store.buffer.place}")
    if kernel.anchor.op is MATMUL:
        _verify_factor(plan, kernel)
    if kernel.anchor.op is SCATTER_ADD and len(kernel.stores) != 1:
        _fail(plan, kernel, "a scatter writes one buffer, which it also reads")
    if kernel.is_host_callback and (
        len(kernel.stores) != 1 or not kernel.divided or kernel.stores[0].buffer.strides != (1,)
    ):
        _fail(plan, kernel, "a host callback changes one row of numbers, in the first thread only")
    if kernel.anchor.op is SPARSE_OUTER and all(store.node is not kernel.anchor for store in kernel.stores):
        _fail(plan, kernel, "adds to a product that is not kept in memory")


def _verify_factor(plan: Plan, kernel: Kernel) -> None:
    """Factors have known strides; the right one can be read in whole vectors along its columns, unless it has one."""
    left, _ = base_of(kernel.anchor.operands[0])
    if (buffer := plan.buffers.get(left)) is not None and buffer.strided:
        _fail(plan, kernel, f"its left factor {left} has strides of its own")
    if buffer is not None and buffer.panel:
        _fail(plan, kernel, f"its left factor {left} lies in panels")
    base, axes = base_of(kernel.anchor.operands[1])
    buffer = plan.buffers.get(base)
    if buffer is None:
        _fail(plan, kernel, "its right factor is not in memory")
    elif not buffer.padded or (kernel.space[-1] != 1 and not buffer.innermost(axes[-1])):
        _fail(plan, kernel, f"its right factor {base} does not lie in padded rows")


def _verify_outputs(plan: Plan) -> None:
    """Every buffer has one writer, and every output is stored where the caller or the next step finds it."""
    stores = [(kernel, store) for kernel in plan.kernels for store in kernel.stores]
    written: dict[Buffer, Store] = {}
    for kernel, store in stores:
        if store.buffer in written:
            _fail(plan, kernel, f"writes {store.node} where another kernel writes too")
        written[store.buffer] = store
    carried = {o: slot for slot, (_, o) in enumerate(plan.usage.carried)}
    results = iter(plan.results)
    for position, node in enumerate(plan.graph.outputs):
        buffer = plan.states[carried[position]] if position in carried else next(results)
        found = written.get(buffer)
        if found is None or node not in (found.node, *found.node.operands):
            _fail(plan, None, f"output {position} is not stored in {buffer.place.value} {buffer.slot}")
        elif found.node is not node and found.node.op is not STOP_GRADIENT:
            _fail(plan, None, f"output {position} is {node}, but {found.node} is stored in its place")


# What is read


def _reads(plan: Plan, kernel: Kernel) -> dict[Node, set[AccessPattern]]:
    """The nodes that code for a kernel loads: those with a buffer that the kernel does not compute itself."""
    own = {store.node for store in kernel.stores} | {kernel.anchor}

    def loaded(node: Node) -> bool:
        if node not in plan.buffers and node not in own and node.op.is_anchor:
            _fail(plan, kernel, f"needs {node}, which it can neither compute nor read")
        return node in plan.buffers and node not in own

    found: dict[Node, set[AccessPattern]] = {}
    for store in kernel.stores:
        for node, indices in reads(store.node, store.axes, loaded):
            found.setdefault(node, set()).add(indices)
    return found


def _verify_reads(plan: Plan, read: Reads) -> None:
    """Whatever a kernel reads has been written: in an earlier phase, or by the same thread."""
    writers = {store.node: kernel for kernel in plan.kernels for store in kernel.stores}
    for kernel, nodes in read.items():
        if plan.reads[kernel].keys() != nodes.keys():
            _fail(plan, kernel, "the plan does not say what it reads")
        for node, patterns in nodes.items():
            if node.op in (INPUT, CONSTANT):
                if node not in plan.buffers:
                    _fail(plan, kernel, f"reads {node}, which has no buffer")
                continue
            writer = writers.get(node)
            if writer is None:
                _fail(plan, kernel, f"reads {node}, which nobody writes")
            elif not _comes_before(writer, kernel, node, patterns):
                _fail(plan, kernel, f"reads {node} before all threads have run kernel {writer.number}, which writes it")


def _comes_before(writer: Kernel, reader: Kernel, node: Node, patterns: Iterable[AccessPattern]) -> bool:
    if writer.phase != reader.phase:
        return writer.phase < reader.phase
    if writer.number >= reader.number:
        return False
    return not writer.divided or _same_thread(writer, reader, writer.members[node], patterns)


def _same_thread(writer: Kernel, reader: Kernel, axes: tuple[int, ...], patterns: Iterable[AccessPattern]) -> bool:
    """Whether each thread of one kernel touches only elements that the same thread of the other touches.

    `axes` are those of the writer's space along which the elements run; `patterns` is how the reader indexes them.
    """
    if not (writer.divided and reader.divided) or writer.is_host_callback or reader.is_host_callback:
        return False
    lengths = [kernel.shared_length for kernel in (writer, reader)]
    if lengths == [1, 1]:
        return True
    divided_alike = lengths[0] == lengths[1] and writer.grain == reader.grain and writer.shared_axis in axes
    return divided_alike and all(pattern[axes.index(writer.shared_axis)] == reader.shared_axis for pattern in patterns)


def _verify_states(plan: Plan, read: Reads) -> None:
    """A state is overwritten when no thread will read its old value any more."""
    writers = {store.buffer: (kernel, store) for kernel in plan.kernels for store in kernel.stores}
    stored = [*(i for i, _ in plan.usage.carried), *sorted(plan.usage.resident)]
    for state, i in zip(plan.states, stored, strict=True):
        old = plan.graph.inputs[i]
        if plan.buffers[old] is not state or state.place is not Place.STATE:
            _fail(plan, None, f"input {i} is not read from its state")
        if i in plan.usage.resident:
            if state in writers:
                _fail(plan, writers[state][0], f"overwrites input {i}, which stays the same")
            continue
        writer, store = writers[state]
        for reader in (kernel for kernel in plan.kernels if old in read[kernel]):
            patterns = read[reader][old]
            if reader is writer:
                good = patterns <= {store.axes}
            elif reader.phase == writer.phase:
                good = reader.number < writer.number and _same_thread(writer, reader, store.axes, patterns)
            else:
                good = reader.phase < writer.phase
            if not good:
                _fail(plan, writer, f"overwrites state {state.slot}, which kernel {reader.number} still reads")


def _verify_exits(plan: Plan) -> None:
    """All threads know the guard, and whether host callbacks failed, where they may leave; no state changes before."""
    guards = {kernel for kernel in plan.kernels if kernel.is_host_callback}
    if plan.usage.guard is not None:
        output = plan.graph.outputs[plan.usage.guard]
        guards |= {kernel for kernel in plan.kernels if any(store.node is output for store in kernel.stores)}
    unknown, unchecked = set(guards), set(guards)  # what some thread may not know yet; what has not been checked
    run: list[Kernel] = []
    for action in plan.actions:
        if isinstance(action, EarlyExit):
            if action.kernel not in run or action.kernel in unknown:
                _fail(plan, action.kernel, "is checked before all threads know the guard, or have run it")
            unchecked.discard(action.kernel)
        elif isinstance(action, Barrier):
            unknown -= set(run)
        else:
            if unchecked and any(store.buffer.place is Place.STATE for store in action.stores):
                numbers = sorted(kernel.number for kernel in unchecked)
                _fail(plan, action, f"changes a state before the guard or a host callback is checked: {numbers}")
            run.append(action)
            if not action.divided:
                unknown.discard(action)
    for kernel in sorted(unchecked, key=lambda kernel: kernel.number):
        _fail(plan, kernel, "is never checked")


def _verify_conditions(plan: Plan, read: Reads) -> None:
    """What is not computed is an old state that stays, or is read by nobody who is at work then."""
    old = {plan.graph.outputs[o]: plan.graph.inputs[i] for i, o in plan.usage.carried}
    for kernel in plan.kernels:
        if kernel.condition is None:
            continue
        if plan.buffers[kernel.condition].place is not Place.ARGUMENT:
            _fail(plan, kernel, f"its condition {kernel.condition} can change in a step")
        for node in (store.node for store in kernel.stores):
            chosen = node.operands[0] if node.op is STOP_GRADIENT else node
            stays = chosen in old and chosen.op is WHERE and chosen.operands[2] is old[chosen]
            others = [
                other for other in plan.kernels if node in read[other] and other.condition is not kernel.condition
            ]
            if others or not (stays or plan.buffers[node].place in (Place.SHARED, Place.PRIVATE)):
                _fail(plan, kernel, f"{node} is needed without its condition {kernel.condition}")


# Memory


def _verify_memory(plan: Plan, read: Reads) -> None:
    """Scratch buffers lie in scratch memory, aligned to cache lines, and overlap only if their live ranges do not."""
    lives: dict[Buffer, set[int]] = {}
    for kernel in plan.kernels:
        for buffer in (*(store.buffer for store in kernel.stores), *(plan.buffers[node] for node in read[kernel])):
            lives.setdefault(buffer, set()).add(kernel.phase)
    sizes = {Place.SHARED: plan.shared_bytes, Place.PRIVATE: plan.private_bytes}
    scratch = [buffer for buffer in lives if buffer.place in sizes]
    for buffer in scratch:
        if buffer.slot % LINE or not 0 <= buffer.slot <= sizes[buffer.place] - buffer.bytes:
            _fail(plan, None, f"{buffer.node} lies outside of the scratch memory, at {buffer.slot}")
    for a, b in combinations(scratch, 2):
        if a.place is b.place and max(a.slot, b.slot) < min(a.slot + a.bytes, b.slot + b.bytes):
            together = min(lives[a]) <= max(lives[b]) and min(lives[b]) <= max(lives[a])
            if together or a.place is Place.PRIVATE:
                _fail(plan, None, f"{a.node} and {b.node} are kept in one place at one time")
