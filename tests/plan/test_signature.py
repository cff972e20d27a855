"""Plans have one signature if, and as far as anyone can see only if, they are computed by one program."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from chainrule.codegen.program import write_program
from chainrule.codegen.target import target
from chainrule.graph.usage import Usage
from chainrule.plan import make_plan
from chainrule.plan.kernels import Buffer, Kernel, Plan, Store
from chainrule.plan.signature import signature
from engine_runs import traced
from op_cases import CASES

VECTOR, MATRIX = np.ones(6), np.ones((6, 4))
TABLE = np.arange(100.0)  # too large to be compared by value


def signature_of(function, *arguments, usage=None):
    return signature(make_plan(traced(function, *arguments), usage or Usage()))


def signature_without_barrier(function, *arguments):
    plan = make_plan(traced(function, *arguments))
    return signature(replace(plan, actions=plan.kernels))


def test_names_and_lines_do_not_matter():
    def step(rate, weights):
        return weights - rate * weights

    def other(a, b):
        c = a * b
        return b - c

    assert signature_of(step, 0.5, MATRIX) == signature_of(other, 0.5, MATRIX)


def test_the_numbers_of_a_table_do_not_matter():
    assert signature_of(lambda x: x + TABLE, TABLE) == signature_of(lambda x: x + np.sqrt(TABLE), TABLE)


DIFFERENT = {
    "one": lambda: signature_of(lambda x: x + 1, VECTOR),
    "another number": lambda: signature_of(lambda x: x + 2, VECTOR),
    "another operation": lambda: signature_of(lambda x: x * 2, VECTOR),
    "a number in an array": lambda: signature_of(lambda x: x ** np.full(1, 1.5), VECTOR),
    "another number in an array": lambda: signature_of(lambda x: x ** np.full(1, 2.5), VECTOR),
    "another shape": lambda: signature_of(lambda x: x + 1, VECTOR[1:]),
    "another dtype": lambda: signature_of(lambda x: x + 1, VECTOR.astype(np.float32)),
    "floats": lambda: signature_of(lambda x: x + x, VECTOR.astype(np.float32)),
    "integers of their size": lambda: signature_of(lambda x: x + x, VECTOR.astype(np.int32)),
    "operands": lambda: signature_of(lambda x, y: x - y, VECTOR, VECTOR),
    "operands in another order": lambda: signature_of(lambda x, y: y - x, VECTOR, VECTOR),
    "one operand twice": lambda: signature_of(lambda x, y: x - x, VECTOR, VECTOR),
    "outputs": lambda: signature_of(lambda x, y: (x + y, x - y), VECTOR, VECTOR),
    "outputs in another order": lambda: signature_of(lambda x, y: (x - y, x + y), VECTOR, VECTOR),
    "an attribute": lambda: signature_of(lambda x: x[1:4] + 1, VECTOR),
    "another attribute": lambda: signature_of(lambda x: x[2:5] + 1, VECTOR),
    "carried": lambda: signature_of(lambda x: x + 1, VECTOR, usage=Usage(carried=((0, 0),))),
    "input of every step": lambda: signature_of(lambda x: x + 1, VECTOR, usage=Usage(per_step_inputs=frozenset({0}))),
    "output of every step": lambda: signature_of(lambda x: x + 1, VECTOR, usage=Usage(per_step_outputs=frozenset({0}))),
    "resident": lambda: signature_of(lambda x: x + 1, VECTOR, usage=Usage(resident=frozenset({0}))),
    "not guarded": lambda: signature_of(lambda x: (x + 1, np.sum(x)), VECTOR, usage=Usage(carried=((0, 0),))),
    "without a barrier": lambda: signature_without_barrier(lambda x: x @ x.T, MATRIX),
    "with it": lambda: signature_of(lambda x: x @ x.T, MATRIX),
    "guarded": lambda: signature_of(lambda x: (x + 1, np.sum(x)), VECTOR, usage=Usage(carried=((0, 0),), guard=1)),
}


def test_what_changes_the_program_changes_the_signature():
    found = {}
    for what, make in DIFFERENT.items():
        assert found.setdefault(make(), what) == what


PARTS = {
    Buffer: "node place order strides elements itemsize padded slot per_step panel",
    Kernel: "number anchor space axes members stores phase divided shared_axis condition continues",
    Store: "node buffer axes",
    Plan: "graph usage actions buffers constants states results reads shared_bytes private_bytes prefetched prefetcher",
}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_all_that_a_plan_says_is_in_its_signature(part):
    assert {field.name for field in fields(part)} == set(PARTS[part].split())  # a new one belongs into it first


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_plans_of_one_signature_have_one_program(dtype):
    programs = {}
    for case in CASES:
        plan = make_plan(traced(case.traced, *case.arguments(dtype)))
        text = str(write_program(plan, target("avx2"), 2))
        assert programs.setdefault(signature(plan), text) == text, case
