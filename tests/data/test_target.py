"""Targets: the task that the values suggest, and the way there and back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import ClassTarget, Column, NumberTarget, learn_target, rows_with_target, target_from_json
from chainrule.errors import ArgumentError, ModelFileError, TableError


def column(*values):
    mixed = any(value is None or isinstance(value, str) for value in values)
    return Column.of("y", np.array(values, object) if mixed else np.array(values))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("yes", "no", "yes"), ClassTarget),
        ((True, False), ClassTarget),
        ((1, 2, 3, 1), ClassTarget),
        (tuple(range(20)), ClassTarget),
        (tuple(range(21)), NumberTarget),
        ((0.5, 1.5, 0.5), ClassTarget),
        ((0.5, 1.5, 2.5), NumberTarget),
    ],
)
def test_auto(values, kind):
    assert type(learn_target(column(*values))) is kind


def test_classes_are_sorted_and_come_back():
    target = learn_target(column("no", "yes", None, "no"))
    assert target.classes == ("no", "yes")
    assert target.encode(column("yes", "no")).tolist() == [1, 0]
    assert target.encode(column("yes")).dtype == np.int64
    assert target.decode(np.array([1, 1, 0])).tolist() == ["yes", "yes", "no"]


def test_numeric_classes_sort_by_value_and_come_back_as_numbers():
    target = learn_target(column(10, 9, -1, 10))
    assert target.classes == ("-1", "9", "10")
    decoded = target.decode(target.encode(column(10, -1)))
    assert decoded.tolist() == [10, -1]
    assert decoded.dtype == np.int64
    halves = learn_target(column(0.5, 1.5), "classification")
    assert halves.decode(np.array([1, 0])).tolist() == [1.5, 0.5]
    np.testing.assert_array_equal(target.encode(column("10", "9")), [2, 1])


def test_regression_standardises_in_two_passes():
    values = 1e9 + np.array([1.0, 2.0, 3.0, 4.0])
    target = learn_target(column(*values), "regression")
    np.testing.assert_allclose(target.encode(column(*values)), np.array([-3, -1, 1, 3]) / np.sqrt(5), rtol=1e-12)
    np.testing.assert_allclose(target.decode(target.encode(column(*values))), values, rtol=1e-15)
    assert target.decode(np.array([-1e9, 1e9], np.float32)).tolist() == [values[0], values[-1]]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (("a", "a", None), "auto", r"target column 'y' is always 'a'; a classification needs two classes"),
        ((None, None), "auto", r"'y' has no values"),
        ((3.0, 3.0), "auto", r"'y' is always '3'"),
        ((3.5, 3.5), "auto", r"'y' is always 3.5; there is nothing to predict"),
        ((np.nan, np.nan), "regression", r"'y' has no values"),
        (("1", "b"), "regression", r"column 'y', row 2: 'b' is not a number"),
        ((1e200, 2e200, 5e200), "regression", r"too large or too small to square; rescale it"),
        (tuple(f"name {i}" for i in range(30)), "auto", r"30 different values in 30 rows, too many to be classes"),
    ],
)
def test_what_is_no_target(values, task, message):
    with pytest.raises(TableError, match=message):
        learn_target(column(*values), task)


def test_dates_are_no_regression_target_and_tasks_are_three():
    with pytest.raises(TableError, match=r"holds dates where numbers are expected"):
        learn_target(Column.of("y", np.array(["2020-01-01", "2020-01-02"], "M8[D]")))
    with pytest.raises(ArgumentError, match=r"task must be auto, classification or regression, not 'ranking'"):
        learn_target(column("a", "b"), "ranking")


def test_rows_that_cannot_be_encoded_are_named():
    target = learn_target(column("a", "b"))
    with pytest.raises(TableError, match=r"row 2: 'c' is no class seen in training"):
        target.encode(column("a", "c"))
    with pytest.raises(TableError, match=r"row 1: is missing; drop the row"):
        target.encode(column(None, "a"))
    with pytest.raises(TableError, match=r"row 2: is missing; drop the row"):
        learn_target(column(1.5, 2.5, 3.5)).encode(column(1.5, np.nan))


def test_rows_without_target_are_counted():
    rows, note = rows_with_target(column("a", None, "b", None))
    assert rows.tolist() == [0, 2]
    single = Column.of("y", [1.0, np.nan, 3.0, 4.0])
    assert rows_with_target(single)[1].startswith("1 of 4 rows is left out because the target 'y' is missing")
    assert note == "2 of 4 rows are left out because the target 'y' is missing (the first is row 2)"
    rows, note = rows_with_target(column("a", "b"))
    assert rows.tolist() == [0, 1]
    assert note is None


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=30))
def test_number_target_stored_and_read_back_is_the_same(values):
    try:
        target = learn_target(column(*values), "regression")
    except TableError:
        return
    assert target_from_json(json.loads(json.dumps(target.to_json(), allow_nan=False))) == target


@given(st.lists(st.one_of(st.text(), st.none()), max_size=30) | st.lists(st.integers(-99, 99), max_size=30))
def test_class_target_stored_and_read_back_is_the_same(values):
    try:
        target = learn_target(column(*values), "classification")
    except TableError:
        return
    again = target_from_json(json.loads(json.dumps(target.to_json())))
    assert again == target
    labels = np.arange(len(target.classes))
    assert again.encode(Column.of("y", again.decode(labels))).tolist() == labels.tolist()


CLASSES = {"column": "y", "task": "classification", "kind": "category", "classes": ["a", "b"]}
NUMBER = {"column": "y", "task": "regression", "mean": 1.0, "deviation": 1.0, "lowest": 0.0, "highest": 2.0}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"should be a JSON object"),
        ({**CLASSES, "task": "ranking"}, r"'ranking' is neither"),
        ({**CLASSES, "kind": "time"}, r"its kind and two different classes"),
        ({**CLASSES, "classes": ["a"]}, r"two different classes"),
        ({**CLASSES, "classes": ["a", "a"]}, r"two different classes"),
        ({**CLASSES, "kind": "numeric"}, r"increasing numbers"),
        ({**CLASSES, "kind": "numeric", "classes": ["2", "1"]}, r"increasing numbers"),
        ({**CLASSES, "kind": "numeric", "classes": ["1.0", "2"]}, r"increasing numbers"),
        ({**CLASSES, "more": 1}, r"unknown fields: more"),
        ({**NUMBER, "deviation": 0.0}, r"deviation should be positive"),
        ({**NUMBER, "mean": 3.0}, r"mean within its range"),
        ({**NUMBER, "lowest": float("inf")}, r"'lowest' should be finite"),
    ],
)
def test_nonsense_in_a_model_file_is_refused(value, message):
    target_from_json(CLASSES)
    target_from_json(NUMBER)
    with pytest.raises(ModelFileError, match=message):
        target_from_json(value)
