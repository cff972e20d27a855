"""Products with a sparse matrix (CSR): a row of the dense matrix is read, or added to, for every stored entry.

X W goes through its own rows one after another, and through a row's entries in their order, a few vectors of columns at
a time. Xᵀ g adds at the columns of the entries; a thread goes through all entries and adds those that fall into its own
part of the result, so the order of the additions does not depend on the number of threads. What is computed from the
sums, such as an optimiser's step, follows in a second pass over the same part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.codegen.context import ERROR, INDEX_ERROR
from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.loops import bounds_of, end_of_vectors, in_vectors, store_members
from chainrule.codegen.reductions import finish
from chainrule.codegen.scalar import convert, element_of
from chainrule.codegen.scope import Index, Indices, Pulled
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, constant, i64, vector
from chainrule.codegen.views import checked_index
from chainrule.plan import Buffer

_CHAINS = 4  # vectors of columns that go through a row's entries together
_INT64 = np.dtype(np.int64)


def write(e: ElementWriter, target: TargetMachine) -> None:
    """The kernel of either product."""
    if e.kernel.anchor.op.scatters:
        _write_outer(e, target)
    else:
        _write_matmul(e, target)


def _write_matmul(e: ElementWriter, target: TargetMachine) -> None:
    """Rows of X W, and what is computed from them."""
    W = e.kernel.anchor.operands[4]
    element = element_of(W.type.dtype)
    with e.loop(*bounds_of(e, 0)) as (_, row):
        start, stop = _entries(e, row)

        def columns(at: Indices) -> None:
            with e.loop(start, stop) as (loop, entry):
                total = loop.carry(constant(vector(element, e.width), 0.0))
                column = _column(e, entry, W.type.shape[0])
                loop.next(total, _multiply_add(e, target, _value(e, entry), e.pull(W, (column, at[1])), total))
            finish(e, at, loop.result(total))

        _along_columns(e, (row,), target, columns)


def _write_outer(e: ElementWriter, target: TargetMachine) -> None:
    """Rows of Xᵀ g: zeros, additions, and what is computed from the sums."""
    anchor = e.kernel.anchor
    buffer = next(store.buffer for store in e.kernel.stores if store.node is anchor)
    zero = Pulled(constant(element_of(anchor.type.dtype), 0), 0)
    _over_own_rows(e, target, lambda at: e.store(buffer, at, zero))
    with e.loop(i64(0), e.number("rows", anchor.operands[3].type.shape[0])) as (_, row):
        _add_row(e, target, buffer, row)
    followers = [store for store in e.kernel.stores if store.node is not anchor]
    if followers:
        e.given[anchor] = lambda at: e.load(buffer, at)
        _over_own_rows(e, target, lambda at: store_members(e, at, followers))
        del e.given[anchor]


def _add_row(e: ElementWriter, target: TargetMachine, buffer: Buffer, row: Index) -> None:
    """Add one chosen row's entries, each times g's row, where they fall into this thread's part."""
    f, g = e.function, e.kernel.anchor.operands[4]
    lo, hi = bounds_of(e, 0)
    start, stop = _entries(e, row)
    with e.loop(start, stop) as (_, entry):
        column = _column(e, entry, e.kernel.space[0])
        ours = f.icmp("ult", f.sub(column.value, lo), f.sub(hi, lo))
        with e.when(ours):

            def add(at: Indices) -> None:
                old = e.load(buffer, at)
                new = _multiply_add(e, target, _value(e, entry), e.pull(g, (row, at[1])), e.splat(old).value)
                e.store(buffer, at, Pulled(new, f.level))

            _along_columns(e, (column,), target, add)


def _over_own_rows(e: ElementWriter, target: TargetMachine, body: Callable[[Indices], None]) -> None:
    with e.loop(*bounds_of(e, 0)) as (_, row):
        _along_columns(e, (row,), target, body)


def _along_columns(e: ElementWriter, at: Indices, target: TargetMachine, body: Callable[[Indices], None]) -> None:
    """Loop over the columns, several vectors at a time, then vector by vector."""
    lanes = target.lanes(element_of(e.kernel.anchor.type.dtype))
    start, stop = bounds_of(e, 1)
    middle = end_of_vectors(e, start, stop, _CHAINS * lanes)
    with e.lanes(_CHAINS * lanes), e.loop(start, middle, _CHAINS * lanes) as (_, index):
        body((*at, index))
    in_vectors(e, (middle, stop), lanes, e.is_padded(lanes), at, body)


def _entries(e: ElementWriter, row: Index) -> tuple[Val, Val]:
    """From which entry to which a chosen row goes; none, and the error flag raised, if there are no such entries."""
    f = e.function
    values, _, starts, rows, _ = e.kernel.anchor.operands
    place = checked_index(e, e.pull(rows, (row,)), rows, starts.type.shape[0] - 1)
    following = place._replace(value=f.add(place.value, i64(1)), level=f.level)
    start, stop = (convert(f, e.pull(starts, (at,)).value, starts.type.dtype, _INT64) for at in (place, following))
    count = e.number("entries", values.type.shape[0])
    good = f.and_(f.icmp("ule", start, stop), f.icmp("ule", stop, count))
    unused = e.remember("unused", 0, lambda: f.local("i64", 1))
    f.store(i64(INDEX_ERROR), f.value("ptr", f"select {good}, {unused}, {e.context.place(f, ERROR)}"), align=8)
    return start, f.select(good, stop, start)


def _column(e: ElementWriter, entry: Index, length: int) -> Index:
    columns = e.kernel.anchor.operands[1]
    return checked_index(e, e.pull(columns, (entry,)), columns, length)


def _value(e: ElementWriter, entry: Index) -> Pulled:
    return e.pull(e.kernel.anchor.operands[0], (entry,))


def _multiply_add(e: ElementWriter, target: TargetMachine, a: Pulled, b: Pulled, total: Val) -> Val:
    f, x, y = e.function, e.splat(a).value, e.splat(b).value
    return f.intrinsic("fma", x, y, total) if target.fma else f.fadd(total, f.fmul(x, y))
