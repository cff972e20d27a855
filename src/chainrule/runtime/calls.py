"""A graph compiled into a function of arrays: the engine's side of `reference.as_function`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.reference import checked_arrays
from chainrule.runtime.executable import Executable, most_threads
from chainrule.runtime.plans import plan_of
from chainrule.types import Array

_COPIED = 1 << 14  # bytes of an input that are copied sooner than their address is found


def as_function(
    graph: Graph, updates: Sequence[tuple[int, int]] = (), resident: int = 0
) -> Callable[[Sequence[Any]], list[Array]]:
    """Return the function that computes the graph's outputs from arrays for its inputs; see `Executor.as_function`."""
    graph.verify()
    plan = plan_of(graph, Usage(resident=frozenset(range(resident))))
    executable = Executable(plan, most_threads(plan))
    most = executable.candidates[-1]
    one_caller = threading.Lock()  # scratch memory serves one call at a time
    inputs = [(node.type.shape, node.type.dtype) for node in graph.inputs]
    outputs = [(node.type.shape, node.type.dtype) for node in graph.outputs]
    spare = {o: np.empty(*outputs[o]) for _, o in updates}  # an index error leaves the arrays as they were
    current: list[Any] = [None] * resident

    def keep(arrays: Sequence[Any]) -> list[None]:
        for number, array in enumerate(arrays[:resident]):
            if array is not current[number] or array.flags.writeable:
                executable.write_state(number, array)
                current[number] = array
        return [None] * resident

    def run(arrays: Sequence[Any]) -> list[Array]:
        if len(arrays) != len(inputs) or not all(map(_fits, arrays, inputs)):
            arrays = [np.ascontiguousarray(array) for array in checked_arrays(graph, arrays)]
        results = [spare[o] if o in spare else np.empty(shape, dtype) for o, (shape, dtype) in enumerate(outputs)]
        with one_caller:
            if resident:
                arrays = [*keep(arrays), *arrays[resident:]]
            executable.run(arrays, results, threads=most)
            for i, o in updates:
                np.copyto(arrays[i], spare[o])
                results[o] = arrays[i]
        return results

    return run


def bind(graph: Graph, resident: Sequence[Array]) -> Callable[[Array], Array]:
    """Return the function of the graph's last input, the other inputs being given; the graph has one output.

    For the least time between two calls: a small input is copied to a place that the code knows, and so is the result
    from another. The input must have the shape of the graph's input; this is not checked.
    """
    plan = plan_of(graph, Usage(resident=frozenset(range(len(resident)))), alone=True)
    most = most_threads(plan)
    executable, one_caller = Executable(plan, most), threading.Lock()
    for number, array in enumerate(resident):
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
    states: list[Array | None] = [None] * len(executable.plan.usage.resident)
    most = executable.candidates[-1]

    def run(array: Array) -> Array:
        result = np.empty_like(like)
        with one_caller:
            executable.run([*states, np.ascontiguousarray(array)], [result], threads=most)
        return result

    return run


def _fits(array: Any, expected: tuple[tuple[int, ...], np.dtype[Any]]) -> bool:
    """Whether machine code can read an array as it is."""
    return (
        type(array) is np.ndarray
        and array.shape == expected[0]
        and array.dtype == expected[1]
        and array.flags.c_contiguous
    )
