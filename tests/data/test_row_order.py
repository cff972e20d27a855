"""Rows stay where they stand in the file: against pandas, value by value, for files that are read in many parts."""

import numpy as np
import pytest

from chainrule.data import Table, parquet_file, read_table, write_table
from chainrule.data.database import SETTINGS
from chainrule.tabular import TableModel, train_table

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


def frame(rows, seed=0, width=12):
    """Every kind of column; no two rows are alike."""
    random = np.random.default_rng(seed)
    days = np.datetime64("2001-01-01") + random.integers(0, 9000, rows)
    return pandas.DataFrame(
        {
            "number": np.arange(rows),
            "fraction": random.normal(size=rows),
            "holes": pandas.array(random.integers(0, 9, rows), "Int64").astype("object"),
            "name": [f"{'n' * width} {k}" for k in random.permutation(rows)],
            "level": random.choice(["a", "b, c", "NA"], rows),
            "flag": random.choice([True, False], rows),
            "day": days.astype("datetime64[s]"),
            "id": 2**60 + random.permutation(rows),
        }
    ).assign(holes=lambda table: table["holes"].where(table["holes"] != 3))


def assert_same_rows(table: Table, expected):
    assert table.rows == len(expected)
    missing = expected["holes"].isna()
    assert np.array_equal(table["number"].values, expected["number"])
    assert np.array_equal(table["fraction"].values, expected["fraction"])
    assert np.array_equal(table["holes"].missing, missing)
    assert np.array_equal(table["holes"].values[~missing], expected["holes"][~missing].astype(float))
    assert table["name"].values.tolist() == expected["name"].tolist()
    assert table["level"].values.tolist() == [None if x == "NA" else x for x in expected["level"]]
    assert table["flag"].values.tolist() == np.where(expected["flag"], "true", "false").tolist()
    assert np.array_equal(table["day"].values, expected["day"].astype("datetime64[s]").astype("int64"))
    assert table["id"].values.tolist() == expected["id"].astype(str).tolist()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";"], ids=["quoted", "plain"])
def test_csv_of_many_blocks(tmp_path, delimiter, ending):
    expected = frame(20_000, width=300)
    expected.to_csv(tmp_path / "t.csv", sep=delimiter, lineterminator=ending, index=False)
    assert_same_rows(read_table(tmp_path / "t.csv"), expected)


@pytest.mark.nightly
@pytest.mark.parametrize("megabytes", [50, 500])
def test_large_csv(tmp_path, megabytes):
    frame(megabytes * 13_000).to_csv(tmp_path / "t.csv", index=False)
    assert (tmp_path / "t.csv").stat().st_size > megabytes * 800_000
    expected = pandas.read_csv(
        tmp_path / "t.csv", parse_dates=["day"], keep_default_na=False, na_values={"holes": [""]}
    )
    assert_same_rows(read_table(tmp_path / "t.csv"), expected)


@pytest.fixture(params=[1, 2, 3, 5, 8])
def threads(request, monkeypatch):
    monkeypatch.setitem(SETTINGS, "threads", request.param)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("groups", [1, 2, 7, 40])
def test_parquet_of_row_groups(tmp_path, groups):
    expected = frame(groups * 2048 - 5)
    expected.astype({"holes": "Int64"}).to_parquet(tmp_path / "t.parquet", row_group_size=2048)
    assert_same_rows(read_table(tmp_path / "t.parquet"), expected)


@pytest.mark.nightly
@pytest.mark.usefixtures("threads")
def test_parquet_of_usual_row_groups(tmp_path):
    expected = frame(40 * 122_880)
    expected.astype({"holes": "Int64"}).to_parquet(tmp_path / "t.parquet", row_group_size=122_880)
    assert_same_rows(read_table(tmp_path / "t.parquet"), expected)


def test_rows_that_arrive_in_another_order_are_put_in_their_place(tmp_path, monkeypatch):
    file = "read_parquet($path, file_row_number=true)"
    disorder = f"(SELECT * FROM {file} ORDER BY hash(file_row_number))"
    monkeypatch.setattr(parquet_file, "NUMBERED", parquet_file.NUMBERED.replace(file, disorder))
    expected = frame(5000)
    expected.astype({"holes": "Int64"}).to_parquet(tmp_path / "t.parquet", row_group_size=2048)
    assert_same_rows(read_table(tmp_path / "t.parquet"), expected)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read_in_its_order(tmp_path, suffix):
    rows = 200_000
    write_table(tmp_path / f"t{suffix}", {"x": np.arange(rows), "t": [f"name {k}" for k in range(rows)]})
    table = read_table(tmp_path / f"t{suffix}")
    assert np.array_equal(table["x"].values, np.arange(rows))
    assert table["t"].values.tolist() == [f"name {k}" for k in range(rows)]


def test_shuffled_rows_have_shuffled_predictions_and_training_repeats_itself(tmp_path):
    random = np.random.default_rng(0)
    rows = 6000
    table = pandas.DataFrame({"x": random.normal(size=rows), "t": random.choice(["a", "b", "c"], rows)})
    table["y"] = np.where(table["x"] + table["t"].map({"a": 0, "b": 2, "c": -2}) > 0, "yes", "no")
    order = random.permutation(rows)
    table.to_parquet(tmp_path / "t.parquet", row_group_size=2048)
    table.iloc[order].to_csv(tmp_path / "shuffled.csv", index=False)
    table.iloc[order].to_parquet(tmp_path / "shuffled.parquet", row_group_size=2048)
    for name in "once", "twice":
        model, report = train_table(read_table(tmp_path / "t.parquet"), "y", hidden=(16,), epochs=15)
        model.save(tmp_path / name)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()
    assert report.scores["network"]["accuracy"] > 0.95
    model = TableModel.load(tmp_path / "once")
    predicted = model.predict(read_table(tmp_path / "t.parquet"))
    assert np.mean(predicted == table["y"]) > 0.95
    for shuffled in "shuffled.csv", "shuffled.parquet":
        assert np.array_equal(model.predict(read_table(tmp_path / shuffled)), predicted[order])
