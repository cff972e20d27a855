"""A traced function that is called step after step: what it carries is its own result, one step before.

It is the loop of `jax.lax.scan`, with arguments that are the same in every step beside those of each step. A training
step is one, and so is the gradient of every example of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, TraceError
from chainrule.execution import choice
from chainrule.execution.interface import Stepper
from chainrule.execution.traces import trace_once
from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.runtime.cores import available
from chainrule.tracing import TracedCall
from chainrule.tree import Tree
from chainrule.types import Array, as_array, has_gaps


@dataclass(frozen=True)
class Loop:
    """A step of a loop as a graph, and how it is called.

    Attributes:
        graph: of a step: the leaves of carry, per_step and fixed -> those of the new carry and of the result.
        usage: which of them are carried, and which every step has of its own.
        result: what a step returns besides the carry, for its structure.
    """

    graph: Graph
    usage: Usage
    result: Tree

    def steps(self) -> Stepper:
        """What makes the steps: its states are the leaves of the carry, its arguments those of (per_step, fixed)."""
        return choice.make_steps(self.graph, self.usage)


def loop(
    f: Callable[[Any, Any, Any], tuple[Tree, Tree]],
    carry: Tree,
    per_step: Tree,
    fixed: Tree,
    *,
    in_place: bool = False,
    guarded: bool = False,
    cache_key: Hashable | None = None,
) -> Loop:
    """The loop of a function.

    Args:
        f: traced (carry, per_step, fixed) -> (new carry, result).
        carry: what the first step begins with; only its structure, shapes and dtypes matter, as of all arguments.
        per_step: what every step has of its own: arrays like those of one step.
        fixed: what is the same in all steps.
        in_place: whether arrays of `fixed` are read where they lie, whatever their strides, instead of being copied
            first. None of them may then be an operand of a product.
        guarded: whether the first leaf of the result stops the steps when it is not finite, before the carry changes.
        cache_key: see `trace_once`.

    Raises:
        ArgumentError: the new carry has another structure, shape or dtype than the old one.
        TraceError: the function cannot be traced, or does not return a pair.
    """
    call, graph = trace_once(f, (carry, per_step, fixed), cache_key)
    if not isinstance(call.result, tuple) or len(call.result) != 2:
        raise TraceError(f"{call.name} is a step of a loop; it must return (new carry, result)")
    new_carry, result = call.result
    carried, stepwise, constant = call.arguments
    _require_same_types(call, carry, new_carry)
    arrays = dict(zip(constant, map(np.asarray, tree.leaves(fixed)), strict=True)) if in_place else {}
    usage = Usage(
        carried=tuple((i, i) for i in carried),
        per_step_inputs=frozenset(stepwise),
        per_step_outputs=frozenset(range(len(carried), len(graph.outputs))),
        guard=len(carried) if guarded else None,
        in_place=frozenset(arrays),
        with_gaps=frozenset(i for i, array in arrays.items() if has_gaps(array)),
        threads=available(),
    )
    return Loop(graph, usage, result)


def _require_same_types(call: TracedCall, carry: Tree, new_carry: Tree) -> None:
    """Raise ArgumentError unless the carry keeps its structure, shapes and dtypes."""
    tree.require_same_structure(carry, new_carry)
    for old, new, (path, _) in zip(call.inputs, call.outputs, tree.items(carry, "the carry"), strict=False):
        if old.node.type != new.node.type:
            raise ArgumentError(
                f"{call.name} carries {path}, which has type {old.node.type}, but returned {new.node.type} for it; "
                "convert the result"
            )


def first_of(stacked: Tree) -> Tree:
    """Arrays like those of one step, of arrays that are stacked along a first axis; their numbers do not matter."""

    def one(array: Any) -> Array:
        array = as_array(array)
        return np.zeros(array.shape[1:], array.dtype)

    return tree.map_leaves(one, stacked)
