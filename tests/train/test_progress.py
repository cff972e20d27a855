"""The progress bar: drawn on a terminal, and nothing at all anywhere else."""

import io
import os
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.train import progress
from patience import PATIENCE

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 2)), RNG.normal(size=64)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def attach_terminal(monkeypatch):
    """A terminal as the error stream, from within the test: pytest sets its own stream before each."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "CI"):
        monkeypatch.delenv(name, raising=False)
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def fit(**options):
    net = nn.Network(2, [nn.Dense(1)])
    return net.fit(X, Y, **({"epochs": 3, "batch_size": 4} | options))


def test_without_a_terminal_nothing_is_written(capfd):
    fit()
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_it_shows_epoch_loss_score_and_rate(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    fit(validation=(X, Y))
    text = terminal.getvalue()
    for part in ("epoch", "/3", "loss", "valid", "r2", "/s"):
        assert part in text


def test_it_can_be_asked_not_to_draw(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    fit(progress=False)
    assert terminal.getvalue() == ""


def test_it_can_be_asked_to_draw(monkeypatch, capfd):
    terminal = attach_terminal(monkeypatch)
    fit(progress=True)
    assert "loss" in terminal.getvalue()
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("options", [{}, {"callbacks": [lambda training: 1 / 0]}, {"callbacks": [5]}])
def test_the_cursor_comes_back_and_no_thread_stays(monkeypatch, options):
    terminal = attach_terminal(monkeypatch)
    before = set(threading.enumerate())
    with suppress(ZeroDivisionError, ArgumentError):
        fit(**options)
    shown, hidden = terminal.getvalue().rfind("\x1b[?25h"), terminal.getvalue().rfind("\x1b[?25l")
    assert shown >= hidden
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_the_bar_is_removed_after_a_divergence(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    with pytest.raises(DivergenceError):
        nn.Network(2, [nn.Dense(1, np.exp, weights=[[1e9, 1e9]])]).fit(np.abs(X), Y)
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l") > -1


@pytest.mark.parametrize(("rate", "text"), [(0, "0"), (999, "999"), (1500, "1.5k"), (2.5e6, "2.5M")])
def test_rates_are_short(rate, text):
    assert progress._short(rate) == text


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_on_a_real_terminal():
    import pty

    script = """
        import numpy as np
        from chainrule import nn
        X = np.random.default_rng(0).normal(size=(2000, 3))
        nn.Network(3, [nn.Dense(1)]).fit(X, X[:, 0], epochs=3, validation=0.2)
    """
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE, env=environment)
    os.close(theirs)
    drawn = b""
    try:
        while piece := os.read(ours, 65536):
            drawn += piece
    except OSError:  # the other side was closed
        pass
    output, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    assert process.returncode == 0
    assert output == b""
    assert b"epoch" in drawn
    assert b"loss" in drawn
