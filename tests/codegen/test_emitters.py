"""Every operation has machine code, and the text of a program keeps the rules that LLVM does not enforce."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.codegen.program import write_program
from chainrule.codegen.scalar import EMITTERS
from chainrule.codegen.target import LEVELS, target
from chainrule.codegen.views import VIEWS
from chainrule.graph import REGISTRY, Kind
from chainrule.plan import make_plan
from engine_runs import traced
from op_cases import CASES, CHAINRULE

SOURCES = {"input", "constant"}  # they are in memory
CALLS = {"host_callback"}  # runs a user's function, which no case of the table can be; tests/ops/test_host_callback.py


def test_every_elementwise_operation_has_an_emitter_and_nothing_else_has():
    assert set(EMITTERS) == {name for name, op in REGISTRY.items() if op.kind is Kind.ELEMENTWISE}


def test_every_movement_has_a_view_or_a_kernel():
    movements = {name for name, op in REGISTRY.items() if op.kind is Kind.MOVEMENT}
    assert set(VIEWS) == movements - {"scatter_add"}


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - SOURCES - CALLS))
def test_every_operation_is_computed_in_exactly_one_way(name):
    case = next(case for case in CASES if case.op == name)
    graph = traced(case.traced, *case.arguments())
    nodes = [node for node in graph.nodes if node.op.name == name]
    assert nodes
    assert all((node.op.kind is Kind.ELEMENTWISE) + node.op.is_view + node.op.is_anchor == 1 for node in nodes)


def everything():
    """A graph with every operation of the registry."""
    cases = {case.op: case for case in reversed(CASES)}
    groups = [case.arguments(np.float32) for case in cases.values()]
    starts = np.cumsum([0, *map(len, groups)])

    def compute(*arguments):
        return tuple(
            case.function(CHAINRULE, *arguments[start : start + len(group)])
            for case, group, start in zip(cases.values(), groups, starts, strict=False)
        )

    graph = traced(compute, *(x for group in groups for x in group))
    assert {node.op.name for node in graph.nodes} == set(REGISTRY) - CALLS
    return graph


def a_training_step():
    network = nn.Network(9, [nn.Dense(17, "gelu"), nn.Dropout(0.2), nn.Dense(3)], loss="cross_entropy")
    X, y = np.ones((40, 9)), np.arange(40) % 3
    return step_graph(network, X, y, optim.AdamW(0.01, clip_norm=1.0))


def step_graph(network, X, y, optimizer):
    from chainrule.execution import choice
    from chainrule.execution.reference_executor import ReferenceSteps

    seen = []

    def make_steps(graph, usage):
        seen.append(graph)
        return ReferenceSteps(graph, usage)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "make_steps", make_steps)
        network.fit(X, y, optimizer=optimizer, epochs=1, batch_size=8, progress=False)
    return seen[0]


@pytest.fixture(scope="module", params=["every operation", "a training step"])
def graph(request):
    return everything() if request.param == "every operation" else a_training_step()


@pytest.mark.parametrize("level", LEVELS)
def test_the_text_keeps_the_rules(graph, level):
    text = str(write_program(make_plan(graph), target(level), 4))
    assert not re.search(r"\b(inttoptr|ptrtoint)\b", text), "pointers are never made of numbers"
    flags = r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b"
    assert not re.search(flags, text), "every sum has one order, and NaN is a number like others"
    declared = re.findall(r"^declare .*?@([\w.]+)", text, re.MULTILINE)
    assert declared
    assert [name for name in declared if not name.startswith("llvm.")] == [], "nothing outside is called"
    assert not re.search(r"\b[us]div i64 [^,]+, 0\b", text)
