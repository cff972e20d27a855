"""Boards of arrays and of numbers whose names end in digits, have scripts, are words, or are functions elsewhere."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Derivative
from chainrule.explain.notation.infix import ASCII, write
from chainrule.explain.notation.latex import Latex, text
from chainrule.explain.notation.mathml import to_mathml
from chainrule.explain.record import Rule
from chainrule.explain.render.latex import to_document
from patience import PATIENCE

NAMES = [
    ("W1", "z1", "b1", "L"),
    ("W_1", "z_1", "b_1", "L_2"),
    ("W12", "z12", "σ2", "ℒ"),
    ("weights_of_layer1", "z_of_layer1", "bias", "loss"),
    ("e", "z", "pi", "sin1"),
    ("Ω1", "δ1", "β_1", "Loss2"),
    ("exp", "log1", "sum", "max2"),
    ("é1", "zà", "ñ_2", "ŷ1"),
    ("体1", "z体", "量", "損"),
]
BATCHED = """
def {L}({W}, {b}, x, y):
    {z} = x @ {W}.T + {b}
    return np.sum(({z} - y) ** 2) / 3
"""
SINGLE = """
def {L}({W}, {b}, x, y):
    {z} = {W} @ x + {b}
    return np.sum(({z} - y) ** 2) / 2
"""
RANDOM = np.random.default_rng(3)


def board(names, code):
    W, z, b, L = names
    space = {"np": np}
    exec(compile(code.format(W=W, z=z, b=b, L=L), "<board>", "exec"), space)
    x, y = ((4, 3), (4, 2)) if code is BATCHED else ((3,), (2,))
    arrays = {W: RANDOM.normal(size=(2, 3)), b: RANDOM.normal(size=2), "x": RANDOM.normal(size=x)}
    (f,) = (value for name, value in space.items() if name not in ("np", "__builtins__"))
    return cr.derive(f, wrt=None, at=[*arrays.values(), RANDOM.normal(size=y)])


def boards():
    for names in NAMES:
        yield names, board(names, BATCHED)
        yield names, board(names, SINGLE)


@pytest.mark.parametrize("code", [BATCHED, SINGLE], ids=["batch", "one example"])
@pytest.mark.parametrize("names", NAMES, ids="-".join)
def test_every_line_keeps_its_left_side(names, code):
    derivation = board(names, code)
    own = [line for line in derivation.lines if line.left is not None]
    assert len(own) >= 4
    plain = derivation.text(1000, colour=False), derivation.text(1000, ascii=True, colour=False)
    for line in own:
        assert line.rule is Rule.INTERMEDIATE
        assert f"  {write(line.left)} " in plain[0]
        assert f"  {write(line.left, ASCII)} " in plain[1]
        assert f"\n{Latex().write(line.left)} & = {Latex().write(line.expression)}" in derivation.latex()
        assert f'<span class="rule">{to_mathml(line.left)}</span>' in derivation.html()
        for reason in line.reason:
            assert rf"\quad {Latex().write(reason.left)} = {Latex().write(reason.expression)}" in derivation.latex()
    assert plain[1].isascii()
    assert Derivation.from_json(derivation.json()).text() == derivation.text()
    ET.fromstring(f"<html>{re.sub('&[a-z]+;', '', derivation.html())}</html>")


def test_the_board_of_the_report():
    """δ1 had lost its left side in LaTeX, so that ∂L/∂W1 stood beside what δ1 is."""
    latex = board(NAMES[0], SINGLE).latex()
    assert r"\delta 1 & = z1" in latex.replace(r"\mathit{z1}", "z1")
    assert r"\frac{\partial L}{\partial \mathit{W1}} & = " in latex


def test_of_several_inputs_each_keeps_its_scripts():
    several = Derivative("ℒ", "W¹, b¹")
    assert Latex().write(several) == r"\frac{\partial \mathcal{L}}{\partial W^{1}, b^{1}}"
    assert write(several) == "∂ℒ/∂W¹, b¹"
    assert to_mathml(several).count("<msup>") == 2


def test_scripts_that_touch_in_prose_are_one():
    assert text("W₁₂ of W¹²") == r"W$_{1 2}$ of W$^{1 2}$"
    assert text("aᵢ₊₁") == r"a$_{i + 1}$"


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_all_of_them_are_set(tmp_path):
    documents = [to_document(derivation) for _, derivation in boards()]
    body = "\n\\clearpage\n".join(re.search(r"\\begin\{document\}(.*)\\end\{document\}", d, re.S)[1] for d in documents)
    start = documents[0].partition("\\begin{document}")[0]
    (tmp_path / "all.tex").write_text(f"{start}\\begin{{document}}{body}\\end{{document}}", encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "all.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Missing character" not in result.stdout
