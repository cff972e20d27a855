"""Plans compiled for ARM and run there: by QEMU, which executes another processor's programs on this one.

All memory of a call is laid out in a file. The program maps it at a fixed address, so the pointers are known before.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from chainrule.codegen.context import DONE, ERROR, FIRST, FLAG_BYTES, FLAGS, PRIVATE, SHARED, STEPS, YIELD, Context
from chainrule.codegen.program import write_program
from chainrule.codegen.target import target
from chainrule.plan.divide import candidates
from chainrule.plan.verify import verify
from chainrule.runtime.code import emit

EMULATOR, COMPILER = "qemu-aarch64", "aarch64-linux-gnu-gcc"
NEON = target("neon", "aarch64-unknown-linux-gnu")
PROCESSOR = "cortex-a53"  # the oldest: it has nothing beyond what all of them have
BASE, PAGE = 1 << 36, 4096

needs_emulator = pytest.mark.skipif(
    not (shutil.which(EMULATOR) and shutil.which(COMPILER)),
    reason=f"needs {EMULATOR} and {COMPILER} (Debian: qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross)",
)


class EmulatedExecutable:
    """As `runtime.executable.Executable`, without host callbacks; the states live here between calls."""

    def __init__(self, plan, threads, folder):
        verify(plan)
        self.plan, self.candidates = plan, candidates(threads)
        self._context, self._folder = Context(plan), Path(folder)
        self._states = [np.zeros(buffer.bytes, np.uint8) for buffer in plan.states]
        code, driver = self._folder / "plan.o", Path(__file__).with_suffix(".c")
        code.write_bytes(emit(str(write_program(plan, NEON, threads)), NEON))
        names = [f"-DBASE={BASE}", f"-DYIELD={YIELD}"]
        program = ["-o", self._folder / "program", "-static", "-pthread"]
        subprocess.run([COMPILER, *names, driver, code, *program], check=True)

    def run(self, arguments, results, steps=1, threads=1):
        """Make steps; return how many were made."""
        block, file = np.zeros(self._context.slots, np.int64), self._folder / "memory"
        pointed_to = self._pointed_to(arguments, results, threads)
        arrays = [block, *pointed_to.values()]
        starts = np.cumsum([0, *(_pages(array.nbytes) for array in arrays)])
        self._tell_strides(block, arguments)
        block[STEPS], block[list(pointed_to)] = steps, BASE + starts[1:-1]
        memory = np.memmap(file, np.uint8, "w+", shape=int(starts[-1]))
        parts = [np.ndarray(x.shape, x.dtype, memory, start) for x, start in zip(arrays, starts[:-1], strict=True)]
        for part, array in zip(parts, arrays, strict=True):
            part[...] = array
        subprocess.run([EMULATOR, "-cpu", PROCESSOR, self._folder / "program", file, str(threads)], check=True)
        for part, array in zip(parts, arrays, strict=True):
            array[...] = part
        assert block[ERROR] == 0
        return block[DONE]

    def _tell_strides(self, block, arguments):
        """Say how far apart the elements of arguments lie that are read where they are; here they are contiguous."""
        for buffer in self.plan.strided:
            first = self._context.strides(buffer)
            block[first : first + len(buffer.strides)] = np.ascontiguousarray(arguments[buffer.slot]).strides

    def _pointed_to(self, arguments, results, threads):
        """The array whose address each slot of the context holds."""
        plan, slot = self.plan, self._context.slot
        constants = [node.keywords["value"].array for node in plan.constants]
        given = {number: x.copy() for number, x in enumerate((*arguments, *constants), FIRST) if x is not None}
        sizes = {SHARED: plan.shared_bytes, PRIVATE: plan.private_bytes * threads, FLAGS: FLAG_BYTES * threads}
        return (
            {number: np.zeros(size, np.uint8) for number, size in sizes.items()}
            | given
            | {slot(buffer): state for buffer, state in zip(plan.states, self._states, strict=True)}
            | {slot(buffer): result for buffer, result in zip(plan.results, results, strict=True)}
        )

    def read_state(self, number):
        """A copy of a state."""
        return np.array(self._state(number), order="C")

    def write_state(self, number, array):
        """Set a state."""
        self._state(number)[...] = array

    def _state(self, number):
        buffer = self.plan.states[number]
        type_ = buffer.node.type
        strides = [stride * type_.dtype.itemsize for stride in buffer.strides]
        return np.ndarray(type_.shape, type_.dtype, self._states[number], 0, strides)


def _pages(size):
    """The bytes of the pages that an array fills, and of one more: vectors may be read past its end."""
    return (size // PAGE + 2) * PAGE
