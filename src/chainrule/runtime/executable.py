"""A compiled plan, ready to be called: it owns the machine code, the scratch memory and the block of pointers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.codegen.context import (
    DONE,
    ENTRY,
    ERROR,
    FIRST,
    FLAG_BYTES,
    FLAGS,
    KERNELS,
    PRIVATE,
    RUN_AGAIN,
    SET_CONTEXT,
    SHARED,
    STEPS,
    YIELD,
    Context,
)
from chainrule.codegen.target import TargetMachine, chosen
from chainrule.errors import ArgumentError
from chainrule.graph.usage import Usage
from chainrule.plan import Buffer, Plan
from chainrule.plan.cost import flops
from chainrule.plan.divide import candidates
from chainrule.runtime import threads as pool
from chainrule.runtime.cores import available
from chainrule.runtime.host_callback import HostCallbacks
from chainrule.runtime.plans import code_of
from chainrule.types import Array, has_gaps

_ALIGNMENT = 4096
_WORTH_SHARING_A_STEP = 2e5  # operations; in a smaller step, threads would only wait for each other
_WORTH_SHARING_A_CALL = 20e6  # operations; threads must be woken for every call
_BRIEF = 1e6  # operations for which other threads of Python can wait: some ten microseconds
_APART = 128  # bytes: states begin at pairs of cache lines, which processors fetch together
_Byte: Any = ctypes.c_char


class Executable:
    """Machine code for a plan and everything that it needs to run.

    One caller at a time. The states live here, in the layout that the plan chose, in one block of memory: it is copied
    as a whole, and executables whose plans lay out equal states equally can share it.
    """

    def __init__(self, plan: Plan, threads: int = 1, target: TargetMachine | None = None) -> None:
        self.plan, self.candidates = plan, candidates(threads)
        self.target, self._threads = target or chosen(), threads
        self.code = code_of(plan, self.target, threads, lambda: self.ir)
        self._context = Context(plan)
        self._first_result = FIRST + self._context.states_end
        self._block = np.zeros(self._context.slots, np.int64)
        self._scratch = aligned(plan.shared_bytes)
        self._private = aligned(plan.private_bytes * threads)
        self._flags = aligned(FLAG_BYTES * threads)
        self._constants = [constant_memory(node.keywords["value"].array, plan.buffers[node]) for node in plan.constants]
        self._slots = self._block.data  # written to three times as fast as the array
        self._address = address(self._block)
        self._set(SHARED, self._scratch)
        self._set(PRIVATE, self._private)
        self._set(FLAGS, self._flags)
        self._host_callbacks = HostCallbacks(plan.host_callbacks)
        self._strides = [(buffer.slot, self._context.strides(buffer)) for buffer in plan.strided]
        self._statuses = [self._context.host_callback(node) + 1 for node in plan.host_callbacks]
        for slot, function in zip(self._statuses, self._host_callbacks.addresses, strict=True):
            self._block[slot - 1] = function
        self._block[YIELD] = pool.yield_address()
        self._offsets, size = _offsets(plan.states)
        self._panelled = [buffer.order if buffer.panel else () for buffer in plan.states]
        self._hold(aligned(size))
        for slot, array in enumerate(self._constants, FIRST + len(plan.graph.inputs)):
            self._set(slot, array)
        self._alone = self.code.function(ENTRY, ctypes.c_void_p, *(ctypes.c_int64,) * 2)
        self._kernels = self.code.function(KERNELS, ctypes.c_void_p, *(ctypes.c_int64,) * 5)

    @cached_property
    def ir(self) -> str:
        """The program in LLVM IR; written if its machine code is not kept, or if somebody asks."""
        from chainrule.codegen.program import write_program  # most processes find all their code in the cache

        return str(write_program(self.plan, self.target, self._threads))

    def _set(self, slot: int, array: Array) -> None:
        self._slots[slot] = address(array)

    def run(self, arguments: Sequence[Array | None], results: Sequence[Array], steps: int = 1, threads: int = 1) -> int:
        """Make steps; return how many were made before the guard stopped them.

        Args:
            arguments: arrays of the plan's types as `as_read` gives them, None for states; those that every step
                has of its own have a first axis of steps.
            results: arrays to write to.
            steps: how many.
            threads: one of `candidates`; the result does not depend on it.

        Raises:
            Exception: what a host callback raised; the step in which it did so has changed no state.
            ArgumentError: an index from one of the arrays lay outside of its axis.
        """
        slots = self._slots
        for slot, array in enumerate(arguments, FIRST):
            if array is not None:
                slots[slot] = address(array)
        for position, first in self._strides:
            array = arguments[position]
            assert array is not None
            for slot, stride in enumerate(array.strides, first):
                slots[slot] = stride
        for slot, array in enumerate(results, self._first_result):
            slots[slot] = address(array)
        slots[STEPS], slots[DONE], slots[ERROR] = steps, 0, 0
        for slot in self._statuses:
            slots[slot] = 0
        if threads == 1:
            self._alone(self._address, 0, 1)
        else:
            self._flags.fill(0)  # threads that were not there the last time have not counted
            pool.run(self.code.address(ENTRY), self._address, threads)
        for slot in self._statuses:
            self._host_callbacks.check(slots[slot])
        if slots[ERROR]:
            raise ArgumentError(f"{self.plan.graph.name}: an index is outside of the axis that it selects from")
        return slots[DONE]

    def single_call(self, argument: Array, result: Array) -> Callable[[], None]:
        """A function that makes a step for what `argument` holds, a plain input, and writes `result`.

        Both are C-contiguous and of the plan's types; all other inputs are states. For one thread at a time, and
        only of a plan that no other executable has; of a small step the interpreter's lock is not released, which would
        take a good part of it.
        """
        position = next(i for i in range(len(self.plan.graph.inputs)) if i not in self.plan.usage.resident)
        self._slots[FIRST + position], self._slots[self._first_result] = address(argument), address(result)
        self._slots[STEPS] = 1
        self.code.function(SET_CONTEXT, ctypes.c_void_p)(self._address)
        again: Callable[[], None] = self.code.function(RUN_AGAIN, brief=flops(self.plan) < _BRIEF)
        again.memory = (self, argument, result)  # type: ignore[attr-defined]
        return again

    def run_kernels(self, first: int, end: int) -> None:
        """Run some kernels of the first step on this thread alone; the arrays of the last call must still live."""
        self._kernels(self._address, 0, 1, 0, first, end)

    # States

    def read_state(self, number: int) -> Array:
        """A copy of a state as a C-contiguous array."""
        array = self.states[number]
        if order := self._panelled[number]:
            array = array.reshape(array.shape[0], -1).transpose(np.argsort(order))
        return np.array(array, order="C")

    def write_state(self, number: int, array: Array) -> None:
        """Set a state."""
        if order := self._panelled[number]:
            array = np.transpose(array, order).reshape(self.states[number].shape)
        self.states[number][...] = array

    def save_states(self, memory: Array | None = None) -> Array:
        """A copy of the block of states, for `restore_states`; it is written to `memory` if that is given."""
        if memory is None:
            return self._memory.copy()
        np.copyto(memory, self._memory)
        return memory

    def restore_states(self, memory: Array) -> None:
        """Set all states to what they were when the block was saved."""
        np.copyto(self._memory, memory)

    def share_states(self, other: Executable) -> bool:
        """Use the memory of another executable's states from now on, unless its plan lays them out otherwise."""
        if self._memory is not other._memory:
            if _layout(self.plan) != _layout(other.plan):
                return False
            self._hold(other._memory)
        return True

    def surely_finite(self, count: int) -> bool:
        """True if the first states are finite, and so is what lies between their elements; of one float type only."""
        dtypes = {buffer.node.type.dtype for buffer in self.plan.states[:count]}
        end = [*self._offsets, len(self._memory)][count]
        return len(dtypes) == 1 and bool(np.isfinite(self._memory[:end].view(dtypes.pop())).all())

    def _hold(self, memory: Array) -> None:
        """Let the states live in a block."""
        self._memory = memory
        self.states = [
            _view(memory[offset:], buffer) for offset, buffer in zip(self._offsets, self.plan.states, strict=True)
        ]
        for offset, buffer in zip(self._offsets, self.plan.states, strict=True):
            self._slots[self._context.slot(buffer)] = memory.ctypes.data + offset


def most_threads(plan: Plan) -> int:
    """How many threads may share the work of a plan."""
    return available() if flops(plan) > (_WORTH_SHARING_A_STEP if plan.usage.repeats else _WORTH_SHARING_A_CALL) else 1


def _offsets(states: Sequence[Buffer]) -> tuple[list[int], int]:
    """Where in the block each state begins, and the length of the block, behind which vectors may still read."""
    offsets, end = [], 0
    for state in states:
        offsets.append(end)
        end += -(-state.bytes // _APART) * _APART
    return offsets, end + _APART


def _layout(plan: Plan) -> list[Any]:
    """All that decides where the elements of states lie."""
    return [(state.node.type, state.strides, state.elements, state.panel) for state in plan.states]


def _view(memory: Array, buffer: Buffer) -> Any:
    """The elements of a state, without the padding between them; of one in panels rows × panels × columns."""
    type_ = buffer.node.type
    shape, strides = type_.shape, buffer.strides
    if buffer.panel:
        rows, columns = (shape[axis] for axis in buffer.order)
        shape = (rows, columns // buffer.panel, buffer.panel)
        strides = (buffer.panel, rows * buffer.panel, 1)
    flat = memory[: buffer.bytes].view(type_.dtype)
    return np.lib.stride_tricks.as_strided(flat, shape, tuple(stride * type_.dtype.itemsize for stride in strides))


def as_read(array: Array, position: int, usage: Usage) -> Array:
    """The array of an input as code reads it: where it lies, or C-contiguous."""
    if position in usage.in_place and (position in usage.with_gaps or not has_gaps(array)):
        return array
    return np.ascontiguousarray(array)


def address(array: Array) -> int:
    """Where the elements of an array begin; `array.ctypes.data`, which takes three times as long, but for arrays
    that are read-only, empty or not contiguous."""
    try:
        return ctypes.addressof(_Byte.from_buffer(array))
    except (TypeError, ValueError):
        return int(array.ctypes.data)


def constant_memory(array: Array, buffer: Buffer) -> Array:
    """A constant in memory that ends with the buffer's padding."""
    if not buffer.padded:
        return np.ascontiguousarray(array)
    memory = aligned(buffer.bytes)
    memory[: array.nbytes] = np.ascontiguousarray(array).view(np.uint8)
    return memory


def aligned(size: int) -> Array:
    """Zeroed bytes that begin at a page; a vector may be read at the last of them."""
    memory = np.zeros(max(size, 64) + _ALIGNMENT + 64, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + max(size, 64)]
