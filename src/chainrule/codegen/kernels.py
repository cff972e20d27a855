"""One function for each kernel of a plan: elementwise, reduction, dense or sparse product, scatter or random bits.

A kernel is a function of (context, thread, lo, hi, step): it runs over lo … hi of axis 0 of its space.
"""

from __future__ import annotations

from typing import NamedTuple

from chainrule.codegen import host_callback, products, random, reductions, scatter, sparse, transposition
from chainrule.codegen.context import Context
from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.loops import along_last_axis, over_outer_axes, store_members
from chainrule.codegen.module import Module
from chainrule.codegen.scalar import EMITTERS
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val
from chainrule.codegen.views import VIEWS
from chainrule.graph import Kind, Op
from chainrule.ops import OWN
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.ops.index import SCATTER_ADD
from chainrule.ops.random import RANDOM_BITS
from chainrule.plan import Kernel, Plan

PARAMETERS = (
    ("context", "ptr"),
    ("thread", "i64"),
    ("lo", "i64"),
    ("hi", "i64"),
    ("step", "i64"),
    ("numbers", "ptr"),
    ("addresses", "ptr"),
)


class KernelFunction(NamedTuple):
    """A kernel's function, and the tables that it is called with."""

    name: str
    numbers: Val
    addresses: Val


def has_code(op: Op) -> bool:
    """Whether the engine can compute an operation."""
    return op in OWN or op.name in EMITTERS or op.name in VIEWS


def write_kernel(module: Module, target: TargetMachine, plan: Plan, kernel: Kernel, threads: int) -> KernelFunction:
    """Write the function of a kernel, unless another kernel has the same one already."""
    name = f"{kernel.anchor.op.name}_{kernel.number}"
    function = FunctionBuilder(module, name, PARAMETERS, attributes="nounwind noinline", exported=False)
    elements = ElementWriter(plan, kernel, function, Context(plan))
    anchor = kernel.anchor.op
    if anchor.is_sparse:
        sparse.write(elements, target)
    elif anchor.kind is Kind.CONTRACTION:
        products.write(elements, target, threads)
    elif anchor.kind is Kind.REDUCTION:
        reductions.write(elements, target)
    elif anchor is SCATTER_ADD:
        scatter.write(elements, target)
    elif anchor is HOST_CALLBACK:
        host_callback.write(elements, target)
    elif anchor is RANDOM_BITS:
        random.write(elements)
    elif (source := transposition.source_of(elements)) and transposition.is_large(elements, target, source, threads):
        transposition.write(elements, target, source)
    else:
        _write_elementwise(elements, target)
    function.finish()
    name = module.share(name)
    return KernelFunction(name, module.data("i64", elements.numbers or [0]), module.table(elements.addresses))


def _write_elementwise(e: ElementWriter, target: TargetMachine) -> None:
    """Every element on its own."""
    if not e.kernel.space:
        if e.kernel.divided:  # a state: the first thread alone may change it
            _, _, lo, hi, *_ = e.function.parameters
            with e.loop(lo, hi):
                store_members(e, ())
        else:
            store_members(e, ())
        return
    outer = len(e.kernel.space) - 1
    width = target.lanes("float")
    over_outer_axes(e, outer, lambda at: along_last_axis(e, at, width, lambda inner: store_members(e, inner)))
