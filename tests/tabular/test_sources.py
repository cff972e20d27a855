"""A model does not know where its rows came from: every source trains the same one and gets the same predictions."""

import numpy as np
import pytest
from generated_tables import flowers

from chainrule.data import Table, as_table, write_table
from chainrule.errors import ArgumentError, TableError
from chainrule.tabular import train_table

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

QUICK = {"hidden": (8,), "epochs": 3, "progress": False}
FLOWERS = {column.name: column.values for column in flowers().columns}


def frame():
    return pd.DataFrame(FLOWERS)


def csv_file(folder):
    write_table(folder / "flowers.csv", {name: np.where(pd.isna(x), "", x) for name, x in FLOWERS.items()})
    return folder / "flowers.csv"


def parquet_file(folder):
    frame().to_parquet(folder / "flowers.parquet")
    return folder / "flowers.parquet"


SOURCES = {
    "pandas": lambda folder: frame(),
    "pandas, nullable": lambda folder: frame().convert_dtypes(),
    "pandas, categories": lambda folder: frame().astype({"colour": "category", "site": "category", "kind": "category"}),
    "polars": lambda folder: pl.from_pandas(frame()),
    "a mapping": lambda folder: dict(FLOWERS),
    "lists": lambda folder: {name: values.tolist() for name, values in FLOWERS.items()},
    "a CSV file": csv_file,
    "its name": lambda folder: str(csv_file(folder)),
    "a Parquet file": parquet_file,
}


@pytest.fixture(scope="module")
def model():
    return train_table(flowers(), "kind", **QUICK)[0]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_source_trains_the_same_model_and_is_predicted_alike(make, model, tmp_path):
    source = make(tmp_path)
    trained, report = train_table(source, "kind", **QUICK)
    assert report.rows.table == 400
    for (_, given), (_, expected) in zip(trained.network.named_arrays(), model.network.named_arrays(), strict=True):
        assert given.tobytes() == expected.tobytes()
    np.testing.assert_array_equal(model.predict(source), model.predict(flowers()))
    np.testing.assert_array_equal(model.predict_proba(source), model.predict_proba(flowers()))


def test_shuffled_rows_get_shuffled_predictions(model):
    order = np.random.default_rng(1).permutation(400)
    expected = model.predict(flowers())[order]
    np.testing.assert_array_equal(model.predict(frame().iloc[order]), expected)
    np.testing.assert_array_equal(model.predict(pl.from_pandas(frame())[order.tolist()]), expected)


def test_one_row_of_a_frame_is_explained_and_a_frame_diagnosed(model):
    table = flowers()
    expected = model.explain(table.select([17]))
    assert model.explain(frame().iloc[[17]]) == expected
    assert model.explain(frame().iloc[17].to_dict()) == expected
    assert model.explain_step(frame().iloc[[17]]).loss == model.explain_step(table.select([17])).loss
    assert len(model.diagnose(frame()).steps) == len(model.diagnose(table).steps)
    with pytest.raises(ArgumentError, match=r"row must be one row, got 400; .* frame\.iloc\[\[17\]\]"):
        model.explain(frame())


def test_columns_that_the_model_does_not_know_are_not_looked_at(model):
    odd = frame().assign(note=[b"x"] * 400, far=np.inf, mixed=[1, "a"] * 200).drop(columns="kind")
    np.testing.assert_array_equal(model.predict(odd), model.predict(flowers()))
    with pytest.raises(TableError, match="the table has no column 'length'; did you mean 'lenght'"):
        model.predict(odd.rename(columns={"length": "lenght"}))


@pytest.mark.parametrize("source", ["frame", "mapping", "table", "file.csv", "file.parquet"])
def test_all_columns_that_are_lacking_are_told(model, tmp_path, source):
    lacking, kept = model.preprocessing.columns[:-1], {model.preprocessing.columns[-1]: [1.0, 2.0], "other": [3.0, 4.0]}
    assert len(lacking) > 1
    match source:
        case "frame":
            table = pd.DataFrame(kept)
        case "mapping":
            table = kept
        case "table":
            table = Table.of(kept)
        case name:
            table = write_table(tmp_path / name, kept) or tmp_path / name
    told = f"has no columns {', '.join(map(repr, lacking))}; its columns are {', '.join(map(repr, kept))}"
    with pytest.raises(TableError, match=told):
        model.predict(table)


def test_what_is_no_table_is_named(model):
    for call in (lambda: train_table([1, 2], "kind"), lambda: model.predict(5), lambda: model.explain(5)):
        with pytest.raises(ArgumentError, match="a table is a DataFrame, a mapping of names to columns, a path"):
            call()
    with pytest.raises(TableError, match=r"nowhere\.csv does not exist"):
        train_table("nowhere.csv", "kind")
    with pytest.raises(TableError, match="the table has no column 0; its columns are"):
        train_table(frame(), 0)


def test_a_table_is_its_own_source():
    table = flowers()
    assert as_table(table) is table


def test_text_is_read_as_the_kind_that_training_saw():
    random = np.random.default_rng(0)
    code = np.array(["07", "7", "007"], object)[random.integers(0, 3, 200)]
    table = pd.DataFrame({"code": pd.Categorical(code), "x": random.normal(size=200), "y": (code == "7").astype(int)})
    model, _ = train_table(table, "y", **QUICK)
    expected = model.predict_proba(table)
    assert len(np.unique(model.preprocessing.apply(as_table(table))[:, :3], axis=0)) == 3
    np.testing.assert_array_equal(model.predict_proba(table.astype({"code": str})), expected)
    row = {"code": code[0], "x": float(table["x"][0])}
    assert model.explain(row) == model.explain(table.iloc[[0]])
