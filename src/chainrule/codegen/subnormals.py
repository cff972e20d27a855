"""Flush to zero: subnormal numbers count as 0 while steps of training run.

Averages of gradients that vanish, such as Adam's, pass through the subnormal numbers on their way to 0, and processors
take up to a hundred times as long for these: see docs/decisions/0019.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import constant, i64

_X86 = 0x8040  # MXCSR: results are flushed to zero, operands read as zero
_ARM = 1 << 24  # FPCR: both


@contextmanager
def flushed(f: FunctionBuilder, target: TargetMachine) -> Iterator[None]:
    """Let this thread treat subnormal numbers as 0 in what is written inside, and as before after it."""
    if target.level == "neon":
        f.module.declare("llvm.aarch64.get.fpcr", "i64", [])
        f.module.declare("llvm.aarch64.set.fpcr", "void", ["i64"])
        before = f.value("i64", "call i64 @llvm.aarch64.get.fpcr()")
        changed = f.or_(before, i64(_ARM))
        f.emit(f"call void @llvm.aarch64.set.fpcr({changed})")
        yield
        f.emit(f"call void @llvm.aarch64.set.fpcr({before})")
        return
    f.module.declare("llvm.x86.sse.stmxcsr", "void", ["ptr"])
    f.module.declare("llvm.x86.sse.ldmxcsr", "void", ["ptr"])
    old, new = f.local("i32", 1), f.local("i32", 1)
    f.emit(f"call void @llvm.x86.sse.stmxcsr({old})")
    f.store(f.or_(f.load(old, "i32", align=4), constant("i32", _X86)), new, align=4)
    f.emit(f"call void @llvm.x86.sse.ldmxcsr({new})")
    yield
    f.emit(f"call void @llvm.x86.sse.ldmxcsr({old})")
