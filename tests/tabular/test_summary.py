"""A report in words: as many digits as the test rows support, in columns, without anything raw from a file."""

from dataclasses import replace

import pytest

from chainrule.tabular import Report
from chainrule.tabular.recipe import Recipe
from chainrule.tabular.report import RowCounts, TrainingEnd
from chainrule.tabular.summary import score_table

CLASSES = {
    "network": {"accuracy": 1.0, "log_loss": 0.0123456, "auc": 1.0},
    "linear": {"accuracy": 0.5, "log_loss": 0.5, "auc": 0.75},
    "baseline": {"accuracy": 0.5, "log_loss": 0.6931, "auc": 0.5},
}
NUMBERS = {
    "network": {"rmse": 3.764, "mae": 2.0, "r2": 0.98765},
    "linear": {"rmse": 97.5, "mae": 71.25, "r2": -1.2e20},
    "baseline": {"rmse": 1074.0, "mae": 900.0, "r2": -0.0001},
}


def report(scores, test, **changes):
    whole = Report(
        table="t.csv",
        target="kind",
        task="classification" if scores is CLASSES else "regression",
        rows=RowCounts(table=10_000, training=700, validation=100, test=test),
        unused=(),
        baseline="always a",
        scores=scores,
        recipe=Recipe((16,), 3, 32),
        ending=TrainingEnd(3, 2, "epochs"),
        parameters=1_000,
        notes=(),
        version="0",
        seconds=1.25,
    )
    return replace(whole, **changes)


def columns(scores, test):
    names, *lines = score_table(report(scores, test))
    return dict(zip(names, zip(*lines, strict=True), strict=True))


def test_few_test_rows_are_counted_and_called_few():
    found = columns(CLASSES, 2)
    assert found["accuracy"] == ("2 of 2", "1 of 2", "1 of 2")
    assert found["AUC"] == ("1.00", "0.75", "0.50")
    assert "Scored on 2 test rows, used for nothing else: too few to trust the scores." in str(report(CLASSES, 2))
    assert "too few" not in str(report(CLASSES, 30))
    assert "%" not in str(report(CLASSES, 199))


def test_many_test_rows_support_more_digits():
    found = columns(CLASSES, 4_000)
    assert found["accuracy"] == ("100.0%", "50.0%", "50.0%")
    assert found["log loss"] == ("0.0123", "0.5000", "0.6931")
    assert columns(CLASSES, 500)["log loss"] == ("0.012", "0.500", "0.693")


def test_a_column_of_numbers_has_the_same_decimals():
    found = columns(NUMBERS, 500)
    assert found["RMSE"] == ("3.76", "97.50", "1074.00")
    assert found["MAE"] == ("2.00", "71.25", "900.00")
    assert found["R²"] == ("0.988", "< −999", "0.000")


def test_a_report_prints_as_the_command_line_shows_it():
    text = str(report(CLASSES, 4_000))
    assert text.splitlines() == [
        "kind from the other columns of t.csv",
        "",
        "               accuracy   log loss      AUC",
        "network          100.0%     0.0123   1.0000",
        "linear model      50.0%     0.5000   0.7500",
        "always a          50.0%     0.6931   0.5000",
        "",
        "Scored on 4,000 test rows, used for nothing else.",
        "Trained on 700 rows for 3 epochs; 100 validation rows chose epoch 2.",
        "16 hidden units, 1,000 parameters, 1.2 s in all.",
    ]
    assert repr(report(CLASSES, 4_000)) == (
        "Report(kind: accuracy 100.0%, log loss 0.0123, AUC 1.0000 on 4,000 test rows)"
    )


def test_one_of_a_thing_is_no_plural():
    text = str(report(CLASSES, 1, rows=RowCounts(10, 1, 1, 1), ending=TrainingEnd(1, 1, "epochs"), parameters=1))
    for told in ("1 test row,", "1 row for 1 epoch; 1 validation row chose epoch 1.", "1 parameter,"):
        assert told in text


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_network_that_is_no_better_is_called_so_also_when_it_was_interrupted(interrupted):
    scores = {"network": CLASSES["baseline"], "linear": CLASSES["linear"], "baseline": CLASSES["baseline"]}
    if interrupted:
        del scores["linear"]
    simpler = "baseline" if interrupted else "simpler models"
    assert f"The network is no better than the {simpler} here." in str(report(scores, 100, task="classification"))


def test_nothing_from_a_file_is_printed_raw():
    hostile = "\x1b]0;mine\x07\u202e\r"
    told = report(CLASSES, 50, target=hostile, table=hostile, baseline=hostile, notes=(hostile,))
    for text in (str(told), repr(told)):
        assert all(character.isprintable() or character == "\n" for character in text)
