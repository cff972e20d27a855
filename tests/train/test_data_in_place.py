"""Data is read where it lies: any strides and dtypes give the bits of a contiguous copy, and nobody makes one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.runtime import executable
from chainrule.runtime.steps import Steps
from chainrule.train.examples import Examples
from chainrule.train.problem import Objective, Problem
from chainrule.train.step_runner import StepRunner
from chainrule.train.weights import Weights

RNG = np.random.default_rng(0)
ROWS, COLUMNS = 70, 19
X, Y = RNG.normal(size=(ROWS, COLUMNS)), RNG.normal(size=(ROWS, 3))
WEIGHT = RNG.uniform(1, 2, ROWS)


def columns(x):
    wide = np.full((len(x), x.shape[1] + 5), 7, x.dtype)
    wide[:, 2:-3] = x
    return wide[:, 2:-3]


def every_second_column(x):
    wide = np.full((len(x), 2 * x.shape[1]), 7, x.dtype)
    wide[:, ::2] = x
    return wide[:, ::2]


def every_third_row(x):
    tall = np.full((3 * len(x), *x.shape[1:]), 7, x.dtype)
    tall[::3] = x
    return tall[::3]


def backwards(x):
    return x[::-1, ::-1].copy()[::-1, ::-1]


def one_byte_off(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    memory[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return memory[1:].view(x.dtype).reshape(x.shape)


def packed_record(x):
    """The distance of rows is no multiple of the size of an element."""
    records = np.zeros(len(x), [("tag", np.int8), ("x", x.dtype, x.shape[1:])])
    records["x"] = x
    return records["x"]


def swapped(x):
    return x.astype(x.dtype.newbyteorder())


LAYOUTS = (np.asfortranarray, columns, every_second_column, every_third_row, backwards, one_byte_off, packed_record)


def bits(x, y, weight=None, dtype="float32", **options):
    """All numbers of a network after some steps on this data, which is left as it was."""
    network = nn.Network(COLUMNS, [nn.Dense(9, "tanh"), nn.Dense(3)], dtype=dtype)
    options = {"epochs": 2, "batch_size": 16, "optimizer": optim.Adam(0.01), "progress": False} | options
    before = [array.copy() for array in (x, y)]
    for array in (x, y):
        array.flags.writeable = False
    network.fit(x, y, sample_weight=weight, **options)
    for array, old in zip((x, y), before, strict=True):
        np.testing.assert_array_equal(array, old)
    return b"".join(array.tobytes() for array in (*network.weights, *network.biases))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "int32", "uint32", "uint8", "bool"])
def test_every_layout_and_dtype_gives_the_bits_of_a_contiguous_copy(kind, dtype):
    x = (X > 0 if kind == "bool" else 9 * np.abs(X)).astype(kind)
    expected = bits(x.copy(), Y.copy(), dtype=dtype)
    assert expected == bits(x.astype(dtype), Y.copy(), dtype=dtype)
    for layout in (*LAYOUTS, swapped):
        assert bits(layout(x), Y.copy(), dtype=dtype) == expected, layout.__name__


@pytest.mark.parametrize("layout", LAYOUTS)
def test_targets_and_weights_too(layout):
    expected = bits(X.copy(), Y.copy(), WEIGHT)
    assert bits(X.copy(), layout(Y), every_third_row(WEIGHT)) == expected
    assert bits(layout(X), layout(Y), WEIGHT[::-1].copy()[::-1]) == expected


@pytest.mark.parametrize("one", [X[:1], X[:, :1], X[:1, :1]], ids=["row", "column", "number"])
def test_one_number_may_stand_for_many(one):
    x = np.broadcast_to(one, X.shape)
    assert bits(x, Y.copy()) == bits(x.copy(), Y.copy())


@pytest.mark.parametrize("options", [{"validation": 0.3}, {"optimizer": optim.LBFGS()}, {"batch_size": None}], ids=str)
def test_other_ways_to_train(options):
    expected = bits(X.copy(), Y.copy(), **options)
    for layout in LAYOUTS:
        assert bits(layout(X), layout(Y), **options) == expected


def test_arrays_of_any_number_of_axes():
    x, options = RNG.normal(size=(40, 4, 5)), {"optimizer": optim.SGD(0.1), "epochs": 2, "progress": False}

    def loss(w, x, y):
        return np.sum((x - w) ** 2, axis=(1, 2)) * y

    expected = cr.fit(loss, np.zeros((4, 5)), (x, WEIGHT[:40]), **options).parameters
    for moved in (
        np.asfortranarray(x),
        x.transpose(2, 0, 1).copy().transpose(1, 2, 0),
        x[::-1, :, ::-1].copy()[::-1, :, ::-1],
    ):
        given = (moved, every_third_row(WEIGHT[:40]))
        np.testing.assert_array_equal(cr.fit(loss, np.zeros((4, 5)), given, **options).parameters, expected)


# What is compiled


def step(x, y=Y):
    """A step on this data, and what it was given when it ran."""

    def objective(w, state, key, x, y):
        return Objective(np.sum((x.astype(np.float32) @ w - y.astype(np.float32)) ** 2, axis=1), 0.0, state)

    start, optimizer = np.zeros((COLUMNS, 3), np.float32), optim.SGD(0.01)
    weights = Weights(start, optimizer.initialise(start), {})
    return StepRunner(Problem(objective), optimizer, (x, y), WEIGHT, weights)


def test_code_does_not_depend_on_strides():
    def text(x):
        return step(x).inspection(8).llvm()

    assert text(X) == text(columns(X)) == text(every_third_row(X)) == text(packed_record(X))
    assert text(np.asfortranarray(X)) == text(every_second_column(X)) == text(backwards(X))


def test_whole_vectors_are_read_along_columns_that_lie_side_by_side(monkeypatch):
    monkeypatch.setenv("CHAINRULE_TARGET", "avx2")

    def vectors(x):
        return step(x).inspection(8).llvm().count("load <8 x double>")

    assert vectors(X) == vectors(columns(X)) > vectors(every_second_column(X))


@pytest.mark.parametrize("layout", [np.array, *LAYOUTS])
def test_machine_code_gets_the_arrays_themselves(layout, monkeypatch):
    run, given = executable.Executable.run, []

    def watch(self, arguments, *rest):
        given.extend(arguments)
        return run(self, arguments, *rest)

    monkeypatch.setattr(executable.Executable, "run", watch)
    x, y = layout(X), layout(Y)
    made = step(x, y)
    made.run(0, 0, 1, np.arange(8)[None])
    made.inspection(8).profile()
    assert sum(array is x for array in given) == sum(array is y for array in given) == len(given) / 8


def test_arrays_that_code_was_not_made_for_are_copied():
    seen = step(X).inspection(8)
    steps, other = Steps(seen.graph, seen.usage), np.asfortranarray(X)
    results = []
    for x in (X, other):
        steps.load(seen.states)
        steps.run([x if array is X else array for array in seen.arguments], 1)
        results.append(steps.states()[0])
    assert results[0].any()
    np.testing.assert_array_equal(*results)


def test_a_digest_does_not_depend_on_the_layout():
    digests = {Examples.of((layout(X), layout(Y))).digest() for layout in (np.array, *LAYOUTS)}
    assert len(digests) == 1


# Memory

SCRIPT = """
    import numpy as np
    from chainrule import nn, optim

    def kilobytes(name):
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name))

    def fit(rows):
        x = np.ones((100, rows)).T
        x[:, :5] = np.arange(rows)[:, None] % 2
        y = {targets}
        loss = {loss!r}
        network = nn.Network(100, [nn.Dense(8, "tanh"), nn.Dense(1 if y.ndim == 1 else y.shape[1])], loss)
        before = kilobytes("VmRSS:")
        network.fit(x, y, epochs=1, batch_size=512, optimizer=optim.SGD(1e-4), progress=False, **{options})
        if y.ndim == 1:
            network.predict(x)
        return kilobytes("VmHWM:") - before, x.nbytes / 1024

    fit(10_000)
    raised, size = fit(250_000)
    print(raised / size)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("targets", "loss", "options", "most"),
    [
        ("x[:, 0]", "mse", {}, 0.1),
        ("x", "binary_cross_entropy", {}, 0.1),
        ("x[:, 0] > 0", "binary_cross_entropy", {"validation": 0.2}, 0.3),
    ],
    ids=["numbers", "itself", "a share set aside"],
)
def test_training_on_200_megabytes_takes_few_more(targets, loss, options, most):
    text = textwrap.dedent(SCRIPT.format(targets=targets, loss=loss, options=options))
    result = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert float(result.stdout) < most
