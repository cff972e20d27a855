"""Parameters come as trees: dicts, lists and tuples, nested in any way, with arrays for leaves.

Dict keys are walked in insertion order. `None` holds no leaf. A path such as `['hidden'][0]['W']` names one; it is a
`KeyPath` as long as anyone asks for its parts, and text where a message or a file shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from chainrule.errors import ArgumentError

Tree: TypeAlias = Any  # a leaf, None, or a dict, list or tuple of trees


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Where a leaf stands in a tree. It prints as what fetches the leaf in Python: `parameters['hidden'][0]['W']`.

    Attributes:
        name: of the tree; "" if it has none.
        keys: of dicts, and positions in lists and tuples, from the root to the leaf.
    """

    name: str = ""
    keys: tuple[Any, ...] = ()

    @property
    def last(self) -> Any:
        """The key under which the leaf itself stands; None at the root."""
        return self.keys[-1] if self.keys else None

    def __str__(self) -> str:
        return self.name + "".join(f"[{key!r}]" for key in self.keys)


def _children(tree: Tree) -> Iterable[tuple[Any, Tree]] | None:
    """The (key, child) pairs of a container; None for a leaf."""
    if tree is None:
        return ()
    if isinstance(tree, dict):
        return tree.items()
    if isinstance(tree, list | tuple):
        return enumerate(tree)
    return None


def items(tree: Tree, name: str = "") -> Iterator[tuple[KeyPath, Any]]:
    """Yield (path, leaf) for every leaf, in order, of a tree that is called `name`."""
    return ((KeyPath(name, keys), leaf) for keys, leaf in _items(tree, ()))


def _items(tree: Tree, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    children = _children(tree)
    if children is None:
        yield keys, tree
        return
    for key, child in children:
        yield from _items(child, (*keys, key))


def leaves(tree: Tree) -> list[Any]:
    """The leaves of a tree, in order."""
    return [leaf for _, leaf in _items(tree, ())]


def rebuild(tree: Tree, new_leaves: Iterator[Any]) -> Tree:
    """A tree of the same structure, its leaves drawn from an iterator."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: rebuild(child, new_leaves) for key, child in tree.items()}
    if isinstance(tree, list):
        return [rebuild(child, new_leaves) for child in tree]
    if isinstance(tree, tuple):
        children = [rebuild(child, new_leaves) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else tuple(children)
    return next(new_leaves)


def map_leaves(function: Callable[..., Any], tree: Tree, *trees: Tree) -> Tree:
    """Apply `function` to corresponding leaves of trees of one structure."""
    for other in trees:
        require_same_structure(tree, other)
    columns = zip(leaves(tree), *(leaves(other) for other in trees), strict=True)
    return rebuild(tree, iter([function(*column) for column in columns]))


def require_same_structure(tree: Tree, other: Tree) -> None:
    """Raise ArgumentError that names the first path where two trees differ in structure."""
    paths, other_paths = ([path for path, _ in items(t)] for t in (tree, other))
    if paths == other_paths:
        return

    def place(path: KeyPath) -> str:
        return str(path) or "its root"

    for path, other_path in zip(paths, other_paths, strict=False):
        if path != other_path:
            raise ArgumentError(f"the trees differ: one has a leaf at {place(path)}, the other at {place(other_path)}")
    longer = paths if len(paths) > len(other_paths) else other_paths
    missing = longer[min(len(paths), len(other_paths))]
    raise ArgumentError(f"the trees differ: only one has a leaf at {place(missing)}")
