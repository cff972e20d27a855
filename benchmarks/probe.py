"""What the processor can do at most: independent chains of fused multiply-add, on one thread and on all at once.

Virtual cores change their speed within minutes, so a timing means little without this figure from beside it.
"""

from __future__ import annotations

import ctypes
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import llvmlite.binding as llvm

from chainrule.codegen.function_builder import vector
from chainrule.codegen.target import TargetMachine, host

CHAINS = 12
"""More than latency × units, 4 × 2 = 8, and few enough for 16 registers."""

_REPEATS = 5  # the best of them counts: whoever is preempted says nothing about the machine


def threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def text(target: TargetMachine) -> str:
    """LLVM IR of `probe(rounds, sums)`: x ← 0.5 x + 1 in every lane of every chain, which tends to 2."""
    type_ = vector("float", target.lanes("float"))
    half, one = "splat (float 0.5)", "splat (float 1.0)"
    lines = [f"declare {type_} @llvm.fma({type_}, {type_}, {type_})"] if target.fma else []
    lines += ["define void @probe(i64 %rounds, ptr %sums) {", "entry:", "  br label %loop", "loop:"]
    lines.append("  %i = phi i64 [0, %entry], [%i.next, %loop]")
    lines += [f"  %x{c} = phi {type_} [zeroinitializer, %entry], [%y{c}, %loop]" for c in range(CHAINS)]
    for c in range(CHAINS):
        if target.fma:
            lines.append(f"  %y{c} = call {type_} @llvm.fma({type_} %x{c}, {type_} {half}, {type_} {one})")
        else:
            lines += [f"  %p{c} = fmul {type_} %x{c}, {half}", f"  %y{c} = fadd {type_} %p{c}, {one}"]
    lines += ["  %i.next = add i64 %i, 1", "  %more = icmp slt i64 %i.next, %rounds"]
    lines += ["  br i1 %more, label %loop, label %end", "end:"]
    lines += [
        f"  %to{c} = getelementptr {type_}, ptr %sums, i64 {c}\n  store {type_} %y{c}, ptr %to{c}, align 4"
        for c in range(CHAINS)
    ]
    return "\n".join((*lines, "  ret void", "}", ""))


@dataclass(frozen=True)
class Peak:
    """GFLOP/s, float32.

    Attributes:
        one: of one thread, at best.
        all: of all together, at best.
        sustained: of all together, over as long as a contestant is measured.
    """

    one: float
    all: float
    sustained: float


class Probe:
    """The compiled loop; it runs for a few milliseconds a time."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = host()
        made = llvm.Target.from_triple(target.triple)
        machine = made.create_target_machine(cpu=target.cpu, features=target.features, opt=2)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text(target)), machine)
        self._engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
        self._function = prototype(self._engine.get_function_address("probe"))
        self._lanes = CHAINS * target.lanes("float")

    def sums(self, rounds: int) -> list[float]:
        """What every lane of every chain holds after so many rounds."""
        numbers = (ctypes.c_float * self._lanes)()
        self._function(rounds, ctypes.addressof(numbers))
        return list(numbers)

    def peak(self, seconds: float, rounds: int = 1_000_000) -> Peak:
        """Measure now; ctypes releases the GIL, so threads run at the same time.

        Args:
            seconds: over which the sustained rate is taken.
            rounds: of the loop, for each of the others.
        """
        flops = 2 * self._lanes * rounds / 1e9
        one = min(self._seconds(1, rounds) for _ in range(_REPEATS))
        together = min(self._seconds(threads(), rounds) for _ in range(_REPEATS))
        times = max(1, round(seconds / together))
        lasting = self._seconds(threads(), times * rounds) / times
        return Peak(flops / one, threads() * flops / together, threads() * flops / lasting)

    def _seconds(self, count: int, rounds: int) -> float:
        """From the first start to the last end, on so many threads."""
        barrier = Barrier(count)

        def run(_: int) -> tuple[float, float]:
            barrier.wait()
            began = time.perf_counter()
            self.sums(rounds)
            return began, time.perf_counter()

        with ThreadPoolExecutor(count) as pool:
            spans = list(pool.map(run, range(count)))
        return max(end for _, end in spans) - min(began for began, _ in spans)
