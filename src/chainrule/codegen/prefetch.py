"""Prefetch the rows of the next step's examples, a few cache lines at a time."""

from __future__ import annotations

from chainrule.codegen.context import STEPS
from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.scope import ZERO, Index
from chainrule.codegen.values import Val, i64
from chainrule.codegen.views import place_taken
from chainrule.graph import Node
from chainrule.plan.layout import LINE
from chainrule.plan.prefetch import lines_of_row, may_prefetch


def applies(e: ElementWriter) -> bool:
    """Whether a kernel has code for prefetching; all kernels of a kind share one function, a number says how much."""
    return bool(e.plan.prefetched) and may_prefetch(e.kernel)


def write(e: ElementWriter, tile: Val, tiles: int) -> None:
    """Prefetch one tile's share of the cache lines."""
    for node in e.plan.prefetched:
        share = -(-node.type.shape[0] * lines_of_row(node) // tiles) if e.kernel is e.plan.prefetcher else 0
        _write(e, node, tile, e.number(("lines", node), share))


def _write(e: ElementWriter, node: Node, tile: Val, share: Val) -> None:
    """Lines `share`·tile … of all rows, one after another."""
    f = e.function
    source = e.plan.buffers[node.operands[0]]
    lines = i64(lines_of_row(node))
    following = e.remember("following", 0, lambda: _following(e))
    first = f.mul(tile, share)
    end = f.intrinsic("smin", f.add(first, share), f.mul(i64(node.type.shape[0]), lines))
    with e.lanes(1), e.loop(first, end) as (loop, _):
        row = f.udiv(loop.index, lines)
        line = f.sub(loop.index, f.mul(row, lines))
        with e.at_step(following):
            place = place_taken(e, node, (Index(row, f.level),))
        start = e.address(source, (place, *(ZERO,) * (len(source.strides) - 1)))
        f.prefetch(f.offset(start, "i8", f.mul(line, i64(LINE))))


def _following(e: ElementWriter) -> Val:
    """The number of the next step; the last one is followed by itself."""
    f = e.function
    last = f.sub(e.context.load(f, STEPS, "i64"), i64(1))
    return f.intrinsic("smin", f.add(e.step, i64(1)), last)
