"""What is read at many places is not written down at each of them: programs stay short, and so does compiling them."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.codegen.program import write_program
from chainrule.codegen.target import host
from chainrule.plan import make_plan
from engine_runs import assert_agree, compiled, run, traced

MOST_LINES = 20_000
TURNS = 6  # so few that a program which grows at each of them is written soon, and found to be too long


def product_slope(x):
    return cr.grad(lambda x: np.prod(x))(x)


def turned(x):
    for _ in range(TURNS):
        x = np.concatenate([x[1:], x[:1]])
    return x


def turned_and_added(x):
    for _ in range(TURNS):
        x = np.concatenate([x[1:], x[:1]]) * 0.5 + x
    return x


def heated(x):
    for _ in range(TURNS):
        x = np.concatenate([x[:1], x[1:-1] + 0.1 * (x[2:] - 2 * x[1:-1] + x[:-2]), x[-1:]])
    return x


def halved(x):
    while len(x) > 1:
        half = len(x) // 2
        x = x[:half] - x[half : 2 * half]
    return x


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (product_slope, (18,)),
        (product_slope, (3, 2, 3)),
        (turned, (50,)),
        (turned_and_added, (50,)),
        (heated, (50,)),
        (cr.grad(lambda x: np.sum(heated(x) ** 2)), (50,)),
        (halved, (1 << 12,)),
        (cr.grad(lambda x: halved(x)[0] ** 2), (1 << 12,)),
    ],
    ids=[
        "product",
        "product of three axes",
        "turned",
        "turned and added",
        "heated",
        "heated, back",
        "halved",
        "halved, back",
    ],
)
def test_reading_halves_of_halves_does_not_double_the_program_each_time(function, shape):
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    graph = traced(function, x)
    assert str(write_program(make_plan(graph), host(), 2)).count("\n") < MOST_LINES
    (result,), (expected,) = run(compiled(graph, 2), [x]), reference.as_function(graph)([x])
    assert_agree(result, expected, 1e4)
