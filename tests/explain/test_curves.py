"""Curves over steps: every finite value in its place, gaps where there is none, a legend that can be read."""

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from chainrule.errors import ArgumentError
from chainrule.explain.curves import HEIGHT, LEFT, TOP, WIDTH, curves_svg

SVG = "{http://www.w3.org/2000/svg}"


def lines(picture):
    """The points of every line and dot, curve by curve."""
    root = ElementTree.fromstring(picture)
    found = []
    for path in root.iter(f"{SVG}path"):
        kind, course = path.get("class"), path.get("d")
        if kind.startswith(("wire c", "dot c")) and "h20" not in course:
            points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", course.split("m")[0])
            found.append((kind, [tuple(map(float, point)) for point in points]))
    return found


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_linear_places():
    ((kind, points),) = lines(curves_svg("t", {"a": [0.0, 1.0, 0.5]}, log=False))
    assert kind == "wire c0"
    assert points == [(LEFT, TOP + HEIGHT), (LEFT + WIDTH / 2, TOP), (LEFT + WIDTH, TOP + HEIGHT / 2)]


def test_logarithmic_places():
    """Each power of ten takes the same height."""
    picture = curves_svg("t", {"a": [1e-4, 1e-2, 1.0]})
    ((_, points),) = lines(picture)
    assert [y for _, y in points] == pytest.approx([TOP + HEIGHT, TOP + HEIGHT / 2, TOP])
    assert [text for text in texts(picture) if text.startswith("10")] == ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]


def test_gaps():
    values = [1.0, 2.0, math.nan, 3.0, math.inf, 4.0, 5.0, 6.0]
    found = lines(curves_svg("t", {"a": values}))
    assert [(kind.split()[0], len(points)) for kind, points in found] == [("wire", 2), ("dot", 1), ("wire", 3)]


def test_zero_and_less_have_no_logarithm():
    values = [1.0, 2.0, 0.0, -1.0, 3.0, 4.0]
    assert [len(points) for _, points in lines(curves_svg("t", {"a": values}))] == [2, 2]
    assert [len(points) for _, points in lines(curves_svg("t", {"a": values}, log=False))] == [6]


@pytest.mark.parametrize("values", [[], [math.nan], [0.0, -1.0]])
def test_nothing_to_draw_is_said(values):
    picture = curves_svg("t", {"a": values})
    assert not lines(picture)
    assert "no value is finite and positive" in texts(picture)


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0], [1e-300, 1e300], [1e-9, 1.1e-9], [5e-324, 1.0], [0.0, 0.0]])
def test_every_point_is_in_the_field(values, log):
    for _, points in lines(curves_svg("t", {"a": values}, log)):
        for x, y in points:
            assert LEFT <= x <= LEFT + WIDTH
            assert TOP - 0.1 <= y <= TOP + HEIGHT + 0.1


def test_the_legend_is_in_the_order_of_the_last_values():
    series = {"low": [1.0, 1.0], "high": [1.0, 100.0], "middle": [1.0, 10.0]}
    picture = curves_svg("t", series)
    assert [text for text in texts(picture) if text in series] == ["high", "middle", "low"]


def test_names_in_the_legend_are_apart():
    root = ElementTree.fromstring(curves_svg("t", {f"layer {n}": [1.0, 2.0] for n in range(40)}))
    heights = [float(text.get("y")) for text in root.iter(f"{SVG}text") if (text.text or "").startswith("layer")]
    assert all(below - above >= 17.9 for above, below in itertools.pairwise(heights))
    assert min(heights) > 0
    assert max(heights) < float(root.get("height"))


def test_curves_can_be_told_apart():
    root = ElementTree.fromstring(curves_svg("t", {f"layer {n}": [1.0, 2.0] for n in range(24)}))
    looks = [(g.get("stroke-dasharray"), g[0].get("class")) for g in root.iter(f"{SVG}g") if "h20" not in g[0].get("d")]
    assert len(looks) == len(set(looks)) == 24


def test_many_steps_keep_their_extremes():
    values = [1.0] * 50_000
    values[31_337], values[40_007] = 9.0, 0.5
    ((_, points),) = lines(curves_svg("t", {"a": values}, log=False))
    assert len(points) < 5 * WIDTH
    ys = [y for _, y in points]
    assert (max(ys) - min(ys)) / HEIGHT == pytest.approx(8.5 / 10)
    assert points == sorted(points, key=lambda point: point[0])


def test_no_curve():
    with pytest.raises(ArgumentError, match="series: expected at least one curve"):
        curves_svg("t", {})


def test_it_is_said():
    root = ElementTree.fromstring(curves_svg("How <δ> shrinks", {"layer & 1": [1.0, 2.0]}))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "How <δ> shrinks"
    assert root.find(f"{SVG}desc").text == "over 2 steps: layer & 1"


def test_places_of_steps():
    """Over a tenfold, ten times the step is always as far to the right."""
    ((_, points),) = lines(curves_svg("t", {"a": [1.0, 1.0, 1.0]}, steps=[1, 10, 1000]))
    assert [x for x, _ in points] == pytest.approx([LEFT, LEFT + WIDTH / 3, LEFT + WIDTH], abs=0.1)
    picture = curves_svg("t", {"a": [1.0, 1.0, 1.0]}, steps=[100, 150, 200])
    assert [x for x, _ in lines(picture)[0][1]] == [LEFT, LEFT + WIDTH / 2, LEFT + WIDTH]
    assert {"100", "120", "200"} <= set(texts(picture))


@pytest.mark.parametrize(
    ("last", "ticks"),
    [(20, ["1", "2", "5", "10", "20"]), (100_000, ["1", "10", "100", "1,000", "10,000", "100,000"])],
)
def test_steps_are_told(last, ticks):
    picture = curves_svg("t", {"a": [0.1, 1000.0]}, steps=[1, last])
    assert [text for text in texts(picture) if text[0].isdigit() and text.isascii() and text in ticks] == ticks


def test_a_narrow_logarithmic_axis():
    ((_, points),) = lines(picture := curves_svg("t", {"a": [2.0, 10.0]}))
    assert [y for _, y in points] == pytest.approx([TOP + HEIGHT, TOP], abs=0.1)
    assert [text for text in texts(picture) if text in ("2", "5", "10", "20")] == ["2", "5", "10"]
    assert "2·10⁻⁷" in texts(curves_svg("t", {"a": [2e-7, 5e-7]}))


def test_steps_of_another_length():
    with pytest.raises(ArgumentError, match="steps: expected 2, as many as the longest curve has values, got 1"):
        curves_svg("t", {"a": [1.0, 2.0]}, steps=[1])
