"""Plans that are kept, each with its machine code: what was planned once, in this process, is not planned again.

Cross-validation, ensembles and searches train networks of one kind again and again. Each records its own graph; graphs
that do the same to arguments of the same types and are used in the same way share a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from weakref import WeakKeyDictionary

from chainrule.codegen.context import ENTRY, KERNELS, RUN_AGAIN, SET_CONTEXT
from chainrule.codegen.generator_digest import GENERATOR_DIGEST
from chainrule.codegen.target import TargetMachine
from chainrule.graph import CONSTANT, INPUT, Graph
from chainrule.graph.usage import Usage
from chainrule.lru_cache import LruCache
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.plan import Plan, make_plan
from chainrule.plan.signature import signature
from chainrule.runtime.code import Code, load_or_write
from chainrule.runtime.numpy_callbacks import with_numpy_callbacks

_FUNCTIONS = (ENTRY, KERNELS, SET_CONTEXT, RUN_AGAIN)
_MOST_BYTES = 1 << 20  # of a graph's constants: a plan keeps them alive

_plans: LruCache[Plan] = LruCache(32)
_codes: WeakKeyDictionary[Plan, dict[tuple[TargetMachine, int], Code]] = WeakKeyDictionary()


def plan_of(graph: Graph, usage: Usage, *, alone: bool = False) -> Plan:
    """The plan of a simplified graph: one that was made for an equal graph, or a new one.

    With `alone`, nobody else has it, nor the machine code that is loaded for it, which remembers one context.
    """
    graph = with_numpy_callbacks(graph)
    key = None if alone else _key(graph, usage)
    return make_plan(graph, usage) if key is None else _plans.get(key, lambda: make_plan(graph, usage))


def code_of(plan: Plan, target: TargetMachine, threads: int, write: Callable[[], str]) -> Code:
    """The machine code of a plan: what was loaded for it before, or lies on the disk, or is made of what is written."""
    codes = _codes.setdefault(plan, {})
    if (target, threads) not in codes:
        origin = (GENERATOR_DIGEST, target.level, str(threads), signature(plan))
        codes[target, threads] = load_or_write(origin, write, target, _FUNCTIONS)
    return codes[target, threads]


def _key(graph: Graph, usage: Usage) -> Hashable | None:
    """Equal for graphs that compute the same; None for those that would keep large arrays or a user's functions alive.

    The names that messages mention are a part of it.
    """
    numbers = {node: number for number, node in enumerate(graph.inputs)}
    parts: list[Hashable] = [graph.name, usage]
    parts += [(str(node.keywords["slot"]), node.type) for node in graph.inputs]
    held = 0
    for node in graph.nodes:
        if node.op is INPUT:
            continue
        if node.op is HOST_CALLBACK:
            return None
        held += node.type.size * node.type.dtype.itemsize if node.op is CONSTANT else 0
        numbers[node] = len(numbers)
        parts.append((node.op, node.attributes, *[numbers[operand] for operand in node.operands]))
    parts.append(tuple([numbers[node] for node in graph.outputs]))
    return tuple(parts) if held <= _MOST_BYTES else None
