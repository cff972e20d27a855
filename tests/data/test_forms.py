"""Texts that have a meaning only together: numbers with separators and marks, dates of several customs."""

from datetime import UTC, datetime

import pytest

from chainrule.data import read_table
from chainrule.errors import TableError


def read(tmp_path, *texts, kinds=None):
    """The column of the texts, and the notes on it."""
    path = tmp_path / "t.csv"
    path.write_text("x;y\n" + "".join(f'"{text}";1\n' for text in texts), encoding="utf-8")
    table = read_table(path, kinds)
    return table["x"], table.notes


@pytest.mark.parametrize(
    ("texts", "values", "told"),
    [
        (("-0,586", "+1,25", "3"), [-0.586, 1.25, 3], "'-0,586' is -0.586"),
        (("0,586", "1,250"), [0.586, 1.25], "'0,586' is 0.586"),
        (("1,234", "12", "1,234.5"), [1234, 12, 1234.5], "'1,234' is 1234"),
        (("1,234,567", "1,234"), [1234567, 1234], "'1,234,567' is 1234567"),
        (("12", "1.234,5", "1.234"), [12, 1234.5, 1234], "'1.234,5' is 1234.5"),
        (("1.234.567", "2"), [1234567, 2], "'1.234.567' is 1234567"),
        (("1 234", "1\u202f234,5", "7"), [1234, 1234.5, 7], "'1 234' is 1234"),
        (("1'234.50", "2’000"), [1234.5, 2000], '"1\'234.50" is 1234.5'),
        (("$5", "-$1,234.50", "$ 7"), [5, -1234.5, 7], "'$5' is 5"),
        (("5 €", "1.234,50€"), [5, 1234.5], "'5 €' is 5"),
        (("5%", "12.5 %", "-3%"), [5, 12.5, -3], "'5%' is 5"),
        (("−5", "3"), [-5, 3], "'−5' is -5"),
    ],
)
def test_numbers_that_leave_no_doubt_are_read_and_told(tmp_path, texts, values, told):
    column, notes = read(tmp_path, *texts, "NA")
    assert column.kind == "numeric"
    assert column.values[:-1].tolist() == values
    assert column.missing.tolist() == [False] * len(values) + [True]
    assert notes == (f"column 'x' is read as numbers: {told}",)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("texts", "values", "told"),
    [
        (("31.12.2023", "1.2.2023"), [utc(2023, 12, 31), utc(2023, 2, 1)], "'31.12.2023' is 2023-12-31"),
        (("1/2/2023", "31/12/2023"), [utc(2023, 2, 1), utc(2023, 12, 31)], "'1/2/2023' is 2023-02-01"),
        (("01/02/2023", "12/31/2023"), [utc(2023, 1, 2), utc(2023, 12, 31)], "'01/02/2023' is 2023-01-02"),
        (("31-12-2023", "2023-02-01"), [utc(2023, 12, 31), utc(2023, 2, 1)], "'31-12-2023' is 2023-12-31"),
        (("31.12.2023 14:30",), [utc(2023, 12, 31, 14, 30)], "'31.12.2023 14:30' is 2023-12-31 14:30"),
        (("02/02/2023", "03/03/2023"), [utc(2023, 2, 2), utc(2023, 3, 3)], "'02/02/2023' is 2023-02-02"),
        (("2024/01/31", "2024/02/01"), [utc(2024, 1, 31), utc(2024, 2, 1)], "'2024/01/31' is 2024-01-31"),
        (
            ("2024/1/5 09:30", "2024.12.7"),
            [utc(2024, 1, 5, 9, 30), utc(2024, 12, 7)],
            "'2024/1/5 09:30' is 2024-01-05 09:30",
        ),
    ],
)
def test_dates_that_leave_no_doubt_are_read_and_told(tmp_path, texts, values, told):
    column, notes = read(tmp_path, *texts)
    assert column.kind == "time"
    assert column.values.tolist() == values
    assert notes == (f"column 'x' is read as dates: {told}",)


@pytest.mark.parametrize(
    ("texts", "kind", "told"),
    [
        (("5", "1,234"), "numeric", "'1,234' may be 1234 or 1.234; write it as one of them"),
        (("1,234", "2.345"), "numeric", "'1,234' may be 1234 or 1.234; write it as one of them"),
        (("1,234.5", "1.234,5"), "numeric", "'1.234,5' is written in another way than what stands above"),
        (("1,23,456.5", "2"), "numeric", "'1,23,456.5' is written in no known way"),
        (("$5", "€5"), "numeric", "'$5' and '€5' are not in one unit; write all numbers in the same"),
        (("5", "5%"), "numeric", "'5' and '5%' are not in one unit"),
        (("01/02/2023", "03/03/2023"), "time", "'01/02/2023' may be 2023-01-02 or 2023-02-01; write it as one of them"),
        (("31/12/2023", "12/31/2023"), "time", "'31/12/2023' begins with the day and '12/31/2023' with the month"),
    ],
)
def test_in_doubt_a_column_stays_text_and_the_doubt_is_told(tmp_path, texts, kind, told):
    column, (note,) = read(tmp_path, *texts)
    assert column.kind == "category"
    assert column.values.tolist() == list(texts)
    assert note.startswith(f"column 'x' is read as text: {told}")
    assert "(line " in note or "t.csv, line " in note
    with pytest.raises(TableError, match=r"line [23], column 'x': '.*' is in doubt: ") as caught:
        read(tmp_path, *texts, kinds={"x": kind})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("1.5", "12:30"), "all but 1 of 2 values are numbers, the first exception is '12:30'"),
        (("12:30", "1.5", "0:15"), "all but 1 of 3 values are times of the day, the first exception is '1.5'"),
        (("2023-12-31", "7", "2023-12-30"), "all but 1 of 3 values are dates, the first exception is '7'"),
        (("1,5", "$x", "2,5"), "all but 1 of 3 values are numbers, the first exception is '$x'"),
    ],
)
def test_a_mixture_is_text_and_told(tmp_path, texts, told):
    column, (note,) = read(tmp_path, *texts)
    assert column.values.tolist() == list(texts)
    assert note.startswith(f"column 'x' is read as text: {told} (")


@pytest.mark.parametrize(
    "texts",
    [
        ("030 123", "1"),
        ("1,23,456", "x"),
        ("5 apples", "1"),
        ("$", "%"),
        ("31.2.23", "a"),
        ("2024/45/67", "2024/13/01"),
    ],
)
def test_other_texts_are_no_numbers(tmp_path, texts):
    assert read(tmp_path, *texts)[0].kind == "category"


@pytest.mark.parametrize("form", ["{:,}", "${:,}", "${}", "{} €", "{}%", "-{:,}"])
def test_ids_that_float64_would_merge_stay_text_however_they_are_written(tmp_path, form):
    texts = [form.format(2**53 + 1), form.format(2**53), form.format(7)]
    column, notes = read(tmp_path, *texts)
    assert (column.kind, column.values.tolist(), notes) == ("category", texts, ())
    assert read(tmp_path, form.format(2**53 - 1), form.format(7))[0].kind == "numeric"


def test_large_numbers_with_a_fraction_are_quantities(tmp_path):
    assert read(tmp_path, "9,007,199,254,740,993.5", "1,000.25")[0].kind == "numeric"


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        (("30.01.2023", "31.02.2023"), None, "line 3, column 'x': '31.02.2023' is not a date"),
        (("1,5", "1,5e999"), None, "line 3, column 'x': '1,5e999' is not a finite number"),
        (("1.5", "12:30"), "numeric", "line 3, column 'x': '12:30' is not a number"),
        (("12:30", "1:15", "1.5"), "numeric", "line 4, column 'x': '1.5' is not a time of the day"),
    ],
)
def test_what_does_not_exist_or_does_not_fit_is_refused(tmp_path, texts, kind, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, *texts, kinds={"x": kind} if kind else None)
