"""Matrix products: micro-kernels that keep a tile of C in registers while they run along k.

C[m, n] = Σ_k A[m, k]·B[k, n]. A tile is `rows` rows of `vectors` whole vectors. In every iteration over k, one row of B
is read as vectors and each element of A's column is broadcast (K. Goto, R. van de Geijn, ACM TOMS 34, 2008; F. Van Zee,
R. van de Geijn, ACM TOMS 41, 2015, without packing: B's rows are contiguous and padded as they are).

Every element of C is one chain of fused multiply-adds in the order k = 0, 1, …, K−1 (a multiplication and an addition
where the target has no FMA), so its bits depend neither on the shape of the tile nor on the number of threads.
"""

from __future__ import annotations

from typing import Literal

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.module import Module
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, constant, i64, vector

Form = Literal["rows", "columns"]

_PARAMETERS = (
    ("a", "ptr"),
    ("a_stride", "i64"),
    ("b", "ptr"),
    ("b_stride", "i64"),
    ("b_panel", "i64"),
    ("k", "i64"),
    ("c", "ptr"),
    ("c_stride", "i64"),
)


def micro_kernel(
    module: Module,
    target: TargetMachine,
    element: str,
    rows: int,
    vectors: int,
    form: Form,
    *,
    panel: int = 0,
) -> str:
    """The name of the function that computes one tile of C; it is written to the module at the first request.

    Its signature is `void (ptr a, i64 a_stride, ptr b, i64 b_stride, i64 b_panel, i64 k, ptr c, i64 c_stride)`, with
    strides in elements and no alignment but that of an element. It reads

    - A[m, k] at a + m·a_stride + k, for m < rows (form "rows": x of x·W, or δ of δ·Wᵀ),
      or at a + k·a_stride + m (form "columns": x of the weight gradient xᵀ·δ),
    - B[k, n] at b + k·b_stride + n, for n < vectors·lanes: rows of B must be readable in whole vectors. With `panel`,
      each of its rows has so many vectors only, and the next ones are b_panel further,

    and writes C[m, n] at c + m·c_stride + n, whole vectors too. K may be 0.
    """
    panel = panel if 0 < panel < vectors else vectors
    name = f"matmul_{element}_{rows}x{vectors}_{form}{f'_panel{panel}' if panel < vectors else ''}"
    if name not in module.functions:
        _MicroKernel(module, target, element, rows, vectors, form, panel, name).write()
    return name


class _MicroKernel:
    """Builds one micro-kernel."""

    def __init__(
        self,
        module: Module,
        target: TargetMachine,
        element: str,
        rows: int,
        vectors: int,
        form: Form,
        panel: int,
        name: str,
    ) -> None:
        self.element, self.lanes, self.fused = element, target.lanes(element), target.fma
        self.rows, self.vectors, self.form, self.panel = rows, vectors, form, panel
        self.function = FunctionBuilder(module, name, _PARAMETERS, exported=False)

    def write(self) -> None:
        """Emit the function: the loop over k, the stores."""
        *_, c, c_stride = self.function.parameters
        chains = self._run()
        for place, chain in zip(self._tile_places(c, c_stride), chains, strict=True):
            self.function.store(chain, place)
        self.function.finish()

    def _row_starts(self, pointer: Val, stride: Val, count: int) -> list[Val]:
        starts = [pointer]
        for _ in range(count - 1):
            starts.append(self.function.offset(starts[-1], self.element, stride))
        return starts

    def _tile_places(self, c: Val, c_stride: Val) -> list[Val]:
        rows = self._row_starts(c, c_stride, self.rows)
        return [place for row in rows for place in _vectors(self.function, row, self.element, self.lanes, self.vectors)]

    def _run(self) -> list[Val]:
        """The loop over k, not unrolled: unrolling wins at most 5 % and doubles the time of compiling."""
        function = self.function
        a, a_stride, b, b_stride, b_panel, k, *_ = function.parameters
        chains = [constant(vector(self.element, self.lanes), 0.0)] * (self.rows * self.vectors)
        starts = self._row_starts(a, a_stride, self.rows) if self.form == "rows" else []
        with function.loop(i64(0), k) as loop:
            row, *sums = carried = [loop.carry(value) for value in (b, *chains)]
            if starts:
                places = [function.offset(start, self.element, loop.index) for start in starts]
            else:
                column = loop.carry(a)
                places = [function.offset(column, self.element, i64(m)) for m in range(self.rows)]
                loop.next(column, function.offset(column, self.element, a_stride))
            following = (function.offset(row, self.element, b_stride), *self._round(places, row, b_panel, sums))
            for old, new in zip(carried, following, strict=True):
                loop.next(old, new)
        return [loop.result(sum_) for sum_ in sums]

    def _round(self, elements: list[Val], row: Val, b_panel: Val, chains: list[Val]) -> list[Val]:
        """One k: chains + column of A × row of B."""
        function = self.function
        type_ = vector(self.element, self.lanes)
        panels = [row]
        while len(panels) * self.panel < self.vectors:
            panels.append(function.offset(panels[-1], self.element, b_panel))
        places = [place for at in panels for place in _vectors(function, at, self.element, self.lanes, self.panel)]
        b = [function.load(place, type_) for place in places[: self.vectors]]
        a = [function.splat(function.load(place, self.element), self.lanes) for place in elements]
        pairs = ((x, y) for x in a for y in b)
        return [_multiply_add(function, self.fused, x, y, sum_) for (x, y), sum_ in zip(pairs, chains, strict=True)]


def pack_kernel(module: Module, target: TargetMachine, element: str, vectors: int) -> str:
    """The name of the function that copies one panel of B, so that its rows follow each other.

    Its signature is `void (ptr b, i64 b_stride, i64 k, ptr panel)`. It reads the first `vectors` vectors of k rows and
    writes k·vectors·lanes elements; a micro-kernel then takes the panel with b_stride = vectors·lanes. Rows that lie
    far apart cost a page, a cache set and a miss that no hardware prefetcher foresees, again for every tile.
    """
    name = f"pack_{element}_{vectors}"
    if name in module.functions:
        return name
    lanes = target.lanes(element)
    parameters = (("b", "ptr"), ("b_stride", "i64"), ("k", "i64"), ("panel", "ptr"))
    function = FunctionBuilder(module, name, parameters, exported=False)
    b, b_stride, k, panel = function.parameters
    with function.loop(i64(0), k) as loop:
        source, goal = loop.carry(b), loop.carry(panel)
        reads, writes = (_vectors(function, row, element, lanes, vectors) for row in (source, goal))
        for read, write in zip(reads, writes, strict=True):
            function.store(function.load(read, vector(element, lanes)), write)
        loop.next(source, function.offset(source, element, b_stride))
        loop.next(goal, function.offset(goal, element, i64(vectors * lanes)))
    function.finish()
    return name


def dot_kernel(module: Module, target: TargetMachine, element: str) -> str:
    """The name of the function Σ_k a[k]·b[k] of two contiguous rows: a product with a single column.

    Its signature is `element (ptr a, ptr b, i64 k)`. It reads exactly k elements of each. The order of the sum is
    fixed, and it is not that of a micro-kernel: with L lanes, chain c of 4 takes the elements k = c·L + l modulo 4·L in
    lane l; whole vectors left over go on in chain 0; the chains are added as (0 + 1) + (2 + 3); the upper half of the
    lanes is added to the lower half until one is left; single elements left over go on from there.
    """
    name = f"dot_{element}"
    if name not in module.functions:
        _dot(FunctionBuilder(module, name, _DOT_PARAMETERS, result=element, exported=False), target, element)
    return name


_DOT_PARAMETERS = (("a", "ptr"), ("b", "ptr"), ("k", "i64"))
_CHAINS = 4


def _dot(function: FunctionBuilder, target: TargetMachine, element: str) -> None:
    a, b, k = function.parameters
    lanes = target.lanes(element)
    wide = vector(element, lanes)

    def rounds(first: Val, stop: Val, type_: str, sums: list[Val]) -> list[Val]:
        """Add the products from `first` to `stop`, one element of `type_` to each of the sums in turn."""
        size = lanes if type_ == wide else 1
        with function.loop(first, stop, size * len(sums)) as loop:
            carried = [loop.carry(sum_) for sum_ in sums]
            for number, sum_ in enumerate(carried):
                x, y = (
                    function.load(function.offset(function.offset(row, element, loop.index), element, at), type_)
                    for row, at in ((a, i64(number * size)), (b, i64(number * size)))
                )
                loop.next(sum_, _multiply_add(function, target.fma, x, y, sum_))
        return [loop.result(sum_) for sum_ in carried]

    blocks, whole = (function.and_(k, i64(-size)) for size in (lanes * _CHAINS, lanes))
    sums = rounds(i64(0), blocks, wide, [constant(wide, 0.0)] * _CHAINS)
    sums[0] = rounds(blocks, whole, wide, sums[:1])[0]
    total = function.fadd(function.fadd(sums[0], sums[1]), function.fadd(sums[2], sums[3]))
    half = lanes // 2
    while half > 1:
        low, high = (function.shuffle(total, total, range(start, start + half)) for start in (0, half))
        total, half = function.fadd(low, high), half // 2
    total = function.fadd(function.lane(total, 0), function.lane(total, 1))
    function.finish(rounds(whole, k, element, [total])[0])


def _vectors(function: FunctionBuilder, row: Val, element: str, lanes: int, count: int) -> list[Val]:
    """The places of the first vectors of a row."""
    return [function.offset(row, element, i64(v * lanes)) for v in range(count)]


def _multiply_add(function: FunctionBuilder, fused: bool, x: Val, y: Val, sum_: Val) -> Val:
    return function.intrinsic("fma", x, y, sum_) if fused else function.fadd(sum_, function.fmul(x, y))
