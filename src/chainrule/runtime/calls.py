"""A graph compiled into a function of arrays: the engine's side of `reference.prepare`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.graph import Graph
from chainrule.plan import Plan, Usage
from chainrule.plan.cost import flops
from chainrule.reference import checked_arrays
from chainrule.runtime.cores import available
from chainrule.runtime.executable import Executable
from chainrule.runtime.plans import plan_of
from chainrule.types import Array

_SHARED_WORK = 20e6  # operations from which several threads finish earlier than one
_COPIED = 1 << 14  # bytes of an input that are copied sooner than their address is found


def prepare(
    graph: Graph, updates: Sequence[tuple[int, int]] = (), held: int = 0
) -> Callable[[Sequence[Any]], list[Array]]:
    """Return the function that computes the graph's outputs from arrays for its inputs; see `executors.prepare`."""
    graph.verify()
    plan = plan_of(graph, Usage(resident=frozenset(range(held))))
    executable = Executable(plan, most_threads(plan))
    most = executable.candidates[-1]
    one_caller = threading.Lock()  # scratch memory serves one call at a time
    inputs = [(node.type.shape, node.type.dtype) for node in graph.inputs]
    outputs = [(node.type.shape, node.type.dtype) for node in graph.outputs]
    spare = {o: np.empty(*outputs[o]) for _, o in updates}  # an index error leaves the arrays as they were
    current: list[Any] = [None] * held

    def hold(arrays: Sequence[Any]) -> list[None]:
        for number, array in enumerate(arrays[:held]):
            if array is not current[number] or array.flags.writeable:
                executable.write_state(number, array)
                current[number] = array
        return [None] * held

    def run(arrays: Sequence[Any]) -> list[Array]:
        if len(arrays) != len(inputs) or not all(map(_fits, arrays, inputs)):
            arrays = [np.ascontiguousarray(array) for array in checked_arrays(graph, arrays)]
        results = [spare[o] if o in spare else np.empty(shape, dtype) for o, (shape, dtype) in enumerate(outputs)]
        with one_caller:
            if held:
                arrays = [*hold(arrays), *arrays[held:]]
            executable.run(arrays, results, threads=most)
            for i, o in updates:
                np.copyto(arrays[i], spare[o])
                results[o] = arrays[i]
        return results

    return run


def bind(graph: Graph, held: Sequence[Array]) -> Callable[[Array], Array]:
    """Return the function of the graph's last input, with the other inputs held fixed; the graph has one output.

    For the least time between two calls: a small input is copied to a place that the code knows, and so is the result
    from another. The input must have the shape of the graph's input; this is not checked.
    """
    plan = plan_of(graph, Usage(resident=frozenset(range(len(held)))), alone=True)
    most = most_threads(plan)
    executable, one_caller = Executable(plan, most), threading.Lock()
    for number, array in enumerate(held):
        executable.write_state(number, array)
    argument, result = (np.zeros(node.type.shape, node.type.dtype) for node in (graph.inputs[-1], graph.outputs[0]))
    if most > 1 or argument.nbytes > _COPIED:
        return _bind_in_place(executable, result, one_caller)
    call = executable.single_call(argument, result)

    def run(array: Array) -> Array:
        with one_caller:
            argument[...] = array
            call()
            return result.copy()

    return run


def _bind_in_place(executable: Executable, like: Array, one_caller: threading.Lock) -> Callable[[Array], Array]:
    """As `bind`, for inputs that are not copied, and work that threads may share."""
    held: list[Array | None] = [None] * len(executable.plan.usage.resident)
    most = executable.candidates[-1]

    def run(array: Array) -> Array:
        result = np.empty_like(like)
        with one_caller:
            executable.run([*held, np.ascontiguousarray(array)], [result], threads=most)
        return result

    return run


def most_threads(plan: Plan) -> int:
    """How many threads a single call may use: waking others takes longer than a small one."""
    return available() if flops(plan) >= _SHARED_WORK else 1


def _fits(array: Any, expected: tuple[tuple[int, ...], np.dtype[Any]]) -> bool:
    """Whether machine code can read an array as it is."""
    return (
        type(array) is np.ndarray
        and array.shape == expected[0]
        and array.dtype == expected[1]
        and array.flags.c_contiguous
    )
