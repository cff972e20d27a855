"""Philox4x32-10, vectorised: four blocks of four words at a time, so sixteen columns of a row."""

from __future__ import annotations

from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.loops import bounds_of, in_vectors, over_outer_axes, store_members
from chainrule.codegen.scope import Index, Indices, Pulled
from chainrule.codegen.values import Val, constant, i64, vector

_BLOCKS = 4  # computed together
_COLUMNS = 4 * _BLOCKS
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = 0xFFFFFFFF
_WORDS = vector("i64", _BLOCKS)


def write(e: ElementWriter) -> None:
    """The bits of one row after another, sixteen columns at a time, and what is computed from them."""
    f, space = e.function, e.kernel.space
    bits = f.local("i32", _COLUMNS)
    if not space:
        _sixteen(e, bits, i64(0), i64(0))
        _finish(e, (), bits, i64(0), i64(1))
        return
    start, stop = bounds_of(e, len(space) - 1)
    first = f.and_(start, i64(-_COLUMNS))

    def row(at: Indices) -> None:
        number = _row_number(e, at)
        with e.loop(first, stop, _COLUMNS) as (_, column):
            _sixteen(e, bits, number, column.value)
            begin = f.intrinsic("smax", column.value, start)
            end = f.intrinsic("smin", f.add(column.value, i64(_COLUMNS)), stop)
            _finish(e, at, bits, begin, end, column.value)

    over_outer_axes(e, len(space) - 1, row)


def _row_number(e: ElementWriter, at: Indices) -> Val:
    """The number of a row, counted through all axes but the last."""
    f, number = e.function, i64(0)
    for axis, index in enumerate(at):
        number = f.add(f.mul(number, e.length(axis)), index.value)
    return number


def _finish(e: ElementWriter, at: Indices, bits: Val, begin: Val, end: Val, column: Val | None = None) -> None:
    """Store what depends on the bits of these columns."""
    f, anchor = e.function, e.kernel.anchor

    def bits_at(where: Indices) -> Pulled:
        place = bits
        if where:
            assert column is not None
            place = f.offset(bits, "i32", f.sub(where[-1].value, column))
        return Pulled(f.load(place, vector("i32", e.width)), f.level)

    e.given[anchor] = bits_at
    if at or e.kernel.space:
        in_vectors(e, (begin, end), 8, False, at, lambda inner: store_members(e, inner))
    else:
        store_members(e, ())
    del e.given[anchor]


def _sixteen(e: ElementWriter, bits: Val, row: Val, column: Val) -> None:
    """Sixteen words: those of the blocks column/4 … column/4 + 3."""
    f = e.function
    (key,) = e.kernel.anchor.operands
    low, high, step = (f.splat(f.cast("zext", e.pull(key, (Index(i64(i)),)).value, "i64"), _BLOCKS) for i in range(3))
    first = f.splat(f.lshr(column, i64(2)), _BLOCKS)
    block = f.and_(f.add(first, f.lane_numbers("i64", _BLOCKS)), constant(_WORDS, _LOW))
    rows = f.splat(f.and_(row, i64(_LOW)), _BLOCKS)
    words = _rounds(e, [block, rows, constant(_WORDS, e.kernel.anchor.keywords["stream"]), step], [low, high])
    half = [f.cast("trunc", word, "i32") for word in words]
    pairs = [f.shuffle(half[i], half[i + 1], range(2 * _BLOCKS)) for i in (0, 2)]
    order = [part * _BLOCKS + block for block in range(_BLOCKS) for part in range(4)]
    f.store(f.shuffle(pairs[0], pairs[1], order), bits, align=64)


def _rounds(e: ElementWriter, counter: list[Val], key: list[Val]) -> list[Val]:
    f, low, half = e.function, constant(_WORDS, _LOW), constant(_WORDS, 32)
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = (f.mul(c, constant(_WORDS, m)) for c, m in zip((c0, c2), _MULTIPLIERS, strict=True))
        c0, c2 = (f.xor(f.xor(f.lshr(product, half), word), k) for product, word, k in ((b, c1, k0), (a, c3, k1)))
        c1, c3 = f.and_(b, low), f.and_(a, low)
        k0, k1 = (f.and_(f.add(k, constant(_WORDS, w)), low) for k, w in zip((k0, k1), _WEYL, strict=True))
    return [c0, c1, c2, c3]
