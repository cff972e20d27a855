"""Constraints on numbers: what they let through, what they say, and what they store."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.constraints import COUNT, FRACTION, NOT_NEGATIVE, POSITIVE, SEED, SHARE
from chainrule.errors import ArgumentError

INSIDE = [
    (COUNT, (1, np.int64(3), 10**30)),
    (SEED, (0, 2**64 - 1, np.uint64(2**64 - 1))),
    (POSITIVE, (1, 5e-324, np.float32(0.5))),
    (NOT_NEGATIVE, (0, -0.0, 1.5, np.int8(3))),
    (FRACTION, (0, np.float32(0.5), math.nextafter(1, 0))),
    (SHARE, (0.5, 5e-324, math.nextafter(1, 0))),
]
OUTSIDE = [
    (COUNT, (0, -1, 1.0, np.float64(2))),
    (SEED, (-1, 2**64, 1.5)),
    (POSITIVE, (0, -1, math.inf, math.nan)),
    (NOT_NEGATIVE, (-5e-324, math.inf, math.nan, 1j)),
    (FRACTION, (-1e-9, 1, math.nan)),
    (SHARE, (0, 1, math.nan)),
]
NO_NUMBERS = (None, "1", True, False, np.True_, [1], np.array([1, 2]))


@pytest.mark.parametrize(("constraint", "value"), [(c, value) for c, values in INSIDE for value in values])
def test_numbers_inside_pass(constraint, value):
    constraint.require(value, "it")


@pytest.mark.parametrize(
    ("constraint", "value"), [(c, value) for c, values in OUTSIDE for value in (*values, *NO_NUMBERS)]
)
def test_a_broken_constraint_names_the_argument_what_it_must_be_and_its_value(constraint, value):
    with pytest.raises(ArgumentError) as caught:
        constraint.require(value, "it")
    assert str(caught.value) == f"it must {constraint.meaning}, got {value!r}"


def test_fields_become_python_numbers_and_are_named_with_their_class():
    @dataclass(frozen=True)
    class Settings:
        rate: float
        rounds: int

    settings = Settings(np.float64(0.5), np.int64(3))
    FRACTION.require_fields(settings, "rate")
    COUNT.require_fields(settings, "rounds")
    assert (type(settings.rate), type(settings.rounds)) == (float, int)
    with pytest.raises(ArgumentError, match="Settings: rounds must be a whole number above 0, got 0"):
        COUNT.require_fields(Settings(0.5, 0), "rounds")
