"""Trees of parameters: walked in order, rebuilt in kind, compared by path."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.tree import KeyPath

Layer = namedtuple("Layer", ["W", "b"])
TREES = st.recursive(
    st.integers() | st.none(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.tuples(children, children)
        | st.dictionaries(st.text(max_size=2), children, max_size=3)
        | st.builds(Layer, children, children)
    ),
    max_leaves=12,
)


def test_leaves_are_named_by_paths_in_insertion_order():
    parameters = {"b": [Layer(1, 2), ()], "a": (3, None), "": {}}
    found = list(tree.items(parameters))
    assert found == [(KeyPath(keys=("b", 0, 0)), 1), (KeyPath(keys=("b", 0, 1)), 2), (KeyPath(keys=("a", 0)), 3)]
    assert [path.last for path, _ in found] == [0, 1, 0]
    assert list(tree.items(7, "x")) == [(KeyPath("x"), 7)]
    assert KeyPath("x").last is None
    assert tree.leaves(None) == []


@given(TREES)
def test_a_path_leads_to_its_leaf_and_prints_as_what_fetches_it(t):
    for path, leaf in tree.items(t, "t"):
        found = t
        for key in path.keys:
            found = found[key]
        assert found is leaf
        assert eval(str(path), {"t": t}) is leaf


def test_everything_else_is_a_leaf():
    for leaf in ("text", 1.5, {1, 2}, range(3)):
        assert tree.leaves(leaf) == [leaf]


@given(TREES)
def test_a_tree_rebuilt_from_its_leaves_is_the_tree(t):
    again = tree.rebuild(t, iter(tree.leaves(t)))
    assert again == t
    assert repr(again) == repr(t)  # the same kinds of containers


@given(TREES)
def test_map_leaves_maps_each_leaf_and_keeps_the_structure(t):
    doubled = tree.map_leaves(lambda x: 2 * x, t)
    assert tree.leaves(doubled) == [2 * x for x in tree.leaves(t)]
    assert [path for path, _ in tree.items(doubled)] == [path for path, _ in tree.items(t)]
    assert tree.map_leaves(lambda x, y: y - x, t, doubled) == t


def test_map_leaves_of_several_trees():
    assert tree.map_leaves(lambda a, b: a + b, {"W": 1, "b": [2]}, {"W": 10, "b": [20]}) == {"W": 11, "b": [22]}


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ({"a": 1}, {"b": 1}, r"one has a leaf at \['a'\], the other at \['b'\]"),
        ([1, 2], [1], r"only one has a leaf at \[1\]"),
        ([1], [1, 2], r"only one has a leaf at \[1\]"),
        ({"a": [1]}, {"a": 1}, r"one has a leaf at \['a'\]\[0\], the other at \['a'\]"),
        (1, [1], r"one has a leaf at its root, the other at \[0\]"),
        (1, None, "only one has a leaf at its root"),
    ],
)
def test_trees_that_differ_are_refused_at_the_first_path(one, other, message):
    with pytest.raises(ArgumentError, match=message):
        tree.require_same_structure(one, other)
    with pytest.raises(ArgumentError, match=message):
        tree.map_leaves(lambda a, b: a, one, other)


def test_subclasses_of_dict_are_dicts():
    assert tree.leaves(OrderedDict(a=1, b=2)) == [1, 2]


def test_deep_trees_are_walked():
    deep = 1
    for _ in range(200):
        deep = [deep]
    assert tree.leaves(deep) == [1]
