"""Between gradient and update: micro-batches whose gradients are added up, and a function of the gradient.

An update on k·B examples is made in k micro-batches of B. The step adds its gradient to a carried sum, begins the sum
anew in the first micro-batch, and keeps the new weights only in the last: so all micro-batches are steps of one
compiled loop, which leaves out what is not kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.ops.value import Value
from chainrule.tree import Tree
from chainrule.types import Array


class Part(NamedTuple):
    """What a step knows of its place in an update, one number of each kind for every step.

    Attributes:
        first: whether its micro-batch is the first of its update, bool.
        last: whether it is the last, bool.
        share: which share of the update's examples it holds, float64.
    """

    first: Any
    last: Any
    share: Any


WHOLE = Part(np.True_, np.True_, np.float64(1))  # of an update in one batch


class MicroBatches(NamedTuple):
    """Micro-batches of one size that follow each other.

    Attributes:
        positions: of the examples, int64 [m × b].
        update: to which update each belongs, from 0, int64 [m].
        place: its place in that update, from 0, int64 [m].
        part: arrays [m].
    """

    positions: Array
    update: Array
    place: Array
    part: Part


@dataclass(frozen=True)
class GradientAccumulation:
    """What happens to gradients on their way to the optimiser.

    Attributes:
        accumulate: how many micro-batches make an update.
        batch_size: the size of a micro-batch; only asked for if there are several.
        transform: traced gradients -> gradients of the same structure; `last=` tells it, if it has such a parameter,
            whether this micro-batch makes the update.
    """

    accumulate: int = 1
    batch_size: int | None = None
    transform: Callable[..., Tree] | None = None

    @property
    def accumulates(self) -> bool:
        """Whether updates are made in several micro-batches."""
        return self.accumulate > 1

    def sums(self, parameters: Tree) -> Tree:
        """Where gradients are added up: zeros like the parameters, or nothing."""
        return tree.map_leaves(np.zeros_like, parameters) if self.accumulates else ()

    def split(self, batches: Array) -> Iterator[MicroBatches]:
        """The micro-batches of some updates [u × n], in order; those of one size together where they follow."""
        count, n = batches.shape
        if not self.accumulates:
            yield MicroBatches(batches, np.arange(count), np.zeros(count, np.int64), WHOLE)
            return
        size = min(self.batch_size or n, n)
        whole, rest = divmod(n, size)
        if not rest:
            yield _micro_batches(batches.reshape(-1, size), np.arange(count), 0, whole, size / n)
            return
        for number, batch in enumerate(batches):
            if whole:
                yield _micro_batches(batch[: n - rest].reshape(whole, size), number, 0, whole + 1, size / n)
            yield _micro_batches(batch[None, n - rest :], number, whole, whole + 1, rest / n)

    def transformed(self, gradients: Tree, last: Any) -> Tree:
        """What the optimiser gets.

        Raises:
            ArgumentError: the function returned gradients of another structure, shape or dtype.
        """
        if self.transform is None:
            return gradients
        takes_last = "last" in inspect.signature(self.transform).parameters
        changed = self.transform(gradients, last=last) if takes_last else self.transform(gradients)
        tree.require_same_structure(gradients, changed)
        for (path, g), new in zip(tree.items(gradients, "the gradient"), tree.leaves(changed), strict=True):
            if not isinstance(new, Value | np.ndarray) or (new.shape, new.dtype) != (g.shape, g.dtype):
                raise ArgumentError(
                    f"transform_gradients must return gradients of the shapes and dtypes that it gets, but {path}, "
                    f"{g.dtype}{list(g.shape)}, became {new!r}"
                )
        return changed


def _micro_batches(positions: Array, update: Any, start: int, count: int, share: float) -> MicroBatches:
    """Micro-batches, of which `count` make an update, the first of them being number `start` of one."""
    number = np.arange(start, start + len(positions))
    place = number % count
    updates = np.repeat(update, count) if np.ndim(update) else np.full(len(positions), update)
    part = Part(place == 0, place == count - 1, np.full(len(positions), share))
    return MicroBatches(positions, updates, place, part)


def add_up(sums: Tree, gradients: Tree, first: Any) -> Tree:
    """The sum of the gradients of an update so far."""
    return tree.map_leaves(lambda total, g: np.where(first, g, total + g), sums, gradients)


def only_if(last: Any, new: Tree, old: Tree) -> Tree:
    """The new values after the last micro-batch of an update, the old ones before."""
    return tree.map_leaves(lambda a, b: np.where(last, a, b), new, old)
