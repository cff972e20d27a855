"""Random NumPy programs: smooth, with values used several times, on arrays of up to three axes.

A program is a list of lines; a line computes one new value from earlier ones. It runs on any arrays that follow
NumPy's protocols, and prints as the Python that it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule import ops

LARGEST = 24  # elements of a value

UNARY = {
    "np.sin({})": np.sin,
    "np.tanh({})": np.tanh,
    "np.arctan({})": np.arctan,
    "np.exp(-{0} * {0})": lambda x: np.exp(-x * x),
    "np.log1p({}**2)": lambda x: np.log1p(x**2),
    "np.sqrt({}**2 + 0.5)": lambda x: np.sqrt(x**2 + 0.5),
    "np.cosh(0.5 * np.cos({}))": lambda x: np.cosh(0.5 * np.cos(x)),
    "ops.sigmoid({})": ops.sigmoid,
    "ops.erf({})": ops.erf,
    "ops.softplus({})": ops.softplus,
    "1 - {}": lambda x: 1 - x,
}
BINARY = {
    "{} + {}": lambda a, b: a + b,
    "{} - {}": lambda a, b: a - b,
    "{} * {}": lambda a, b: a * b,
    "{0} / (1.5 + {1} * {1})": lambda a, b: a / (1.5 + b * b),
    "np.where(True, {}, {})": lambda a, b: np.where(np.ones((), bool), a, b),
}
REDUCTIONS = {
    "np.sum({}, axis={}, keepdims={})": lambda x, axis, kept: np.sum(x, axis=axis, keepdims=kept),
    "np.mean({}, axis={}, keepdims={})": lambda x, axis, kept: np.mean(x, axis=axis, keepdims=kept),
    "np.prod({}, axis={}, keepdims={})": lambda x, axis, kept: np.prod(x, axis=axis, keepdims=kept),
    "ops.logsumexp({}, axis={}, keepdims={})": lambda x, axis, kept: ops.logsumexp(x, axis=axis, keepdims=kept),
}
MOVEMENTS = {
    "np.transpose({})": np.transpose,
    "np.ravel({})": np.ravel,
    "np.flip({})": np.flip,
    "{}[..., None]": lambda x: x[..., None],
    "{}[::2]": lambda x: x[::2],
    "{}[::-1][1:]": lambda x: x[::-1][1:],
    "{}[-1]": lambda x: x[-1],
    "np.concatenate([{0}, {0}])": lambda x: np.concatenate([x, x]),
    "np.stack([{0}, 2 * {0}], axis=-1)": lambda x: np.stack([x, 2 * x], axis=-1),
    "{}[[0, -1, 0]]": lambda x: x[[0, -1, 0]],
    "{0} @ {0}.T": lambda x: x @ x.T,
    "{0}.T @ {0}": lambda x: x.T @ x,
}


@dataclass(frozen=True)
class Line:
    """One new value: a text with a place for every operand, and the function that it means."""

    text: str
    function: Callable[..., Any]
    operands: tuple[int, ...]

    def compute(self, values):
        return self.function(*(values[i] for i in self.operands))


@dataclass(frozen=True)
class Program:
    """A function of arrays, and the shapes of its arguments; returns its last value plus all that were not used."""

    shapes: tuple[tuple[int, ...], ...]
    lines: tuple[Line, ...]
    seed: int

    def __call__(self, *arrays):
        values = list(arrays)
        for line in self.lines:
            values.append(line.compute(values))
        used = {i for line in self.lines for i in line.operands}
        unused = [np.sum(value) for i, value in enumerate(values[:-1]) if i not in used]
        return values[-1] + sum(unused) if unused else values[-1]

    def __repr__(self) -> str:
        inputs = [f"v{i} = random{shape}" for i, shape in enumerate(self.shapes)]
        names = lambda operands: [f"v{i}" for i in operands]
        lines = [f"v{i} = {line.text.format(*names(line.operands))}" for i, line in enumerate(self.lines, len(inputs))]
        return "\n".join(["", *inputs, *lines])

    def arguments(self):
        rng = np.random.default_rng(self.seed)
        return [np.asarray(rng.uniform(-1.2, 1.2, shape)) for shape in self.shapes]


def candidates(values, position, kind, draw):
    """A line of a kind that has the value at `position` for its first operand."""
    x = values[position]
    if kind == "unary":
        text = draw(st.sampled_from(sorted(UNARY)))
        return Line(text, UNARY[text], (position,))
    if kind == "binary":
        text = draw(st.sampled_from(sorted(BINARY)))
        return Line(text, BINARY[text], (position, draw(st.integers(0, len(values) - 1))))
    if kind == "matmul":
        return Line("{} @ {}", lambda a, b: a @ b, (position, draw(st.integers(0, len(values) - 1))))
    if kind == "movement":
        text = draw(st.sampled_from(sorted(MOVEMENTS)))
        return Line(text, MOVEMENTS[text], (position,))
    text = draw(st.sampled_from(sorted(REDUCTIONS)))
    axis = draw(st.sampled_from([None, *range(-x.ndim, x.ndim)]))
    kept, function = draw(st.booleans()), REDUCTIONS[text]
    return Line(text.format("{}", axis, kept), lambda x: function(x, axis, kept), (position,))


@st.composite
def programs(draw, largest_shape=3, lines=10):
    shape = st.lists(st.integers(1, 3), max_size=largest_shape).map(tuple)
    shapes = tuple(draw(st.lists(shape, min_size=1, max_size=3)))
    program = Program(shapes, (), draw(st.integers(0, 2**32 - 1)))
    values = program.arguments()
    for _ in range(draw(st.integers(1, lines))):
        position = draw(st.integers(0, len(values) - 1))
        kind = draw(st.sampled_from(["unary", "binary", "binary", "matmul", "movement", "reduction"]))
        line = candidates(values, position, kind, draw)
        try:
            value = np.asarray(line.compute(values))
        except (ValueError, IndexError):
            continue  # the shapes do not fit
        if 0 < value.size <= LARGEST and value.ndim <= 4 and np.max(np.abs(value)) < 100:
            program = Program(shapes, (*program.lines, line), program.seed)
            values.append(value)
    return program
