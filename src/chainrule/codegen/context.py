"""The calling convention of a program: its functions, and the context block of pointers and numbers they receive.

Slots of 8 bytes: shared scratch memory, private scratch memory, steps to do, steps done, the error flag, the address of
a function that yields the processor, the flags of the barrier; then arguments, states, results, for each
host callback its address and what it returned when it failed, and the strides of arguments that have their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.values import Val, i64
from chainrule.graph import Node
from chainrule.plan import Buffer, Place, Plan

ENTRY = "run"  # (context, thread, threads)
SET_CONTEXT, RUN_AGAIN = "set_context", "run_again"  # to call with one context again and again, without arguments
KERNELS = "run_kernels"  # (context, thread, threads, step, first, end): to time kernels one by one
FLAG_BYTES = 128  # two cache lines, which processors fetch together

SHARED, PRIVATE, STEPS, DONE, ERROR, YIELD, FLAGS, FIRST = range(8)
INDEX_ERROR = 1  # an index lay outside of its axis


@dataclass(frozen=True)
class Context:
    """The layout of the block for a plan."""

    plan: Plan

    @property
    def slots(self) -> int:
        """Its length."""
        return self._callbacks_end + sum(len(buffer.strides) for buffer in self.plan.strided)

    @property
    def _callbacks_end(self) -> int:
        return self._results_end + 2 * len(self.plan.host_callbacks)

    @property
    def _results_end(self) -> int:
        return FIRST + self.states_end + len(self.plan.results)

    def host_callback(self, node: Node) -> int:
        """The slot that holds the address of the function of a `host_callback` node; the next one tells how it failed.

        Each has its own: a thread may read how one call went while the first one makes the next.
        """
        return self._results_end + 2 * self.plan.host_callbacks.index(node)

    def strides(self, buffer: Buffer) -> int:
        """The slot that holds the stride of an argument's first axis in bytes; those of the others follow."""
        position = self.plan.strided.index(buffer)
        return self._callbacks_end + sum(len(other.strides) for other in self.plan.strided[:position])

    @property
    def arguments(self) -> int:
        """How many arguments there are, constants included."""
        return len(self.plan.graph.inputs) + len(self.plan.constants)

    @property
    def states_end(self) -> int:
        """How many arguments and states there are."""
        return self.arguments + len(self.plan.states)

    def slot(self, buffer: Buffer) -> int:
        """The slot that holds a buffer's address."""
        start = {Place.ARGUMENT: 0, Place.STATE: self.arguments, Place.RESULT: self.states_end}[buffer.place]
        return FIRST + start + buffer.slot

    def place(self, f: FunctionBuilder, slot: int) -> Val:
        """The address of a slot."""
        return f.offset(f.parameters[0], "i64", i64(slot))

    def load(self, f: FunctionBuilder, slot: int, type_: str = "ptr") -> Val:
        """What a slot holds."""
        return f.load(self.place(f, slot), type_, align=8)
