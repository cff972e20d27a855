"""Preprocessing: what each kind of column becomes, on the rows it was learned from and on others."""

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import Column, Preprocessing, Table, read_table, target_from_json
from chainrule.data.value_text import clock_text
from chainrule.errors import ModelFileError, TableError


def learned(**columns):
    table = Table.of(columns)
    preprocessing = Preprocessing.learn(table)
    return preprocessing, preprocessing.apply(table)


def text(*values):
    return np.array(values, object)


def test_number_is_scaled_by_median_and_iqr_then_clipped_smoothly():
    x = np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 1000])
    preprocessing, matrix = learned(x=x)
    z = (x - np.median(x)) / (np.percentile(x, 75) - np.percentile(x, 25))
    np.testing.assert_allclose(matrix[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-6)
    assert matrix.dtype == np.float32
    assert matrix.max() < 3
    assert preprocessing.feature_names == ("x",)


def test_iqr_of_zero_falls_back_to_half_the_range():
    _, matrix = learned(x=np.array([5.0, 5, 5, 5, 5, 5, 5, 5, 9]))
    z = (9 - 5) / 2
    assert matrix[-1, 0] == np.float32(z / np.sqrt(1 + (z / 3) ** 2))
    assert matrix[0, 0] == 0


def test_missing_number_is_median_and_indicator():
    preprocessing, matrix = learned(x=[1.0, np.nan, 3.0, 4.0], y=[1.0, 2.0, 3.0, 4.0])
    assert preprocessing.feature_names == ("x", "x is missing", "y")
    assert matrix[:, 1].tolist() == [0, 1, 0, 0]
    assert matrix[1, 0] == 0
    later = preprocessing.apply(Table.of({"x": [3.0], "y": [np.nan]}))
    assert later.tolist() == [[0, 0, 0]]


def test_one_hot_up_to_eight_levels_and_codes_beyond():
    eight = text(*"habcdefgab")
    nine = text(*"iabcdefghi")
    preprocessing, matrix = learned(eight=eight, nine=nine, x=np.arange(10.0))
    assert preprocessing.feature_names == (*(f"eight={level}" for level in "abcdefgh"), "nine", "x")
    assert preprocessing.embeddings == ((8, 2),)
    assert matrix[:, :8].sum(axis=1).tolist() == [1] * 10
    assert matrix[1, :8].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert matrix[:, 8].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    unknown = preprocessing.apply(Table.of({"eight": text("z", None), "nine": text("z", None), "x": [0.0, 0.0]}))
    assert not unknown[:, :9].any()


def test_one_hot_limit_is_a_parameter():
    table = Table.of({"c": text(*"abcabc")})
    assert Preprocessing.learn(table, one_hot_levels=2).embeddings == ((0, 4),)
    assert Preprocessing.learn(table, one_hot_levels=3).embeddings == ()


def test_two_levels_share_one_input():
    preprocessing, matrix = learned(sex=text("m", "f", None, "f"))
    assert preprocessing.feature_names == ("sex=m",)
    assert matrix[:, 0].tolist() == [1, -1, 0, -1]


def test_levels_beyond_the_limit_are_the_rarest(monkeypatch):
    monkeypatch.setattr("chainrule.data.features.category.MOST_LEVELS", 2)
    table = Table.of({"c": text(*"aaabbccc")})
    preprocessing = Preprocessing.learn(table, one_hot_levels=1)
    assert preprocessing.apply(table)[:, 0].tolist() == [1, 1, 1, 0, 0, 2, 2, 2]


@pytest.mark.parametrize(("rows", "fewest"), [(300, 3), (4000, 20)])
def test_levels_seen_too_rarely_share_the_code_of_unknown_ones(rows, fewest):
    rare = ["too rare"] * (fewest - 1) + ["frequent enough"] * fewest
    common = [f"level {i % 10}" for i in range(rows - len(rare))]
    table = Table.of({"c": text(*rare, *common)})
    preprocessing = Preprocessing.learn(table)
    assert preprocessing.embeddings == ((0, 12),)
    found = preprocessing.apply(table)[:, 0]
    assert not found[: fewest - 1].any()
    assert found[fewest - 1 :].all()


def test_columns_that_teach_nothing_are_dropped_with_a_note():
    names = text(*(f"person {i}" for i in range(12)))
    preprocessing, _ = learned(
        x=np.arange(12.0),
        constant=np.full(12, 7.0),
        blank=np.full(12, np.nan),
        name=names,
        same=text(*["a"] * 12),
        silent=text(*[None] * 12),
        day=np.full(12, "2020-01-01", "M8[D]"),
        never=np.full(12, "NaT", "M8[D]"),
    )
    assert preprocessing.columns == ("x",)
    notes = "\n".join(preprocessing.notes)
    for column, reason in [
        ("constant", "all of its values are equal"),
        ("blank", "all of its values are missing"),
        ("name", "no value occurs twice"),
        ("same", "all of its values are equal"),
        ("silent", "all of its values are missing"),
        ("day", "all of its values are equal"),
        ("never", "all of its values are missing"),
    ]:
        assert f"column {column!r} is not used: {reason}" in notes
    with pytest.raises(
        TableError, match=r"no column to learn from; column 'c' is not used: all of its values are equal"
    ):
        learned(c=[1.0, 1.0])


def test_a_constant_with_gaps_still_tells_where_the_gaps_are():
    _, matrix = learned(x=[7.0, np.nan, 7.0], c=text("a", None, "a"))
    assert matrix.tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_time_becomes_day_month_weekday_and_hour():
    days = [date(2019, 12, 31), date(2020, 2, 29), date(1969, 7, 20), date(2021, 6, 5)]
    table = Table.of({"t": np.array(days, "M8[s]") + np.array([0, 3600 * 6, 1800, 0])})
    feature = Preprocessing.learn(table).features[0]
    assert feature.names == ("t (day)", "t (month)", "t (weekday)", "t (hour)")
    raw = {
        "day": [(day - date(1970, 1, 1)).days for day in days],
        "month": [day.month for day in days],
        "weekday": [day.weekday() for day in days],
        "hour": [0, 6, 0.5, 0],
    }
    matrix = feature.apply(table["t"])
    for position, (part, scale) in enumerate(feature.parts):
        np.testing.assert_allclose(matrix[:, position], scale.apply(np.array(raw[part], float)), rtol=1e-12)


def test_time_without_hours_has_none_and_gaps_have_an_indicator():
    preprocessing, matrix = learned(t=np.array(["2020-01-01", "NaT", "2020-01-09"], "M8[D]"))
    assert preprocessing.feature_names == ("t (day)", "t (weekday)", "t is missing")
    assert matrix[:, 2].tolist() == [0, 1, 0]
    assert matrix[1, :2].tolist() == [0, 0]


def test_target_is_excluded_and_extra_columns_are_ignored():
    table = Table.of({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    preprocessing = Preprocessing.learn(table, exclude=("y",))
    assert preprocessing.columns == ("x",)
    np.testing.assert_array_equal(
        preprocessing.apply(table), preprocessing.apply(Table.of({"z": ["a", "b"], "x": [1.0, 2.0]}))
    )
    with pytest.raises(TableError, match=r"no column 'Y'; did you mean 'y'\?"):
        Preprocessing.learn(table, exclude=("Y",))


def test_missing_column_is_named_with_those_of_the_file():
    preprocessing, _ = learned(speed=[1.0, 2.0])
    with pytest.raises(TableError, match=r"no column 'speed'; did you mean 'Speed'\?"):
        preprocessing.apply(Table.of({"Speed": [1.0]}))


def test_codes_match_whether_they_arrive_as_numbers_or_text(tmp_path):
    preprocessing, matrix = learned(c=text("1", "2", "x", "1"), n=[1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(preprocessing.apply(Table.of({"c": [1.0, 2.0], "n": text("1", "2.0")})), matrix[:2])
    path = tmp_path / "t.csv"
    path.write_text("c,n\n007,1\n7,1\nx,2\n")
    preprocessing = Preprocessing.learn(read_table(path))
    path.write_text("c,n\n007,1\n7,2\n")
    again = preprocessing.apply(read_table(path, preprocessing.kinds))
    assert again[:, :3].tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (Column("n", "category", text("1", "1e999")), r"column 'n', row 2: '1e999' is not a finite number"),
        (Column("n", "category", text(None, "ten")), r"column 'n', row 2: 'ten' is not a number"),
        (Column.of("n", np.array(["2020-01-01"] * 2, "M8[D]")), r"column 'n' holds dates where numbers are expected"),
        (Column.of("t", [5.0, 6.0]), r"column 't' holds numbers where dates are expected"),
        (Column("t", "category", text("2020-01-01", "soon")), r"column 't', row 2: 'soon' is not a date"),
    ],
)
def test_values_that_do_not_fit_are_named_by_row(column, message):
    preprocessing, _ = learned(n=[1.0, 2.0], t=np.array(["2020-01-01", "2021-02-03"], "M8[D]"))
    rows = {"n": Column.of("n", [1.0, 2.0]), "t": Column.of("t", np.array(["2020-01-01"] * 2, "M8[D]"))}
    with pytest.raises(TableError, match=message):
        preprocessing.apply(Table(tuple({**rows, column.name: column}.values())))


def test_times_arrive_as_text_and_categories_as_times():
    days = np.array(["2020-01-01", "2021-02-03"], "M8[D]")
    preprocessing, matrix = learned(t=days, c=text("2020-01-01", "2021-02-03 04:05:00"))
    moments = np.array(["2020-01-01", "2021-02-03T04:05"], "M8[s]")
    later = Table.of({"t": text("2020-01-01", "2021-02-03T00:00:00Z"), "c": moments})
    np.testing.assert_array_equal(preprocessing.apply(later), matrix)
    gap = Table.of({"t": text(None), "c": np.array(["NaT"], "M8[s]")})
    assert not preprocessing.apply(gap).any()
    blank = Table.of({"t": [np.nan, np.nan], "c": [np.nan, np.nan]})
    assert not preprocessing.apply(blank).any()


def test_times_of_the_day_stay_times_of_the_day():
    column = Column("t", "numeric", np.array([21_480.0, 43_200, 45_030, np.nan]), clock=True)
    preprocessing = Preprocessing.learn(Table((column,)))
    (feature,) = preprocessing.features
    assert (feature.clock, feature.usual) == (True, "12:00")
    again = Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json())))
    assert again == preprocessing
    later = Table.of({"t": text("5:58", "12:00", "12:30:30", None)})
    np.testing.assert_array_equal(again.apply(later), preprocessing.apply(Table((column,))))
    for nonsense in ("24:00", "12:60", "1:2:3:4", "-1:00", "12:", "a:b"):
        with pytest.raises(TableError, match=f"column 't', row 1: '{nonsense}' is not a "):
            preprocessing.apply(Table((Column("t", "category", text(nonsense)),)))
    record = preprocessing.to_json()
    del record["features"][0]["clock"]  # as files of earlier days are
    assert not Preprocessing.from_json(record).features[0].clock


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "00:00"), (21_480, "05:58"), (21_480.4, "05:58"), (86_399, "23:59:59"), (30, "00:00:30")],
)
def test_how_a_time_of_the_day_is_written(seconds, written):
    assert clock_text(seconds) == written


numbers = st.one_of(st.floats(allow_infinity=False), st.sampled_from([0.0, 1.0, 1.7e308, -1.7e308, 5e-324, np.nan]))
texts = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["1", "1.0", "a", "b"]))
moments = st.one_of(st.just("NaT"), st.datetimes().map(lambda moment: moment.isoformat()))


@st.composite
def tables(draw):
    rows = draw(st.integers(2, 30))

    def column(values, dtype):
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype)

    return Table.of({"n": column(numbers, float), "c": column(texts, object), "t": column(moments, "M8[us]")})


@settings(max_examples=150, deadline=None)
@given(tables(), st.integers(1, 9))
def test_stored_and_read_back_it_does_the_same(table, one_hot_levels):
    try:
        preprocessing = Preprocessing.learn(table, one_hot_levels=one_hot_levels)
    except TableError:
        return
    matrix = preprocessing.apply(table)
    assert np.isfinite(matrix).all()
    assert matrix.shape == (table.rows, len(preprocessing.feature_names))
    for position, categories in preprocessing.embeddings:
        assert set(np.unique(matrix[:, position])) <= set(range(categories))
    again = Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json(), allow_nan=False)))
    assert again == preprocessing
    np.testing.assert_array_equal(again.apply(table), matrix)


def stored():
    codes = text(*[f"l{i % 10}" for i in range(20)])
    preprocessing, _ = learned(
        n=np.arange(20.0), o=text(*"ab" * 10), c=codes, t=np.arange("2020-01-01", "2020-01-21", dtype="M8[D]")
    )
    return preprocessing.to_json()


def damaged(path, value):
    tree = stored()
    *parents, last = path
    inner = tree
    for step in parents:
        inner = inner[step]
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("features",), KeyError, r"lacks the field 'features'"),
        (("features",), {}, r"field 'features' should be list"),
        (("features",), [], r"one feature or more"),
        (("notes",), [1], r"'notes' should hold only text"),
        (("extra",), 1, r"unknown fields: extra"),
        (("features", 0), 3, r"should be a JSON object, not int"),
        (("features", 0, "type"), "os.system", r"'os.system' is none of numeric, one_hot, coded, time"),
        (("features", 0, "column"), "o", r"each of another column"),
        (("features", 0, "middle"), "0", r"'middle' should be float"),
        (("features", 0, "middle"), float("nan"), r"'middle' should be finite"),
        (("features", 0, "middle"), 1e200, r"out of range"),
        (("features", 0, "spread"), -1.0, r"out of range"),
        (("features", 0, "spread"), True, r"'spread' should be float"),
        (("features", 0, "indicator"), 1, r"'indicator' should be bool"),
        (("features", 0, "surplus"), 1, r"unknown fields: surplus"),
        (("features", 1, "levels"), ["b", "a"], r"in sorted order"),
        (("features", 1, "levels"), ["a", "a"], r"in sorted order"),
        (("features", 1, "levels"), [], r"in sorted order"),
        (("features", 2, "levels"), [f"{i:05}" for i in range(70_000)], r"70000 levels are more than 65536"),
        (("features", 3, "parts"), [], r"the parts of a time are day, month, weekday, hour"),
        (("features", 3, "parts", 0, "part"), "weekday", r"the parts of a time are"),
        (("features", 3, "parts", 0, "part"), "year", r"the parts of a time are"),
        (("features", 3, "parts", 0, "spread"), KeyError, r"lacks the field 'spread'"),
    ],
)
def test_nonsense_in_a_model_file_is_refused(path, value, message):
    Preprocessing.from_json(stored())
    with pytest.raises(ModelFileError, match=message):
        Preprocessing.from_json(damaged(path, value))


def test_models_of_earlier_days_know_true_and_false_by_other_spellings():
    old = {"column": "b", "type": "one_hot", "levels": ["False", "True"]}
    preprocessing = Preprocessing.from_json({"features": [old], "notes": []})
    table = Table.of({"b": np.array([True, False, True])})
    assert preprocessing.apply(table).tolist() == [[1], [-1], [1]]
    assert preprocessing.unseen(table) == ()
    target = target_from_json(
        {"column": "b", "task": "classification", "kind": "category", "classes": ["False", "True"]}
    )
    assert target.encode(table["b"]).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("values", "told"), [("xyx", "3 of 3"), ("xya", "2 of 3"), ("xaaNx", ""), ("xab", ""), ("NNN", "")]
)
@pytest.mark.parametrize("levels", [8, 1], ids=["one-hot", "coded"])
def test_a_column_of_levels_that_training_did_not_see_is_told(values, told, levels):
    preprocessing = Preprocessing.learn(Table.of({"t": list("ab" * 30), "n": np.arange(60.0)}), one_hot_levels=levels)
    column = [None if value == "N" else value for value in values]
    notes = preprocessing.unseen(Table.of({"t": column, "n": np.zeros(len(values))}))
    assert len(notes) == bool(told)
    if told:
        assert notes[0] == (
            f"column 't': {told} values were not seen in training, or too rarely, and count as missing; "
            "the first is 'x' (row 1), the model knows 2: a, b"
        )
