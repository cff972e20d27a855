"""Colours in a terminal: only there, only if wanted, and without a change of the text."""

import re
import sys

import pytest

from chainrule import nn
from chainrule.data import read_table
from chainrule.tabular import train_table

ESCAPE = re.compile(r"\x1b\[\d+m")


@pytest.fixture(scope="module")
def step():
    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")], dtype="float64")
    net.set_parameters([[[0.2, -0.4], [0.6, 0.1]], [[0.5, -0.3]]], [[0.1, -0.2], [0.05]])
    return net.explain_step([1, 0.5], 1, 0.5)


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    file = tmp_path_factory.mktemp("row") / "t.csv"
    file.write_text("x,s,y\n" + "".join(f"{i % 7},{'ab'[i % 2]},{i % 7 + 3 * (i % 2)}\n" for i in range(60)))
    table = read_table(file)
    model, _ = train_table(table, "y", hidden=(4,), epochs=2)
    return model.explain(table.select([6]))


@pytest.mark.parametrize("plain", [False, True])
def test_the_text_is_the_same(step, row, plain):
    for explained in (step, step.why("x[1]"), step.layer(1), row):
        coloured = explained.text(plain, colour=True)
        assert coloured != explained.text(plain, colour=False)
        assert ESCAPE.sub("", coloured) == explained.text(plain, colour=False)
        assert coloured.count("\x1b[0m") * 2 == len(ESCAPE.findall(coloured))


def test_what_is_painted(step, row):
    board = step.text(colour=True)
    for painted in ("\x1b[1mBACKWARD\x1b[0m", "\x1b[36mδ²\x1b[0m = ", "\x1b[36mb²\x1b[0m → ", "\x1b[32m✓\x1b[0m"):
        assert painted in board
    assert "\x1b[36m∂a²/∂z²\x1b[0m" in step.why("x[1]").text(colour=True)
    assert re.search("\x1b\\[(34m|31m)█+\x1b", row.text(colour=True))


def test_only_a_terminal_and_never_under_no_color(step, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert ESCAPE.search(step.text())
    assert not ESCAPE.search(str(step))
    assert not ESCAPE.search(step._repr_mimebundle_()["text/plain"])
    monkeypatch.setenv("NO_COLOR", "1")
    assert not ESCAPE.search(step.text())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert not ESCAPE.search(step.text())
