"""The transposed copy of a matrix: blocks of vectors are transposed in registers.

n vectors of n lanes are transposed in log₂ n rounds, which swap blocks beside the diagonal: those of n/2 × n/2 elements
first, smaller ones later (J. Eklundh, IEEE Trans. Computers 21, 1972).
"""

from __future__ import annotations

from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.loops import bounds_of
from chainrule.codegen.memory import memory_of
from chainrule.codegen.scope import Index
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, i64, vector
from chainrule.ops.elementwise import STOP_GRADIENT
from chainrule.plan import Buffer
from chainrule.plan.layout import base_of


def source_of(e: ElementWriter) -> Buffer | None:
    """The padded buffer of which a kernel makes a transposed copy, and nothing else; None if it does something else."""
    if len(e.kernel.space) != 2 or len(e.kernel.stores) != 1:
        return None
    (store,) = e.kernel.stores
    if store.node.op is not STOP_GRADIENT or store.axes != (0, 1):
        return None
    base, axes = base_of(store.node.operands[0])
    buffer = e.plan.buffers.get(base)
    if buffer is None or not (buffer.padded and store.buffer.padded) or not e.in_memory(base):
        return None
    turned = buffer.innermost(axes[0]) and store.buffer.innermost(1)
    return buffer if turned and memory_of(buffer) in ("float", "double") else None


def is_large(e: ElementWriter, target: TargetMachine, source: Buffer, threads: int) -> bool:
    """Whether every thread that has rows to copy has enough for a block."""
    lanes, (_, columns) = target.lanes(memory_of(source)), e.kernel.space
    parts = e.kernel.parts(threads)
    if source.panel and any(start % lanes for start, _ in parts):
        return False  # a block would lie in two panels
    return columns >= lanes and all(stop - start >= lanes or start == stop for start, stop in parts)


def write(e: ElementWriter, target: TargetMachine, source: Buffer) -> None:
    """Blocks of as many rows and columns as a vector has lanes; the last ones overlap those before them."""
    f = e.function
    (store,) = e.kernel.stores
    _, axes = base_of(store.node.operands[0])
    memory = memory_of(source)
    lanes = target.lanes(memory)
    lo, hi = bounds_of(e, 0)
    columns = e.length(1)
    last_row, last_column = f.sub(hi, i64(lanes)), f.sub(columns, i64(lanes))
    with e.loop(lo, hi, lanes) as (_, rows), e.loop(i64(0), columns, lanes) as (_, across):
        where = tuple(
            Index(f.intrinsic("smin", index.value, last), f.level)
            for index, last in ((rows, last_row), (across, last_column))
        )
        place = e.address(source, tuple(where[axes.index(axis)] for axis in range(2)))
        places = _places(e, place, memory, e.stride(source, axes[1]), lanes)
        block = transposed(
            f,
            [f.load(place, vector(memory, lanes)) for place in places],
            16 // source.itemsize,
        )
        goal = e.address(store.buffer, where)
        for turned, place in zip(block, _places(e, goal, memory, e.stride(store.buffer, 0), lanes), strict=True):
            f.store(turned, place)


def _places(e: ElementWriter, first: Val, memory: str, stride: Val, count: int) -> list[Val]:
    places = [first]
    while len(places) < count:
        places.append(e.function.offset(places[-1], memory, stride))
    return places


def transposed(f: FunctionBuilder, rows: list[Val], unit: int) -> list[Val]:
    """n vectors of n lanes, n a power of 2, with lane j of vector i becoming lane i of vector j.

    Within `unit` lanes, 16 bytes, neighbours are interleaved instead, and then pairs of them: processors have
    instructions for these orders, so that each shuffle is one.
    """
    count, block, rows = len(rows), len(rows) // 2, [*rows]
    while block >= unit:
        upper = [lane if not lane & block else count + lane - block for lane in range(count)]
        lower = [lane + block if not lane & block else count + lane for lane in range(count)]
        for i in range(count):
            if not i & block:
                a, b = rows[i], rows[i + block]
                rows[i], rows[i + block] = f.shuffle(a, b, upper), f.shuffle(a, b, lower)
        block //= 2
    size = 1
    while size <= block:
        pairs = [(i, i + size) for i in range(count) if not i & size]
        orders = [_interleaved(count, unit, size, half) for half in range(2)]
        rows = [f.shuffle(rows[i], rows[j], order) for i, j in pairs for order in orders]
        size *= 2
    return rows


def _interleaved(count: int, unit: int, size: int, half: int) -> list[int]:
    """From two vectors of `count` lanes, `size` lanes in turn, out of one half of each unit of theirs."""
    unit = min(unit, count)
    starts = (base + start for base in range(0, count, unit) for start in range(0, unit // 2, size))
    return [vector + start + half * unit // 2 + i for start in starts for vector in (0, count) for i in range(size)]
