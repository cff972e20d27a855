"""How much there is to do in a kernel: what it computes and touches, whatever the size of what it chooses from."""

import numpy as np
import pytest

from chainrule.plan import make_plan
from chainrule.plan.cost import flops, kernel_bytes, kernel_flops
from chainrule.plan.roofline import seconds
from engine_runs import traced

A, B = np.ones((6, 4)), np.ones((4, 5))


def last_kernel(function, *arguments):
    plan = make_plan(traced(function, *arguments))
    return plan, plan.kernels[-1]


@pytest.mark.parametrize(
    ("function", "arguments", "count"),
    [
        (lambda x, y: x @ y, (A, B), 6 * 5 * (2 * 4 + 1)),
        (lambda x: x + 1, (A,), 24),
        (lambda x: np.sum(x, axis=1), (A,), 24),
        (lambda x, i: x[i] + 1, (np.ones((1000, 4)), np.zeros(3, np.int64)), 3 * 4),
    ],
    ids=["product", "sum of arrays", "sum of elements", "chosen rows"],
)
def test_operations_are_those_of_the_elements_that_are_computed(function, arguments, count):
    plan, kernel = last_kernel(function, *arguments)
    assert kernel_flops(kernel) == count
    assert flops(plan) == sum(map(kernel_flops, plan.kernels))


def test_of_a_data_set_the_chosen_rows_count():
    rows = np.zeros(3, np.int64)
    plan, kernel = last_kernel(lambda x, i: x[i] + 1, np.ones((1000, 4)), rows)
    read, written = 3 * 4 * 8, 3 * 4 * 8
    assert kernel_bytes(plan, kernel) == read + rows.nbytes + written
    small = seconds(plan, kernel, 4)
    assert seconds(*last_kernel(lambda x, i: x[i] + 1, np.ones((10**6, 4)), rows), 4) == small


def test_what_is_summed_or_multiplied_counts_whole():
    plan, kernel = last_kernel(lambda x: np.sum(x, axis=0), A)
    assert kernel_bytes(plan, kernel) >= A.nbytes + 4 * 8
    plan, kernel = last_kernel(lambda x, y: x @ y, A, B)
    assert kernel_bytes(plan, kernel) >= A.nbytes + B.nbytes + 6 * 5 * 8
