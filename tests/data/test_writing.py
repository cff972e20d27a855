"""Writing tables: what is read back, and that a failed write leaves the old file."""

import numpy as np
import pytest

from chainrule.atomic import replacing
from chainrule.data import read_table, write_table
from chainrule.errors import TableError


@pytest.mark.parametrize("name", ["t.csv", "it's.parquet"])
def test_round_trip(tmp_path, name):
    path = tmp_path / name
    columns = {
        'a "quoted", name': np.array([0.1, np.nan, 1e-300]),
        "text": np.array(["a,b", None, 'c\n"d"'], object),
        "whole": np.array([1, 2, 3]),
        "single": np.array([0.1, 0.2, 0.3], np.float32),
    }
    write_table(path, columns)
    table = read_table(path)
    assert table.names == tuple(columns)
    for column in table.columns[:3]:
        expected = columns[column.name]
        assert all(a == b or (a != a and b != b) for a, b in zip(column.values, expected, strict=True))
    assert table["single"].values.astype(np.float32).tolist() == columns["single"].tolist()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_days_are_written_to_parquet(tmp_path):
    days = np.array(["2020-01-02", "NaT"], "M8[D]")
    write_table(tmp_path / "t.parquet", {"day": days})
    column = read_table(tmp_path / "t.parquet")["day"]
    assert column.kind == "time"
    assert column.values[0] == 1_577_923_200
    assert column.missing.tolist() == [False, True]


def test_csv_bytes(tmp_path):
    write_table(tmp_path / "t.csv", {"p": np.array([0.1, np.nan], np.float32), "late": np.array(["no", "a,b"])})
    assert (tmp_path / "t.csv").read_bytes() == b'p,late\n0.1,no\n,"a,b"\n'


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def fail():
        with replacing(path) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(TableError, match=r"t\.csv cannot be written: No such file or directory"):
        write_table(tmp_path / "nowhere" / "t.csv", {"x": [1]})
    with pytest.raises(TableError, match=r"t\.parquet cannot be written"):
        write_table(tmp_path / "nowhere" / "t.parquet", {"x": [1]})
    with pytest.raises(TableError, match=r"no known suffix; use \.csv or \.parquet"):
        write_table(tmp_path / "t.json", {"x": [1]})
    with pytest.raises(TableError, match=r"equal length; 'x' \(1,\), 'y' \(2,\)"):
        write_table(tmp_path / "t.csv", {"x": [1], "y": [1, 2]})
    with pytest.raises(TableError, match=r"column 'x' is a masked array, whose mask would be ignored; fill it first"):
        write_table(tmp_path / "t.csv", {"x": np.ma.array([1.0, 2.0], mask=[True, False])})
    with pytest.raises(TableError, match=r"there are none"):
        write_table(tmp_path / "t.csv", {})
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(TableError, match=r"d\.csv cannot be written"):
        write_table(tmp_path / "d.csv", {"x": [1]})
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.csv"]
