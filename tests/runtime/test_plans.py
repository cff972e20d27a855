"""Equal graphs share a plan and its machine code; others do not, and executables keep their states to themselves."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import PlanError
from chainrule.graph.usage import ONE_CALL, Usage
from chainrule.plan import build, make_plan
from chainrule.runtime import calls, plans
from chainrule.runtime.executable import Executable
from chainrule.runtime.inspection import Inspection
from chainrule.runtime.steps import Steps
from engine_runs import run, traced

A, B = np.ones((3, 4)), np.ones((4, 5))


@pytest.fixture(autouse=True)
def nothing_kept():
    plans._plans.clear()


def plan(function, *arguments, usage=ONE_CALL):
    return plans.plan_of(traced(function, *arguments), usage)


def product(x, y):
    return np.tanh(x @ y) + 1


def test_equal_graphs_share_a_plan_and_its_code(monkeypatch):
    loaded = []
    load = plans.load_or_write
    monkeypatch.setattr(plans, "load_or_write", lambda *rest: loaded.append(rest) or load(*rest))
    first, second = plan(product, A, B), plan(product, A + 1, B + 1)
    assert first is second
    assert Executable(first).code is Executable(second).code
    assert len(loaded) == 1
    Executable(first, 2)
    assert len(loaded) == 2  # code for two threads is another


def renamed(x, z):
    return np.tanh(x @ z) + 1


def two(x, y):
    return np.tanh(x @ y) + 2


def subtracted(x, y):
    return np.tanh(x @ y) - 1


def turned(x, y):
    return 1 + np.tanh(y @ x)


def both(x, y):
    z = np.tanh(x @ y) + 1
    return z, z


@pytest.mark.parametrize(
    "other",
    [
        lambda: plan(renamed, A, B),
        lambda: plan(two, A, B),
        lambda: plan(subtracted, A, B),
        lambda: plan(turned, B, A),
        lambda: plan(both, A, B),
        lambda: plan(product, A[:2], B),
        lambda: plan(product, np.float32(A), np.float32(B)),
        lambda: plan(product, A, B, usage=Usage(resident=frozenset({1}))),
    ],
)
def test_other_graphs_and_other_uses_have_plans_of_their_own(other):
    first = plan(product, A, B)
    assert other() is not first
    assert plan(product, A, B) is first


def test_the_order_of_operands_counts():
    def left(x, y):
        return x - y

    def right(x, y):
        return y - x

    right.__name__ = "left"
    assert plan(left, A, A) is not plan(right, A, A)


def test_constants_count_by_their_bits():
    def add(constant):
        def f(x):
            return x + np.asarray(constant)

        return plan(f, np.ones(2))

    assert add([1.0, 0.0]) is add([1.0, 0.0])
    assert add([1.0, 0.0]) is not add([1.0, -0.0])


def test_what_would_keep_much_or_a_users_function_alive_is_not_kept():
    large = np.ones((1 << 18, 1))
    assert plan(lambda x: x + large, 1.0) is not plan(lambda x: x + large, 1.0)

    def look(array):
        pass

    def f(x):
        return ops.host_callback(look, x)

    assert plan(f, np.ones(2)) is not plan(f, np.ones(2))
    assert len(plans._plans) == 0


def test_executables_of_one_plan_have_states_of_their_own():
    usage = Usage(resident=frozenset({1}))
    first, second = (Executable(plan(lambda x, y: x @ y, A, B, usage=usage)) for _ in range(2))
    assert first.plan is second.plan
    first.write_state(0, 2 * B)
    second.write_state(0, 3 * B)
    np.testing.assert_array_equal(run_held(first), 2 * A @ B)
    np.testing.assert_array_equal(run_held(second), 3 * A @ B)


def run_held(executable):
    result = np.zeros((3, 5))
    executable.run([A, None], [result])
    return result


def test_predictors_of_one_kind_do_not_disturb_each_other():
    networks = [cr.nn.Network(3, [cr.nn.Dense(4, "tanh"), cr.nn.Dense(2)], seed=seed) for seed in range(3)]
    x = np.ones((1, 3), np.float32)
    predictors = [network.predictor() for network in networks]
    for network, predictor in zip(networks, predictors, strict=True):
        np.testing.assert_allclose(predictor(x), network.outputs(x), rtol=1e-6)


def test_results_do_not_depend_on_what_is_kept():
    again = [run(Executable(plan(product, A, B)), [A, B])[0] for _ in range(2)]
    plans._plans.clear()
    np.testing.assert_array_equal(again, [run(Executable(plan(product, A, B)), [A, B])[0]] * 2)


# Verified plans


def waiting(x, y):
    return np.tanh(x @ y) @ y.T


WAYS = {
    "make_plan": lambda graph: make_plan(graph),
    "a call": lambda graph: calls.as_function(graph),
    "a predictor": lambda graph: calls.bind(graph, [A]),
    "steps": lambda graph: Steps(graph, ONE_CALL),
    "an inspection": lambda graph: Inspection(graph, [A, B]).plan,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_plan_that_does_not_hold_is_found_by_these_tests_in_whatever_way_it_is_made(monkeypatch, way):
    graph = traced(waiting, A, B)
    way(graph)
    plans._plans.clear()
    everything = build.actions
    monkeypatch.setattr(build, "actions", lambda *parts: everything(*parts)[:-1])
    with pytest.raises(PlanError, match="does not end with a barrier"):
        way(graph)
