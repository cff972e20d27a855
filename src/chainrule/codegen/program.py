"""The whole program: kernels in the order of the plan, steps in a loop, and the barrier of the threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby

from chainrule.codegen.context import (
    DONE,
    ENTRY,
    FLAG_BYTES,
    FLAGS,
    KERNELS,
    RUN_AGAIN,
    SET_CONTEXT,
    STEPS,
    YIELD,
    Context,
)
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.kernels import KernelFunction, write_kernel
from chainrule.codegen.module import Module
from chainrule.codegen.scalar import in_memory
from chainrule.codegen.subnormals import flushed
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, constant, i64
from chainrule.graph import Node
from chainrule.plan import Action, Barrier, Buffer, EarlyExit, Kernel, Plan

_SPINS = 2000  # rounds of waiting, about 20 µs, before the processor is offered to others


def write_program(plan: Plan, target: TargetMachine, threads: int) -> Module:
    """The module of a plan; its function `run(context, thread, threads)` makes the steps that the context asks for.

    It may be run by as many threads as `plan.divide.candidates(threads)` lists.
    """
    module = Module(fma=target.fma)
    kernels = [write_kernel(module, target, plan, kernel, threads) for kernel in plan.kernels]
    _write_barrier(module, target)
    _write_run(module, plan, kernels)
    _write_entry(module, target, plan)
    _write_again(module)
    return module


def _write_again(module: Module) -> None:
    """A context that is set once; then a call needs no arguments, the conversion of which would take longer than it."""
    place = module.variable("context", "ptr", "null")
    f = FunctionBuilder(module, SET_CONTEXT, (("context", "ptr"),))
    f.store(f.parameters[0], place, align=8)
    f.finish()
    f = FunctionBuilder(module, RUN_AGAIN, ())
    f.call(ENTRY, f.load(place, "ptr", align=8), i64(0), i64(1))
    f.finish()


def _write_entry(module: Module, target: TargetMachine, plan: Plan) -> None:
    """for step in steps: the actions of the plan."""
    parameters = (("context", "ptr"), ("thread", "i64"), ("threads", "i64"))
    f = FunctionBuilder(module, "make_step", (*parameters, ("step", "i64")), result="i1", exported=False)
    _write_step(f, plan)
    f = FunctionBuilder(module, ENTRY, parameters)
    context = Context(plan)
    steps = context.load(f, STEPS, "i64")
    with flushed(f, target) if plan.usage.carried else nullcontext():
        f.emit("br label %head")
        f.label("head")
        f.emit("%number = phi i64 [ 0, %entry ], [ %next, %body ]")
        f.emit(f"%more = icmp slt i64 %number, {steps.name}")
        f.emit("br i1 %more, label %body, label %end")
        f.label("body")
        good = f.call("make_step", *f.parameters, Val("%number", "i64"), result="i1")
        f.emit("%next = add i64 %number, 1")
        f.emit(f"br {good}, label %head, label %end")
        f.label("end")
    first = f.icmp("eq", f.parameters[1], i64(0))
    with f.when(first):
        f.store(Val("%number", "i64"), context.place(f, DONE), align=8)
    f.finish()


def _write_step(f: FunctionBuilder, plan: Plan) -> None:
    """One step, action by action; false if the guard or a failed callback stopped it before a state was changed."""
    for action in _together(plan.actions):
        match action:
            case Barrier():
                f.call("barrier", *f.parameters[:3])
            case EarlyExit(kernel):
                _leave_unless(
                    f, _callback_succeeded(f, plan, kernel) if kernel.is_host_callback else _is_finite(f, plan)
                )
            case [Kernel(condition=condition), *_]:
                _run(f, plan, condition, action)
    f.finish(constant("i1", True))


def _together(actions: Iterable[Action]) -> Iterator[Barrier | EarlyExit | list[Kernel]]:
    """The actions, with kernels of one condition that follow each other in one list, for one call."""
    for key, group in groupby(actions, lambda action: action.condition if isinstance(action, Kernel) else action):
        if isinstance(key, Barrier | EarlyExit):
            yield key
        else:
            yield [action for action in group if isinstance(action, Kernel)]


def _run(f: FunctionBuilder, plan: Plan, condition: Node | None, kernels: Sequence[Kernel]) -> None:
    """Run a thread's part of kernels, one after another; they are left out if their condition does not hold."""
    holds = f.icmp("ne", _read(f, plan, plan.buffers[condition]), constant("i8", 0)) if condition else None
    with f.when(holds) if holds else nullcontext():
        f.call(KERNELS, *f.parameters, i64(kernels[0].number), i64(kernels[-1].number + 1))


def _write_run(module: Module, plan: Plan, kernels: list[KernelFunction]) -> None:
    """The loop over kernels: for each a row of the tables says what to call with what."""
    parameters = (("context", "ptr"), ("thread", "i64"), ("threads", "i64"), ("step", "i64"))
    f = FunctionBuilder(module, KERNELS, (*parameters, ("first", "i64"), ("end", "i64")))
    context, thread, threads, step, first, end = f.parameters
    functions = module.addresses([kernel.name for kernel in kernels])
    tables = module.table([table for kernel in kernels for table in (kernel.numbers, kernel.addresses)])
    divisions = module.data("i64", [number for kernel in plan.kernels for number in _division(kernel)])
    with f.loop(first, end) as loop:
        row = f.mul(loop.index, i64(3))
        length, grain, divided = (
            f.load(f.offset(divisions, "i64", f.add(row, i64(i))), "i64", align=8) for i in range(3)
        )
        lines = f.udiv(f.add(length, f.sub(grain, i64(1))), grain)
        among, own = (f.select(f.icmp("ne", divided, i64(0)), x, y) for x, y in ((threads, i64(1)), (thread, i64(0))))

        def edge(t: Val) -> Val:
            return f.intrinsic("umin", f.mul(f.udiv(f.mul(t, lines), among), grain), length)

        lo, hi = edge(own), edge(f.add(own, i64(1)))
        function = f.load(f.offset(functions, "ptr", loop.index), "ptr", align=8)
        pair = f.mul(loop.index, i64(2))
        numbers, addresses = (f.load(f.offset(tables, "ptr", f.add(pair, i64(i))), "ptr", align=8) for i in range(2))
        f.call_pointer(function, context, thread, lo, hi, step, numbers, addresses)
    f.finish()


def _division(kernel: Kernel) -> tuple[int, int, int]:
    """How a kernel is divided among the threads, as in plan/divide.py: length, grain, and whether it is."""
    return kernel.shared_length, kernel.grain, int(kernel.divided)


def _is_finite(f: FunctionBuilder, plan: Plan) -> Val:
    """Whether the guard is finite."""
    assert plan.usage.guard is not None
    carried = {o for _, o in plan.usage.carried}
    position = sum(1 for o in range(plan.usage.guard) if o not in carried)
    value = _read(f, plan, plan.results[position])
    difference = f.fsub(value, value)  # 0, or NaN for what is not finite
    return f.fcmp("oeq", difference, constant(value.type, 0.0))


def _read(f: FunctionBuilder, plan: Plan, buffer: Buffer) -> Val:
    """A single number of the caller, as it is in this step."""
    context = Context(plan)
    pointer = context.load(f, context.slot(buffer))
    if buffer.per_step:
        pointer = f.offset(pointer, "i8", f.mul(f.parameters[3], i64(buffer.bytes)))
    return f.load(pointer, in_memory(buffer.node.type.dtype))


def _callback_succeeded(f: FunctionBuilder, plan: Plan, kernel: Kernel) -> Val:
    """Whether the host callback of a kernel has not failed."""
    context = Context(plan)
    status = context.load(f, context.host_callback(kernel.anchor) + 1, "i64")
    return f.icmp("eq", status, i64(0))


def _leave_unless(f: FunctionBuilder, good: Val) -> None:
    """Leave the step, as all threads do, unless all is well."""
    number = f.fresh("i1").name[1:]
    f.emit(f"br {good}, label %good{number}, label %stop{number}")
    f.label(f"stop{number}")
    f.emit("ret i1 false")
    f.label(f"good{number}")


def _write_barrier(module: Module, target: TargetMachine) -> None:
    """A barrier: each thread increments a counter in a cache line of its own and waits for those of the others."""
    parameters = (("context", "ptr"), ("thread", "i64"), ("threads", "i64"))
    f = FunctionBuilder(module, "barrier", parameters, attributes="nounwind noinline", exported=False)
    _, _, threads = f.parameters
    with f.when(f.icmp("sgt", threads, i64(1))):
        _write_wait(f, target)
    f.finish()


def _write_wait(f: FunctionBuilder, target: TargetMachine) -> None:
    _, thread, threads = f.parameters
    flags = f.load(f.offset(f.parameters[0], "i64", i64(FLAGS)), "ptr", align=8)
    offered = f.load(f.offset(f.parameters[0], "i64", i64(YIELD)), "ptr", align=8)
    own = f.offset(flags, "i8", f.mul(thread, i64(FLAG_BYTES)))
    count = f.add(f.value("i64", f"load atomic i64, {own} monotonic, align 8"), i64(1))
    f.emit(f"store atomic {count}, {own} release, align 8")
    with f.loop(i64(0), threads) as loop:
        other = f.offset(flags, "i8", f.mul(loop.index, i64(FLAG_BYTES)))
        _wait_for(f, target, other, count, offered)


def _wait_for(f: FunctionBuilder, target: TargetMachine, flag: Val, count: Val, offered: Val) -> None:
    """Spin until another thread's counter has come up; yield the processor when it takes long."""
    before = f._writing.block
    f.emit("br label %spin")
    f.label("spin")
    f.emit(f"%spins = phi i64 [ 0, %{before} ], [ %again, %pause ], [ 0, %offer ]")
    seen = f.value("i64", f"load atomic i64, {flag} acquire, align 8")
    here = f.icmp("sge", seen, count)
    f.emit(f"br {here}, label %arrived, label %wait")
    f.label("wait")
    f.emit("%again = add i64 %spins, 1")
    f.emit(f"%long = icmp sgt i64 %spins, {_SPINS}")
    f.emit("br i1 %long, label %offer, label %pause")
    f.label("pause")
    if target.level == "neon":
        f.module.declare("llvm.aarch64.hint", "void", ["i32"])
        f.emit("call void @llvm.aarch64.hint(i32 1)")  # yield
    else:
        f.module.declare("llvm.x86.sse2.pause", "void", [])
        f.emit("call void @llvm.x86.sse2.pause()")
    f.emit("br label %spin")
    f.label("offer")
    f.emit(f"%ignored = call i32 {offered.name}()")
    f.emit("br label %spin")
    f.label("arrived")
