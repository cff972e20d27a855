"""A training in float32 ends about as far from the same one in float64 as JAX's does: in the median over 20 seeds."""

from __future__ import annotations

from statistics import median

import pytest
from benchmarks.accuracy import SEEDS, measure_accuracy
from benchmarks.session import Session
from benchmarks.workloads import Workload

SMALL = Workload("small", (6, 19, 11, 3), 16, 20)


def test_parameters_are_no_further_from_float64_than_twice_as_far_as_those_of_jax(tmp_path):
    pytest.importorskip("jax")
    (entry,) = measure_accuracy(Session(tmp_path, [SMALL], 1, 0.01, ["jax"], None, None))
    assert not entry["failed"]
    ours, theirs = ([verdict["distance"] for verdict in entry["verdicts"][name]] for name in ("chainrule", "JAX"))
    assert len(ours) == len(theirs) == SEEDS
    assert median(ours) < 2 * median(theirs)
    assert len(set(theirs)) == SEEDS  # each seed is another training


def test_a_workload_that_would_take_too_long_is_left_out(tmp_path):
    wide = Workload("wide", (784, 2048, 2048, 10), 512, 20)
    assert list(measure_accuracy(Session(tmp_path, [wide], 1, 0.01, ["nobody"], None, None))) == []
