"""scatter_add: every slice of the operand is added at the place that its index names, one after another.

A thread goes through all indices and adds those that fall into its own part of axis 0, so the order of the additions
does not depend on the number of threads.
"""

from __future__ import annotations

from contextlib import ExitStack

from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.loops import bounds_of, in_vectors
from chainrule.codegen.scalar import element_of
from chainrule.codegen.scope import Indices, Pulled
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, constant, i64
from chainrule.codegen.views import checked_index


def write(e: ElementWriter, target: TargetMachine) -> None:
    """Zeros, then the additions."""
    (store,) = e.kernel.stores
    buffer, node = store.buffer, e.kernel.anchor
    zero = Pulled(constant(element_of(node.type.dtype), 0), 0)
    _over(e, 0, len(node.type.shape), (), target, lambda at: e.store(buffer, at, zero))
    axis, indices = node.keywords["axis"], node.operands[1]
    length = node.keywords["length"]
    with ExitStack() as stack:
        before = tuple(stack.enter_context(e.loop(*bounds_of(e, i)))[1] for i in range(axis))
        counts = (e.number(("places", i), n) for i, n in enumerate(indices.type.shape))
        places = tuple(stack.enter_context(e.loop(i64(0), n))[1] for n in counts)
        index = checked_index(e, e.pull(indices, places), indices, length)
        if axis == 0 and e.kernel.divided:
            stack.enter_context(e.when(_is_ours(e, index.value)))

        def add(after: Indices) -> None:
            where = (*before, index, *after[axis + 1 :])
            x = e.pull(node.operands[0], (*before, *places, *after[axis + 1 :]))
            old = e.load(buffer, where)
            e.store(buffer, where, _sum(e, old, x))

        _over(e, axis + 1, len(node.type.shape), (*before, index), target, add)


def _is_ours(e: ElementWriter, index: Val) -> Val:
    f = e.function
    lo, hi = f.parameters[2:4]
    return f.and_(f.icmp("sge", index, lo), f.icmp("slt", index, hi))


def _sum(e: ElementWriter, old: Pulled, x: Pulled) -> Pulled:
    f = e.function
    a, b = (e.splat(old), e.splat(x)) if e.width > 1 else (old, x)
    kind = e.kernel.anchor.type.dtype.kind
    add = f.fadd if kind == "f" else f.or_ if kind == "b" else f.add
    return Pulled(add(a.value, b.value), f.level)


def _over(e: ElementWriter, first: int, ndim: int, at: Indices, target: TargetMachine, body: object) -> None:
    """Loops over the axes from `first` on, the last one in vectors."""
    assert callable(body)
    if first == ndim:
        body(at)
        return
    with ExitStack() as stack:
        for axis in range(first, ndim - 1):
            _, index = stack.enter_context(e.loop(*bounds_of(e, axis)))
            at = (*at, index)
        in_vectors(e, bounds_of(e, ndim - 1), target.lanes("float"), False, at, body)
