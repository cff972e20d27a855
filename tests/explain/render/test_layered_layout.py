"""Layers along the longest paths, in an order without needless crossings, and nothing on top of anything."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chainrule.explain.render.layers import arrange, spread

HEIGHT, PASS = 10.0, 4.0


def laid(edges, nodes=None):
    names = nodes or list(dict.fromkeys(name for edge in edges for name in edge))
    return arrange(dict.fromkeys(names, HEIGHT), edges, PASS)


def test_a_node_stands_one_layer_after_its_last_operand():
    layout = laid([("s", "y"), ("r", "y"), ("r", "x"), ("x", "f"), ("y", "f"), ("s", "f")])
    assert layout.layer == {"s": 0, "r": 0, "y": 1, "x": 1, "f": 2}


def test_an_input_stands_right_before_its_first_use():
    layout = laid([("x", "a"), ("a", "b"), ("b", "c"), ("late", "c")])
    assert layout.layer["late"] == layout.layer["b"] == 2


def test_order_of_nodes_is_of_no_importance():
    assert laid([("x", "a"), ("a", "b")], ["b", "a", "x"]).layer == {"x": 0, "a": 1, "b": 2}


def test_crossings_are_undone():
    layout = laid([("a", "q"), ("b", "p"), ("p", "f"), ("q", "f")], ["a", "b", "p", "q", "f"])
    assert (layout.y["a"] < layout.y["b"]) == (layout.y["q"] < layout.y["p"])


def test_a_chain_is_straight():
    assert len(set(laid([("x", "a"), ("a", "b"), ("b", "c")]).y.values())) == 1


def test_a_long_edge_passes_every_layer_between():
    layout = laid([("x", "a"), ("a", "b"), ("b", "c"), ("x", "c")])
    assert [len(route) for route in layout.routes] == [0, 0, 0, 2]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_nothing_is_on_top_of_anything(pairs):
    edges = [(str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1]]
    layout = laid(edges, [str(n) for n in range(10)])
    rows = {}
    for name, at in layout.layer.items():
        rows.setdefault(at, []).append((layout.y[name], HEIGHT))
    for (source, target), route in zip(edges, layout.routes, strict=True):
        assert layout.layer[source] < layout.layer[target]
        for at, y in enumerate(route, start=layout.layer[source] + 1):
            rows.setdefault(at, []).append((y, PASS))
    for row in rows.values():
        row.sort()
        assert row[0][0] - row[0][1] / 2 >= -1e-6
        for (above, height), (below, other) in itertools.pairwise(row):
            assert below - above >= (height + other) / 2 - 1e-6


def test_spread():
    assert spread([5.0, 5.0, 20.0], [2.0, 2.0, 2.0]) == [4.0, 6.0, 20.0]
    assert spread([], []) == []
