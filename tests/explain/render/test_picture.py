"""The picture of a graph: all nodes, edges and local derivatives are there, text fits, and nothing covers anything."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations, pairwise, product

import pytest

from boards import BOARDS, every_form, network, square, xyz
from chainrule.explain.expression import Negative, Number
from chainrule.explain.record import Path
from chainrule.explain.render.picture import WIDEST, Picture, names_in, nodes_of, wires_of
from chainrule.explain.render.svg import shortened, width_of

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [name for name in BOARDS if BOARDS[name]().paths]


def halves(derivation):
    root = ElementTree.fromstring(derivation.svg())
    return [group for group in root if group.tag == f"{SVG}g"]


def texts(group):
    return [element.text for element in group.iter(f"{SVG}text")]


def test_forward_says_what_every_name_stands_for():
    forward, _ = halves(xyz())
    names = ["r", "= 2", "s", "= 3", "x", "= r", "y", "= r·s", "z", "= s", "f", "= x·y·z"]
    assert sorted(texts(forward)) == sorted(names)


def test_backward_has_a_factor_on_every_edge_of_a_path():
    _, backward = halves(xyz())
    labels = ["∂y/∂s = r", "= 2", "∂z/∂s = 1", "∂f/∂y = xz", "= 6", "∂f/∂z = xy", "= 12"]
    nodes = ["∂f/∂f", "= 1", "∂f/∂y", "∂f/∂z", "∂f/∂s", "= 24", "r", "x"]
    assert sorted(texts(backward)) == sorted(labels + nodes)


def test_a_number_is_said_once_and_with_six_digits():
    board = xyz()
    (edge, *rest), other = board.paths[0].edges, board.paths[1]
    constant = replace(edge, local=Negative(Number(0.4)), value=-0.4)
    backward = texts(halves(replace(board, paths=(Path((constant, *rest)), other), value=1 / 3))[1])
    assert "∂y/∂s = −0.4" in backward
    assert "= 0.333333" in backward


def test_arrows_turn_round():
    """The tip of every arrow is at its target forward, and at its source backward."""
    ends = []
    for half in halves(xyz()):
        tips = [element for element in half.iter(f"{SVG}path") if element.get("class").startswith("tip")]
        ends.append([float(re.match(r"M([\d.]+) ", tip.get("d"))[1]) for tip in tips])
    assert len(ends[0]) == len(ends[1]) == 7
    assert all(forward > backward for forward, backward in zip(*ends, strict=True))


def test_the_same_operand_twice_has_two_arrows():
    wires = [(wire.source, wire.target) for wire in wires_of(square())]
    assert wires == [("x", "u"), ("u", "f"), ("u", "f")]
    _, backward = halves(square())
    assert texts(backward).count("df/du = u") == texts(backward).count("= 5") == 2
    assert "df/dx" in texts(backward)  # the total derivative, as it is sought


def test_an_operand_used_twice_in_one_power_has_one_arrow():
    assert [(wire.source, wire.target) for wire in wires_of(network())].count(("x", "ℒ")) == 1


def test_names_in_order():
    assert list(names_in(square().definitions["f"])) == ["u", "u"]
    assert nodes_of(xyz()) == ["r", "x", "s", "y", "z", "f"]


def test_without_paths_only_forward():
    assert len(halves(every_form())) == 1
    assert "1024 paths" in every_form().svg()


@pytest.mark.parametrize("board", DRAWN)
def test_text_fits_into_its_box(board):
    picture = Picture(BOARDS[board]())
    for name in picture.nodes:
        for first, second in picture.texts[name]:
            assert width_of(shortened(first, 15, WIDEST), 15) < picture.box(name).width
            assert width_of(shortened(second, 12, WIDEST), 12) < picture.box(name).width


@pytest.mark.parametrize("board", DRAWN)
def test_nothing_covers_anything(board):
    picture = Picture(BOARDS[board]())
    boxes = [picture.box(name) for name in picture.nodes] + [place for place in picture.places if place]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlap(pair[1])]
    assert all(box.x - box.width / 2 > 0 and box.x + box.width / 2 < picture.width for box in boxes)
    assert all(box.y - box.height / 2 > -1 and box.y + box.height / 2 < picture.height for box in boxes)


@pytest.mark.parametrize("board", DRAWN)
def test_arrows_pass_beside_the_boxes(board):
    picture = Picture(BOARDS[board]())
    for spans in picture.spans:
        for before, after in pairwise(spans):
            assert before.y1 == after.y0
            crossed = [picture.box(name) for name in picture.nodes if before.x1 <= picture.box(name).x <= after.x0]
            assert not [box for box in crossed if abs(box.y - before.y1) <= box.height / 2]


@pytest.mark.parametrize("board", ["xyz", "neuron", "square"])
def test_labels_stand_on_their_own_arrows_alone(board):
    picture = Picture(BOARDS[board]())
    for number, place in enumerate(picture.places):
        others = [s for n, spans in enumerate(picture.spans) if n != number and place for s in spans]
        left, right = (place.x - place.width / 2, place.x + place.width / 2) if place else (0, 0)
        for other in others:
            for x in (left, place.x, right):
                assert not other.x0 <= x <= other.x1 or abs(other.at(x) - place.y) > place.height / 2


def test_labels_are_clear_of_other_arrows_as_far_as_can_be():
    """In a graph whose edges must cross one label covers another arrow; in the middle of their arrows three would."""
    picture = Picture(network())
    covering = set()
    for number, place in enumerate(picture.places):
        others = [span for n, spans in enumerate(picture.spans) if place and n != number for span in spans]
        for span, part in product(others, (-0.5, -0.25, 0, 0.25, 0.5)):
            x = place.x + part * place.width
            if span.x0 <= x <= span.x1 and abs(span.at(x) - place.y) < 10:
                covering.add(number)
    assert len(covering) <= 1


@pytest.mark.parametrize("board", DRAWN)
def test_arrows_meet_a_node_in_the_order_in_which_they_come(board):
    picture = Picture(BOARDS[board]())
    for name in picture.nodes:
        into = [spans[-1] for wire, spans in zip(picture.wires, picture.spans, strict=True) if wire.target == name]
        out = [spans[0] for wire, spans in zip(picture.wires, picture.spans, strict=True) if wire.source == name]
        for first, second in combinations(into, 2):
            assert (first.y0 - second.y0) * (first.y1 - second.y1) >= -1e-6 or first.x0 != second.x0
        for first, second in combinations(out, 2):
            assert (first.y0 - second.y0) * (first.y1 - second.y1) >= -1e-6


@pytest.mark.parametrize("board", BOARDS)
def test_it_is_said_and_themed(board):
    picture = BOARDS[board]().svg()
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == root.get("aria-label")
    assert root.find(f"{SVG}desc").text
    assert "prefers-color-scheme: dark" in picture
    assert " id=" not in picture
    assert "script" not in picture


def test_names_are_escaped():
    derivation = replace(xyz(), function="a<b&c", definitions={"a<b&c": xyz().definitions["f"]})
    assert "a&lt;b&amp;c" in derivation.svg()
    ElementTree.fromstring(derivation.svg())


def test_long_texts_are_shortened():
    assert shortened("a" * 100, 10, 60).endswith("…")
    assert width_of(shortened("a" * 100, 10, 60), 10) <= 60
    assert shortened("abc", 10, 60) == "abc"
