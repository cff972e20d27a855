"""`compile`: any traced function as machine code, with everything that led to it open to inspection."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.execution import Program, Updates
from chainrule.graph import Graph
from chainrule.ops.value import Value
from chainrule.tracing import TracedCall, function_name, named_leaves
from chainrule.tree import Tree
from chainrule.types import DTYPES, as_array

if TYPE_CHECKING:
    from chainrule.runtime.inspection import Inspection
    from chainrule.runtime.profile import Profile


def compile(f: Callable[..., Tree], donate: int | Sequence[int] = ()) -> Compiled:  # noqa: A001
    """A function that computes what `f` does with machine code, made at the first call for each kind of arguments.

    Args:
        f: a function written in NumPy and chainrule functions, of nested arrays. It must depend on its arguments
            alone: what it takes from outside is that of the first call.
        donate: the positions of arguments, one or several, whose arrays the caller gives up. The function must then
            return their new values first, in the order of `donate`, in a tuple with the rest of its results; or, if a
            single argument is donated, that new value alone. The new values are written to the arrays of the arguments,
            and these arrays are returned. They must be NumPy arrays that can be written to, C-contiguous, and share
            no memory with each other or with other arguments.

    Raises:
        ArgumentError: `donate` names no positions.
    """
    if not callable(f):
        raise ArgumentError(f"only a function can be compiled, got {f!r}")
    positions = (donate,) if isinstance(donate, int) else tuple(donate)
    if not all(type(position) is int and position >= 0 for position in positions):
        raise ArgumentError(f"donate must be the position of an argument, or several, counted from 0; got {donate!r}")
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"donate names the same argument twice: {donate!r}")
    return Compiled(f, positions)


class Compiled(Program):
    """A compiled function; see `compile`.

    Calling it takes arrays, numbers, and nested dicts, lists and tuples of them, and returns such with arrays for
    leaves. All arguments are traced, also those given by name. The programs for the 64 combinations of structures,
    shapes and dtypes that were used last are kept. While another function is recorded, for instance by `grad`, it
    becomes a part of that one.

    Raises:
        ArgumentError: (when called) an argument is no array, an index is outside of its axis, or a donated argument
            cannot be updated; names the argument.
        TraceError: (when called) the function cannot be recorded; names the line.
    """

    def __init__(self, function: Callable[..., Tree], donate: tuple[int, ...] = ()) -> None:
        super().__init__(function)
        self._donate = donate
        self._by_names: dict[tuple[int, tuple[str, ...]], Compiled] = {}
        update_wrapper(self, function, updated=())  # attributes of another Compiled are its own

    def __call__(self, *args: Tree, **kwargs: Tree) -> Tree:
        """The result of the function."""
        if kwargs:
            compiled, args = self._positional(args, kwargs)
            return compiled(*args)
        if self._donate and not any(isinstance(leaf, Value) for leaf in tree.leaves(args)):
            _require_donatable(self.function, args, self._donate)
        return super().__call__(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.function, self._donate)

    def __repr__(self) -> str:
        return f"<compiled {function_name(self.function)}>"

    def graph(self, *args: Tree, **kwargs: Tree) -> Graph:
        """The simplified graph that is compiled for such arguments."""
        compiled, args = self._positional(args, kwargs)
        return Program.graph(compiled, *args)

    def profile(self, *args: Tree, **kwargs: Tree) -> Profile:
        """What runs for such arguments: every kernel with its loops, work, tiles and threads, and how long it takes.

        It is compiled and measured here, in about half a second; the profile prints as a table. Times are those of this
        moment; donated arguments are not changed.
        """
        return self.inspection(*args, **kwargs).profile()

    def llvm(self, *args: Tree, **kwargs: Tree) -> str:
        """The program for such arguments in LLVM IR."""
        return self.inspection(*args, **kwargs).llvm()

    def asm(self, *args: Tree, **kwargs: Tree) -> str:
        """The machine code for such arguments, as text."""
        return self.inspection(*args, **kwargs).assembly()

    def inspection(self, *args: Tree, **kwargs: Tree) -> Inspection:
        """Graph, plan, code and times for such arguments, made when they are asked for."""
        from chainrule.runtime.inspection import Inspection

        compiled, args = self._positional(args, kwargs)
        arrays = [as_array(leaf) for leaf in tree.leaves(args)]
        return Inspection(Program.graph(compiled, *args), arrays)

    def _positional(self, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> tuple[Compiled, tuple[Tree, ...]]:
        """The function and all its arguments by position, those with names last."""
        if not kwargs:
            return self, args
        names = tuple(sorted(kwargs))
        key = len(args), names
        if key not in self._by_names:
            self._by_names[key] = Compiled(_of_positions(self.function, *key), self._donate)
        return self._by_names[key], (*args, *(kwargs[name] for name in names))

    def _updates(self, args: tuple[Tree, ...], call: TracedCall) -> Updates:
        """Which outputs are written to which inputs: new values come first, in the order of the donated arguments."""
        if self._donate:
            _require_new_values_first(call, args, self._donate)
        donated = [i for position in self._donate for i in call.arguments[position]]
        pairs = [(i, o) for o, i in enumerate(donated)]
        for i, o in pairs:
            old, new = call.inputs[i].node, call.outputs[o].node
            if new.type != old.type:
                raise ArgumentError(
                    f"{call.name} returned {new.type} for the donated {old.keywords['slot']}, which has type "
                    f"{old.type}; convert the result, or do not donate the argument"
                )
        return pairs


def _require_new_values_first(call: TracedCall, args: tuple[Tree, ...], donate: tuple[int, ...]) -> None:
    """Raise ArgumentError unless a result begins with parts that can take the places of the donated arguments."""
    structures, result = [_structure(args[position]) for position in donate], call.result
    if structures == [_structure(result)]:
        return
    if not isinstance(result, tuple) or [_structure(part) for part in result[: len(donate)]] != structures:
        raise ArgumentError(
            f"{call.name} must return new values for its donated arguments {list(donate)} first, each with the "
            "structure of the argument, in a tuple: return new_a, new_b, rest"
        )


def _structure(part: Tree) -> str:
    return repr(tree.map_leaves(lambda _: 0, part))


def _require_donatable(f: Callable[..., Tree], args: tuple[Tree, ...], donate: tuple[int, ...]) -> None:
    """Raise ArgumentError unless the arrays of the donated arguments can be overwritten."""
    for position in donate:
        if position >= len(args):
            raise ArgumentError(f"donate names argument {position}, but {function_name(f)} got {len(args)} by position")
        for path, leaf in named_leaves(f, args, position):
            problem = _problem(leaf)
            if problem:
                raise ArgumentError(f"{path} of {function_name(f)} is donated, but {problem}")
    _require_apart(f, args, donate)


def _problem(leaf: Any) -> str:
    """Why an array cannot be overwritten, and the fix; "" if it can."""
    if type(leaf) is not np.ndarray:
        return f"it is no NumPy array but {type(leaf).__name__}; give an array"
    if leaf.dtype not in DTYPES:
        return f"it has dtype {leaf.dtype}, which would have to be converted; convert it before"
    if not leaf.flags.writeable:
        return "it is read-only; give a copy"
    if not leaf.flags.carray:
        return "it is not C-contiguous; give np.ascontiguousarray of it"
    return ""


def _require_apart(f: Callable[..., Tree], args: tuple[Tree, ...], donate: tuple[int, ...]) -> None:
    """Raise ArgumentError if a donated array shares memory with another array."""
    spans = []
    for position in range(len(args)):
        for name, leaf in named_leaves(f, args, position):
            if isinstance(leaf, np.ndarray) and leaf.size:
                spans.append((*np.lib.array_utils.byte_bounds(leaf), position in donate, str(name)))
    spans.sort(key=lambda span: span[0])
    last: dict[bool, tuple[int, str]] = {True: (0, ""), False: (0, "")}  # how far memory is taken, by donated or not
    for start, stop, donated, path in spans:
        for kind in (True, False) if donated else (True,):
            end, other = last[kind]
            if start < end:
                raise ArgumentError(
                    f"{path} and {other} of {function_name(f)} share memory, and one of them is donated; give a copy"
                )
        last[donated] = max(last[donated], (stop, path))


def _of_positions(f: Callable[..., Tree], count: int, names: tuple[str, ...]) -> Callable[..., Tree]:
    """`f` as a function of `count` arguments by position, followed by those with these names."""

    def function(*args: Tree) -> Tree:
        return f(*args[:count], **dict(zip(names, args[count:], strict=True)))

    function.__name__ = function_name(f)
    function.__signature__ = _signature(f, count, names)  # type: ignore[attr-defined]
    return function


def _signature(f: Callable[..., Tree], count: int, names: tuple[str, ...]) -> inspect.Signature:
    """Parameters named as in `f`, for messages and printed graphs."""
    given: list[str] = []
    with suppress(TypeError, ValueError):  # builtins need not have a signature
        given = [parameter.name for parameter in inspect.signature(f).parameters.values()]
    free = [name for name in given if name not in names]
    kept = [free[i] if i < len(free) else f"arg{i}" for i in range(count)]
    return inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in (*kept, *names)])
