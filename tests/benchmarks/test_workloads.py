"""What is trained: the numbers, and the count of their operations."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.workloads import WORKLOADS, Workload, exponentials

from benchmarks import workloads

SMALL = Workload("small", (3, 5, 4, 2), 4, 6)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [  # for each layer B·m·n multiplications and as many additions: forward, ∂W, and δ but in the first layer
        ("tiny", 2 * 32 * (2 * 8 * 64 + 3 * 64 * 64 + 3 * 64)),
        ("digits", 2 * 64 * (2 * 784 * 128 + 3 * 128 * 64 + 3 * 64 * 10)),
        ("odd", 2 * 50 * (2 * 37 * 211 + 3 * 211 * 53 + 3 * 53 * 5)),
    ],
)
def test_operations_are_those_of_the_matrix_products(name, by_hand):
    assert WORKLOADS[name].flops == by_hand


def test_exponentials_are_the_sum_of_the_series():
    special = [[0, 0, 0, 0], [0, 1, 0, 0], [0, -2, 2, 0], [1, 0, 0, -1]]  # zero, nilpotent, a rotation, diagonal
    rows = np.concatenate([np.array(special, float), np.random.default_rng(0).normal(size=(50, 4))])
    term = series = np.broadcast_to(np.eye(2), (len(rows), 2, 2))
    for k in range(1, 60):
        term = term @ rows.reshape(-1, 2, 2) / k
        series = series + term
    np.testing.assert_allclose(exponentials(rows), series.reshape(-1, 4), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", ["cross_entropy", "half_squared"])
def test_data_is_the_same_every_time_and_has_targets_worth_learning(loss):
    workload = Workload("small", (3, 5, 2), 50, 4, loss=loss)
    (X, y), (X2, y2) = workload.data(), workload.data()
    assert np.array_equal(X, X2)
    assert np.array_equal(y, y2)
    assert X.shape == (200, 3)
    assert X.dtype == np.float32
    assert np.abs(np.corrcoef(np.c_[X, y], rowvar=False)[3:, :3]).max() > 0.3


def test_no_workload_has_a_part_of_a_batch():
    for workload in WORKLOADS.values():
        assert workload.rows % workload.batch == 0
    assert sorted(SMALL.orders()[2]) == list(range(24))


def test_a_task_is_read_as_it_was_written(tmp_path):
    task = workloads.read(workloads.write(SMALL, tmp_path / "task", np.float64))
    X, y = SMALL.data()
    assert task.workload == SMALL
    assert task.X.dtype == np.float64
    assert np.array_equal(task.float32, X)
    assert np.array_equal(task.y, y)
    assert [W.shape for W in task.weights] == [(5, 3), (4, 5), (2, 4)]


def test_the_given_order_goes_on_in_the_next_epoch(tmp_path):
    task = workloads.read(workloads.write(SMALL, tmp_path))
    batches = task.batches(8)
    assert batches.shape == (8, 4)
    assert np.array_equal(batches[:6].ravel(), task.orders[0])
    assert np.array_equal(batches[6:].ravel(), task.orders[1][:8])
