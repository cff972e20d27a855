"""Training on a table: the network learns, is judged fairly, and by rows that taught it nothing."""

import json
import os
import signal
import threading

import numpy as np
import pytest
from generated_tables import flowers, prices, replaced

from chainrule.data import NumberTarget, Table
from chainrule.errors import ArgumentError, DivergenceError, TableError
from chainrule.optim import SGD
from chainrule.tabular import Report, TableModel, train_table
from chainrule.tabular.parts import divide_rows
from chainrule.tabular.recipe import Recipe

QUICK = {"hidden": (16,), "epochs": 8, "progress": False}


def arrays(model):
    return [array.tobytes() for _, array in model.network.named_arrays()]


def test_classes_are_learned_and_scored_beside_honest_baselines():
    table = flowers()
    model, report = train_table(table, "kind", **QUICK)
    network, linear, baseline = (report.scores[name] for name in ("network", "linear", "baseline"))
    assert network["accuracy"] > 0.8 > 0.5 > baseline["accuracy"]
    assert network["log_loss"] < baseline["log_loss"]
    assert linear["accuracy"] > 0.5
    assert report.task == "classification"
    assert report.baseline.startswith("always ")
    parts = report.rows
    assert (parts.table, parts.training + parts.validation + parts.test) == (400, 400)
    assert parts.test == 80
    assert model.report is report


def test_numbers_are_scored_in_their_own_units():
    _, report = train_table(prices(1000), "price", hidden=(64, 64), progress=False)
    network, linear, baseline = (report.scores[name] for name in ("network", "linear", "baseline"))
    assert report.task == "regression"
    assert report.better_than_linear
    assert network["rmse"] < 15 < 20 < linear["rmse"]
    assert 30 < baseline["rmse"] < 60  # the standard deviation of 30·size²·{−1, 0, 1}
    assert network["r2"] > 0.8
    assert abs(baseline["r2"]) < 0.1
    assert report.baseline.startswith("the mean, ")


def test_what_the_test_rows_hold_changes_no_bit_of_the_model():
    table = prices()
    parts = divide_rows(table.rows, 0.2, seed=3)
    corrupted = replaced(table, "size", parts.test, 1e9)
    corrupted = replaced(corrupted, "town", parts.test, "nowhere")
    corrupted = replaced(corrupted, "price", parts.test, -1e6)
    clean, _ = train_table(table, "price", seed=3, **QUICK)
    model, report = train_table(corrupted, "price", seed=3, **QUICK)
    assert arrays(model) == arrays(clean)
    assert model.preprocessing == clean.preprocessing
    assert model.target == clean.target
    assert report.scores["network"] != clean.report.scores["network"]


def test_validation_rows_teach_no_preprocessing_and_do_choose_the_epoch():
    table = prices()
    parts = divide_rows(table.rows, 0.2, seed=0)
    corrupted = replaced(table, "price", parts.validation, -1e6)
    clean, _ = train_table(table, "price", **QUICK)
    model, report = train_table(corrupted, "price", **QUICK)
    assert model.target == clean.target
    assert model.preprocessing == clean.preprocessing
    assert report.ending.best_epoch != clean.report.ending.best_epoch


def test_parts_have_no_row_in_common_and_keep_the_classes_in_proportion():
    labels = np.repeat([0, 1], [900, 100])
    parts = divide_rows(1000, 0.2, 0, labels)
    rows = np.concatenate([parts.training, parts.validation, parts.test])
    assert sorted(rows) == list(range(1000))
    assert [len(part) for part in (parts.training, parts.validation, parts.test)] == [700, 100, 200]
    assert [int(labels[part].sum()) for part in (parts.training, parts.validation, parts.test)] == [70, 10, 20]


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    first, second, other = (train_table(flowers(200), "kind", seed=seed, **QUICK) for seed in (1, 1, 2))
    assert arrays(first[0]) == arrays(second[0])
    assert first[1] == second[1]
    assert arrays(first[0]) != arrays(other[0])


def test_rows_without_target_are_left_out_with_a_note():
    table = replaced(flowers(), "kind", np.arange(7, 37), None)
    _, report = train_table(table, "kind", **QUICK)
    assert report.rows.table == 400
    assert report.rows.training + report.rows.validation + report.rows.test == 370
    assert any("30 of 400 rows are left out" in note and "row 8" in note for note in report.notes)


def test_columns_that_teach_nothing_are_reported():
    columns = {column.name: column.values for column in flowers().columns}
    columns |= {"constant": np.full(400, 3.0), "name": np.array([f"n{i}" for i in range(400)], object)}
    model, report = train_table(Table.of(columns), "kind", **QUICK)
    assert report.unused == ("constant", "name")
    assert "constant" not in model.preprocessing.columns
    assert sum("is not used" in note for note in report.notes) == 2


def test_levels_too_long_for_a_model_file_are_left_out_with_a_note():
    columns = {column.name: column.values for column in flowers().columns}
    letters = np.array([chr(97 + i) * 500_000 for i in range(10)], object)[np.arange(400) % 10]
    model, report = train_table(Table.of(columns | {"letter": letters}), "kind", **QUICK)
    assert report.unused == ("letter",)
    assert any("too long" in note for note in report.notes)
    with pytest.raises(TableError, match=r"column 'letter'.*too many different texts"):
        train_table(Table.of({"letter": letters, "kind": columns["kind"]}), "kind", **QUICK)
    assert "letter" not in model.preprocessing.columns


def test_thousands_of_columns_are_all_learned_from(tmp_path):
    values = np.random.default_rng(0).normal(size=(40, 6_000))
    columns = {f"gene {i}": values[:, i] for i in range(6_000)} | {"kind": np.where(values[:, 0] > 0, "a", "b")}
    model, report = train_table(Table.of(columns), "kind", hidden=(), epochs=1, progress=False)
    assert (len(model.preprocessing.columns), report.unused, report.notes) == (6_000, (), ())
    model.save(tmp_path / "wide.safetensors")
    loaded = TableModel.load(tmp_path / "wide.safetensors")
    np.testing.assert_array_equal(loaded.predict(columns), model.predict(columns))


def test_the_task_follows_the_target_unless_it_is_given():
    table = Table.of({"x": np.arange(100.0), "y": np.arange(100) % 3})
    assert train_table(table, "y", **QUICK)[1].task == "classification"
    model, report = train_table(table, "y", task="regression", **QUICK)
    assert report.task == "regression"
    assert isinstance(model.target, NumberTarget)


def test_a_linear_model_is_a_network_without_hidden_layers():
    model, report = train_table(flowers(), "kind", hidden=(), epochs=8, progress=False)
    assert report.recipe.hidden == ()
    assert [type(layer).__name__ for layer in model.network.layers] == ["Embedding", "Dense"]


@pytest.mark.parametrize(
    ("rows", "steps_in_all", "batch_size"),
    [(10, 100, 32), (1_000, 1_000, 64), (14_000, 1_000, 256), (1_000_000, 62_000, 256)],
)
def test_small_tables_are_gone_through_more_often(rows, steps_in_all, batch_size):
    recipe = Recipe.choose(rows)
    assert recipe.batch_size == batch_size
    assert recipe.epochs * np.ceil(rows / recipe.batch_size) == pytest.approx(steps_in_all, rel=0.1)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"hidden": (0,)}, "hidden"),
        ({"hidden": (2**20,)}, "hidden"),
        ({"hidden": (1.5,)}, "hidden"),
        ({"hidden": 64}, r"hidden must be a tuple .*, as \(64, 64\), got 64"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": -1}, "batch_size"),
        ({"test": 0.0}, "test must lie between"),
        ({"test": 1.0}, "test must lie between"),
        ({"test": "half"}, "test must lie between .*, got 'half'"),
        ({"test": 0.001}, "test 0.001 of 50 rows would set 0 aside"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed must be a whole number .*, got 1.5"),
        ({"task": "guess"}, "task"),
    ],
)
def test_bad_options_are_named(options, fault):
    with pytest.raises(ArgumentError, match=fault):
        train_table(flowers(50), "kind", **options)


@pytest.mark.parametrize(("rows", "test"), [(1, 0.2), (9, 0.2), (12, 0.95)])
def test_too_few_rows_are_refused(rows, test):
    with pytest.raises(TableError, match=r"row.*(add|give more) rows"):
        train_table(flowers(400).select(np.arange(rows)), "kind", test=test)


@pytest.mark.parametrize("left", [1, 2])
def test_a_share_that_leaves_too_few_numbers_to_learn_from_is_named(left):
    test = 1 - left / 200
    with pytest.raises(TableError, match=rf"test {test} leaves {left} of 200 rows, .*give .* a smaller share"):
        train_table(prices(200), "price", test=test)


def test_divergence_is_named(monkeypatch):
    monkeypatch.setattr(Recipe, "optimizer", SGD(1e30))
    with pytest.raises(DivergenceError, match="training diverged"):
        train_table(prices(), "price", **QUICK)


def interrupting(monkeypatch, network_number):
    """Send SIGINT in the midst of the training of the first or the second network."""
    from chainrule.tabular import training

    original, calls = training.fit, []

    def fit(*arguments):
        calls.append(None)
        if len(calls) == network_number:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        return original(*arguments)

    monkeypatch.setattr(training, "fit", fit)
    return calls


@pytest.mark.parametrize("network_number", [1, 2])
def test_ctrl_c_keeps_the_model_and_leaves_out_the_linear_score(monkeypatch, network_number):
    calls = interrupting(monkeypatch, network_number)
    monkeypatch.setattr(Recipe, "patience", 10**9)
    epochs = 10**6 if network_number == 1 else 200
    if network_number == 2:
        monkeypatch.setattr(Recipe, "linear", lambda recipe: Recipe((), 10**6, 32))
    model, report = train_table(flowers(), "kind", hidden=(16,), epochs=epochs, progress=False)
    assert report.interrupted
    assert len(calls) == network_number
    assert set(report.scores) == {"network", "baseline"}
    assert len(model.predict(flowers(20))) == 20
    assert Report.from_json({k: v for k, v in plain(report).items() if k != "seconds"}) == report


def plain(report):
    return json.loads(json.dumps(report.to_json()))
