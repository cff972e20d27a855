"""Parameters come as trees: dicts, lists and tuples, nested in any way, with arrays for leaves.

Dict keys are walked in insertion order. `None` holds no leaf. A path such as `['hidden'][0]['W']` names one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from chainrule.errors import ArgumentError

Tree: TypeAlias = Any  # a leaf, None, or a dict, list or tuple of trees


def _children(tree: Tree) -> list[tuple[str, Tree]] | None:
    """The (path step, child) pairs of a container; None for a leaf."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [(f"[{key!r}]", child) for key, child in tree.items()]
    if isinstance(tree, list | tuple):
        return [(f"[{index}]", child) for index, child in enumerate(tree)]
    return None


def items(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, leaf) for every leaf, in order."""
    children = _children(tree)
    if children is None:
        yield path, tree
        return
    for step, child in children:
        yield from items(child, path + step)


def leaves(tree: Tree) -> list[Any]:
    """The leaves of a tree, in order."""
    return [leaf for _, leaf in items(tree)]


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
    for path, other_path in zip(paths, other_paths, strict=False):
        if path != other_path:
            raise ArgumentError(
                f"the trees differ: one has a leaf at {path or 'its root'}, the other at {other_path or 'its root'}"
            )
    longer = paths if len(paths) > len(other_paths) else other_paths
    missing = longer[min(len(paths), len(other_paths))]
    raise ArgumentError(f"the trees differ: only one has a leaf at {missing or 'its root'}")
