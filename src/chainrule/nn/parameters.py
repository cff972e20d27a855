"""The weights W and biases b of a network, taken from the tree of its parameters and put in their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.tree import Tree
from chainrule.types import Array, as_array


def named(parameters: Tree, name: str) -> list[Array]:
    """The parameters of a name, "W" or "b", first to last."""
    return [leaf for path, leaf in tree.items(parameters) if path.last == name]


def parameters_with(parameters: Tree, weights: Sequence[Any] | None, biases: Sequence[Any] | None) -> Tree:
    """The parameters with other W, b or both, in their dtype.

    Raises:
        ArgumentError: wrong number, shape, or values that are not finite.
    """
    new: dict[str, Iterator[Array]] = {}
    for name, given in (("W", weights), ("b", biases)):
        if given is not None:
            new[name] = iter(_checked(name, given, named(parameters, name)))
    leaves = [next(new[path.last]) if path.last in new else leaf for path, leaf in tree.items(parameters)]
    return tree.rebuild(parameters, iter(leaves))


def _checked(name: str, given: Sequence[Any], present: Sequence[Array]) -> list[Array]:
    if len(given) != len(present):
        raise ArgumentError(f"this network has {len(present)} {name}, got {len(given)}")
    arrays = []
    for number, (argument, old) in enumerate(zip(given, present, strict=True), 1):
        array = as_array(argument, f"{name}{number}").astype(old.dtype)
        if array.shape != old.shape:
            raise ArgumentError(f"{name}{number} must have shape {list(old.shape)}, got {list(array.shape)}")
        if not np.all(np.isfinite(array)):
            raise ArgumentError(f"{name}{number} contains nan or infinity")
        arrays.append(array)
    return arrays
