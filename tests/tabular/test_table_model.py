"""A trained model: predictions for raw rows, and a file that gives back exactly the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from generated_tables import flowers, prices

from chainrule import nn, storage
from chainrule.data import Table
from chainrule.errors import ArgumentError, ModelFileError, TableError
from chainrule.tabular import TableModel, train_table
from chainrule.tabular.report import RowCounts

QUICK = {"hidden": (16,), "epochs": 4, "progress": False}


@pytest.fixture(scope="module")
def classifier():
    return train_table(flowers(), "kind", **QUICK)[0]


@pytest.fixture(scope="module")
def regressor():
    return train_table(prices(), "price", **QUICK)[0]


@pytest.fixture
def stored(classifier, tmp_path):
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    return path


def test_predictions_are_classes_and_probabilities_add_up(classifier):
    table = flowers(50, seed=9)
    predicted, probabilities = classifier.predict(table), classifier.predict_proba(table)
    assert set(predicted) <= {"aster", "iris", "lily"}
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert [classifier.target.classes[i] for i in probabilities.argmax(axis=1)] == predicted.tolist()


def test_numbers_stay_within_the_training_range(regressor):
    far = Table.of({"size": [1e12, -1e12, np.nan], "town": ["a", "c", "nowhere"]})
    predicted = regressor.predict(far)
    assert predicted.dtype == np.float64
    assert np.all((predicted >= regressor.target.lowest) & (predicted <= regressor.target.highest))
    with pytest.raises(ArgumentError, match=r"'price' is a number.*use predict"):
        regressor.predict_proba(far)


def test_raw_rows_may_hold_other_columns_unseen_levels_and_gaps(classifier):
    strange = Table.of(
        {
            "note": ["x", "y"],
            "site": np.array(["site 99", None], object),
            "length": [np.nan, 1.0],
            "colour": np.array(["green", None], object),
        }
    )
    unknown = classifier.predict_proba(strange)
    missing = Table.of(
        {"site": np.array([None, None], object), "length": [np.nan, 1.0], "colour": strange["colour"].values}
    )
    np.testing.assert_array_equal(unknown, classifier.predict_proba(missing))


def test_a_missing_column_is_named(classifier):
    with pytest.raises(TableError, match="no column 'length'; did you mean 'lenght'"):
        classifier.predict(Table.of({"lenght": [1.0], "colour": ["red"], "site": ["site 1"]}))


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_a_file_gives_back_the_same_model(kind, request, tmp_path):
    model, path = request.getfixturevalue(kind), tmp_path / "model.safetensors"
    model.save(path)
    loaded = TableModel.load(path)
    table = flowers(30, 5) if kind == "classifier" else prices(30, 5)
    assert loaded.predict(table).tolist() == model.predict(table).tolist()
    assert (loaded.preprocessing, loaded.target, loaded.report) == (model.preprocessing, model.target, model.report)
    assert json.dumps(loaded.to_json()) == json.dumps(model.to_json())
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_a_plain_network_is_refused_with_the_fix_and_so_is_the_reverse(tmp_path, stored):
    nn.Network(2, [nn.Dense(1)]).save(tmp_path / "network.safetensors")
    with pytest.raises(ModelFileError, match=r"holds a network, not a table model; read it with chainrule\.load"):
        TableModel.load(tmp_path / "network.safetensors")
    with pytest.raises(ModelFileError, match=r"holds a table model, not a network; use it with chainrule predict"):
        nn.load(stored)


def test_a_missing_or_damaged_file_is_refused(stored, tmp_path):
    with pytest.raises(ModelFileError, match=r"nothing\.safetensors does not exist"):
        TableModel.load(tmp_path / "nothing.safetensors")
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged"):
        TableModel.load(stored)


def test_a_file_that_calls_its_validation_rows_stopping_is_read():
    """Written before the parts were called training, validation and test."""
    model = TableModel.load(Path(__file__).parent / "stopping_part.safetensors")
    assert model.report.rows == RowCounts(table=20, training=14, validation=2, test=4)
    table = Table.of({"length": [0.2, 2.9], "colour": ["red", "blue"]})
    np.testing.assert_allclose(model.predict_proba(table), [[0.429372, 0.570628], [0.114915, 0.885085]], atol=1e-6)


def without(name):
    return lambda header: header.pop(name)


CHANGES = {
    "no preprocessing": without("preprocessing"),
    "no target": without("target"),
    "no report": without("report"),
    "no network": without("network"),
    "a class more": lambda header: header["target"]["classes"].append("tulip"),
    "a column less": lambda header: header["preprocessing"]["features"].pop(0),
    "a level less": lambda header: header["preprocessing"]["features"][2]["levels"].pop(),
    "another loss": lambda header: header["network"].update(loss="mse"),
    "wider inputs": lambda header: header["network"].update(n_inputs=99),
    "a score as text": lambda header: header["report"]["scores"]["network"].update(accuracy="good"),
    "a score too many": lambda header: header["report"]["scores"].update(oracle={"accuracy": 1.0}),
    "no baseline": lambda header: header["report"]["scores"].pop("baseline"),
    "negative rows": lambda header: header["report"]["rows"].update(training=-1),
    "fractional epochs": lambda header: header["report"]["ending"].update(epochs=1.5),
    "layers of text": lambda header: header["report"]["recipe"].update(hidden=["x"]),
    "rows as a list": lambda header: header["report"].update(rows=[1, 2]),
    "an unknown fact": lambda header: header["report"].update(author="nobody"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_parts_that_do_not_belong_together_are_refused(stored, change):
    header, arrays = storage.load(stored, "table model")
    for name in ("format", "kind"):
        del header[name]
    CHANGES[change](header)
    storage.save(stored, "table model", header, arrays)
    with pytest.raises(ModelFileError, match=r"model\.safetensors"):
        TableModel.load(stored)
