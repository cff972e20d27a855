"""Machine code touches no byte outside of its arrays, whichever end of them lies at the edge of a page."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim, reference
from chainrule.codegen.target import LEVELS, runs_here, target
from engine_runs import assert_agree, compiled, run, traced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pages are guarded with mprotect")

each_end = pytest.mark.parametrize("at_end", [True, False], ids=["at the end", "at the beginning"])


@pytest.fixture
def guards(monkeypatch, at_end):
    import guarded_memory

    guarded_memory.guard_executables(monkeypatch, at_end)
    monkeypatch.setenv("CHAINRULE_THREADS", "2")


NETWORKS = {
    "one by one": (1, 1, (nn.Dense(1),), optim.SGD(0.1)),
    "two layers": (9, 8, (nn.Dense(17, "tanh"), nn.Dense(3)), optim.Adam(0.01)),
    "normalised": (5, 7, (nn.Dense(13, "gelu"), nn.BatchNorm(), nn.LayerNorm(), nn.Dense(2)), optim.AdamW(0.01)),
    "with dropout": (31, 3, (nn.Residual([nn.Dense(31, "relu")]), nn.Dropout(0.5), nn.Dense(1)), optim.RMSprop(0.01)),
    "clipped": (4, 16, (nn.Dense(33, "elu"), nn.Dense(5)), optim.SGD(0.1, momentum=0.9, clip_norm=0.1)),
}


@each_end
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.usefixtures("guards")
def test_training(name, dtype):
    columns, batch_size, layers, optimizer = NETWORKS[name]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3 * batch_size + 1, columns)), rng.normal(size=(3 * batch_size + 1, layers[-1].n_outputs))
    network = nn.Network(columns, layers, dtype=dtype)
    network.fit(X, y, optimizer=optimizer, epochs=2, batch_size=batch_size, progress=False)
    assert np.all(np.isfinite(network.predict(X)))


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("step", [1, -1, 3])
def test_data_that_is_read_in_place(step, at_end):
    from guarded_memory import guarded

    rng = np.random.default_rng(0)
    x, y = guarded((13 * abs(step), 50), np.float64, at_end), guarded((150,), np.float64, at_end)
    x[...], y[...] = rng.normal(size=x.shape), rng.normal(size=150)
    for X in (x[::step].T, x.reshape(50, -1)[:, :: abs(step)]):
        network = nn.Network(13, [nn.Dense(9, "tanh"), nn.Dense(1)])
        network.fit(X, y[::3], epochs=2, batch_size=20, progress=False)
        assert np.all(np.isfinite(network.history["loss"]))


@each_end
@pytest.mark.parametrize("level", [level for level in LEVELS if runs_here(level)])
@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (16, 16), (33, 5), (3, 65)], ids=str)
@pytest.mark.usefixtures("guards")
def test_everything_else(shape, level):
    rng = np.random.default_rng(0)
    x, w, i = rng.normal(size=shape).astype(np.float32), rng.normal(size=(shape[1], 3)), np.arange(shape[0])[::-1] // 2

    def mixed(x, w, i):
        wide = x.astype("float64")
        sums = np.sum(x, axis=0), np.sum(wide, axis=0), np.sum(x, axis=1), np.max(wide, axis=1), np.argmax(x, axis=1)
        moved = x.T, x[::-1, ::-1], np.concatenate([x, 2 * x], axis=1), np.take(x, i, axis=0), x > 0
        return *sums, *moved, np.tanh(wide @ w), np.sum(wide @ w, axis=0), np.exp(wide - np.max(wide, axis=0))

    graph = traced(mixed, x, w, i)
    results = run(compiled(graph, 2, target=target(level)), [x, w, i], threads=2)
    for actual, wanted in zip(results, reference.as_function(graph)([x, w, i]), strict=True):
        assert_agree(actual, wanted, 2**13 if wanted.dtype == np.float64 else 16)


@each_end
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("guards")
def test_arrays_that_the_graph_holds(dtype):
    """Beside padded scratch memory, which is read and written in whole vectors."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 5)).astype(dtype), rng.normal(size=(5, 5)).astype(dtype)
    row, matrix = np.arange(5).astype(dtype), rng.normal(size=(3, 5)).astype(dtype)

    def mixed(x, w):
        wide = np.tanh(np.sin(x) @ w)
        return (wide * row) @ w, (wide + matrix) @ w, np.sum(wide * matrix, axis=1), np.max(wide - row, axis=0)

    graph = traced(mixed, x, w)
    results = run(compiled(graph, 2), [x, w], threads=2)
    for actual, wanted in zip(results, reference.as_function(graph)([x, w]), strict=True):
        assert_agree(actual, wanted, 2**13 if wanted.dtype == np.float64 else 16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("take", [lambda x, i: x[i], lambda x, i: np.take(x, i)], ids=["index", "take"])
@pytest.mark.parametrize("indices", [[0, -1, 0], [0, 0, 0], [-1], [0, -1] * 4])
def test_indices_past_the_end_of_an_axis_of_one_are_not_looked_up(indices, take, dtype):
    """A vector that is wider than the axis reads more indices than there are: found by fuzzing."""
    for size in (1, 2, 3):
        x = np.linspace(0.3, 0.9, size).astype(dtype)
        product = cr.grad(lambda x: np.prod(take(x, indices)))
        np.testing.assert_allclose(cr.compile(product)(x), product(x), rtol=1e-6)


@each_end
@pytest.mark.parametrize("shapes", [((2, 3), (3, 0)), ((0, 3), (3, 2)), ((2, 0), (0, 3))], ids=str)
@pytest.mark.usefixtures("guards")
def test_products_of_nothing(shapes):
    arguments = [np.ones(shape) for shape in shapes]
    graph = traced(lambda a, b: (a @ b, np.tanh(a @ b) + 1.0), *arguments)
    for actual, wanted in zip(
        run(compiled(graph, 2), arguments, threads=2), reference.as_function(graph)(arguments), strict=True
    ):
        np.testing.assert_array_equal(actual, wanted)


@each_end
@pytest.mark.usefixtures("guards")
def test_views_of_nothing():
    """Not even what loops over nothing would compute before they begin; an index read there could be any number."""
    table = np.arange(6.0).reshape(3, 2)

    def views(x, table):
        places = x[:, 1].astype("int64")
        taken = np.take(table, places, axis=0)
        return np.concatenate([x, taken], axis=1), np.sum(taken, axis=0), np.take(table, places[:1], axis=1) + 1.0

    graph = traced(views, np.ones((0, 4)), table)
    results = run(compiled(graph, 1), [np.full((3, 4), 1e9)[:0], table])
    for actual, wanted in zip(results, reference.as_function(graph)([np.ones((0, 4)), table]), strict=True):
        np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(("at_end", "distance"), [(True, 24), (False, -1)])
def test_who_touches_a_guard_dies(at_end, distance):
    script = (
        "import ctypes, numpy, guarded_memory; "
        f"x = guarded_memory.guarded((3,), numpy.float64, {at_end}); "
        f"print(ctypes.c_char.from_address(x.ctypes.data + {distance % 24}).value, flush=True); "
        f"ctypes.c_char.from_address(x.ctypes.data + {distance}).value"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert result.stdout == "b'\\xab'\n"
    assert result.returncode < 0
