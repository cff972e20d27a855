"""What Python shows of an object, in a terminal and in a notebook: a line or a small table, never all of its data."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.data import ClassTarget, NumberTarget, Preprocessing, Table
from chainrule.data.features import CodedFeature, NumericFeature
from chainrule.data.features.scale import RobustScale
from chainrule.errors import DivergenceError
from chainrule.tabular import train_table

HOSTILE = "\x1b]0;mine\x07\u202e\r\n"


def table(rows=300):
    words = np.array([f"{HOSTILE}{row % 9}" for row in range(rows)], object)
    words[7] = None
    return Table.of(
        {
            "size": np.arange(rows) / 7,
            f"word{HOSTILE}": words,
            "day": np.datetime64("2026-01-01") + np.arange(rows),
            "kind": np.array(["a", "b"], object)[np.arange(rows) % 2],
        }
    )


@pytest.fixture(scope="module")
def shown():
    """Objects that people print, by the names of their classes."""
    model, report = train_table(table(), "kind", hidden=(4,), epochs=2, progress=False)
    inputs = model.preprocessing.apply(table())
    derived = cr.derive("f = x*sin(x)")
    objects = [
        *(table(), table().columns[1], table().columns[2], model, report, model.preprocessing, model.target),
        *model.preprocessing.features,
        *(model.network.history, model.network.architecture, model.network.loss, model.network.predictor(3)),
        *(model.network.forward(inputs), model.network.backpropagate(inputs, np.zeros(300, int))),
        *(model.explain(table().select([3])), model.explain_step(table().select([3])), derived),
        cr.backprop(cr.trace(np.sin, 1.0))[1],
    ]
    return {type(item).__name__: item for item in objects}


def test_a_line_says_what_an_object_is(shown):
    for item in shown.values():
        assert len(repr(item)) < 300, repr(item)
        assert repr(item).isprintable(), repr(item)


def test_print_gives_nothing_raw_from_data(shown):
    for item in shown.values():
        assert all(character.isprintable() or character == "\n" for character in str(item)), str(item)


def test_findings_are_shown_by_their_names():
    network = nn.Network(2, [nn.Dense(4, "relu"), nn.Dense(2)], loss="cross_entropy")
    options = {"optimizer": cr.optim.SGD(1e30), "epochs": 3, "progress": False, "diagnose": "full"}
    with pytest.raises(DivergenceError):
        network.fit(np.random.default_rng(0).normal(size=(100, 2)), np.zeros(100, int), **options)
    diagnosis = network.diagnosis
    assert repr(diagnosis.findings[0]) == "Finding(not finite, step 2)"
    assert repr(diagnosis.not_finite).startswith("NotFinite(step 2: matmul in the forward pass, layer 2")
    assert repr(diagnosis.layers[0]).startswith("LayerSeries(layer 1 (Dense relu): ")
    assert all(len(repr(item)) < 200 for item in (diagnosis.not_finite, *diagnosis.findings, *diagnosis.layers))


def test_a_table_prints_a_line_for_each_column(shown):
    first, size, word, day, kind = str(shown["Table"]).splitlines()
    assert first == "the table: 300 rows, 4 columns"
    assert size.split()[:3] == ["size", "numeric", "0,"]
    assert word.endswith("; 1 missing")
    assert "time      2026-01-01, 2026-01-02," in day
    assert kind.split() == ["kind", "category", *["a,", "b,"] * 8, "a,", "…"]
    wide = Table.of({f"c{number}": [1.0, 2.0] for number in range(1_000)})
    assert str(wide).endswith("\n  and 960 more columns")
    assert str(Table(())) == "the table: 0 rows, 0 columns"


def test_columns_tell_their_kinds_and_first_values():
    columns = Table.of({"x": [1.5, np.nan, 1e6], "none": [np.nan, np.nan, np.nan]})
    assert repr(columns["x"]) == "Column(x: numeric, 3 rows, 1.5, 1,000,000; 1 missing)"
    assert repr(columns["none"]) == "Column(none: numeric, 3 rows, no values; 3 missing)"


def test_thousands_of_classes_and_levels_do_not_fill_the_screen():
    names = tuple(f"class {number:04}" for number in range(5_000))
    for item in (ClassTarget("y", "category", names), CodedFeature("x", names)):
        assert "5,000" in repr(item)
        assert "class 0000, class 0001" in repr(item)
        assert len(repr(item)) < 120
    assert NumericFeature("x", RobustScale(1_234_567.0, 1.0), False).usual == "1,234,567"
    assert repr(NumberTarget("y", 1 / 3, 1.0, 0.0, 123_456.0)) == (
        "NumberTarget(y: a number from 0 to 123,456, mean 0.3333)"
    )


def test_a_model_says_what_it_predicts_from_what(shown):
    assert repr(shown["TableModel"]) == "TableModel(kind, one of 2 classes (a, b), from 3 columns of the table)"


def test_preprocessing_prints_what_it_learned(shown):
    preprocessing: Preprocessing = shown["Preprocessing"]
    assert repr(preprocessing).startswith("Preprocessing(3 columns to ")
    assert [line.split()[0] for line in str(preprocessing).splitlines()][::2] == ["size", "day"]


def test_a_history_shows_its_last_epoch():
    history = nn.Network(1, [nn.Dense(1)]).fit([[1.0], [2.0]], [1.0, 2.0], epochs=3, progress=False).history
    assert repr(history).startswith("History(3 epochs, loss ")
    assert repr(history).endswith(", ended: epochs)")


def test_arrays_are_shown_by_their_shapes(shown):
    assert "delta={1: [300, 6], 2: [300, 4], 3: [300, 4], 4: [300, 2]}" in repr(shown["Backpropagation"])
