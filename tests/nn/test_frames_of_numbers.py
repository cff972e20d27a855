"""Networks take the frames that people have: what one holds as numbers gives the bits that an array of floats gives."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import ArgumentError

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

FRAME = pd.get_dummies(
    pd.DataFrame(
        {
            "town": ["Oslo", "Brno", "Oslo", "Lund"],
            "size": [1.5, 2.0, 3.25, 4.0],
            "count": np.array([1, 2, 3, 40], np.uint64),
            "small": np.array([1, 2, 3, 4], np.int8),
        }
    )
)
ARRAY = FRAME.to_numpy(np.float64)
LABELS = [0, 1, 1, 0]

FRAMES = {
    "get_dummies": FRAME,
    "objects": FRAME.to_numpy(),
    "lists of objects": FRAME.to_numpy().tolist(),
    "convert_dtypes": FRAME.convert_dtypes(),
    "Arrow in pandas": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "nullable floats": FRAME.astype("Float64"),
    "small floats": FRAME.astype(np.float32),
    "categories of numbers": FRAME.astype({"small": "category", "size": "category"}),
    "polars": pl.from_pandas(FRAME),
    "polars in one dtype": pl.from_pandas(FRAME.astype(float)),
    "Arrow": pa.Table.from_pandas(FRAME),
    "sparse": pd.concat([FRAME.iloc[:, :3], FRAME.iloc[:, 3:].astype(pd.SparseDtype("bool"))], axis=1),
    "another index": FRAME.set_index(pd.Index([9, 9, 1, 0])),
}
TARGETS = {
    "Series": pd.Series(LABELS),
    "categories": pd.Categorical(LABELS),
    "a Series of categories": pd.Series(pd.Categorical(LABELS)),
    "nullable integers": pd.array(LABELS, dtype="Int64"),
    "nullable booleans": pd.array([bool(label) for label in LABELS]),
    "floats": pd.Series(LABELS, dtype=float),
    "uint64": np.array(LABELS, np.uint64),
    "an index": pd.Index(LABELS),
    "objects": np.array([0, True, 1, 0.0], object),
    "polars": pl.Series(LABELS),
    "polars, booleans": pl.Series([bool(label) for label in LABELS]),
    "Arrow": pa.chunked_array([LABELS[:1], LABELS[1:]]),
    "one column": pd.DataFrame({"y": LABELS}).convert_dtypes(),
    "one column of polars": pl.DataFrame({"y": LABELS}),
    "one for each class": pd.get_dummies(pd.Series(LABELS)),
}


def network():
    return nn.Network(6, [nn.Dense(3, "tanh"), nn.Dense(2)], "cross_entropy")


@pytest.fixture(scope="module")
def expected():
    return network().fit(ARRAY, LABELS, epochs=2)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frames_give_the_bits_that_arrays_give(frame, expected):
    trained = network().fit(frame, LABELS, epochs=2, validation=(frame, LABELS))
    p = expected.predict_proba(ARRAY)
    np.testing.assert_array_equal(trained.predict_proba(ARRAY), p)
    np.testing.assert_array_equal(expected.predict_proba(frame), p)
    np.testing.assert_array_equal(expected.predictor(4)(frame), expected.predictor(4)(ARRAY))
    assert expected.evaluate(frame, LABELS) == expected.evaluate(ARRAY, LABELS)
    assert expected.backpropagate(frame, LABELS).loss == expected.backpropagate(ARRAY, LABELS).loss


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_targets_of_every_library_give_the_same_training(y, expected):
    trained = network().fit(FRAME, y, epochs=2)
    np.testing.assert_array_equal(trained.predict_proba(ARRAY), expected.predict_proba(ARRAY))
    assert trained.evaluate(FRAME, y)["accuracy"] == expected.evaluate(ARRAY, LABELS)["accuracy"]


def test_weights_and_the_data_of_any_loss_may_be_series():
    def squares(w, x, y):
        return (x @ w - y) ** 2

    weights = pd.array([1, 2, 1, 3])
    given = cr.fit(squares, np.zeros(6), (FRAME, pl.Series(LABELS)), epochs=2, sample_weight=weights)
    wanted = cr.fit(squares, np.zeros(6), (ARRAY, np.array(LABELS)), epochs=2, sample_weight=[1, 2, 1, 3])
    np.testing.assert_array_equal(given.parameters, wanted.parameters)
    with pytest.raises(ArgumentError, match=r"data\[1\]: row 1 contains nan or infinity"):
        cr.fit(squares, np.zeros(6), (FRAME, pd.array([1, None, 1, 0])))


def test_a_row_of_a_frame_is_an_example(expected):
    assert expected.predict(FRAME.iloc[2]) == expected.predict(ARRAY[2])


def test_a_frame_of_one_dtype_is_read_where_it_lies():
    from chainrule.train.arrays import as_data

    values = np.ones((5, 3))
    assert np.shares_memory(as_data(pd.DataFrame(values, copy=False), "X"), values)


def with_gap(column, row):
    frame = FRAME.convert_dtypes()
    frame.loc[row, column] = pd.NA
    return frame


REFUSED = {
    "NA among floats": (with_gap("size", 2), "X: row 2, column 'size' is nan; fill it or drop the row"),
    "NA among booleans": (with_gap("town_Oslo", 1), "X: row 1, column 'town_Oslo' is nan"),
    "null in polars": (pl.from_pandas(with_gap("count", 3)), "X: row 3, column 'count' is nan"),
    "null in Arrow": (pa.Table.from_pandas(with_gap("count", 3)), "X: row 3, column 'count' is nan"),
    "NaN": (FRAME.astype(float).replace(3.25, np.nan), "X: row 2, column 'size' is nan"),
    "infinity": (FRAME.replace(3.25, np.inf), "X: row 2, column 'size' is inf"),
    "text": (
        FRAME.assign(size=[1.5, 2, "big", 3]),
        "X: row 2, column 'size' is 'big'; encode it as a number first, or",
    ),
    "text in polars": (pl.from_pandas(FRAME.assign(size=list("abcd"))), "X: row 0, column 'size' is 'a'; encode it"),
    "categories": (FRAME.assign(size=pd.Categorical(list("abcd"))), "X: row 0, column 'size' is 'a'"),
    "dates": (FRAME.assign(size=pd.Timestamp("2020-01-01")), r"X: row 0, column 'size' is datetime\.datetime\(2020"),
    "repeated names": (pd.concat([FRAME, FRAME["size"]], axis=1), "X: the DataFrame: two columns are named 'size'"),
    "a lazy frame": (pl.LazyFrame({"a": [1]}), "X: a LazyFrame is no table yet: .* collect it first"),
    "too few columns": (FRAME.iloc[:, :2], r"X must have shape \[N × 6\] .*, got \[4, 2\]"),
}


@pytest.mark.parametrize(("frame", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_number_is_named_by_row_and_column(frame, complaint):
    for call in (network().predict, lambda X: network().fit(X, LABELS), lambda X: network().evaluate(X, LABELS)):
        with pytest.raises(ArgumentError, match=complaint):
            call(frame)


@pytest.mark.parametrize(
    ("y", "complaint"),
    [
        (pd.array([0, None, 1, 0]), "targets: row 1 is nan, but targets must be finite; drop the row or fill it"),
        (pl.Series([None, True, False, True]), "targets: row 0 is nan"),
        (pd.Categorical(["a", "b", "a", "b"]), "targets: row 0 is 'a'; encode it as a number first"),
        (["a", "b", "a", "b"], "targets: row 0 is 'a'; encode it as a number first"),
        (np.array([2**63, 0, 1, 0], np.uint64), "targets: row 0 is 9223372036854775808, but class labels must lie in"),
    ],
)
def test_targets_that_are_no_numbers_are_named_by_row(y, complaint):
    with pytest.raises(ArgumentError, match=complaint):
        network().fit(FRAME, y)


def test_without_narwhals_frames_of_one_dtype_are_arrays(monkeypatch, expected):
    monkeypatch.setitem(__import__("sys").modules, "narwhals", None)
    np.testing.assert_array_equal(expected.predict(FRAME.astype(float)), expected.predict(ARRAY))
    with pytest.raises(ArgumentError, match=r"X has dtype object, .* \.astype\(np\.float64\)"):
        expected.predict(FRAME)


def test_thousands_of_columns():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 20_000)).astype(np.float32)
    y = (values[:, 0] > 0).astype(int)
    frame = pl.DataFrame(values, schema=[f"gene {i}" for i in range(20_000)]).with_columns(pl.col("gene 1") > 0)
    net = nn.Network(20_000, [nn.Dense(2)], "cross_entropy").fit(frame, y, epochs=1)
    assert net.predict(frame).shape == (40,)
    with pytest.raises(ArgumentError, match="X: row 0, column 'gene 19999' is nan"):
        net.predict(frame.with_columns(pl.lit(None).alias("gene 19999")))
