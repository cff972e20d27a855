"""The HTML of a step: read without repair, nothing that loads or runs, and formulas that say what the text says."""

import re
import unicodedata
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from chainrule import nn
from chainrule.nn.step_report.board import board
from chainrule.nn.step_report.mathml import formula_html
from chainrule.nn.step_report.text import formula_text

MATH = "{http://www.w3.org/1998/Math/MathML}"


def small():
    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")], dtype="float64")
    net.set_parameters([[[0.2, -0.4], [0.6, 0.1]], [[0.5, -0.3]]], [[0.1, -0.2], [0.05]])
    return net.explain_step([1, 0.5], 1, 0.5)


def wide():
    layers = [nn.Dense(50, "gelu"), nn.Residual([nn.Dense(50)]), nn.LayerNorm(), nn.Dense(3)]
    return nn.Network(4, layers, "cross_entropy").explain_step(np.eye(4), [0, 1, 2, 1])


STEPS = {"small": small, "wide": wide}


def symbols(text):
    """What is written, without the signs that a fraction or a script replaces, and operators that are not seen."""
    return sorted(re.sub(r"[\s/()\[\],\u2061\u2062]", "", unicodedata.normalize("NFKC", text)))


@pytest.mark.parametrize("step", STEPS)
def test_it_is_well_formed_and_needs_nothing(step):
    html = STEPS[step]().html()
    tags = {element.tag.removeprefix(MATH) for element in ElementTree.fromstring(html).iter()}
    assert tags <= {
        *("section", "style", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "small", "p"),
        *("details", "summary", "math", "mrow", "mfrac", "msup", "msub", "msubsup", "mover", "mi", "mn", "mo"),
    }
    assert not re.search(r"\b(on\w+|src|href|id)=", html)
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\"]*", html)) == {MATH.strip("{}")}


@pytest.mark.parametrize("step", STEPS)
def test_formulas_lose_nothing(step):
    formulas = [
        formula
        for section in board(STEPS[step](), rule=True)
        for line in section.lines
        for statement in line
        if statement.parts
        for formula in (statement.left, *statement.parts[:-1])
    ]
    assert len(formulas) > 20
    for formula in formulas:
        shown = "".join(ElementTree.fromstring(f"<p>{formula_html(formula)}</p>").itertext())
        assert symbols(shown) == symbols(formula_text(formula).text), formula


def test_a_derivative_is_a_fraction():
    root = ElementTree.fromstring(small().html())
    fractions = ["".join(element.itertext()) for element in root.iter(f"{MATH}mfrac")]
    assert "∂ℒ∂W1" in fractions
    squared = [e for e in root.iter(f"{MATH}msup") if "".join(e[1].itertext()) == "2" and len(e[0]) > 1]
    assert "(a1)" in ["".join(element[0].itertext()) for element in squared]


def test_wide_layers_are_unfolded_unit_by_unit():
    details = ElementTree.fromstring(wide().html()).findall("details")
    assert [element.find("summary").text.split(",")[0] for element in details] == ["layer 1", "layer 2", "layer 3"]
    table = details[0].find(".//table")
    assert len(table.find("tbody")) == 40
    assert not ElementTree.fromstring(small().html()).findall("details")


def test_a_layer_has_html_of_its_own():
    table = small().layer(1)
    shown = "".join(ElementTree.fromstring(table.html()).itertext())
    for number in ("0.421899", "−0.062695", "0.822001"):
        assert number in str(table)
        assert number in shown


@pytest.mark.parametrize("asked", ["W1[1,2]", "x[1]"])
def test_paths_unfold_into_their_factors(asked):
    why = small().why(asked)
    root = ElementTree.fromstring(why._repr_mimebundle_()["text/html"])
    details = root.findall("details")
    assert len(details) == len(why.paths)
    assert [element.get("open") for element in details] == ["open", None][: len(details)]
    for element, path in zip(details, why.paths, strict=True):
        assert element.find("summary").text.startswith(path.product)
        values = [row[1].text for row in element.iter("tr")]
        assert values == [factor.text for factor in path.factors]
    assert f"paths = {why.value:.6f}" in root.find("p").text or why.path_count == 1


def test_every_style_counts_inside_alone():
    style = re.search(r"<style>(.*?)</style>", small().html(), re.DOTALL)[1]
    selectors = re.findall(r"([^{}]+)\{", style)
    assert all(part.strip().startswith(".chainrule") for selector in selectors for part in selector.split(","))
