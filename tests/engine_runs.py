"""Graphs compiled and run in ways that users cannot ask for: any number of threads, any target, every plan verified."""

from __future__ import annotations

import numpy as np

import chainrule as cr
from chainrule.graph.usage import ONE_CALL
from chainrule.plan import make_plan
from chainrule.plan.verify import verify
from chainrule.runtime.executable import Executable
from chainrule.transforms.simplify import simplify


def traced(function, *arguments):
    """The simplified graph of a function, as programs compile it."""
    return simplify(cr.trace(function, *arguments))


def compiled(graph, threads=1, usage=ONE_CALL, target=None):
    """An executable of a graph whose plan was verified."""
    plan = make_plan(graph, usage)
    verify(plan)
    return Executable(plan, threads, target)


def run(executable, arguments, threads=1):
    """The outputs of one call, in arrays that were full of other numbers before."""
    types = [buffer.node.type for buffer in executable.plan.results]
    results = [np.full(type_.shape, 77, type_.dtype) for type_ in types]
    done = executable.run([np.ascontiguousarray(x) for x in arguments], results, threads=threads)
    assert done == 1
    return results


def run_steps(executable, states, arguments, steps, threads):
    """The states and results after some steps."""
    usage = executable.plan.usage
    for number, array in enumerate(states):
        executable.write_state(number, array)
    graph = executable.plan.graph
    given = dict(zip(usage.given(graph), map(np.ascontiguousarray, arguments), strict=False))
    inputs = [given.get(i) for i in range(len(graph.inputs))]
    results = [
        np.zeros((*((steps,) if buffer.per_step else ()), *buffer.node.type.shape), buffer.node.type.dtype)
        for buffer in executable.plan.results
    ]
    done = executable.run(inputs, results, steps, threads)
    return [executable.read_state(number) for number in range(len(usage.carried))], results, done


def together(functions, arguments):
    """Several functions as one that takes all their arguments, so that one module holds their code.

    Args:
        functions: each returns a tuple of arrays.
        arguments: for each function its arguments.
    """
    counts = [len(group) for group in arguments]
    starts = np.cumsum([0, *counts])

    def every(*everything):
        return tuple(
            function(*everything[start : start + count])
            for function, start, count in zip(functions, starts, counts, strict=False)
        )

    return every, [x for group in arguments for x in group]


def assert_agree(actual, expected, ulps, what=""):
    """Equal for integers and booleans; for floats to within units in the last place of the largest element, or of 1."""
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), what
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected, what)
        return
    largest = np.max(np.abs(expected), initial=1, where=np.isfinite(expected))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(
            actual, expected, rtol=0, atol=ulps * np.finfo(expected.dtype).eps * largest, err_msg=what
        )


def same_bits(a, b):
    """Whether two lists of arrays are equal bit by bit."""
    return all(
        x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True)
    )
