"""A diagnosis as a page: everything is in it, it loads nothing and runs nothing."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from chainrule.doctor import Diagnosis, Finding, LayerSeries
from chainrule.doctor.page import to_page
from chainrule.errors import ArgumentError
from html_reader import read

SVG = "{http://www.w3.org/2000/svg}"


def vanishing():
    """Two layers whose δ shrinks ten thousandfold, and a step at which it was not measured."""
    steps = np.array([1, 2, 4, 8, 16], np.int64)
    up = {name: np.array([1.0, 1.1, np.nan, 1.2, 1.3]) for name in ("a", "delta", "cotangent", "gradient", "W")}
    up["update"] = 0.001 * up["W"]
    down = {name: 1e-4 * values if name in ("delta", "cotangent") else values for name, values in up.items()}
    down["saturated"] = np.array([0.0, 0.1, np.nan, 0.2, 0.1])
    layers = LayerSeries(1, "Dense", "tanh", 3, down), LayerSeries(2, "Dense", '<own> & "new"', 2, up)
    return Diagnosis("cheap", steps, np.array([0.7, 0.6, 0.5, 0.4, 0.3]), layers)


def words(html):
    return " ".join(ElementTree.fromstring(html).itertext())


def test_everything_is_told():
    diagnosis = vanishing()
    html = diagnosis.html()
    seen = read(html).seen
    assert seen.count("svg") == 6  # loss, δ, a, ∂W, ΔW/W, saturated; nothing is silent
    (finding,) = diagnosis.findings
    for text in (finding.name, finding.when, finding.evidence, finding.threshold, finding.explanation, finding.fix):
        assert text in words(html)
    assert all(cell in words(html) for row in diagnosis.table() for cell in row)


def test_the_derivation():
    """∂u/∂z = w·g′(z), from the rule of the activation of the layer."""
    (finding,) = vanishing().findings
    assert str(finding.derivation).splitlines()[-1].split("=", 1)[1].strip() == "w(1−tanh(z)²)"
    html = vanishing().html()
    assert "the derivation, for one unit" in words(html)
    assert html.count("<math") > 5
    assert Finding("update ratio", (), None, "", "", "", "").derivation is None


def test_the_page():
    diagnosis = vanishing()
    page = to_page(diagnosis, diagnosis.findings)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    seen = read(page.removeprefix("<!DOCTYPE html>")).seen
    assert [seen.count(tag) for tag in ("main", "h1", "section")] == [1, 1, 1]
    assert "prefers-color-scheme: dark" in page
    assert "color-scheme: light dark" in page


def test_words_are_escaped():
    assert "<own>" not in vanishing().html()
    assert "&lt;own&gt; &amp;" in vanishing().html()


def test_styles_count_inside_the_fragment_alone():
    style = re.search(r"<style>(.*?)</style>", vanishing().html(), re.DOTALL)[1]
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"@media[^{]*\{", "", style))
    assert selectors
    assert all(part.strip().startswith(".chainrule") for selector in selectors for part in selector.split(","))


def test_a_healthy_training_and_none():
    healthy = Diagnosis("cheap", np.arange(1, 3), np.array([0.5, 0.4]), ())
    assert "No findings. Looked at: numbers that are not finite;" in words(healthy.html())
    read(healthy.html()).seen
    nothing = Diagnosis("cheap", np.empty(0, np.int64), np.empty(0), (), diverged=True)
    read(nothing.html()).seen
    assert "no step was measured" in words(nothing.html())
    assert "not finite" in words(nothing.html())


def test_a_curve_for_each_layer_where_it_was_measured():
    root = ElementTree.fromstring(vanishing().svg("delta"))
    courses = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("class", "").startswith("wire c")]
    lines = [course for course in courses if "h20" not in course]
    assert [course.count("L") + 1 for course in lines] == [4, 4]  # step 4 is left out
    heights = [[float(y) for y in re.findall(r" ([\d.]+)", line)] for line in lines]
    assert min(heights[0]) > max(heights[1])  # δ¹ is drawn below δ²


def test_layers_that_were_measured_at_different_steps():
    early, late = np.array([1.0, 1.0, np.nan, np.nan]), np.array([np.nan, np.nan, 2.0, 2.0])
    layers = tuple(LayerSeries(n, "Dense", "", 3, {"a": values}) for n, values in enumerate((early, late), 1))
    picture = Diagnosis("full", np.array([1, 10, 100, 1000]), np.ones(4), layers).svg("a")
    courses = [path.get("d") for path in ElementTree.fromstring(picture).iter(f"{SVG}path")]
    first, second = ([float(x) for x in re.findall(r"[ML]([\d.]+) ", course)] for course in courses if "L" in course)
    assert max(first) < min(second)


@pytest.mark.parametrize("quantity", ["dead", "nothing"])
def test_what_cannot_be_drawn(quantity):
    with pytest.raises(ArgumentError, match="quantity"):
        vanishing().svg(quantity)


def test_files(tmp_path):
    diagnosis = vanishing()
    for name in ("a.json", "a.html", "a.svg"):
        diagnosis.save(tmp_path / name)
    assert Diagnosis.load(tmp_path / "a.json").html() == diagnosis.html()
    assert (tmp_path / "a.html").read_text("utf-8") == to_page(diagnosis, diagnosis.findings)
    assert (tmp_path / "a.svg").read_text("utf-8") == diagnosis.svg("delta")
    with pytest.raises(ArgumentError, match=r"a\.txt.*\.json, \.html, \.svg"):
        diagnosis.save(tmp_path / "a.txt")
    assert not (tmp_path / "a.txt").exists()


def test_in_a_notebook():
    bundle = vanishing()._repr_mimebundle_()
    assert bundle == {"text/plain": str(vanishing()), "text/html": vanishing().html()}


def test_when():
    assert Finding("a", (), (1, 1), "", "", "", "").when == "step 1"
    assert Finding("a", (), (1, 2000), "", "", "", "").when == "steps 1 to 2,000"
    assert Finding("a", (), None, "", "", "", "").when == ""
