"""Loop nests over an iteration space: scalar outer loops, a vectorised innermost one, and a scalar remainder loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.scope import Index, Indices
from chainrule.codegen.values import Val, i64
from chainrule.plan import Store

Bounds = tuple[Val, Val]
Body = Callable[[Indices], None]


def bounds_of(e: ElementWriter, axis: int) -> Bounds:
    """The loop bounds of a kernel along an axis of its space: all of it, or a thread's part of the shared one."""
    if axis == e.kernel.shared_axis and e.kernel.divided:
        return e.function.parameters[2], e.function.parameters[3]
    return i64(0), e.length(axis)


def over_outer_axes(e: ElementWriter, count: int, body: Callable[[Indices], None]) -> None:
    """Loop over the first `count` axes of the space."""
    with ExitStack() as stack:
        at = []
        for axis in range(count):
            _, index = stack.enter_context(e.loop(*bounds_of(e, axis)))
            at.append(index)
        body(tuple(at))


def along_last_axis(e: ElementWriter, at: Indices, width: int, body: Body) -> None:
    """Loop over the last axis of the space in vectors."""
    in_vectors(e, bounds_of(e, len(e.kernel.space) - 1), width, _whole_vectors(e, width), at, body)


def _whole_vectors(e: ElementWriter, width: int) -> bool:
    """Whether the loop along the last axis may go past its end: over padding, and not into another thread's part."""
    undivided = len(e.kernel.space) > 1 or not e.kernel.divided or e.kernel.grain % width == 0
    return undivided and e.is_padded(width)


def in_vectors(e: ElementWriter, bounds: Bounds, width: int, padded: bool, at: Indices, body: Body) -> None:
    """Loop from start to stop in vectors; the remainder is a vector where memory is padded, else single elements."""
    start, stop = bounds
    if padded:
        with e.lanes(width), e.loop(start, stop, width) as (_, index):
            body((*at, index))
        return
    whole = stop
    if width > 1:
        whole = end_of_vectors(e, start, stop, width)
        with e.lanes(width), e.loop(start, whole, width) as (_, index):
            body((*at, index))
    if width == 1 or not (_known(whole) and whole == stop):
        with e.lanes(1), e.loop(whole if width > 1 else start, stop) as (_, index):
            body((*at, index))


def end_of_vectors(e: ElementWriter, start: Val, stop: Val, width: int) -> Val:
    """Where the last whole vector between start and stop ends."""
    if _known(start) and _known(stop):
        return i64(int(start.name) + (int(stop.name) - int(start.name)) // width * width)
    f = e.function
    return f.add(start, f.and_(f.sub(stop, start), i64(-width)))


def _known(value: Val) -> bool:
    return not value.name.startswith("%")


def store_members(e: ElementWriter, at: Indices, stores: Sequence[Store] | None = None) -> None:
    """Compute every result of the kernel, or those of some stores, at one place of its space, then write them.

    Nothing is written before all is computed: a state that one result overwrites may be what another is made of.
    """
    stores = e.kernel.stores if stores is None else stores
    places = [tuple(at[axis] for axis in store.axes) for store in stores]
    results = [e.pull(store.node, where) for store, where in zip(stores, places, strict=True)]
    for store, where, result in zip(stores, places, results, strict=True):
        e.store(store.buffer, where, result)


def outer_index(index: Val, level: int) -> Index:
    """An index that is the same in all lanes."""
    return Index(index, level)
