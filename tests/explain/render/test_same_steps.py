"""Every format shows the same steps: their rules and expressions, read back from what was written."""

import html
import json

import pytest

from boards import BOARDS
from chainrule.explain.notation.infix import write
from chainrule.explain.notation.latex import Latex
from chainrule.explain.notation.latex import text as latex_text
from chainrule.explain.notation.mathml import to_mathml
from chainrule.explain.render.board import numbers
from same_steps import FORMATS


@pytest.mark.parametrize("shows", FORMATS)
@pytest.mark.parametrize("board", BOARDS)
def test_same_steps(board, shows):
    FORMATS[shows](BOARDS[board]())


@pytest.mark.parametrize("board", BOARDS)
def test_reasons_and_numbers_are_everywhere(board):
    derivation = BOARDS[board]()
    for line in derivation.lines:
        if line.value is not None:
            assert numbers(line.value) in derivation.text(1000, colour=False)
            assert html.escape(numbers(line.value)) in derivation.html()
            assert latex_text(numbers(line.value)) in derivation.latex()
        for reason in line.reason:
            assert f"{write(reason.left)} = {write(reason.expression)}" in derivation.text(1000, colour=False)
            assert to_mathml(reason.expression) in derivation.html()
            assert rf"= {Latex().write(reason.expression)}" in derivation.latex()


@pytest.mark.parametrize("board", BOARDS)
def test_notebook(board):
    derivation = BOARDS[board]()
    assert derivation._repr_mimebundle_() == {
        "text/plain": derivation.text(80, colour=False),
        "text/latex": derivation.latex(),
        "text/html": derivation.html(),
    }


@pytest.mark.parametrize("board", BOARDS)
def test_notes_are_everywhere(board):
    derivation = BOARDS[board]()
    for note in [*derivation.notes, *(line.note for line in derivation.lines if line.note)]:
        assert note in derivation.text(1000, colour=False)
        assert html.escape(note) in derivation.html()
        assert latex_text(note) in derivation.latex()
        assert note in json.loads(derivation.json())["notes"] + [line.note for line in derivation.lines]
