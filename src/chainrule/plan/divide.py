"""Static partition of an axis among threads: by its length alone, so that two kernels over one axis agree."""

from __future__ import annotations

COLUMNS = 32  # the most lanes in which sums over rows go along
_LINE = 16  # float32 numbers of a cache line: long axes are divided between lines


def part(length: int, grain: int, thread: int, threads: int) -> tuple[int, int]:
    """The range of an axis that a thread computes, as (start, stop), in multiples of the grain."""
    lines = -(-length // grain)
    return min(length, lines * thread // threads * grain), min(length, lines * (thread + 1) // threads * grain)


def grain_of(length: int) -> int:
    """The grain of an axis: threads begin at multiples of it."""
    return _LINE if length >= 8 * _LINE else 1


def candidates(available: int) -> tuple[int, ...]:
    """The numbers of threads that a program can run with: all, half of them, a quarter, … and one."""
    numbers = {1}
    while available > 1:
        numbers.add(available)
        available //= 2
    return tuple(sorted(numbers))
