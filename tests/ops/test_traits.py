"""Traits of operations: they mean what they say, and the rest of the library asks for them instead of for names."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.graph import REGISTRY, Kind, Trait
from chainrule.ops import OWN
from chainrule.plan.roofline import _CYCLES
from chainrule.types import ArrayType
from op_cases import CASES, NUMPY

_SOURCES = Path(chainrule.__file__).parent
_RULES_BY_NAME = ("ops", "explain")  # the records themselves; formulas, which are chosen by what is written on paper
_FLOAT, _BOOL = (ArrayType((3,), np.dtype(dtype)) for dtype in (np.float64, np.bool_))


def names_with(trait):
    return {op.name for op in OWN if trait in op.traits}


def test_comparisons_make_conditions_of_numbers_and_logical_operations_of_conditions():
    elementwise = [op for op in OWN if op.kind is Kind.ELEMENTWISE and op.name not in ("cast", "where")]
    of_numbers = {op for op in elementwise if op.infer(*[_FLOAT] * len(op.rules)) == _BOOL}
    assert {op for op in OWN if op.is_comparison or op.is_logical} == of_numbers
    assert names_with(Trait.LOGICAL) == {"and", "or", "not"}


@pytest.mark.parametrize("op", sorted((op for op in OWN if op.is_view), key=lambda op: op.name), ids=lambda op: op.name)
def test_a_view_only_says_where_elements_come_from(op):
    case = next(case for case in CASES if case.op == op.name)
    arrays = case.arguments()
    given = {0.0, *(number for array in arrays for number in np.ravel(array).tolist())}
    assert set(np.ravel(case.function(NUMPY, *arrays)).tolist()) <= given


def test_what_repeats_is_a_view_that_keeps_all_elements():
    (name,) = names_with(Trait.REPEATS)
    x = np.arange(3.0)
    assert REGISTRY[name].is_view
    assert set(np.ravel(REGISTRY[name].numpy(x, shape=(2, 3)))) == set(x)


def test_the_model_of_costs_charges_costly_operations_for_more_than_one_instruction():
    elementwise = {op.name for op in OWN if op.kind is Kind.ELEMENTWISE}
    assert names_with(Trait.COSTLY) - {"floor"} == elementwise & set(_CYCLES)


def test_what_scatters_adds_where_indices_say():
    assert names_with(Trait.SCATTERS) == {"scatter_add", "sparse_outer"}
    assert all(op.is_anchor and not op.is_view for op in OWN if op.scatters)


def test_nobody_outside_of_ops_compares_the_names_of_operations():
    found = []
    for path in sorted(_SOURCES.rglob("*.py")):
        if not any(part in _RULES_BY_NAME for part in path.relative_to(_SOURCES).parts):
            found += [
                f"{path.name}:{node.lineno}: {ast.unparse(node)}"
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(("op.name", "anchor.name"))
                if any(isinstance(part, ast.Constant) for other in node.comparators for part in ast.walk(other))
            ]
    assert found == []
