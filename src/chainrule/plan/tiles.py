"""Register tiling of matrix products: the sizes of the tiles, and the order in which they are computed.

A tile of r rows and v vectors keeps r·v sums in registers, reads v vectors of B and broadcasts r elements of A in every
iteration of k. Large tiles read less for each multiplication, small ones leave less over at the edges; `choose_tiles`
weighs both by counting processor cycles for every candidate (T. Low et al., ACM TOMS 43, 2016).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


class Group(NamedTuple):
    """`pieces` neighbouring pieces of one size: tiles of `size` rows."""

    size: int
    pieces: int


@dataclass(frozen=True)
class ColumnGroup:
    """`panels` neighbouring column panels, each `vectors` wide and cut into tiles of at most `rows` rows."""

    vectors: int
    panels: int
    rows: int

    def row_groups(self, M: int) -> tuple[Group, ...]:
        """How M rows are cut into tiles: at most two heights, the larger one first."""
        return cut(M, self.rows)


@dataclass(frozen=True)
class Tiling:
    """How C[M, N] = Σ_k A[M, k]·B[k, N] is computed: for each panel of columns all tiles of rows.

    So a panel of B stays in the cache and A streams past it, row by row, which processors foresee. Any other order, or
    blocks of rows or of k, was never faster and up to 40 % slower, also where A is far larger than the L2 cache.

    Attributes:
        column_groups: from left to right; together they hold all vectors of a row of C.
        pack: whether the rows of a panel of B lie so far apart that it pays to copy them together, into
            K·vectors·lanes elements, before the tiles read them. Not needed for a B that is kept in panels.
    """

    column_groups: tuple[ColumnGroup, ...]
    pack: bool

    def kernels(self, M: int) -> tuple[tuple[int, int], ...]:
        """The (rows, vectors) of all tiles that M rows need, the largest first."""
        pairs = {(rows, group.vectors) for group in self.column_groups for rows, _ in group.row_groups(M)}
        return tuple(sorted(pairs, reverse=True))


@cache
def cut(total: int, largest: int) -> tuple[Group, ...]:
    """Cut `total` into the fewest pieces of at most `largest`, whose sizes differ by at most 1, the larger ones first.

    So no small and slow remainder is left: 32 rows in tiles of at most 6 are 2 tiles of 6 and 4 of 5. Generated code
    does the same at run time: tiles = ⌈total/largest⌉, then total mod tiles pieces of ⌊total/tiles⌋ + 1, and the other
    ones of ⌊total/tiles⌋.
    """
    if total == 0:
        return ()
    pieces = -(-total // largest)
    size, larger = divmod(total, pieces)
    groups = (Group(size + 1, larger), Group(size, pieces - larger))
    return tuple(group for group in groups if group.pieces)


def choose_tiles(M: int, N: int, K: int, *, lanes: int, registers: int, panel: int = 0, grain: int = 0) -> Tiling:
    """The fastest tiling of C[M, N] = Σ_k A[M, k]·B[k, N] by a count of cycles.

    Args:
        M: rows that one thread computes, or the usual number of them where it is known only at run time.
        N: columns; the last vector of a row of B and C may be padding.
        K: terms of each sum.
        lanes: elements of a vector register.
        registers: how many of them there are.
        panel: vectors of a row of B that lie together, if it is kept in panels: tiles take whole ones, or a whole part.
        grain: vectors of a row at multiples of which threads may begin, if they share the columns.
    """
    vectors = max(1, -(-N // lanes))
    widths: Iterable[int] = range(1, min(vectors, _WIDEST) + 1)
    if grain:
        widths = [width for width in widths if grain % width == vectors % width == 0]
    if panel:
        widths = [width for width in widths if _fit(vectors, width, panel)]
    candidates = (_panels(vectors, width, max(M, 1), max(K, 1), registers) for width in widths)
    _, groups = min(candidates, key=lambda candidate: candidate[0])
    return Tiling(groups, pack=M >= _REUSED and N * K >= _FAR and vectors > groups[0].vectors)


def _fit(vectors: int, widest: int, panel: int) -> bool:
    """Whether tiles of at most so many vectors begin and end at those of panels, or divide these."""
    return panel % widest == 0 or all(width % panel == 0 for width, _ in cut(vectors, widest))


# Measured on AVX2 (Zen 3). With 32 registers large products get 8x3 and 10x2, within 3 % of the best on AVX-512 too.
_WIDEST = 8  # vectors; a single row needs as many sums to hide the latency of an FMA
_HELD = 28  # registers of a tile, of 32: LLVM's scheduler wants some for itself, or it moves every sum in every round
_TALLEST = 10  # rows; each is an address in a general register
_LATENCY = 4  # cycles of an FMA: a round of k cannot be faster, since every sum waits for itself
_CALL = 12  # cycles of a tile outside of its rounds
_KERNEL = 0.03  # of the time: what one kernel less, which must be compiled, is worth
_REUSED = 64  # rows of A: from here on, copying a panel of B is cheap beside its use
_FAR = 1 << 16  # elements of B: where they begin to leave the second cache


def _panels(vectors: int, widest: int, M: int, K: int, registers: int) -> tuple[float, tuple[ColumnGroup, ...]]:
    """The cost of cutting a row into panels of at most `widest` vectors, and the panels."""
    cost, groups = 0.0, []
    for width, panels in cut(vectors, widest):
        tallest = min(max((min(registers, _HELD) - 1 - width) // width, 1), _TALLEST, M)
        one, rows = min((_panel(M, rows, width, K), -rows) for rows in range(1, tallest + 1))
        cost += panels * one
        groups.append(ColumnGroup(width, panels, -rows))
    kernels = sum(len(group.row_groups(M)) for group in groups)
    return cost * (1 + _KERNEL * kernels), tuple(groups)


def _panel(M: int, rows: int, vectors: int, K: int) -> float:
    return sum(tiles * _tile(height, vectors, K) for height, tiles in cut(M, rows))


def _tile(rows: int, vectors: int, K: int) -> float:
    """Cycles of one tile: two FMAs and two reads a cycle, the latency, and a little for what each read may wait for."""
    sums, reads = rows * vectors, rows + vectors
    return K * (max(sums / 2, reads / 2, _LATENCY) + 0.05 * rows + 0.25 * vectors) + _CALL + sums
