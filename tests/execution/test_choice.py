"""The choice between the engine and the reference: by the environment, and by what can be compiled."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import ArgumentError, CompileError, FallbackWarning
from chainrule.execution import choice, reference_executor
from chainrule.execution.reference_executor import ReferenceSteps
from chainrule.graph.usage import Usage
from chainrule.runtime import engine
from engine_runs import same_bits, traced
from test_reference import unusual

EXECUTORS = ("engine", "reference")
X = np.random.default_rng(0).normal(size=(5, 3))


@pytest.fixture
def no_engine(monkeypatch):
    """The engine refuses every graph."""

    def refuse(*arguments):
        raise CompileError("there is no kernel for frobnicate")

    for name in ("as_function", "bind", "make_steps"):
        monkeypatch.setattr(engine, name, refuse)


@pytest.mark.parametrize("name", EXECUTORS)
def test_the_environment_chooses(name, monkeypatch):
    used = []
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    for module, kind in ((engine, "engine"), (reference_executor, "reference")):
        original = module.as_function

        def as_function(*arguments, original=original, kind=kind):
            used.append(kind)
            return original(*arguments)

        monkeypatch.setattr(module, "as_function", as_function)
    graph = traced(lambda x: x * 2, X)
    np.testing.assert_array_equal(choice.as_function(graph)([X])[0], X * 2)
    assert used == [name]
    stepper = choice.make_steps(traced(lambda x: (x * 2,), X), Usage(carried=((0, 0),)))
    assert isinstance(stepper, ReferenceSteps) == (name == "reference")


def test_an_unknown_executor_is_refused(monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", "abacus")
    with pytest.raises(ArgumentError, match="CHAINRULE_EXECUTOR is 'abacus'"):
        choice.as_function(traced(lambda x: x * 2, X))


@pytest.mark.usefixtures("no_engine")
def test_what_cannot_be_compiled_is_computed_with_numpy_and_a_warning():
    graph = traced(lambda x: x * 2, X)
    with pytest.warns(
        FallbackWarning, match="computed with NumPy, many times slower: there is no kernel for frobnicate"
    ):
        run = choice.as_function(graph)
    np.testing.assert_array_equal(run([X])[0], X * 2)
    with pytest.warns(FallbackWarning, match="frobnicate"):
        bound = choice.bind(graph, [])
    np.testing.assert_array_equal(bound(X), X * 2)
    with pytest.warns(FallbackWarning, match="frobnicate"):
        stepper = choice.make_steps(traced(lambda x: (x * 2,), X), Usage(carried=((0, 0),)))
    stepper.load([X])
    stepper.run([], 3)
    np.testing.assert_array_equal(stepper.states()[0], X * 8)


@pytest.mark.usefixtures("no_engine")
def test_a_network_is_trained_without_an_engine():
    network = nn.Network(3, [nn.Dense(1)])
    with pytest.warns(FallbackWarning):
        network.fit(X, X[:, 0], epochs=2, progress=False)
    assert len(network.history["loss"]) == 2


@pytest.mark.parametrize("name", EXECUTORS)
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "takes 1 array, got 0"),
        ([np.ones(3), np.ones(3)], "takes 1 array, got 2"),
        ([np.ones(4)], r"got f64\[4\]"),
        ([np.ones(3, np.float32)], r"got f32\[3\]"),
        ([np.array(["a", "b", "c"])], "has dtype <U1"),
        ([None], "has dtype object"),
    ],
    ids=["none", "two", "shape", "dtype", "text", "no array"],
)
def test_both_refuse_the_same_arrays_in_the_same_words(name, arrays, message, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    run = choice.as_function(traced(lambda x: x * 2, np.ones(3)))
    with pytest.raises(ArgumentError, match=message):
        run(arrays)


@pytest.mark.parametrize("name", EXECUTORS)
def test_both_refuse_an_index_outside_of_its_axis(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    run = choice.as_function(traced(lambda x, i: np.take(x, i, axis=0), X, np.array([0, 1])))
    with pytest.raises(ArgumentError, match="out"):
        run([X, np.array([0, 5])])
    np.testing.assert_array_equal(run([X, np.array([4, 0])])[0], X[[4, 0]])


@pytest.mark.parametrize("layout", unusual(np.ones((2, 2))))
@pytest.mark.parametrize("name", EXECUTORS)
def test_donated_results_are_written_to_their_arrays(name, layout, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    graph = traced(lambda w, x: (w + x, np.sum(w)), X, X)
    run = choice.as_function(graph, updates=((0, 0),))
    w, x = X.copy(), unusual(X)[layout]
    new, total = run([w, x])
    assert new is w
    np.testing.assert_array_equal(w, X + X)
    np.testing.assert_allclose(total, np.sum(X), rtol=1e-14)


@pytest.mark.parametrize("name", EXECUTORS)
def test_resident_arrays_are_looked_at_again_when_they_may_have_changed(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    W, x = X.copy(), X[:, 0].copy()
    run = choice.as_function(traced(lambda W, x: x @ W, W, x), resident=1)
    np.testing.assert_allclose(run([W, x])[0], x @ W, rtol=1e-14)
    W[...] *= 2
    np.testing.assert_allclose(run([W, x])[0], x @ W, rtol=1e-14)
    frozen = W * 3
    frozen.flags.writeable = False
    for _ in range(2):
        np.testing.assert_allclose(run([frozen, x])[0], x @ frozen, rtol=1e-14)
    np.testing.assert_allclose(run([W, x])[0], x @ W, rtol=1e-14)


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_prepared_graph_may_be_called_from_many_threads(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    run = choice.as_function(traced(lambda x: (np.tanh(x @ x.T) @ x, np.sum(x)), X))
    inputs = [X * k for k in range(8)]
    expected = [run([x]) for x in inputs]
    wrong = []

    def call(x, wanted):
        wrong.extend(None for _ in range(50) if not same_bits(run([x]), wanted))

    threads = [threading.Thread(target=call, args=pair) for pair in zip(inputs, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nothing_is_warned_about_where_everything_compiles():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = cr.compile(lambda x: np.sum(np.tanh(x)))
        np.testing.assert_allclose(f(X), np.sum(np.tanh(X)), rtol=1e-14)
