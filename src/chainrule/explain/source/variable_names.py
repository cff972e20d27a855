"""What the values between are called: the names of the author's own variables.

While the function is recorded, its local variables are looked at after every line. So a name is known however the value
came to it: by an assignment, in a loop, as an argument of a helper. A name that is given to several values is numbered
in their order, a₁, a₂ …; of several names of one value the outermost function's counts, and there the first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, TypeAlias

from chainrule.errors import ArgumentError
from chainrule.explain.notation.names import subscript
from chainrule.graph import CONSTANT, INPUT, Node
from chainrule.graph.origin import is_own
from chainrule.ops.value import Value
from chainrule.tracing import TracedCall, trace_call

Script: TypeAlias = Callable[[str], str]
_Seen = dict[Node, tuple[int, str]]


def record_named(
    f: Callable[..., Any], args: Sequence[Any], script: Script = subscript
) -> tuple[TracedCall, dict[Node, str]]:
    """Record a function, with the names that its author gave to values between.

    A debugger or a coverage tool does not see the lines of the function during this one call.

    Args:
        f: the function.
        args: numbers, arrays, or nested dicts, lists and tuples of them.
        script: how the numbers of values of one name are written.
    """
    seen: _Seen = {}

    @wraps(f)
    def watched(*arguments: Any) -> Any:
        with _watched(seen):
            return f(*arguments)

    traced = trace_call(watched, args, {}, range(len(args)))
    taken = {str(value.node.keywords["slot"]) for value in traced.inputs}
    return traced, _numbered([(node, name) for node, (_, name) in seen.items()], taken, script)


def result_of(traced: TracedCall) -> Node:
    """The one float number that a recorded function returns.

    Raises:
        ArgumentError: it returns something else; says what.
    """
    types = [output.node.type for output in traced.outputs]
    if len(types) == 1 and not types[0].shape and types[0].is_float:
        return traced.outputs[0].node
    returned = "nothing" if not types else str(types[0]) if len(types) == 1 else f"{len(types)} values"
    fix = "; use floats" if len(types) == 1 and not types[0].is_float else ""
    raise ArgumentError(
        f"derive needs a function that returns one float number; {traced.name} returned {returned}{fix}"
    )


@contextmanager
def _watched(seen: _Seen) -> Iterator[None]:
    """Note the traced values among the local variables of every function outside chainrule and NumPy that runs."""
    depth: dict[FrameType, int] = {}

    def entered(frame: FrameType, event: str, argument: Any) -> Any:
        if is_own(frame.f_code.co_filename):
            return None
        depth[frame] = len(depth)
        return inside

    def inside(frame: FrameType, event: str, argument: Any) -> Any:
        for name, value in frame.f_locals.items():
            if isinstance(value, Value) and value.node.op not in (INPUT, CONSTANT):
                level = depth[frame]
                if value.node not in seen or level < seen[value.node][0]:
                    seen[value.node] = level, name
        if event == "return":
            del depth[frame]
        return inside

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(before)


def _numbered(found: list[tuple[Node, str]], taken: set[str], script: Script) -> dict[Node, str]:
    names = [name for _, name in found]
    result: dict[Node, str] = {}
    for node, name in found:
        if names.count(name) > 1 or name in taken:
            place = sum(other.startswith(name) and other[len(name) :].isnumeric() for other in result.values())
            name += script(str(place + 1))
        result[node] = name
    return result
