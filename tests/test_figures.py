"""Numbers for people: no digits that mean nothing, and one way of writing for all numbers of a column."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.figures import changes, column, counted, figure, fixed, share, signed

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def read(text):
    """The number that a text means."""
    return float(text.replace("−", "-").replace(",", ""))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (2002.0, "2002"),
        (1074.4, "1074"),
        (42_011.0, "42,011"),
        (540_700.2, "540,700"),
        (-123_456.7, "−123,457"),
        (9_999.6, "10,000"),
        (0.01234567, "0.01235"),
        (1e13, "1e+13"),
        (math.nan, "nan"),
        (-math.inf, "−inf"),
    ],
)
def test_one_number(value, written):
    assert figure(value) == written


def test_more_digits_on_demand():
    assert figure(42_011.3, 6) == "42,011.3"
    assert figure(0.000512, 1) == "0.0005"


def test_changes_have_a_sign_unless_they_are_nothing():
    assert [signed(x) for x in (1.5, -1.5, 0.0, -0.0)] == ["+1.5", "−1.5", "0", "0"]
    assert changes([42_011, -7_245.3, 0.2, -0.3]) == ["+42,011", "−7,245", "0", "0"]


def test_a_column_has_the_same_decimals_and_commas_throughout():
    assert column([97.5, 1074, 3.76], 3, smallest=True) == ["97.50", "1074.00", "3.76"]
    assert column([97.5, 1074, 3.76]) == ["98", "1074", "4"]
    assert column([353_604.2, 7_245.1]) == ["353,604", "7,245"]
    assert column([0.4512, 0.00001, -0.03]) == ["0.4512", "0.0000", "−0.0300"]
    assert column([1e13, 1.5]) == ["1.000e+13", "1.500e+00"]
    assert column([2.0, 10.0], smallest=True) == ["2", "10"]
    assert column([]) == []
    assert fixed([-0.0001, 0.85], 3) == ["0.000", "0.850"]


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.integers(2, 6))
def test_the_largest_of_a_column_is_known_to_so_many_digits(values, digits):
    texts = column(values, digits)
    largest = max(map(abs, values))
    for value, text in zip(values, texts, strict=True):
        assert abs(read(text) - value) <= 0.51 * 10.0 ** (1 - digits) * largest + 1e-300
    assert len({("e" in text, len(text.partition(".")[2])) for text in texts if "e" not in text}) <= 1
    assert not any(read(text) == 0 and text.startswith(("−", "+")) for text in changes(values, digits))


@given(NUMBERS, st.integers(1, 8))
def test_one_number_is_known_to_so_many_digits(value, digits):
    assert abs(read(figure(value, digits)) - value) <= 0.51 * 10.0 ** (1 - digits) * abs(value) + 1e-300


def test_a_share_of_few_is_counted():
    assert share(1.0, 2) == "2 of 2"
    assert share(68 / 69, 69) == "68 of 69"
    assert share(0.7662, 4_000) == "76.6%"


def test_plurals():
    assert [counted(n, "row") for n in (0, 1, 2, 1_000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
