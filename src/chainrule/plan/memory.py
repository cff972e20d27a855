"""One block of scratch memory for all buffers: those whose live ranges do not overlap share a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chainrule.graph import Node
from chainrule.plan.kernels import Buffer, Kernel, Place
from chainrule.plan.layout import LINE

LiveRange = tuple[int, int]  # first and last phase


def place_scratch(buffers: Iterable[Buffer], lives: Mapping[Buffer, LiveRange]) -> tuple[int, int]:
    """Set the offsets of the scratch buffers; return the bytes of shared and of private memory."""
    buffers = list(buffers)
    private = 0
    for buffer in buffers:
        if buffer.place is Place.PRIVATE:
            buffer.slot, private = private, private + _rounded(buffer.bytes)
    placed: list[Buffer] = []
    shared = [buffer for buffer in buffers if buffer.place is Place.SHARED]
    for buffer in sorted(shared, key=lambda buffer: -buffer.bytes):
        buffer.slot = _first_gap(buffer, [other for other in placed if _overlap(lives[buffer], lives[other])])
        placed.append(buffer)
    return max((buffer.slot + _rounded(buffer.bytes) for buffer in placed), default=0), private


def live_ranges(
    kernels: Sequence[Kernel], reads: Mapping[Kernel, Iterable[Node]], buffers: Mapping[Node, Buffer]
) -> dict[Buffer, LiveRange]:
    """From the phase that writes a buffer to the last one that reads it."""
    lives: dict[Buffer, LiveRange] = {}
    for kernel in kernels:
        for buffer in (*(store.buffer for store in kernel.stores), *(buffers[node] for node in reads[kernel])):
            first, last = lives.get(buffer, (kernel.phase, kernel.phase))
            lives[buffer] = min(first, kernel.phase), max(last, kernel.phase)
    return lives


def _first_gap(buffer: Buffer, others: list[Buffer]) -> int:
    offset = 0
    for other in sorted(others, key=lambda other: other.slot):
        if offset + buffer.bytes <= other.slot:
            break
        offset = max(offset, other.slot + _rounded(other.bytes))
    return offset


def _overlap(a: LiveRange, b: LiveRange) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _rounded(bytes_: int) -> int:
    return -(-bytes_ // (2 * LINE)) * 2 * LINE
