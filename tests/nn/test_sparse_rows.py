"""Sparse examples: networks that are trained on them are those of the same numbers with their zeros."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.errors import ArgumentError, DivergenceError, ModelFileError
from chainrule.nn.sparse_rows import SparseRows, as_sparse_rows, is_sparse
from chainrule.train import Checkpoint

rng = np.random.default_rng(0)
DENSE = rng.normal(size=(90, 40)) * (rng.random((90, 40)) < 0.15)
DENSE[7] = 0
LABELS = (DENSE @ rng.normal(size=40) > 0).astype(int)


class Matrix:
    """What chainrule needs of a CSR matrix, so that these tests need no SciPy."""

    def __init__(self, data, indices, indptr, shape):
        self.data, self.indices, self.indptr, self.shape = data, indices, indptr, shape


def sparse(X, kind=np.int32, seed=None):
    """A matrix as CSR; with a seed, entries are in random order and cut into two that are added up."""
    rows, columns = np.nonzero(X)
    values = X[rows, columns]
    if seed is not None:
        random = np.random.default_rng(seed)
        rows, columns, values = np.tile(rows, 2), np.tile(columns, 2), np.concatenate([values * 0.25, values * 0.75])
        order = np.lexsort((random.random(len(rows)), rows))
        rows, columns, values = rows[order], columns[order], values[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(X)))])
    return Matrix(values, columns.astype(kind), starts.astype(kind), X.shape)


def network(layers=None, **options):
    layers = layers or [nn.Dense(12, "relu"), nn.Dropout(0.2), nn.Dense(2)]
    return nn.Network(40, layers, "cross_entropy", dtype="float64", **options)


def fitted(X, y=LABELS, net=None, **options):
    net = net or network()
    return net.fit(X, y, **{"epochs": 3, "batch_size": 16, "optimizer": optim.Adam(1e-2), **options})


def assert_same(a, b, rtol=1e-12):
    for x, y in zip([*a.weights, *a.biases], [*b.weights, *b.biases], strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)
    assert [record.keys() for record in a.history.epochs] == [record.keys() for record in b.history.epochs]
    for one, other in zip(a.history.epochs, b.history.epochs, strict=True):
        for name in one.keys() - {"seconds"}:
            assert one[name] == pytest.approx(other[name], rel=1e-10)


# Training


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": optim.SGD(0.1, momentum=0.9), "l2": 1e-3},
        {"optimizer": optim.Adam(1e-2, clip_norm=0.1)},
        {"optimizer": optim.LBFGS()},
        {"validation": 0.2, "class_weight": "balanced", "early_stopping": 1},
        {"sample_weight": np.linspace(0, 1, 90)},
        {"accumulate": 2},
    ],
    ids=["adam", "momentum and l2", "clipping", "lbfgs", "validation", "weights", "accumulated"],
)
def test_training_is_that_of_the_dense_matrix(options):
    assert_same(fitted(sparse(DENSE), **options), fitted(DENSE, **options))


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_entries_may_be_unsorted_and_come_several_times(kind):
    assert_same(fitted(sparse(DENSE, kind, seed=1)), fitted(DENSE), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, bool])
def test_entries_of_any_dtype(dtype):
    counts = (rng.random((90, 40)) < 0.1) * rng.integers(1, 5, (90, 40))
    counts = counts.astype(dtype)
    assert_same(fitted(sparse(counts)), fitted(counts))


def test_other_matrices_validate():
    data, others = sparse(DENSE), (sparse(DENSE[:33]), LABELS[:33])
    assert_same(fitted(data, validation=others), fitted(DENSE, validation=(DENSE[:33], LABELS[:33])))


def test_a_regression_with_batch_normalisation_after_the_first_layer():
    def net():
        layers = [nn.Dense(8), nn.BatchNorm(), nn.Dense(1, use_bias=False)]
        return nn.Network(40, layers, dtype="float64")

    y = DENSE.sum(axis=1)
    assert_same(fitted(sparse(DENSE), y, net()), fitted(DENSE, y, net()))


def test_a_checkpoint_is_resumed_with_the_same_entries_and_refused_with_others(tmp_path):
    whole = fitted(sparse(DENSE), epochs=4)
    file = Checkpoint(tmp_path / "training.safetensors")
    fitted(sparse(DENSE), epochs=4, checkpoint=file, callbacks=lambda training: training.epoch == 2 and training.stop())
    assert_same(fitted(sparse(DENSE), epochs=4, checkpoint=file), whole, rtol=0)
    other = sparse(DENSE)
    other.indices = other.indices[::-1].copy()
    with pytest.raises(ModelFileError, match="data differs"):
        fitted(other, epochs=4, checkpoint=file)


def test_a_training_that_diverges_names_the_layer():
    with pytest.raises(DivergenceError, match="of layer 1 \\(Dense\\)"):
        fitted(sparse(DENSE * 1e200), optimizer=optim.SGD(1e200))


# Prediction


@pytest.mark.parametrize("n", [0, 1, 2, 31, 90])
def test_predictions_are_those_of_the_dense_matrix(n):
    net = fitted(DENSE)
    data, X = sparse(DENSE[:n]), DENSE[:n]
    np.testing.assert_allclose(net.outputs(data), net.outputs(X), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(net.predict(data), net.predict(X))
    if n:
        ours, theirs = net.evaluate(data, LABELS[:n]), net.evaluate(X, LABELS[:n])
        assert ours == pytest.approx(theirs, rel=1e-12)


def test_a_row_is_predicted_alike_whatever_it_comes_with():
    net = fitted(DENSE)
    together = net.outputs(sparse(DENSE))
    np.testing.assert_array_equal(together[5:8], net.outputs(sparse(DENSE[5:8])))


def test_a_block_holds_its_own_entries_and_rows_of_nothing():
    rows = as_sparse_rows(sparse(DENSE), 40, "X", np.dtype(np.float64))
    block = np.take(rows, np.array([3, 7, 3, 80]), axis=0).block(1, 4, 6)
    np.testing.assert_allclose(block @ np.eye(40), np.concatenate([DENSE[[7, 3, 80]], np.zeros((3, 40))]))
    assert len(block.values) == 64
    empty = as_sparse_rows(sparse(DENSE[:0]), 40, "X", np.dtype(np.float64))
    np.testing.assert_array_equal(empty.block(0, 0, 2) @ np.eye(40), np.zeros((2, 40)))


def test_rows_are_chosen_without_a_copy_of_their_entries():
    rows = as_sparse_rows(sparse(DENSE), 40, "X", np.dtype(np.float64))
    chosen = np.take(rows, np.array([5, 5]), axis=0)
    assert isinstance(chosen, SparseRows)
    assert len(chosen) == 2
    assert chosen.values is rows.values


# Memory


def test_no_dense_batch_is_ever_made():
    n, per_row, N = 20_000, 10, 2_000
    random = np.random.default_rng(0)
    data = Matrix(
        np.ones(N * per_row, np.float32),
        random.integers(0, n, N * per_row).astype(np.int32),
        np.arange(0, N * per_row + 1, per_row, dtype=np.int32),
        (N, n),
    )
    net = nn.Network(n, [nn.Dense(2, "relu"), nn.Dense(1)], dtype="float32")
    tracemalloc.start()
    try:
        net.fit(data, np.ones(N), epochs=1, batch_size=1000)
        net.predict(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1000 * n * 4  # bytes of one dense batch


# What is refused


def test_scipy_matrices_of_every_format_are_taken():
    scipy = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    expected = fitted(DENSE)
    for form in ("csr", "csc", "coo", "lil", "dok", "bsr"):
        for make in (scipy.csr_matrix, scipy.csr_array):
            assert_same(fitted(make(DENSE).asformat(form)), expected)


@pytest.mark.parametrize("x", [DENSE, DENSE.tolist(), 3.0, None])
def test_other_things_are_not_sparse(x):
    assert not is_sparse(x)
    assert is_sparse(sparse(DENSE))


@pytest.mark.parametrize(
    "first", [nn.Dropout(0.5), nn.BatchNorm(), nn.LayerNorm(), nn.Residual([nn.Dense(40)])], ids=repr
)
def test_the_first_layer_must_be_dense(first):
    with pytest.raises(
        ArgumentError, match=f"X is sparse, which needs Dense as the first layer, not {type(first).__name__}"
    ):
        fitted(sparse(DENSE), net=network([first, nn.Dense(2)]))


@pytest.mark.parametrize(
    ("part", "place", "number", "message"),
    [
        ("data", 60, np.nan, r"X: row \d+, column \d+ is nan; fill it or drop the row"),
        ("data", 60, -np.inf, r"X: row \d+, column \d+ is -inf"),
        ("indices", 60, 40, r"X: row \d+ has an entry in column 40; there are 40 columns"),
        ("indices", 0, -1, "X: row 0 has an entry in column -1"),
        ("indptr", 0, -1, "X: row 0 goes from entry -1"),
        ("indptr", 5, 10_000, r"X: row 5 goes from entry 10000 to \d+ of \d+; indptr must rise"),
        ("indptr", 90, 10_000, r"X: row 89 goes from entry \d+ to 10000 of"),
    ],
)
def test_a_broken_matrix_is_refused_by_name(part, place, number, message):
    broken = sparse(DENSE)
    getattr(broken, part)[place] = number
    for use in (fitted, lambda X: network().predict(X)):
        with pytest.raises(ArgumentError, match=message):
            use(broken)


def test_the_row_and_column_of_a_bad_number_are_right():
    X = DENSE.copy()
    X[53, 11] = 1e39
    net = nn.Network(40, [nn.Dense(2)], "cross_entropy", dtype="float32")
    with pytest.raises(ArgumentError, match=r"X: row 53, column 11 is 1e\+39"):
        net.predict(sparse(X))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentError, match=r"X must have shape \[N × 40\], got \[90, 39\]"):
        fitted(sparse(DENSE[:, :39]))
    with pytest.raises(ArgumentError, match="X has 90 rows, but its targets have 89"):
        fitted(sparse(DENSE), LABELS[:89])
    short = sparse(DENSE)
    short.data = short.data[:-1]
    with pytest.raises(ArgumentError, match="data and indices must have one length"):
        fitted(short)
    short = sparse(DENSE)
    short.indptr = short.indptr[:-1]
    with pytest.raises(ArgumentError, match="indptr must hold 91 integers"):
        fitted(short)


def test_what_shows_every_number_wants_a_dense_matrix():
    for use in (lambda X: network().forward(X), lambda X: network().backpropagate(X, LABELS)):
        with pytest.raises(ArgumentError, match=r"x cannot be sparse; pass x\.toarray\(\)"):
            use(sparse(DENSE))


def test_the_plan_of_a_step_on_sparse_examples():
    report = str(network().profile(sparse(DENSE), LABELS, batch_size=16))
    assert "sparse_matmul" in report
    assert "sparse_outer" in report
