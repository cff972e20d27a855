"""Tables and columns in memory."""

import numpy as np
import pytest

from chainrule.data import Column, Table
from chainrule.errors import TableError


@pytest.fixture
def table():
    return Table.of(
        {"Age": [30.0, np.nan], "city": ["Brno", "Oslo"], "since": np.array(["2020-01-02", "NaT"], "M8[D]")}
    )


def test_kinds_follow_dtypes(table):
    assert [column.kind for column in table.columns] == ["numeric", "category", "time"]
    assert table["since"].values[0] == 1_577_923_200
    assert table["since"].missing.tolist() == [False, True]
    assert Column.of("b", [True, False]).values.tolist() == ["true", "false"]
    assert Column.of("i", np.array([2**60, 1])).values.tolist() == [str(2**60), "1"]
    assert Column.of("o", np.array(["a", None], object)).missing.tolist() == [False, True]


def test_values_are_copies_and_read_only():
    values = np.array([1.0, 2.0])
    column = Column.of("x", values)
    values[0] = 9
    assert column.values[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 3


def test_select_by_index_and_mask(table):
    assert table.select(np.array([1, 0]))["city"].values.tolist() == ["Oslo", "Brno"]
    chosen = table.select(np.array([False, True]))
    assert chosen.rows == len(chosen["city"]) == 1


def test_unknown_column_suggests_a_name(table):
    with pytest.raises(TableError, match=r"no column 'age'; did you mean 'Age'\?"):
        table["age"]
    with pytest.raises(TableError, match=r"no column 'zzz'; its columns are 'Age', 'city', 'since'"):
        table["zzz"]
    assert "Age" in table
    assert "age" not in table


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [1.0, np.inf]}, r"'x', row 2: inf is not a finite number"),
        ({"x": [[1.0]]}, r"'x' has shape \(1, 1\)"),
        ({"x": [1j]}, r"'x' has dtype complex128"),
        ({"x": np.array([1, "a"], object)}, r"'x', row 2: 'a' is text, but row 1 holds a number"),
        ({"x": [1], "y": [1, 2]}, r"'x' has 1, 'y' has 2 rows"),
    ],
)
def test_what_is_no_table(columns, message):
    with pytest.raises(TableError, match=message):
        Table.of(columns)


def test_repeated_name():
    with pytest.raises(TableError, match=r"two columns are named 'x'"):
        Table((Column.of("x", [1.0]), Column.of("x", [2.0])))
