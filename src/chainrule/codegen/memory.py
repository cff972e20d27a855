"""Loads and stores: addresses of elements, contiguous vectors, panels, gathers and scatters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.codegen.context import PRIVATE, SHARED, Context
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.scalar import in_memory
from chainrule.codegen.scope import ZERO, Index, Indices, Pulled, Scope
from chainrule.codegen.values import Val, constant, i64, lanes, vector
from chainrule.plan import Buffer, Kernel, Place, Plan
from chainrule.plan.kernels import AS_GIVEN


def memory_of(buffer: Buffer) -> str:
    """The LLVM type of an element of a buffer."""
    is_bool = buffer.node.type.dtype.kind == "b"
    return "i32" if is_bool and buffer.itemsize > 1 else in_memory(buffer.node.type.dtype)


def unit_of(buffer: Buffer) -> str:
    """The LLVM type whose size is the unit of distances in a buffer: its elements, or bytes where the caller tells."""
    return "i8" if buffer.strided else memory_of(buffer)


def _crosses_panels(buffer: Buffer, axis: int) -> bool:
    """Whether an axis runs over the columns of a matrix in panels."""
    return bool(buffer.panel) and buffer.innermost(axis)


class Memory(Scope):
    """The buffers of a plan, as a kernel's function reaches them.

    Attributes:
        plan: whose buffers they are.
        kernel: what is being written.
        context: the block of pointers.
        step: the number of the step whose arrays are read.
    """

    def __init__(self, plan: Plan, kernel: Kernel, function: FunctionBuilder, context: Context) -> None:
        super().__init__(function)
        self.plan, self.kernel, self.context = plan, kernel, context
        self.step = function.parameters[4]

    @contextmanager
    def at_step(self, step: Val) -> Iterator[None]:
        """Read what moves as another step does."""
        before, self.step = self.step, step
        yield
        self.step = before

    # Lengths and distances

    def length(self, axis: int) -> Val:
        """The length of an axis of the space."""
        return self.number(("length", axis), self.kernel.space[axis])

    def stride(self, buffer: Buffer, axis: int) -> Val:
        """The distance of neighbours along an axis of a buffer, in its unit; 0 and 1 stand in the code they shape."""
        stride = buffer.strides[axis]
        if stride == AS_GIVEN:
            return self.remember(("stride", buffer, axis), 0, lambda: self._given_stride(buffer, axis))
        if stride in (0, 1):
            return i64(stride * (buffer.itemsize if buffer.strided else 1))
        return self.number(("stride", buffer, axis), stride)

    def _given_stride(self, buffer: Buffer, axis: int) -> Val:
        first = self.number(("strides", buffer), self.context.strides(buffer))
        slot = self.function.add(first, i64(axis))
        return self.function.load(self.function.offset(self.function.parameters[0], "i64", slot), "i64", align=8)

    # Elements

    def load(self, buffer: Buffer, at: Indices) -> Pulled:
        """An element or a vector of elements from memory."""
        f, dtype = self.function, buffer.node.type.dtype
        level = max((index.level for index in at), default=0)
        memory = memory_of(buffer)
        if self._is_run(buffer, at):
            value = self._load_run(buffer, at, level)
        elif all(not index.run and lanes(index.value.type) == 1 for index in at):
            pointer = self.address(buffer, at)
            with f.at(level):
                value = f.load(pointer, memory)
        else:
            value = self._gather(buffer, at, level)
        if dtype.kind == "b":
            with f.at(level):  # of a wide bool, the sign is what vectors choose by
                value = f.icmp("slt" if buffer.itemsize > 1 else "ne", value, constant(value.type, 0))
        return Pulled(value, level)

    def store(self, buffer: Buffer, at: Indices, x: Pulled) -> None:
        """Write an element, or a vector of elements, to memory."""
        f = self.function
        running = any(index.run for index in at)
        value = (self.splat(x) if running else x).value
        if buffer.node.type.dtype.kind == "b":
            value = f.cast("sext", value, "i32") if buffer.itemsize > 1 else f.cast("zext", value, "i8")
        if not running or self.width == 1:
            f.store(value, self.address(buffer, at))
        elif self._is_run(buffer, at):
            self._store_run(buffer, at, value)
        else:
            for lane, place in enumerate(self._lane_addresses(buffer, at, f.level)):
                f.store(f.lane(value, lane), place)

    def _load_run(self, buffer: Buffer, at: Indices, level: int) -> Val:
        f, places = self.function, self._panel_places(buffer, at, level)
        with f.at(level):
            parts = [f.load(place, vector(memory_of(buffer), self.width // len(places))) for place in places]
            while len(parts) > 1:
                joined = range(2 * lanes(parts[0].type))
                parts = [f.shuffle(a, b, joined) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    def _store_run(self, buffer: Buffer, at: Indices, value: Val) -> None:
        f, places = self.function, self._panel_places(buffer, at, self.function.level)
        if len(places) == 1:
            f.store(value, places[0])
            return
        width = self.width // len(places)
        for number, place in enumerate(places):
            f.store(f.shuffle(value, value, range(number * width, (number + 1) * width)), place)

    def _panel_places(self, buffer: Buffer, at: Indices, level: int) -> list[Val]:
        """Where the parts of a run begin that lie in one panel each."""
        places = [self.address(buffer, at)]
        count = self.width // buffer.panel if buffer.panel else 1
        with self.function.at(level):
            while len(places) < count:
                places.append(self.function.offset(places[-1], memory_of(buffer), self.to_next_panel(buffer)))
        return places

    def _is_run(self, buffer: Buffer, at: Indices) -> bool:
        """Whether the lanes are contiguous in memory."""
        runs = [axis for axis, index in enumerate(at) if index.run]
        return (
            self.width > 1
            and len(runs) == 1
            and buffer.strides[runs[0]] == 1
            and (at[runs[0]].whole or not buffer.panel)
            and all(lanes(index.value.type) == 1 for index in at)
        )

    def _gather(self, buffer: Buffer, at: Indices, level: int) -> Val:
        f, memory = self.function, memory_of(buffer)
        places = self._lane_addresses(buffer, at, level)
        with f.at(level):
            value = Val("poison", vector(memory, self.width))
            for lane, place in enumerate(places):
                value = f.insert(value, f.load(place, memory), lane)
        return value

    def _lane_addresses(self, buffer: Buffer, at: Indices, level: int) -> list[Val]:
        f, unit = self.function, unit_of(buffer)
        uniform = tuple(ZERO if index.run or lanes(index.value.type) > 1 else index for index in at)
        base = self.address(buffer, uniform)
        moving = [axis for axis, index in enumerate(at) if uniform[axis] is not index]
        with f.at(level):
            if len(moving) == 1 and at[moving[0]].run and not _crosses_panels(buffer, moving[0]):
                (axis,) = moving
                places = [f.offset(base, unit, self._distance(buffer, axis, at[axis].value))]
                while len(places) < self.width:
                    places.append(f.offset(places[-1], unit, self.stride(buffer, axis)))
                return places
            total: Val | None = None
            for axis in moving:
                term = self._distance(buffer, axis, self.lane_numbers(at[axis]))
                total = term if total is None else f.add(total, term)
            assert total is not None
            return [f.offset(base, unit, f.lane(total, lane)) for lane in range(self.width)]

    def lane_numbers(self, index: Index) -> Val:
        """An index as one number for each lane; to be called where it is known."""
        f = self.function
        if self.width == 1 or lanes(index.value.type) > 1:
            return index.value
        splat = f.splat(index.value, self.width)
        return f.add(splat, f.lane_numbers("i64", self.width)) if index.run else splat

    def address(self, buffer: Buffer, at: Indices) -> Val:
        """The address of the first lane; what is invariant in an inner loop is hoisted out of it."""
        f, unit = self.function, unit_of(buffer)
        pointer = self.pointer(buffer)
        for axis in sorted(range(len(at)), key=lambda axis: at[axis].level):
            index = at[axis]
            if index.value.name == "0" or buffer.strides[axis] == 0:
                continue

            def add(base: Val = pointer, axis: int = axis, index: Index = index) -> Val:
                return f.offset(base, unit, self._distance(buffer, axis, index.value))

            pointer = self.remember(("address", pointer, index.value, axis), index.level, add)
        return pointer

    def _distance(self, buffer: Buffer, axis: int, index: Val) -> Val:
        """How far an index along an axis is from 0, in the buffer's unit; of one number or one for each lane."""
        f, crosses = self.function, _crosses_panels(buffer, axis)
        step = self.to_next_panel(buffer) if crosses else self.stride(buffer, axis)
        if step.name == "1":
            return index
        step = f.splat(step, lanes(index.type))
        if not crosses:
            return f.mul(index, step)
        panel = constant(index.type, buffer.panel)
        return f.add(f.mul(f.udiv(index, panel), step), f.urem(index, panel))

    def to_next_panel(self, buffer: Buffer) -> Val:
        """How far the panels of a matrix are apart."""
        rows = buffer.node.type.shape[buffer.order[0]]
        return self.number(("panel", buffer), rows * buffer.panel)

    def pointer(self, buffer: Buffer) -> Val:
        """Where a buffer begins, at the step and for this thread."""
        return self.remember(("pointer", buffer, self.step), 0, lambda: self._pointer(buffer))

    def _pointer(self, buffer: Buffer) -> Val:
        f, context = self.function, self.context
        thread = f.parameters[1]
        if buffer.place in (Place.SHARED, Place.PRIVATE):
            slot = SHARED if buffer.place is Place.SHARED else PRIVATE
            base = self.remember(("scratch", slot), 0, lambda: context.load(f, slot))
            if buffer.place is Place.PRIVATE:
                base = f.offset(base, "i8", f.mul(thread, self.number("private", self.plan.private_bytes)))
            return f.offset(base, "i8", self.number(("offset", buffer), buffer.slot))
        place = f.offset(f.parameters[0], "i64", self.number(("slot", buffer), context.slot(buffer)))
        pointer = f.load(place, "ptr", align=8)
        if not buffer.per_step:
            return pointer
        return f.offset(pointer, "i8", f.mul(self.step, self.number(("bytes", buffer), buffer.bytes)))
