"""DataFrames of every library give the table that the same values in lists give, row by row."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import Column, Table, as_table, read_table
from chainrule.errors import ArgumentError, MissingExtraError, TableError

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

NOON = datetime(2020, 1, 1, 12)
VALUES = {
    "whole": [3, None, 1],
    "large": [2**60 + 1, None, 2**60],
    "fraction": [1.5, None, -2.0],
    "truth": [True, None, False],
    "text": [" a", None, "NA"],
    "date": [date(2020, 1, 1), None, date(1969, 1, 1)],
    "moment": [NOON, None, NOON + timedelta(days=1)],
    "zoned": [NOON.replace(tzinfo=UTC), None, NOON.replace(tzinfo=UTC)],
    "clock": [time(1, 30), None, time(23)],
    "decimal": [Decimal("1.5"), None, Decimal(2)],
}


def nullable(frame):
    """With the dtypes that tell missing values apart."""
    return frame.convert_dtypes()


FRAMES = {
    "pandas": lambda values: pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in values.items()}),
    "pandas, inferred": lambda values: pd.DataFrame(
        {
            name: pd.Series(column, dtype="Int64" if name in ("whole", "large") else None)
            for name, column in values.items()
        }
    ),
    "pandas, nullable": lambda values: nullable(FRAMES["pandas, inferred"](values)),
    "pandas, Arrow": lambda values: pa.table(values).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, another index": lambda values: FRAMES["pandas, inferred"](values).set_index(pd.Index([7, 7, 3], name="i")),
    "polars": pl.DataFrame,
    "Arrow": pa.table,
    "an Arrow batch": lambda values: pa.record_batch(values),
    "an Arrow stream": lambda values: pa.table(values).to_reader(),
    "Series of pandas": lambda values: dict(FRAMES["pandas, nullable"](values).items()),
    "Series of polars": lambda values: {series.name: series for series in pl.DataFrame(values)},
}  # fmt: skip


class Stream:
    """What only speaks the Arrow PyCapsule interface."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def assert_same(table, expected):
    assert table.names == expected.names
    for given, wanted in zip(table.columns, expected.columns, strict=True):
        assert (given.kind, given.clock) == (wanted.kind, wanted.clock), given.name
        np.testing.assert_array_equal(given.values, wanted.values, given.name)


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_every_library_gives_the_same_table(make):
    expected = Table.of(VALUES)
    assert [column.kind for column in expected.columns] == [
        "numeric", "category", "numeric", "category", "category", "time", "time", "time", "numeric", "numeric",
    ]  # fmt: skip
    assert_same(Table.of(make(VALUES)), expected)


def test_what_speaks_only_arrow_is_a_table_too():
    assert_same(Table.of(Stream(pa.table(VALUES))), Table.of(VALUES))


@pytest.mark.parametrize("library", [pd, pl])
def test_rows_keep_their_order(library):
    order = np.random.default_rng(0).permutation(200_000)
    table = Table.of(library.DataFrame({"i": order, "t": [f"t{i}" for i in order]}))
    np.testing.assert_array_equal(table["i"].values, order)
    assert table["t"].values.tolist() == [f"t{i}" for i in order]


def test_chunks_are_one_after_another():
    chunks = [pa.table({"i": [3, 1]}), pa.table({"i": [2]})]
    assert Table.of(pa.concat_tables(chunks))["i"].values.tolist() == [3, 1, 2]
    assert Table.of(pl.concat([pl.from_arrow(chunk) for chunk in chunks], rechunk=False))["i"].values.tolist() == [
        3,
        1,
        2,
    ]


def test_categories_are_categories_whatever_they_are():
    for values, expected in (
        (["a", None, "b"], ["a", None, "b"]),
        ([1, None, 2], ["1", None, "2"]),
        ([1.5, None, 2.0], ["1.5", None, "2"]),
        ([True, None, False], ["true", None, "false"]),
    ):
        for column in (pd.Series(values, dtype="category"), pd.Categorical(values), pd.CategoricalIndex(values)):
            assert Column.of("x", column).values.tolist() == expected
    for dtype in (pl.Categorical, pl.Enum(["a", "b"])):
        column = Column.of("x", pl.Series(["a", None, "b"], dtype=dtype))
        assert (column.kind, column.values.tolist()) == ("category", ["a", None, "b"])
    assert Column.of("x", pa.array(["a", None]).dictionary_encode()).values.tolist() == ["a", None]


def test_categories_keep_text_that_spells_numbers():
    for values in (pd.Series(["007", "7"], dtype="category"), pl.Series(["007", "7"], dtype=pl.Categorical)):
        assert Column.of("x", values).values.tolist() == ["007", "7"]
    assert Column.of("x", pd.Series(["007", "7"])).values.tolist() == [7.0, 7.0]


@pytest.mark.parametrize("options", [{}, {"dtype": str}, {"keep_default_na": False}], ids=str)
@pytest.mark.parametrize("name", ["flights", "penguins"])
def test_what_pandas_reads_of_a_file_is_what_read_table_reads(name, options):
    path = Path(__file__).parents[2] / "examples" / f"{name}.csv"
    assert_same(Table.of(pd.read_csv(path, **options)), read_table(path))


def test_zones_are_told_in_utc():
    moments = pd.to_datetime(["2020-01-01T12:00+02:00", None, "2020-07-01T00:00+02:00"], utc=False)
    seconds = [
        datetime(2020, 1, 1, 10, tzinfo=UTC).timestamp(),
        np.nan,
        datetime(2020, 6, 30, 22, tzinfo=UTC).timestamp(),
    ]
    for zoned in (moments, pd.Series(moments).dt.tz_convert("Asia/Kathmandu"), list(moments)):
        np.testing.assert_array_equal(Column.of("x", zoned).values, seconds)


def test_arrays_of_pandas_are_columns():
    assert Column.of("x", pd.array([2**60 + 1, None])).values.tolist() == [str(2**60 + 1), None]
    assert Column.of("x", pd.array([True, None])).values.tolist() == ["true", None]
    assert Column.of("x", pd.Index([2, 1])).values.tolist() == [2.0, 1.0]
    assert Column.of("x", pd.Series(pd.arrays.SparseArray([0.0, 2.5]))).values.tolist() == [0.0, 2.5]


def test_names_that_are_no_text_become_text():
    assert Table.of(pd.DataFrame([[1, 2]])).names == ("0", "1")
    assert Table.of(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")]))).names == (
        "('a', 'x')",
        "('b', 'y')",
    )


REFUSED = {
    "a repeated name": (lambda: pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "two columns are named 'a'"),
    "names that are one as text": (lambda: pd.DataFrame([[1, 2]], columns=["1", 1]), "two columns are named '1'"),
    "a lazy frame": (lambda: pl.LazyFrame({"a": [1]}), "a LazyFrame is no table yet: .* collect it first"),
    "lists": (lambda: pl.DataFrame({"a": [None, [1]]}), r"column 'a', row 2: \[1\] is a list; give numbers"),
    "structures": (lambda: pl.DataFrame({"a": [{"b": 1}]}), "column 'a', row 1: {'b': 1} is a dict"),
    "bytes": (lambda: pl.DataFrame({"a": [b"x"]}), "column 'a', row 1: b'x' is a bytes; decode it to text"),
    "durations": (lambda: pd.DataFrame({"a": pd.to_timedelta([None, 1])}), r"'a', row 2: .* \.total_seconds\(\)"),
    "periods": (lambda: pd.DataFrame({"a": pd.period_range("2020", periods=1, freq="M")}), "row 1: .* is a Period"),
    "infinity": (lambda: pd.DataFrame({"a": pd.array([1.5, None, np.inf])}), "column 'a', row 3: inf is not a finite"),
    "text among numbers": (lambda: pd.DataFrame({"a": [1, "x"]}), "column 'a', row 2: 'x' is text, but row 1 holds"),
    "an Arrow stream without columns": (lambda: Stream(pa.chunked_array([[1]])), "the Stream cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_named(make, complaint):
    with pytest.raises(TableError, match=complaint):
        Table.of(make())


def test_a_series_is_no_table():
    for series in (pd.Series([1]), pl.Series([1])):
        with pytest.raises(ArgumentError, match="a mapping of names to columns, a path, or a Table, not Series"):
            Table.of(series)


def test_without_narwhals_the_extra_is_named_and_arrays_are_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(MissingExtraError, match=r'DataFrames need narwhals, .* pip install "chainrule\[table\]"'):
        Table.of(pd.DataFrame({"a": [1]}))
    assert Table.of({"a": [1, None], "b": pd.Series([1.5, 2])})["b"].values.tolist() == [1.5, 2]


@pytest.mark.parametrize("library", [pd, pl])
def test_columns_that_nobody_wants_are_not_looked_at(library):
    frame = library.DataFrame({"a": [1], "odd": [b"x"], "b": [2]})
    assert as_table(frame, wanted=["b", "a"]).names == ("a", "b")
    with pytest.raises(TableError, match="the table has no column 'c'; its columns are 'a', 'odd', 'b'"):
        as_table(frame, wanted=["a", "c"])
