"""The profile of a compiled function: work and times of every kernel; it prints as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.figures import counted
from chainrule.types import Shape

_OPERATIONS = 34  # characters of a table's column
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


@dataclass(frozen=True)
class KernelProfile:
    """A loop nest of a compiled function.

    Attributes:
        number: its place in the order of execution.
        phase: kernels of one phase run without a barrier in between.
        operations: what is computed in it, the operation that it is made for first.
        space: the lengths of its loops, outermost first; axis 0 is shared out among the threads.
        tiles: of a product: rows × columns kept in registers, for each group of columns.
        threads: how many threads share it.
        flops: arithmetic operations of a step.
        bytes: read and written in a step, each array once.
        predicted: seconds on one thread by the model of `chainrule.plan.roofline`.
        measured: seconds on one thread.
    """

    number: int
    phase: int
    operations: tuple[str, ...]
    space: Shape
    tiles: str
    threads: int
    flops: int
    bytes: int
    predicted: float
    measured: float


@dataclass(frozen=True)
class Profile:
    """A compiled function: what runs in which order, how much work it is, and how long it takes.

    Attributes:
        name: of the function.
        kernels: in the order of execution.
        target: the vectors that it is compiled for.
        threads: how many threads were fastest.
        seconds: of the whole function by so many threads; the kernels' own times are those of one thread.
        shared_bytes: scratch memory that all threads see.
        private_bytes: scratch memory for each thread.
    """

    name: str
    kernels: tuple[KernelProfile, ...]
    target: str
    threads: int
    seconds: float
    shared_bytes: int
    private_bytes: int

    @property
    def phases(self) -> int:
        """The number of phases, each of which ends in a barrier."""
        return max((kernel.phase for kernel in self.kernels), default=0) + 1

    @property
    def flops(self) -> int:
        """Arithmetic operations of a step."""
        return sum(kernel.flops for kernel in self.kernels)

    def __str__(self) -> str:
        count, phases, threads = (
            counted(n, word)
            for n, word in ((len(self.kernels), "kernel"), (self.phases, "phase"), (self.threads, "thread"))
        )
        scratch = f"{_quantity(self.shared_bytes)}B shared, {_quantity(self.private_bytes)}B for each thread"
        rate = _quantity(self.flops / self.seconds) if self.seconds else "?"
        head = [
            f"{self.name}: {count} in {phases}, {self.target}",
            f"scratch memory: {scratch}",
            f"{_duration(self.seconds)} by {threads}, {_quantity(self.flops)}flop, {rate}flop/s",
            "",
        ]
        columns = ("#", "phase", "computes", "space", "tiles", "threads", "flop", "bytes", "predicted", "measured")
        return "\n".join([*head, *_table([columns, *map(_row, self.kernels)])])

    __repr__ = __str__


def _row(kernel: KernelProfile) -> tuple[str, ...]:
    return (
        str(kernel.number),
        str(kernel.phase),
        _shortened(kernel.operations),
        "×".join(map(str, kernel.space)) or "1",
        kernel.tiles,
        str(kernel.threads),
        _quantity(kernel.flops),
        _quantity(kernel.bytes),
        _duration(kernel.predicted),
        _duration(kernel.measured),
    )


def _shortened(operations: Sequence[str]) -> str:
    """The first operations, and how many there are besides; a copy is made by the operation that changes no value."""
    operations = ["copy" if name == "stop_gradient" else name for name in operations]
    for shown in range(len(operations), 0, -1):
        rest = len(operations) - shown
        text = ", ".join(operations[:shown]) + (f", {rest} more" if rest else "")
        if len(text) <= _OPERATIONS:
            break
    return text


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side: words to the left, numbers to the right."""
    words = {2, 3, 4}
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i in words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _quantity(number: float) -> str:
    for factor, prefix in _PREFIXES:
        if number >= factor:
            return f"{_three_digits(number / factor)} {prefix}"
    return "0 "


def _duration(seconds: float) -> str:
    for factor, unit in _UNITS:
        if seconds >= factor:
            return f"{_three_digits(seconds / factor)} {unit}"
    return "0 ns"


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"
