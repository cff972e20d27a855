"""Every layer, activation, initialiser and loss: derivatives against differences, shapes and dtypes."""

from dataclasses import dataclass
from math import erf

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, tree
from chainrule.errors import ArgumentError
from chainrule.nn.layer import Mode
from numerical_derivatives import gradient as numerical_gradient

RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Scale(nn.Layer):
    """A user-defined layer: a = tanh(kW · a + W)."""

    def initialise(self, n_inputs, random):
        return n_inputs, {"kW": random.normal(size=n_inputs), "W": np.ones(n_inputs)}, {}

    def forward(self, parameters, state, a, mode):
        z = a * parameters["kW"] + parameters["W"]
        return nn.Pass(z, np.tanh(z), state)


LAYERS = {
    "dense": [nn.Dense(3)],
    "no bias": [nn.Dense(3, "tanh", use_bias=False), nn.Dense(2)],
    "deep": [nn.Dense(4, "tanh"), nn.Dense(3, "sigmoid"), nn.Dense(2)],
    "batch norm": [nn.Dense(4, "tanh"), nn.BatchNorm(), nn.Dense(2)],
    "layer norm": [nn.Dense(4, "tanh"), nn.LayerNorm(), nn.Dense(2)],
    "dropout": [nn.Dense(4, "tanh"), nn.Dropout(0.5), nn.Dense(2)],
    "residual": [nn.Residual([nn.Dense(5, "tanh"), nn.LayerNorm(), nn.Dense(4)]), nn.Dense(2)],
    "nested": [nn.Residual([nn.Residual([nn.Dense(4, "silu")]), nn.Dense(4)]), nn.Dense(2)],
    "embedding": [nn.Embedding([3, 5], dimension=[2, 3], columns=[0, 2]), nn.Dense(3, "tanh"), nn.Dense(2)],
    "user-defined": [Scale(), nn.Dense(2)],
}


def examples(layers, n=6):
    X = RNG.normal(size=(n, 4))
    if isinstance(layers[0], nn.Embedding):
        X[:, 0], X[:, 2] = RNG.integers(3, size=n), RNG.integers(5, size=n)
    return X


def loss_at(network, x, y):
    """The mean loss as a function of the parameters' leaves."""

    def f(*leaves):
        parameters = tree.rebuild(network.parameters, iter(leaves))
        losses, _ = network.architecture.losses(parameters, network.state, np.asarray(x), np.asarray(y))
        return np.mean(losses)

    return f


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_backpropagation_gives_what_differences_give(layers):
    network = nn.Network(4, layers, dtype="float64", seed=1)
    X, y = examples(layers), RNG.normal(size=(6, network.n_outputs))
    gradient = network.backpropagate(X, y).grad
    leaves = tree.leaves(network.parameters)
    numeric = numerical_gradient(loss_at(network, X, y), leaves, 1.0)
    for (path, derived), expected in zip(tree.items(gradient.parameters), numeric, strict=True):
        np.testing.assert_allclose(derived, expected, rtol=1e-8, atol=1e-10, err_msg=str(path))


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_training_mode_has_right_derivatives(layers):
    """With dropout and batch statistics, in all directions at once, to the second order."""
    network = nn.Network(4, layers, dtype="float64", seed=1)
    X, y = examples(layers), RNG.normal(size=(6, network.n_outputs))
    key = ops.random_key(5)

    def f(parameters):
        objective = network.architecture.objective(parameters, network.state, key, np.asarray(X), np.asarray(y))
        return objective.losses

    cr.check_grads(f, (network.parameters,), order=2, tolerance=1e-6)


@pytest.mark.parametrize(
    "layers", [v for k, v in LAYERS.items() if k != "embedding"], ids=[k for k in LAYERS if k != "embedding"]
)
def test_derivative_by_the_input(layers):
    network = nn.Network(4, layers, dtype="float64", seed=1)
    X, y = examples(layers), RNG.normal(size=(6, network.n_outputs))

    def f(x):
        return np.mean(network.architecture.losses(network.parameters, network.state, x, y)[0])

    np.testing.assert_allclose(
        network.backpropagate(X, y).grad.x, numerical_gradient(f, [X], 1.0)[0], rtol=1e-7, atol=1e-10
    )


@pytest.mark.parametrize("activation", nn.ACTIVATIONS)
def test_every_activation(activation):
    network = nn.Network(3, [nn.Dense(4, activation), nn.Dense(2)], dtype="float64", seed=2)
    X, y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    gradient = network.backpropagate(X, y).grad
    numeric = numerical_gradient(loss_at(network, X, y), tree.leaves(network.parameters), 1.0)
    for derived, expected in zip(tree.leaves(gradient.parameters), numeric, strict=True):
        np.testing.assert_allclose(derived, expected, rtol=1e-7, atol=1e-9)


FORMULAS = {
    "linear": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * (np.exp(z) - 1)),
    "gelu": lambda z: z * np.vectorize(lambda v: 0.5 * (1 + erf(v / np.sqrt(2))))(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
}


@pytest.mark.parametrize("activation", nn.ACTIVATIONS)
def test_activations_are_their_formulas(activation):
    z = RNG.normal(size=(7, 4)) * 3
    network = nn.Network(4, [nn.Dense(4, activation, weights=np.eye(4))], dtype="float64")
    np.testing.assert_allclose(network.outputs(z), FORMULAS[activation](z), rtol=1e-12, atol=1e-15)


def test_an_activation_of_ones_own():
    bent = nn.Network(3, [nn.Dense(4, lambda z: z / (1 + np.abs(z))), nn.Dense(1)], dtype="float64")
    X = RNG.normal(size=(5, 3))
    z = bent.forward(X).z[1]
    np.testing.assert_allclose(bent.forward(X).a[1], z / (1 + np.abs(z)))
    t = bent.backpropagate(X, RNG.normal(size=5))
    np.testing.assert_allclose(t.delta[1], t.delta[2] @ bent.weights[1] / (1 + np.abs(z)) ** 2)


# Shapes and dtypes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_shapes_and_dtypes(layers, dtype):
    network = nn.Network(4, layers, dtype=dtype)
    X, y = examples(layers), RNG.normal(size=(6, network.n_outputs))
    t = network.backpropagate(X, y)
    arrays = [*t.z.values(), *t.a.values(), *t.delta.values(), t.grad.x, *tree.leaves(t.grad.parameters)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert isinstance(t.loss, float)
    assert t.grad.x.shape == X.shape
    assert [t.delta[i].shape for i in t.delta] == [t.z[i].shape for i in t.z] == [t.a[i].shape for i in t.z]
    for layer, W in t.grad.W.items():
        assert W.shape == network.parameters[layer - 1]["W"].shape
    assert network.predict(X).dtype == np.dtype(dtype)
    network.fit(X, y, epochs=1, progress=False)
    assert {leaf.dtype for leaf in tree.leaves([network.parameters, network.state])} == {np.dtype(dtype)}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_single_examples_rows_of_a_batch_and_no_rows(layers):
    network = nn.Network(4, layers, dtype="float64")
    X, y = examples(layers), RNG.normal(size=(6, network.n_outputs))
    whole, one = network.forward(X), network.forward(X[2])
    for layer in whole.a:
        assert one.a[layer].shape == whole.a[layer].shape[1:]
        np.testing.assert_allclose(one.a[layer], whole.a[layer][2], rtol=1e-13)
    np.testing.assert_allclose(network.predict(X[2]), network.predict(X)[2], rtol=1e-13)
    t, t1 = network.backpropagate(X[2], y[2]), network.backpropagate(X[2:3], y[2:3])
    assert t.loss == t1.loss
    np.testing.assert_array_equal(t.grad.x, t1.grad.x[0])
    np.testing.assert_array_equal(t.delta[1], t1.delta[1][0])
    for ours, theirs in zip(tree.leaves(t.grad.parameters), tree.leaves(t1.grad.parameters), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert network.predict(X[:0]).shape == network.predict(X)[:0].shape
    assert network.forward(X[:0]).z[1].shape == (0, *whole.z[1].shape[1:])
    with pytest.raises(ArgumentError, match="x has no rows"):
        network.backpropagate(X[:0], y[:0])


# Initialisers


@pytest.mark.parametrize("name", nn.INITIALISERS)
def test_initial_weights(name):
    W = nn.Network(200, [nn.Dense(300, weights=name)], dtype="float64").weights[0]
    variance = {
        "zeros": 0, "normal": 1, "uniform": 1 / 600, "glorot": 2 / 500, "xavier": 2 / 500, "glorot_uniform": 2 / 500,
        "glorot_normal": 2 / 500, "he": 2 / 200, "he_normal": 2 / 200, "he_uniform": 2 / 200,
    }[name]  # fmt: skip
    assert W.shape == (300, 200)
    np.testing.assert_allclose(W.var(), variance, rtol=0.03)
    np.testing.assert_allclose(W.mean(), 0, atol=4 * np.sqrt(variance / W.size))
    if "uniform" in name or name in ("glorot", "xavier"):
        assert np.sqrt(3 * variance) * 0.999 < np.abs(W).max() <= np.sqrt(3 * variance)


@pytest.mark.parametrize("activation", nn.ACTIVATIONS)
def test_by_default_rectifiers_start_with_he_and_others_with_glorot(activation):
    rectifiers = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish")
    expected = "he" if activation in rectifiers else "glorot"
    default, named = (nn.Network(9, [nn.Dense(7, activation, weights=how)]) for how in (None, expected))
    np.testing.assert_array_equal(default.weights[0], named.weights[0])
    np.testing.assert_array_equal(default.biases[0], 0)


def test_initial_arrays_and_functions():
    W = RNG.normal(size=(2, 3))
    layer = nn.Dense(2, weights=W, biases=lambda shape, random: np.full(shape, 0.1))
    network = nn.Network(3, [layer], dtype="float64")
    np.testing.assert_array_equal(network.weights[0], W)
    np.testing.assert_array_equal(network.biases[0], [0.1, 0.1])
    network.set_parameters(weights=[np.zeros((2, 3))])
    assert W.any()


def test_seeds():
    first, again, other = (nn.Network(3, [nn.Dense(4)], seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.weights[0], again.weights[0])
    assert not np.array_equal(first.weights[0], other.weights[0])


# Layers of other kinds


def test_residual_adds_its_input():
    inner = nn.Dense(3, "tanh")
    X = RNG.normal(size=(4, 3))
    block = nn.Network(3, [nn.Residual([inner])], dtype="float64", seed=3)
    plain = nn.Network(3, [inner], dtype="float64", seed=3)
    np.testing.assert_allclose(block.outputs(X), X + plain.outputs(X), rtol=1e-14)


def test_embedding_looks_up_and_passes_the_rest_in_front():
    network = nn.Network(3, [nn.Embedding([2, 4], dimension=[1, 2], columns=[2, 0])], dtype="float64")
    tables = network.parameters[0]["tables"]
    assert [table.shape for table in tables] == [(2, 1), (4, 2)]
    a = network.outputs([[3, 0.5, 1], [0, -2.0, 0]])
    np.testing.assert_array_equal(a, [[0.5, *tables[0][1], *tables[1][3]], [-2.0, *tables[0][0], *tables[1][0]]])


def test_an_embedding_of_one_column_takes_plain_numbers():
    plain, listed = nn.Embedding(3, np.int64(5), 1), nn.Embedding([3], [5], [1])
    assert plain == listed
    assert nn.Network(2, [plain]).n_outputs == 6


def test_embedding_gradients_add_up_over_repeated_codes():
    network = nn.Network(1, [nn.Embedding([4], dimension=2), nn.Dense(1, weights=[[1.0, 10.0]])], dtype="float64")
    t = network.backpropagate([[1], [1], [3], [1]], np.zeros(4))
    gradient = t.grad.parameters[0]["tables"][0]
    np.testing.assert_allclose(gradient[1], t.delta[1][[0, 1, 3]].sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(gradient[3], t.delta[1][2], rtol=1e-14)
    np.testing.assert_array_equal(gradient[[0, 2]], 0)


@pytest.mark.parametrize("code", [-1, 4, 1.5, 1e12])
@pytest.mark.parametrize("call", ["predict", "fit"])
def test_codes_that_do_not_exist_are_refused(code, call):
    network = nn.Network(2, [nn.Embedding([4], columns=[1]), nn.Dense(1)])
    X = np.array([[0.0, 0], [0, code]])
    with pytest.raises(ArgumentError, match=r"X: row 1, column 1 is .*whole numbers 0 … 3"):
        network.predict(X) if call == "predict" else network.fit(X, [0.0, 1.0], progress=False)


def test_a_layer_of_ones_own():
    network = nn.Network(4, [Scale(), nn.Dense(2)], dtype="float64")
    X = RNG.normal(size=(30, 4))
    p = network.parameters[0]
    np.testing.assert_allclose(network.forward(X).a[1], np.tanh(X * p["kW"] + p["W"]))
    network.set_parameters(weights=[np.full(4, 2.0), np.zeros((2, 4))])
    np.testing.assert_array_equal(network.parameters[0]["W"], 2)
    np.testing.assert_array_equal(network.parameters[0]["kW"], p["kW"])
    network.fit(X, np.zeros((30, 2)), epochs=2, progress=False)
    assert "Scale" in repr(network)


# Dropout


def masks(rate=0.25, n=20_000, step=0, seed=0, layers=1, training=True):
    network = nn.Network(5, [nn.Dropout(rate) for _ in range(layers)])
    key = ops.random_key(seed, step)
    passes = network.architecture.passes(
        network.parameters, network.state, np.ones((n, 5), np.float32), Mode(training, key)
    )
    return [np.asarray(p.a) for p in passes]


def test_dropout_drops_its_share_and_scales_the_rest():
    (a,) = masks()
    share = np.mean(a == 0)
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / a.size)
    np.testing.assert_allclose(np.unique(a), [0, 1 / 0.75], rtol=1e-6)
    assert a.dtype == np.float32


def test_dropout_depends_on_seed_step_and_layer_and_on_nothing_else():
    np.testing.assert_array_equal(masks()[0], masks()[0])
    for other in ({"step": 1}, {"seed": 1}):
        assert 0.3 < np.mean((masks()[0] == 0) != (masks(**other)[0] == 0)) < 0.45
    first, second = masks(layers=2)
    alone = second[first > 0]
    assert abs(np.mean(alone == 0) - 0.25) < 0.01
    np.testing.assert_array_equal(masks(n=100)[0], masks(n=20_000)[0][:100])


def test_dropout_rests_outside_of_training():
    np.testing.assert_array_equal(masks(training=False)[0], 1)
    network = nn.Network(5, [nn.Dropout(0.9)])
    np.testing.assert_array_equal(network.predict(np.ones((3, 5))), 1)
    np.testing.assert_array_equal(network.forward(np.ones((3, 5))).a[1], 1)


@pytest.mark.parametrize("rate", [0, 1 - 1e-12])
def test_dropout_at_the_ends(rate):
    (a,) = masks(rate, n=100)
    assert np.mean(a == 0) == (1 if rate else 0)


def test_dropout_has_the_same_mask_forwards_and_backwards():
    network = nn.Network(5, [nn.Dropout(0.5)], loss=lambda outputs, y: np.sum(outputs, axis=-1), dtype="float64")
    key = ops.random_key(3, 7)
    X = RNG.normal(size=(50, 5)) + 10

    def f(x):
        return np.sum(network.architecture.objective(network.parameters, network.state, key, x, X).losses)

    value, slope = cr.value_and_grad(f)(X)
    assert 0.3 < np.mean(slope == 0) < 0.7
    np.testing.assert_allclose(value, np.sum(slope * X), rtol=1e-12)
