"""Plans and LLVM IR of small functions, and derivations at 80 columns, word for word.

Whoever changes the compiler or the board sees what became of its output.

After a change that is meant: pytest tests/golden --refresh-golden, and look at the difference before it is committed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boards import BOARDS
from chainrule.codegen.program import write_program
from chainrule.codegen.target import target
from chainrule.graph.usage import ONE_CALL
from chainrule.plan import make_plan
from chainrule.plan.show import show
from engine_runs import traced
from training_steps import training_step

HERE = Path(__file__).parent
VECTOR, MATRIX = np.ones(19, np.float32), np.ones((8, 5), np.float32)


def softmax(x):
    y = np.exp(x - np.max(x, axis=1, keepdims=True))
    return y / np.sum(y, axis=1, keepdims=True)


def layer(x, W, b):
    return np.tanh(x @ W + b)


FUNCTIONS = {
    "norm": lambda: (traced(lambda x: np.sqrt(np.sum(x * x)), VECTOR), ONE_CALL),
    "softmax": lambda: (traced(softmax, MATRIX), ONE_CALL),
    "layer": lambda: (traced(layer, MATRIX, np.ones((5, 3), np.float32), np.ones(3, np.float32)), ONE_CALL),
    "training step": lambda: training_step(widths=(8,), columns=5)[:2],
}
WITH_CODE = ("norm", "softmax", "layer")


@pytest.fixture
def golden(request):
    """Compare a text with a file, or write it."""

    def compare(name, text):
        path = HERE / name
        if request.config.getoption("--refresh-golden"):
            path.write_text(text + "\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text + "\n", f"see the text of {__name__} on how to refresh {name}"

    return compare


@pytest.mark.parametrize("name", FUNCTIONS)
def test_plan(name, golden):
    graph, usage = FUNCTIONS[name]()
    golden(f"{name.replace(' ', '_')}.plan", show(make_plan(graph, usage)))


@pytest.mark.parametrize("name", WITH_CODE)
def test_code(name, golden):
    graph, usage = FUNCTIONS[name]()
    golden(f"{name}.avx2.ll", str(write_program(make_plan(graph, usage), target("avx2"), 2)))


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
def test_board(name, ascii, golden):  # noqa: A002
    golden(f"{name.replace(' ', '_')}.{'ascii' if ascii else 'board'}", BOARDS[name]().text(ascii=ascii, colour=False))
