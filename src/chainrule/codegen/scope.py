"""The scope of a kernel's function: open loops, common subexpressions, and the table of sizes that it receives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from chainrule.codegen.function_builder import FunctionBuilder, OpenLoop
from chainrule.codegen.values import Val, i64, lanes


class Index(NamedTuple):
    """An index along one axis: a number (i64), the first of a run of neighbours, or one number for each lane.

    Attributes:
        value: i64, or a vector of them.
        level: the loop level at which it is known.
        run: whether the lanes count on from `value`.
        whole: whether a run begins at a multiple of its length.
    """

    value: Val
    level: int = 0
    run: bool = False
    whole: bool = True


ZERO = Index(i64(0))
Indices = tuple[Index, ...]


class Pulled(NamedTuple):
    """A value, and the loop level at which it is known."""

    value: Val
    level: int


def _single_values(known: dict[object, Pulled]) -> dict[object, Pulled]:
    return {key: pulled for key, pulled in known.items() if lanes(pulled.value.type) == 1}


class Scope:
    """What is available at the point where a kernel's function is being emitted.

    Loop-invariant code is hoisted, and common subexpressions are emitted once: values are remembered as long as their
    loop is open.

    What differs between two layers of a network, offsets, strides and lengths, does not stand in the code but in a
    table of numbers that the function receives. So kernels that do the same to arrays of other sizes are one function.

    Attributes:
        function: the function in the making; see `kernels.PARAMETERS`.
        numbers: the table, in the order in which the code reads it.
        addresses: tables of functions that it calls.
        width: lanes of the vectors that are computed now.
    """

    def __init__(self, function: FunctionBuilder) -> None:
        self.function = function
        self.width = 1
        self.numbers: list[int] = []
        self.addresses: list[Val] = []
        self._known: list[dict[object, Pulled]] = [{}]

    # Loops

    @contextmanager
    def loop(self, start: Val, stop: Val, step: int = 1) -> Iterator[tuple[OpenLoop, Index]]:
        """A loop; its index is a run if it goes by vectors."""
        with self.function.loop(start, stop, step) as loop:
            self._known.append({})
            yield loop, Index(loop.index, loop.level, run=step > 1)
            self._known.pop()

    @contextmanager
    def lanes(self, width: int) -> Iterator[None]:
        """Compute vectors of so many lanes; vectors of other widths are forgotten, single values are not."""
        before = self.width
        self.width, self._known = width, [_single_values(known) for known in self._known]
        yield
        self.width, self._known = before, [_single_values(known) for known in self._known]

    @contextmanager
    def when(self, condition: Val) -> Iterator[None]:
        """Run what is written inside only if the condition holds."""
        with self.function.when(condition):
            self._known.append({})
            yield
            self._known.pop()

    # Values

    def remember(self, key: object, level: int, make: Callable[[], Val]) -> Val:
        """A value that is emitted once, at a level."""
        known = self._known[level].get(key)
        if known is None:
            with self.function.at(level):
                known = self._known[level][key] = Pulled(make(), level)
        return known.value

    def splat(self, x: Pulled) -> Pulled:
        """A value in all lanes."""
        if lanes(x.value.type) > 1 or self.width == 1:
            return x
        return Pulled(self.remember(x.value, x.level, lambda: self.function.splat(x.value, self.width)), x.level)

    # What the function receives

    def number(self, role: object, value: int) -> Val:
        """A number from the table, read once for each role."""

        def read() -> Val:
            self.numbers.append(value)
            place = self.function.offset(self.function.parameters[5], "i64", i64(len(self.numbers) - 1))
            return self.function.load(place, "i64", align=8)

        return self.remember(("number", role), 0, read)

    def table(self, addresses: Val) -> Val:
        """A table of functions."""
        self.addresses.append(addresses)
        place = self.function.offset(self.function.parameters[6], "ptr", i64(len(self.addresses) - 1))
        return self.function.load(place, "ptr", align=8)
