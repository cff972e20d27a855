"""Code for a host callback: the first thread packs the numbers into one array and calls; the others go on."""

from __future__ import annotations

from contextlib import ExitStack

from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.loops import in_vectors
from chainrule.codegen.scalar import in_memory
from chainrule.codegen.scope import Indices
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, i64
from chainrule.graph import Node


def write(e: ElementWriter, target: TargetMachine) -> None:
    """Copy, then call if the condition holds; what a function returns other than 0 stops the step."""
    f, node = e.function, e.kernel.anchor
    (store,) = e.kernel.stores
    when, *arrays = node.operands
    memory = in_memory(node.type.dtype)
    with e.when(f.icmp("eq", f.parameters[1], i64(0))):
        row = e.pointer(store.buffer)
        start = 0
        for position, array in enumerate(arrays):
            place = f.offset(row, memory, e.number(("start", position), start))
            _lay(e, target, array, position, place)
            start += array.type.size
        slot = f.offset(f.parameters[0], "i64", e.number("host_callback", e.context.host_callback(node)))
        function = f.load(slot, "ptr", align=8)
        with e.when(e.pull(when, ()).value):
            status = f.value("i64", f"call i64 {function.name}({row}, {e.number('count', node.type.size)})")
            with e.when(f.icmp("ne", status, i64(0))):
                f.store(status, f.offset(slot, "i64", i64(1)), align=8)


def _lay(e: ElementWriter, target: TargetMachine, array: Node, position: int, place: Val) -> None:
    """Write the elements of an array one after another."""
    f, shape, memory = e.function, array.type.shape, in_memory(array.type.dtype)
    if not shape:
        f.store(e.pull(array, ()).value, place)
        return
    lengths = [e.number(("array", position, axis), n) for axis, n in enumerate(shape)]
    with ExitStack() as stack:
        at: Indices = ()
        number = i64(0)
        for length in lengths[:-1]:
            _, index = stack.enter_context(e.loop(i64(0), length))
            number = f.add(f.mul(number, length), index.value)
            at = (*at, index)
        begin = f.offset(place, memory, f.mul(number, lengths[-1]))

        def lay(inner: Indices) -> None:
            x = e.pull(array, inner)
            f.store((e.splat(x) if e.width > 1 else x).value, f.offset(begin, memory, inner[-1].value))

        in_vectors(e, (i64(0), lengths[-1]), target.lanes("float"), False, at, lay)
