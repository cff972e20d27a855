"""Which inputs a caller gives, and which outputs it gets."""

import numpy as np
import pytest

from chainrule.graph.usage import ONE_CALL, Usage
from engine_runs import traced

GRAPH = traced(lambda w, x, c: (x * c, w + x), np.ones(2), np.ones(2), np.ones(2))
CARRIED = Usage(carried=((0, 1),), per_step_inputs=frozenset({1}))


@pytest.mark.parametrize(
    ("usage", "given", "returned", "repeats"),
    [(ONE_CALL, [0, 1, 2], [0, 1], False), (CARRIED, [1, 2], [0], True)],
    ids=["one call", "carried"],
)
def test_what_is_carried_is_neither_given_nor_returned(usage, given, returned, repeats):
    assert (usage.given(GRAPH), usage.returned(GRAPH), usage.repeats) == (given, returned, repeats)


def test_a_usage_without_states_repeats_if_a_step_has_inputs_of_its_own():
    assert Usage(per_step_inputs=frozenset({2})).repeats
    assert not Usage(resident=frozenset({0}), in_place=frozenset({1})).repeats
