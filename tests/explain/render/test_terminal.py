"""The board in a terminal: in its columns at every width, coloured only where colours are wanted."""

import re
import sys
from dataclasses import replace

import pytest

from boards import BOARDS, XYZ_BOARD, arrays, neuron, xyz
from chainrule.errors import ArgumentError
from chainrule.explain.expression import Number, Sum, Symbol
from chainrule.explain.record import Line, Rule
from chainrule.explain.render.terminal import columns

ESCAPE = re.compile(r"\x1b\[\d+m")


def test_board():
    assert xyz().text(colour=False) == str(xyz()) == XYZ_BOARD


def test_arrays():
    assert [row.strip() for row in arrays().text(colour=False).split("\n")[1:]] == [
        "δ     = ones(z)       δ = ∂ℒ/∂z",
        "= 10×4, norm 3.74394, from −1 to 1",
        "∂ℒ/∂W = δ xᵀ = [[−0.0626951, −0.0313476], [0.0312323, ∞]]",
        "zᵢ = Σₖ Wᵢₖxₖ",
        "(∂ℒ/∂W)ᵢₖ = δᵢxₖ",
        "(∂ℒ/∂W)ᵢₖ = (δ xᵀ)ᵢₖ",
    ]


@pytest.mark.parametrize("width", [24, 31, 44, 80, 200])
@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("board", BOARDS)
def test_it_fits(board, ascii, width):  # noqa: A002
    text = BOARDS[board]().text(width, ascii=ascii, colour=False)
    assert max(map(columns, text.split("\n"))) <= width
    assert not any(row != row.rstrip() or not row for row in text.split("\n"))
    if ascii:
        assert text.isascii()


@pytest.mark.parametrize("board", BOARDS)
def test_breaking_loses_nothing(board):
    def packed(width):
        return re.sub(r"\s", "", BOARDS[board]().text(width, colour=False))

    assert packed(24) == packed(44) == packed(80) == packed(1000)


def test_long_lines_break_before_an_operator_and_hang():
    terms = tuple(Symbol(f"term_{n}") for n in range(12))
    derivation = replace(xyz(), lines=(xyz().lines[0], Line(Rule.INSERT, Sum(terms))), value=None)
    rows = derivation.text(60, colour=False).split("\n")
    (first,) = (number for number, row in enumerate(rows) if row.startswith("  insert"))
    assert rows[first].startswith("  insert = term_0 + term_1")
    assert rows[first + 1].startswith("           + term_")


def test_columns():
    assert [columns(text) for text in ("abc", "y\u0302", "中", "∂ℒ/∂W¹")] == [3, 1, 2, 6]


@pytest.mark.parametrize("board", BOARDS)
def test_colours_change_no_letter(board):
    coloured = BOARDS[board]().text(colour=True)
    assert ESCAPE.search(coloured)
    assert ESCAPE.sub("", coloured) == BOARDS[board]().text(colour=False)


def test_a_pass_is_green_and_a_kink_is_named():
    assert "\x1b[32m✓\x1b[0m" in xyz().text(colour=True)
    kink = replace(xyz(), difference=25.0).text(200, colour=False)
    assert "central difference 25.0000: the function has a kink here" in kink
    assert "✓" not in kink


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour_by_default(terminal, environment, coloured, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert bool(ESCAPE.search(neuron().text())) is coloured


def test_too_narrow():
    with pytest.raises(ArgumentError, match="width: expected at least 24 columns, not 23"):
        xyz().text(23)


def test_a_value_without_a_point():
    derivation = replace(xyz(), point={}, value=24.0, difference=None)
    assert re.search(r"^  value +  = 24$", derivation.text(colour=False), re.MULTILINE)
    assert "no central difference: the function has a kink" in derivation.text(200, colour=False)


def test_no_path():
    constant = (xyz().lines[0], Line(Rule.NO_PATH, Number(0)))
    text = replace(xyz(), paths=(), path_count=0, lines=constant, point={}, value=0.0, difference=None).text(
        colour=False
    )
    assert "no path from s to f" in text
