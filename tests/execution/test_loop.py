"""A loop computes what its function computes when it is called step after step."""

import numpy as np
import pytest

from chainrule import tree
from chainrule.errors import ArgumentError, TraceError
from chainrule.execution.loop import first_of, loop

EXECUTORS = ("engine", "reference")
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 3)), RNG.normal(size=3)
X = RNG.normal(size=(7, 3))


def recurrent(carry, x, weights):
    """A step of a recurrent network h' = tanh(Ah + b + x)."""
    state = np.tanh(weights["A"] @ carry["state"] + weights["b"] + x)
    return {"state": state, "count": carry["count"] + 1}, {"square": np.sum(state * state), "state": state}


START = {"state": np.zeros(3), "count": np.array(0)}
WEIGHTS = {"A": A, "b": B}


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_scan_is_a_loop(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    step = loop(recurrent, START, first_of(X), WEIGHTS)
    steps = step.steps()
    steps.load(tree.leaves(START))
    leaves, done = steps.run(tree.leaves((X, WEIGHTS)), len(X))
    result = tree.rebuild(step.result, iter(leaves))
    state, states = np.zeros(3), []
    for x in X:
        state = np.tanh(A @ state + B + x)
        states.append(state)
    assert done == len(X)
    np.testing.assert_allclose(result["state"], states, rtol=1e-12)
    np.testing.assert_allclose(result["square"], np.sum(np.square(states), axis=1), rtol=1e-12)
    last, count = steps.states()
    np.testing.assert_allclose(last, state, rtol=1e-12)
    assert count == len(X)


@pytest.mark.parametrize("name", EXECUTORS)
def test_the_guard_stops_before_the_carry_changes(name, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    step = loop(lambda total, x, _: (total + x, np.log(x)), 0.0, 1.0, (), guarded=True)
    steps = step.steps()
    steps.load([np.float64(0)])
    (logarithms,), done = steps.run([np.array([1.0, 2.0, -1.0, 4.0])], 4)
    assert done == 2
    np.testing.assert_allclose(logarithms[:2], np.log([1, 2]))
    assert steps.states()[0] == 3


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("name", EXECUTORS)
def test_fixed_arrays_may_lie_in_any_way(name, in_place, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", name)
    table, rows = RNG.normal(size=(6, 10))[::2, ::-2], np.array([2, 0, 1, 2])
    step = loop(lambda _, row, table: ((), np.take(table, row, axis=0) * 2), (), 0, table, in_place=in_place)
    (picked,), _ = step.steps().run([rows, table], 4)
    np.testing.assert_array_equal(picked, table[rows] * 2)
    assert step.usage.in_place == (frozenset({1}) if in_place else frozenset())


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda c, x, f: (c.astype(np.float32), x), r"carries the carry, which has type f64\[\], but returned f32\[\]"),
        (lambda c, x, f: (c + np.ones(2), x), r"f64\[\], but returned f64\[2\]"),
        (lambda c, x, f: ((c, c), x), "the trees differ"),
    ],
    ids=["dtype", "shape", "structure"],
)
def test_the_carry_keeps_its_type(function, message):
    with pytest.raises(ArgumentError, match=message):
        loop(function, 0.0, 1.0, ())


@pytest.mark.parametrize("result", [0.0, (1.0, 2.0, 3.0)], ids=["one", "three"])
def test_a_step_returns_its_carry_and_its_result(result):
    with pytest.raises(TraceError, match=r"must return \(new carry, result\)"):
        loop(lambda c, x, f: result, 0.0, 1.0, ())


def test_names_of_inputs_say_where_the_leaves_stand():
    graph = loop(recurrent, START, first_of(X), WEIGHTS).graph
    assert [str(node.keywords["slot"]) for node in graph.inputs] == [
        "carry['state']",
        "carry['count']",
        "x",
        "weights['A']",
        "weights['b']",
    ]
