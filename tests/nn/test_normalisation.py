"""Batch and layer normalisation: formulas, and running averages as PyTorch keeps them."""

import numpy as np
import pytest

from chainrule import nn, ops, optim, tree
from chainrule.errors import ArgumentError
from chainrule.nn.layer import Mode

RNG = np.random.default_rng(0)
X = 3 * RNG.normal(size=(10, 4)) + [1, -5, 0, 100]


def training_pass(network, X):
    (result,) = network.architecture.passes(
        network.parameters, network.state, np.asarray(X), Mode(True, ops.random_key(0))
    )
    return np.asarray(result.a), result.state


def with_parameters(layer, dtype="float64"):
    network = nn.Network(4, [layer], dtype=dtype)
    network.parameters[0] = {"scale": RNG.uniform(1, 2, 4).astype(dtype), "shift": RNG.normal(size=4).astype(dtype)}
    return network, network.parameters[0]["scale"], network.parameters[0]["shift"]


def test_batch_norm_uses_the_batch_when_training():
    network, scale, shift = with_parameters(nn.BatchNorm())
    a, _ = training_pass(network, X)
    np.testing.assert_allclose(a, (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5) * scale + shift, rtol=1e-10)


def test_batch_norm_keeps_running_averages():
    network, *_ = with_parameters(nn.BatchNorm(momentum=0.3))
    _, state = training_pass(network, X)
    np.testing.assert_allclose(state["mean"], 0.3 * X.mean(0), rtol=1e-14)
    np.testing.assert_allclose(state["variance"], 0.7 + 0.3 * X.var(0, ddof=1), rtol=1e-14)


def test_batch_norm_uses_the_averages_outside_of_training():
    network, scale, shift = with_parameters(nn.BatchNorm())
    network.state[0] = {"mean": np.arange(4.0), "variance": np.arange(1.0, 5.0)}
    expected = (X - np.arange(4.0)) / np.sqrt(np.arange(1.0, 5.0) + 1e-5) * scale + shift
    np.testing.assert_allclose(network.outputs(X), expected, rtol=1e-13)
    assert network.state[0]["mean"].tolist() == [0, 1, 2, 3]


def test_batch_norm_averages_move_with_every_step():
    network = nn.Network(4, [nn.BatchNorm(), nn.Dense(1)], loss="mse", dtype="float64")
    network.fit(X, np.zeros(10), epochs=1, batch_size=5, shuffle=False, optimizer=optim.SGD(0.0), progress=False)
    mean = 0.9 * (0.1 * X[:5].mean(0)) + 0.1 * X[5:].mean(0)
    variance = 0.9 * (0.9 + 0.1 * X[:5].var(0, ddof=1)) + 0.1 * X[5:].var(0, ddof=1)
    np.testing.assert_allclose(network.state[0]["mean"], mean, rtol=1e-14)
    np.testing.assert_allclose(network.state[0]["variance"], variance, rtol=1e-14)


def test_one_row_has_no_variance_and_leaves_the_averages():
    network, _, shift = with_parameters(nn.BatchNorm())
    a, state = training_pass(network, X[:1])
    np.testing.assert_allclose(a[0], shift)
    assert state["mean"].tolist() == [0, 0, 0, 0]
    assert state["variance"].tolist() == [1, 1, 1, 1]


WITH_A_LAST_ROW = {
    "fit": {"batch_size": 3, "optimizer": optim.SGD(0.0)},
    "accumulated": {"batch_size": 3, "accumulate": 2, "optimizer": optim.SGD(0.0)},
    "full batches": {"batch_size": None, "order": [np.arange(9), [9]], "epochs": 2, "optimizer": optim.SGD(0.0)},
    "L-BFGS": {"order": [np.arange(9), [9]], "epochs": 2, "optimizer": optim.LBFGS()},
}


@pytest.mark.parametrize("path", WITH_A_LAST_ROW)
def test_a_last_batch_of_one_row_leaves_the_averages(path):
    """The averages of nine of ten rows, from the formula m ← 0.9 m + 0.1 x̄; the tenth is a batch of its own."""
    network = nn.Network(4, [nn.Residual([nn.BatchNorm()]), nn.Dense(1)], loss="mse", dtype="float64")
    options = {"epochs": 1, "shuffle": False, "progress": False} | WITH_A_LAST_ROW[path]
    network.fit(X, np.zeros(10), **options)
    mean, variance = np.zeros(4), np.ones(4)
    for batch in [X[:3], X[3:6], X[6:9]] if options.get("batch_size") else [X[:9]]:
        mean, variance = 0.9 * mean + 0.1 * batch.mean(0), 0.9 * variance + 0.1 * batch.var(0, ddof=1)
    np.testing.assert_allclose(network.state[0][0]["mean"], mean, rtol=1e-14)
    np.testing.assert_allclose(network.state[0][0]["variance"], variance, rtol=1e-14)


def test_a_training_with_last_rows_alone_goes_on_where_it_stopped(tmp_path):
    def trained(**options):
        network = nn.Network(4, [nn.BatchNorm(), nn.Dense(1)], loss="mse")
        return network.fit(X[:, :4], X[:, 0], batch_size=3, progress=False, **options)

    trained(epochs=2, checkpoint=tmp_path / "ck")
    resumed, whole = trained(epochs=4, checkpoint=tmp_path / "ck"), trained(epochs=4)
    for a, b in zip(tree.leaves(resumed.state), tree.leaves(whole.state), strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_last_row_alone_spoils_no_prediction():
    """65 rows in batches of 64: R² was 0.89 for 0.99, as half of the averages came from batches of variance 0."""
    inputs = 3 * np.random.default_rng(0).normal(size=(65, 5)) + 2
    y = inputs @ np.arange(1, 6)
    network = nn.Network(5, [nn.BatchNorm(), nn.Dense(32, "relu"), nn.BatchNorm(), nn.Dense(1)], "mse", seed=1)
    network.fit(inputs, (y - y.mean()) / y.std(), epochs=200, batch_size=64, optimizer=optim.Adam(1e-2), progress=False)
    assert network.evaluate(inputs, (y - y.mean()) / y.std())["r2"] > 0.98


@pytest.mark.parametrize(
    "options", [{"batch_size": 1}, {"batch_size": 1, "accumulate": 4}, {"batch_size": None, "order": [[3]]}]
)
def test_batches_of_one_row_alone_are_refused(options):
    network = nn.Network(4, [nn.Dense(4), nn.Residual([nn.BatchNorm()])], loss="mse")
    with pytest.raises(ArgumentError, match=r"layer 2 \(Residual\) learns from batches of at least 2 rows, but none"):
        network.fit(X, np.zeros((10, 4)), epochs=1, progress=False, **options)


def test_one_row_is_refused_by_every_optimiser():
    network = nn.Network(4, [nn.BatchNorm()], loss="mse")
    for optimizer in (optim.Adam(), optim.LBFGS()):
        with pytest.raises(ArgumentError, match="layer 1"):
            network.fit(X[:1], X[:1], optimizer=optimizer, progress=False)


def test_layer_norm_of_one_feature_is_refused():
    with pytest.raises(ArgumentError, match="layer 2: LayerNorm of one feature"):
        nn.Network(4, [nn.Dense(1), nn.LayerNorm()])


def test_averages_are_not_differentiated():
    network = nn.Network(4, [nn.BatchNorm(), nn.Dense(1)], loss="mse", dtype="float64")
    network.fit(X, np.zeros(10), epochs=3, progress=False)
    assert set(network.backpropagate(X, np.zeros(10)).grad.parameters[0]) == {"scale", "shift"}


def test_layer_norm():
    network, scale, shift = with_parameters(nn.LayerNorm(1e-3))
    expected = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-3) * scale + shift
    np.testing.assert_allclose(network.outputs(X), expected, rtol=1e-13)
    np.testing.assert_allclose(training_pass(network, X)[0], expected, rtol=1e-13)


@pytest.mark.parametrize("layer", [nn.BatchNorm(), nn.LayerNorm()])
def test_a_column_without_variance_is_no_division_by_zero(layer):
    network = nn.Network(4, [layer], dtype="float64")
    a, _ = training_pass(network, np.full((5, 4), 7.0))
    np.testing.assert_array_equal(a, 0)


def test_numbers_frozen_from_pytorch():
    """torch.nn.BatchNorm1d(2) in training, then torch.nn.LayerNorm(2), on [[1, 2], [3, 5], [8, -1]]."""
    x = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, -1.0]])
    network = nn.Network(2, [nn.BatchNorm()], dtype="float64")
    a, state = training_pass(network, x)
    np.testing.assert_allclose(
        a,
        [
            [-1.0190487428175694, 0.0],
            [-0.3396829142725232, 1.2247438507721387],
            [1.3587316570900927, -1.2247438507721387],
        ],
        rtol=1e-13,
    )
    np.testing.assert_allclose(state["mean"], [0.4, 0.2], rtol=1e-13)
    np.testing.assert_allclose(state["variance"], [2.2, 1.8], rtol=1e-13)
    np.testing.assert_allclose(
        nn.Network(2, [nn.LayerNorm()], dtype="float64").outputs(x),
        [
            [-0.9999800005999799, 0.9999800005999799],
            [-0.9999950000374997, 0.9999950000374997],
            [0.9999997530865111, -0.9999997530865111],
        ],
        rtol=1e-13,
    )
