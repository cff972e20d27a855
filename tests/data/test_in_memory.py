"""Columns of arrays and Python objects: one kind each, missing values apart, and what fits none named with its row."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from chainrule.data import Column, Table, read_table
from chainrule.errors import ArgumentError, TableError

NAN = float("nan")
DAY = 86_400.0
LARGE = 2**53 + 1
HALF_PAST_ONE = datetime(1970, 1, 1, 1, 30)

OBJECTS = {
    "numbers and None": ([1, None, 3], "numeric", [1, NAN, 3]),
    "NumPy's numbers": ([np.float32(1.5), 2, np.int8(3), NAN], "numeric", [1.5, 2, 3, NAN]),
    "decimals": ([Decimal("1.5"), Decimal("NaN"), Decimal(2)], "numeric", [1.5, NAN, 2]),
    "large decimals": ([Decimal(LARGE), None, Decimal("1E1")], "category", [str(LARGE), None, "10"]),
    "large integers": ([2**70, None, -LARGE], "category", [str(2**70), None, str(-LARGE)]),
    "large beside a fraction": ([LARGE, 0.5], "numeric", [2.0**53, 0.5]),
    "truth values": ([True, None, np.False_], "category", ["true", None, "false"]),
    "texts that say true": (["True", "FALSE", None], "category", ["true", "false", None]),
    "text": (["a", None, NAN, " b "], "category", ["a", None, None, "b"]),
    "words for missing": (["a", "", "?", "NA", "n/a", "NaN", "null"], "category", ["a", *[None] * 6]),
    "words among numbers": ([1.5, "N/A", 2], "numeric", [1.5, NAN, 2]),
    "numbers as text": (["130.0", "?", " 95"], "numeric", [130, NAN, 95]),
    "large numbers as text": ([str(LARGE), "1"], "category", [str(LARGE), "1"]),
    "dates as text": (["1970-01-02", None, "1970-01-01 01:30"], "time", [DAY, NAN, 5400]),
    "text with NUL": (["a\0", "1", None], "category", ["a\0", "1", None]),
    "identifiers": ([UUID(int=1), None], "category", ["00000000-0000-0000-0000-000000000001", None]),
    "dates": ([date(1970, 1, 2), None, date(1969, 12, 31)], "time", [DAY, NAN, -DAY]),
    "timestamps": ([HALF_PAST_ONE, date(1970, 1, 2), np.datetime64("NaT")], "time", [5400, DAY, NAN]),
    "zones": (
        [HALF_PAST_ONE.replace(tzinfo=UTC), HALF_PAST_ONE.replace(tzinfo=timezone(timedelta(hours=1)))],
        "time",
        [5400, 1800],
    ),
    "NumPy's dates": ([np.datetime64("1970-01-02"), None], "time", [DAY, NAN]),
    "times of day": ([time(1, 30), None, time(0, 0, 1, 500_000)], "numeric", [5400, NAN, 1.5]),
    "nothing but missing": ([None, NAN, "?"], "numeric", [NAN] * 3),
}  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "expected"), OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("container", [list, tuple, lambda values: np.array([*values, None], object)[:-1]])
def test_objects_of_one_family_are_a_column(container, values, kind, expected):
    column = Column.of("x", container(values))
    assert column.kind == kind
    assert list(map(repr, column.values.tolist())) == list(map(repr, np.array(expected, column.values.dtype).tolist()))


def test_only_times_of_day_are_shown_as_a_clock():
    assert Column.of("x", [time(1, 30), None]).clock
    assert not Column.of("x", [5400.0, None]).clock


REFUSED = {
    "numbers and text": ([1.0, None, "a"], "row 3: 'a' is text, but row 1 holds a number; make them one"),
    "text and numbers": ([None, "a", 1.0], "row 3: 1.0 is a number, but row 2 holds text"),
    "truth values and numbers": ([True, 1], "row 2: 1 is a number, but row 1 holds a truth value"),
    "dates and text": ([date(2020, 1, 1), "2020-01-02"], "row 2: '2020-01-02' is text, but row 1 holds a date"),
    "bytes": (["a", b"b"], "row 2: b'b' is a bytes; decode it to text"),
    "durations": ([None, timedelta(1)], r"row 2: .* is a timedelta; give its seconds as a number"),
    "lists": ([None, [1, 2]], r"row 2: \[1, 2\] is a list; give numbers, truth values, text"),
    "complex numbers": ([1.0, 1j], "row 2: 1j is a complex; give its real and its imaginary part in two columns"),
    "infinity": ([1, float("-inf")], "row 2: -inf is not a finite number"),
    "an infinite decimal": ([None, Decimal("Infinity")], "row 2: inf is not a finite number"),
    "beyond float64": ([0.5, 10**400], "row 2: inf is not a finite number"),
    "an array of bytes": (np.array([b"a"]), r"has dtype \|S1; decode it to text"),
    "an array of durations": (np.array([1], "m8[s]"), r"has dtype timedelta64\[s\]; give its seconds"),
    "an array of complex numbers": (np.array([1j]), "has dtype complex128; give its real"),
    "a masked array": (np.ma.array([1.0], mask=[True]), "is a masked array, whose mask would be ignored"),
    "two axes": ([[1.0]], r"has shape \(1, 1\)"),
    "a single text": ("abc", r"has shape \(\)"),
    "ragged": ([[1], [1, 2]], "cannot be read as an array"),
}


@pytest.mark.parametrize(("values", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_column_is_named_with_row_and_fix(values, complaint):
    with pytest.raises(TableError, match=rf"^column 'x',? {complaint}"):
        Column.of("x", values)


def test_text_that_looks_like_a_date_or_number_but_is_none_is_refused_as_in_a_file():
    with pytest.raises(TableError, match=r"row 2, column 'x': '2023-02-30' is not a date.* leave it empty if missing"):
        Column.of("x", ["2023-02-28", "2023-02-30"])
    with pytest.raises(TableError, match="row 1, column 'x': '1e999' is not a finite number"):
        Column.of("x", ["1e999", "1"])


def test_odd_text_is_noted_with_its_row():
    table = Table.of({"x": ["1", "2", "3", "four"], "y": [1, 2, 3, 4]})
    (note,) = table.notes_on("x")
    assert (table["x"].kind, table.notes) == ("category", (note,))
    assert "'four' (row 4)" in note


def test_arrays_of_every_dtype():
    for dtype in ("i1", "u2", "i8", "u8", "f2", "f4", "f8", ">f8", "g"):
        assert Column.of("x", np.array([1, 2], dtype)).values.tolist() == [1.0, 2.0]
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert Column.of("x", np.array([1.5, 2], ml_dtypes.bfloat16)).values.tolist() == [1.5, 2.0]
    assert Column.of("x", np.array(["a", "?"], np.dtypes.StringDType())).values.tolist() == ["a", None]
    assert Column.of("x", np.array([2**63], np.uint64)).values.tolist() == [str(2**63)]


def test_a_long_text_takes_no_room_in_other_rows():
    column = Column.of("x", ["y" * 10_000_000, *["z"] * 1000])  # NumPy would make ten thousand million characters of it
    assert column.values[1000] == "z"


def test_a_table_is_the_same_from_a_file_and_from_memory(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("n,t,b,d\n1,a,True,2020-01-01\nNA,?,TRUE,\n3,b ,false,2020-01-02\n")
    objects = {
        "n": [1, None, 3],
        "t": ["a", "?", "b "],
        "b": [True, True, False],
        "d": [date(2020, 1, 1), None, date(2020, 1, 2)],
    }
    with path.open() as stream:
        texts = {name: values for name, *values in zip(*csv.reader(stream), strict=True)}
    for memory in (objects, texts):
        for read, given in zip(read_table(path).columns, Table.of(memory).columns, strict=True):
            assert (read.name, read.kind) == (given.name, given.kind)
            np.testing.assert_array_equal(given.values, read.values)


@pytest.mark.parametrize("source", [5, None, np.ones((2, 2)), [1, 2], "t.csv"])
def test_what_is_no_table_is_an_argument(source):
    with pytest.raises(ArgumentError, match="a table is a DataFrame, a mapping of names to columns, a path"):
        Table.of(source)


def test_wide_tables_are_found_by_name_at_once():
    table = Table.of({f"c{i}": [float(i)] for i in range(20_000)})
    assert sum(table[f"c{i}"].values[0] for i in range(0, 20_000, 7)) == sum(range(0, 20_000, 7))
