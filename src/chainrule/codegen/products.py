"""Matrix products: tiles in registers, and for every tile the fused operations, while it is in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from chainrule.codegen import prefetch
from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.loops import bounds_of, in_vectors, over_outer_axes, store_members
from chainrule.codegen.matmul import Form, dot_kernel, micro_kernel, pack_kernel
from chainrule.codegen.memory import memory_of
from chainrule.codegen.scalar import element_of
from chainrule.codegen.scope import Index, Indices, Pulled
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, i64, vector
from chainrule.graph import Node
from chainrule.plan import Buffer, Kernel, Plan
from chainrule.plan.layout import LINE, base_of
from chainrule.plan.tiles import ColumnGroup, Tiling, choose_tiles

_WRITTEN_OUT = 2  # vectors of a row of a tile that are finished without a loop: more would take long to compile
_PACKED_BYTES = 1 << 18  # of a panel that is copied to the stack of a thread, where some systems give little


class _Factor:
    """A factor in memory: its buffer, and how its axes run."""

    def __init__(self, e: ElementWriter, node: Node) -> None:
        base, self._axes = base_of(node)
        self._e, self._buffer = e, e.plan.buffers[base]

    def stride(self, axis: int) -> Val:
        """The distance of neighbours along an axis of the factor."""
        return self._e.stride(self._buffer, self._axes[axis])

    @property
    def panel(self) -> int:
        """Columns of the panels in which it lies; 0 if its rows are whole."""
        return self._buffer.panel

    def to_next_panel(self) -> Val:
        """How far its panels are apart."""
        return self._e.to_next_panel(self._buffer) if self.panel else i64(0)

    def address(self, at: Indices) -> Val:
        """Where element `at` of the factor lies."""
        return self._e.address(self._buffer, tuple(at[self._axes.index(axis)] for axis in range(len(at))))


def tiling(plan: Plan, kernel: Kernel, target: TargetMachine, threads: int) -> Tiling:
    """How a product is cut into tiles."""
    K = kernel.anchor.operands[0].type.shape[-1]
    lanes = target.lanes(element_of(kernel.anchor.type.dtype))
    rows = _parts(kernel, threads)[-1]
    panel = plan.buffers[base_of(kernel.anchor.operands[1])[0]].panel // lanes
    grain = kernel.grain // lanes if kernel.shared_axis else 0
    return choose_tiles(rows, kernel.space[-1], K, lanes=lanes, registers=target.registers, panel=panel, grain=grain)


def _parts(kernel: Kernel, threads: int) -> list[int]:
    """The numbers of rows that a thread may have to compute, the largest last."""
    M = kernel.space[-2]
    if len(kernel.space) > 2 or kernel.shared_axis:
        return [M]
    return sorted({high - low for low, high in kernel.parts(threads)} - {0}) or [0]


def _in_rows(plan: Plan, kernel: Kernel) -> bool:
    """Whether the rows of the left factor are contiguous."""
    left = kernel.anchor.operands[0]
    base, axes = base_of(left)
    return left.type.shape[-1] == 1 or plan.buffers[base].strides[axes[-1]] == 1


def write(e: ElementWriter, target: TargetMachine, threads: int) -> None:
    """For all matrices of a stack, for all panels of columns, for all tiles of rows: multiply, then finish."""
    over_outer_axes(e, len(e.kernel.space) - 2, lambda at: _Product(e, target, threads, at).write())


class _Product:
    """One matrix product of a stack."""

    def __init__(self, e: ElementWriter, target: TargetMachine, threads: int, at: Indices) -> None:
        self.e, self.target, self.at = e, target, at
        self.element = element_of(e.kernel.anchor.type.dtype)
        self.lanes = target.lanes(self.element)
        self.a, self.b = (_Factor(e, operand) for operand in e.kernel.anchor.operands)
        self.K = e.kernel.anchor.operands[0].type.shape[-1]
        self.parts = _parts(e.kernel, threads)
        self.shifts: dict[Val, Val] = {}  # of the vectors of a tile's row: how far they are from the first
        self.in_rows = _in_rows(e.plan, e.kernel)
        self.tiling = tiling(e.plan, e.kernel, target, threads)

    def write(self) -> None:
        """A dot product for each row if there is a single column, else all panels of columns."""
        if self.e.kernel.space[-1] == 1 and self.in_rows and self.b.stride(-2).name == "1":
            self._write_dots()
        else:
            self._write_panels()

    def _write_dots(self) -> None:
        e, f = self.e, self.e.function
        zero = Index(i64(0))
        dot = dot_kernel(f.module, self.target, self.element)
        with e.loop(*bounds_of(e, len(self.at))) as (_, row):
            a, b = self.a.address((*self.at, row, zero)), self.b.address((*self.at, zero, zero))
            value = f.call(dot, a, b, e.number("terms", self.K), result=self.element)
            level = f.level
            e.given[e.kernel.anchor] = lambda _: Pulled(value, level)
            store_members(e, (*self.at, row, zero))
            del e.given[e.kernel.anchor]

    def _write_panels(self) -> None:
        e, f = self.e, self.e.function
        rows, columns = (bounds_of(e, len(self.at) + axis) for axis in range(2))
        start, first = columns[0], 0
        for position, group in enumerate(self.tiling.column_groups):
            width = group.vectors * self.lanes
            stop = e.number(("panels", position), first := first + group.panels * width)
            stop = columns[1] if e.kernel.shared_axis else stop
            tile = f.local(self.element, group.rows * width)
            with e.loop(start, stop, width) as (_, column):
                column = Index(column.value, column.level)
                self._panel(group, tile, self._right(group, column), column, *rows)
            start = stop

    def _right(self, group: ColumnGroup, column: Index) -> tuple[Val, Val, Val]:
        """Where columns of the right factor begin, how far rows and panels are apart; copied together if that pays."""
        e, f = self.e, self.e.function
        b = self.b.address((*self.at, Index(i64(0)), column))
        width = group.vectors * self.lanes
        itemsize = e.kernel.anchor.type.dtype.itemsize
        if self.b.panel or not self.tiling.pack or self.K * width * itemsize > _PACKED_BYTES:
            return b, self.b.stride(-2), self.b.to_next_panel()
        panel = f.local(self.element, self.K * width)
        pack = pack_kernel(f.module, self.target, self.element, group.vectors)
        f.call(pack, b, self.b.stride(-2), e.number("terms", self.K), panel)
        return panel, i64(width), i64(0)

    def _panel(
        self, group: ColumnGroup, tile: Val, right: tuple[Val, Val, Val], column: Index, lo: Val, hi: Val
    ) -> None:
        """All tiles of rows: ⌈M/rows⌉ of them, whose heights differ by at most 1, the larger ones first."""
        e, f = self.e, self.e.function
        kernels = e.table(self._kernels(group))
        M = f.sub(hi, lo)
        count = f.udiv(f.add(M, i64(group.rows - 1)), i64(group.rows))
        size = f.udiv(M, f.intrinsic("umax", count, i64(1)))
        larger = f.sub(M, f.mul(size, count))
        with e.loop(i64(0), count) as (_, number):
            before = f.intrinsic("umin", number.value, larger)
            height = f.add(size, f.cast("zext", f.icmp("ult", number.value, larger), "i64"))
            row = f.add(lo, f.add(f.mul(number.value, size), before))
            kernel = f.load(f.offset(kernels, "ptr", height), "ptr", align=8)
            self._tile(group, tile, kernel, right, Index(row, f.level), height, column)

    def _kernels(self, group: ColumnGroup) -> Val:
        """A table of the micro-kernels by the height of the tile."""
        module, panel = self.e.function.module, self.b.panel // self.lanes
        form: Form = "rows" if self.in_rows else "columns"
        heights = {rows for M in self.parts for rows, _ in group.row_groups(M)}
        names = {
            height: micro_kernel(module, self.target, self.element, height, group.vectors, form, panel=panel)
            for height in heights
        }
        return module.addresses([names.get(height) for height in range(max(heights, default=0) + 1)])

    def _tile(
        self,
        group: ColumnGroup,
        tile: Val,
        kernel: Val,
        right: tuple[Val, Val, Val],
        row: Index,
        height: Val,
        column: Index,
    ) -> None:
        e, f = self.e, self.e.function
        width = group.vectors * self.lanes
        a = self.a.address((*self.at, row, Index(i64(0))))
        terms = e.number("terms", self.K)
        self._prefetch(row, height, column, width)
        if prefetch.applies(e):
            self._prefetch_next_step(group, row, column)
        f.call_pointer(kernel, a, self.a.stride(-2 if self.in_rows else -1), *right, terms, tile, i64(width))
        e.given[e.kernel.anchor] = self._from_tile(tile, width, row, column)
        with e.loop(row.value, f.add(row.value, height)) as (_, at_row):
            padded = e.is_padded(self.lanes)
            if padded and group.vectors <= _WRITTEN_OUT:
                self._finish_row(group.vectors, column, at_row)
            else:
                stop = f.add(column.value, i64(width))
                stop = stop if padded else f.intrinsic("smin", stop, e.length(len(self.at) + 1))
                bounds = (column.value, stop)
                in_vectors(e, bounds, self.lanes, padded, (*self.at, at_row), lambda at: store_members(e, at))
        del e.given[e.kernel.anchor]

    def _prefetch(self, row: Index, height: Val, column: Index, width: int) -> None:
        """Prefetch the operands of the fused operations; they arrive while the products are accumulated."""
        e, f = self.e, self.e.function
        reads = [(buffer, axes) for buffer, axes in self._read_beside() if buffer.innermost(len(axes) - 1)]
        if not reads:
            return
        written = {store.buffer for store in e.kernel.stores}
        with e.loop(row.value, f.add(row.value, height)) as (_, at_row):
            for buffer, axes in reads:
                place = e.address(buffer, tuple((*self.at, at_row, column)[axis] for axis in axes))
                apart = e.to_next_panel(buffer) if buffer.panel else i64(LINE // buffer.itemsize)
                for number in range(-(-width * buffer.itemsize // LINE)):
                    place = f.offset(place, memory_of(buffer), apart) if number else place
                    f.prefetch(place, to_write=buffer in written)

    def _prefetch_next_step(self, group: ColumnGroup, row: Index, column: Index) -> None:
        """Each tile prefetches its share of the rows of the next step."""
        f, (rows, columns) = self.e.function, self.e.kernel.space[-2:]
        width = group.vectors * self.lanes
        in_panel, panels = -(-rows // group.rows), -(-columns // width)
        panel, place = f.udiv(column.value, i64(width)), f.udiv(row.value, i64(group.rows))
        tile = f.add(f.mul(panel, self.e.number("tiles of a panel", in_panel)), place)
        prefetch.write(self.e, tile, in_panel * panels)

    def _read_beside(self) -> Iterator[tuple[Buffer, tuple[int, ...]]]:
        """The buffers whose elements lie beside those of the tile, with the axes of the space that they run along."""
        e = self.e
        for node, patterns in e.plan.reads[e.kernel].items():
            for axes in patterns:
                known = tuple(axis for axis in axes if axis is not None)
                if known == axes and known[-2:] == (len(self.at), len(self.at) + 1):
                    yield e.plan.buffers[node], known

    def _finish_row(self, vectors: int, column: Index, at_row: Index) -> None:
        """The fused operations on a row of the tile."""
        e, f = self.e, self.e.function
        with e.lanes(self.lanes):
            for number in range(vectors):
                value = column.value
                if number:
                    shift = i64(number * self.lanes)
                    value = e.remember(("vector", number), column.level, partial(f.add, column.value, shift))
                    self.shifts[value] = shift
                store_members(e, (*self.at, at_row, Index(value, column.level, run=True)))

    def _from_tile(self, tile: Val, width: int, row: Index, column: Index) -> Callable[[Indices], Pulled]:
        """How the product's elements are read: from the tile that was just computed."""
        e, f = self.e, self.e.function

        def element(at: Indices) -> Pulled:
            m, n = at[-2:]
            shift = self.shifts.get(n.value)

            def tile_row() -> Val:
                return f.offset(tile, self.element, f.mul(f.sub(m.value, row.value), i64(width)))

            level = max(m.level, n.level)
            start = e.remember(("tile row", m), m.level, tile_row)
            with f.at(level):
                if n.value == column.value:
                    place = start
                else:
                    place = f.offset(start, self.element, shift or f.sub(n.value, column.value))
                return Pulled(f.load(place, vector(self.element, e.width)), level)

        return element
