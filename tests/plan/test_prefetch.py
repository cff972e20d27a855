"""Rows of the next step are asked for where they lie far away, by the largest product that updates weights."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.codegen.program import write_program
from chainrule.codegen.target import host
from chainrule.graph.usage import Usage
from chainrule.plan import make_plan
from chainrule.plan.prefetch import lines_of_row
from engine_runs import traced
from training_steps import training_step


def planned(**options):
    graph, usage, *_ = training_step(**({"columns": 300, "rows": 1500, "batch_size": 32} | options))
    return make_plan(graph, usage)


def test_rows_of_a_large_array_are_asked_for():
    plan = planned()
    (rows,) = plan.prefetched
    data = rows.operands[0].type
    assert data.shape == (1500, 300)  # the inputs, and not the labels
    assert lines_of_row(rows) == -(-300 * data.dtype.itemsize // 64)
    assert plan.prefetcher.space == (300, 33)
    assert any(store.buffer is plan.states[0] for store in plan.prefetcher.stores)


@pytest.mark.parametrize(
    "options",
    [
        {"rows": 60},  # all of it is in a cache
        {"columns": 8, "rows": 40_000, "batch_size": 16},  # few lines
    ],
)
def test_what_is_near_or_little_is_not(options):
    assert planned(**options).prefetched == ()


def test_rows_of_rows_that_were_chosen_are_asked_for_too():
    def step(W, X, chosen, batch):
        x = np.take(X, np.take(chosen, batch, axis=0), axis=0)
        return W - 0.1 * (x.T @ (x @ W))

    W, X = np.zeros((300, 40)), np.zeros((1500, 300))
    graph = traced(step, W, X, np.arange(700), np.arange(32))
    usage = Usage(carried=((0, 0),), per_step_inputs=frozenset({3}))
    (rows,) = make_plan(graph, usage).prefetched
    assert rows.operands[0] is graph.inputs[1]
    same_rows = replace(usage, per_step_inputs=frozenset())
    assert make_plan(graph, same_rows).prefetched == ()


def test_only_products_that_update_weights_ask():
    ir = str(write_program(planned(), host(), threads=1)).split("\ndefine ")
    asking = [text for text in ir if "i32 0, i32 3, i32 1)" in text and "call i64 @llvm.smin" in text]
    assert asking
    assert all("llvm.sqrt" in text for text in asking)  # Adam's


def test_positions_of_the_last_step_are_those_that_are_asked_for_after_it():
    from chainrule import nn, optim

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1500, 300)), rng.integers(0, 3, 1500)
    order = [np.arange(64)]  # two steps; a third one would lie past the end of the positions
    network = nn.Network(300, [nn.Dense(33, "relu"), nn.Dense(3)], loss="cross_entropy", dtype="float32")
    network.fit(X, y, optimizer=optim.Adam(0.01), epochs=1, batch_size=32, order=order, progress=False)
    assert all(np.isfinite(w).all() for w in network.weights)
