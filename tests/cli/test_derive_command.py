"""`chainrule derive` shows how the derivative of definitions, or of a function in a file, comes about."""

import json
import re
import sys
import xml.etree.ElementTree as ET

import pytest
from expectations import refused, shown

import chainrule as cr
from boards import XYZ_BOARD
from chainrule.explain import Derivation

XYZ = "f=x*y*z; x=r; y=r*s; z=s", "--wrt", "s", "--at", "r=2,s=3"

BESIDE = "target = 1.0\n"
FILE = """
import numpy as np
import chainrule as cr
from beside import target

def neuron(w, b, x=2.0):
    z = w * x + b
    a = cr.ops.sigmoid(z)
    return 0.5 * (a - target) ** 2

@cr.compile
def compiled(x):
    return np.sin(x) * x

def failing(x):
    return {}["missing"]

if __name__ == "__main__":
    raise SystemExit("this is not a script now")
"""


def test_the_board_of_the_lecture_to_the_letter(command):
    assert shown(command("derive", *XYZ)) == XYZ_BOARD + "\n"


def test_ascii(command):
    text = shown(command("derive", *XYZ, "--ascii"))
    assert text.isascii()
    assert "(df/dx)*(dx/ds)" in text


def test_a_terminal_that_knows_no_greek_gets_ascii(command):
    text = shown(command("derive", *XYZ, env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}))
    assert "(df/dx)*(dx/ds)" in text
    assert "?" not in text


@pytest.mark.parametrize("style", ["paths", "reverse", "forward"])
def test_styles(command, style):
    text = shown(command("derive", *XYZ, "--style", style))
    assert text == cr.derive(XYZ[0], "s", {"r": 2, "s": 3}, style).text(colour=False) + "\n"


def test_second_and_mixed_derivatives(command):
    assert "= (x+2)eˣ" in shown(command("derive", "f = x*exp(x)", "--order", "2"))
    assert "= 108 " in shown(command("derive", "f = x²*y³", "--wrt", "x,y", "--at", "x=2, y=3"))


def test_formats(command):
    expected = cr.derive(XYZ[0], "s", {"r": 2, "s": 3})
    assert Derivation.from_json(shown(command("derive", *XYZ, "--json"))) == expected
    assert shown(command("derive", *XYZ, "--latex")) == expected.latex() + "\n"
    assert shown(command("derive", *XYZ, "--html")).strip() == expected.html().strip()
    assert ET.fromstring(shown(command("derive", *XYZ, "--svg"))).tag.endswith("svg")


def test_files(command, tmp_path):
    for name in ("b.html", "b.svg", "b.tex", "b.json", "b.txt"):
        assert shown(command("derive", *XYZ, "--output", name)) == ""
    assert (tmp_path / "b.txt").read_text(encoding="utf-8") == XYZ_BOARD + "\n"
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["value"] == 24
    assert r"\begin{document}" in (tmp_path / "b.tex").read_text(encoding="utf-8")
    page = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "<svg" in page
    assert shown(command("derive", *XYZ, "--ascii", "-o", "b.txt")) == ""
    assert (tmp_path / "b.txt").read_text(encoding="utf-8").isascii()


def test_a_function_of_a_file(command, functions):
    text = shown(command("derive", "functions.py:neuron", "--wrt", "w", "--at", "w=.5,b=-.25"))
    assert "neuron = ½(a−1)²,  z = w·x + b,  a = σ(z)" in text
    assert re.search(r"= −0\.13981071\d* ", text)  # the neuron of the lecture


def test_a_function_of_arrays_at_a_point(command, tmp_path):
    source = "import numpy as np\ndef loss(W, x):\n    return np.sum(np.tanh(x @ W.T)) + x[0, 1]\n"
    (tmp_path / "layer.py").write_text(source.replace(" + x[0, 1]", ""))
    text = shown(command("derive", "layer.py:loss", "--wrt", "W", "--at", "W=[[1, 2], [3,4]], x=[[1,0]]"))
    assert "∂loss/∂W" in text
    (tmp_path / "layer.py").write_text(source)
    at = ("--wrt", "x[1,2]", "--at", "W=[[0,2]],x=[[1,0]]")
    assert "= 3 " in shown(command("derive", "layer.py:loss", *at))
    for wrong in ("x=[1,[2]]", "x=[1", 'x=["a"]', "x=[1,2],3"):
        refused(command("derive", "layer.py:loss", "--at", wrong), "gives no name a number or an array")


def test_a_compiled_function(command, functions):
    assert "sin x + x cos x" in shown(command("derive", "functions.py:compiled", "--at", "x=1"))


def test_the_place_of_a_mistake_is_pointed_at(command):
    result = command("derive", "f = x*y; y = r*(s; r = 2")
    assert (result.returncode, result.stdout) == (2, "")
    told, text, caret = result.stderr.splitlines()
    assert told == "chainrule: this bracket is never closed"
    assert text[caret.index("^") :].startswith("(s; r = 2")


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["f = x*y"], ["choose one of x, y"]),
        (["f = x*y", "--wrt", "q"], ["wrt must be one of x, y"]),
        (["f = x*y", "--wrt", "x", "--at", "x=1"], ["at needs a number for each of x, y"]),
        (["f = x", "--at", "x"], ["'x' gives no name a number or an array; write r=2,x=[1,2]", "--at"]),
        (["f = x", "--at", "x=1,x=2"], ["gives x a value twice"]),
        (["f = x", "--at", "=1"], ["no name"]),
        (["f = x", "--style", "sideways"], ["'sideways' is not one of"]),
        (["f = x", "--order", "0"], ["--order"]),
        (["f = x", "--ascii", "--json"], ["--ascii is for text"]),
        (["f = x", "--ascii", "-o", "b.html"], ["--ascii is for text"]),
        (["f = x", "-o", "b.pdf"], ["must end in .tex or .html"]),
        (["f = x", "--json", "-o", "b.html"], ["must end in .json"]),
        (["f = x", "-o", "none/b.html"], ["there is no directory none"]),
        (["functions.py"], ["which function of functions.py? write functions.py:NAME"]),
        (["functions.py:neuro", "--wrt", "w"], ["no function 'neuro'", "neuron"]),
        (["none.py:f"], ["none.py does not exist"]),
        (["functions.py:failing"], ["failing failed with KeyError: 'missing'"]),
    ],
)
def test_what_is_wrong_is_named(command, functions, arguments, fragments):
    refused(command("derive", *arguments), *fragments)


def test_help(command):
    assert "chainrule derive neuron.py:loss" in command("derive", "--help").stdout
    assert "derive   Show how a derivative comes about." in command("--help").stdout
