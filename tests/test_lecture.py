"""The lecture, formula by formula and under its own names, against NumPy written by hand."""

from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from numerical_derivatives import gradient as numerical_gradient


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


@pytest.fixture
def sizes():
    return [4, 5, 3, 2]


@pytest.fixture
def network(sizes):
    layers = [nn.Dense(n, "sigmoid", weights="normal", biases="normal") for n in sizes[1:]]
    return nn.Network(sizes[0], layers, loss="half_squared", seed=3, dtype="float64")


@pytest.fixture
def example():
    rng = np.random.default_rng(4)
    return rng.normal(size=4), rng.uniform(size=2)


def parameters_by_hand(network):
    """W[l] and b[l] for l = 1 … L; index 0 is not used, as in the lecture."""
    return [None, *network.weights], [None, *network.biases]


def forward_by_hand(W, b, x):
    a, z = [x], [None]
    for layer in range(1, len(W)):
        z.append(W[layer] @ a[-1] + b[layer])
        a.append(sigmoid(z[-1]))
    return z, a


def backward_by_hand(W, z, a, y):
    """The lecture's loop for l = L … 1; delta[0] is ∂ℒ/∂x."""
    L = len(W) - 1
    delta, dW, db = [None] * (L + 1), [None] * (L + 1), [None] * (L + 1)
    delta[L] = (a[L] - y) * sigmoid_slope(z[L])
    for layer in range(L, 0, -1):
        dW[layer] = np.outer(delta[layer], a[layer - 1])
        db[layer] = delta[layer]
        slope = sigmoid_slope(z[layer - 1]) if layer > 1 else 1
        delta[layer - 1] = W[layer].T @ delta[layer] * slope
    return delta, dW, db


# 1. Forward propagation


def test_forward_propagation(network, example):
    W, b = parameters_by_hand(network)
    z, a = forward_by_hand(W, b, example[0])
    ours = network.forward(example[0])
    assert list(ours.z) == [1, 2, 3]
    assert list(ours.a) == [0, 1, 2, 3]
    np.testing.assert_array_equal(ours.a[0], example[0])
    for layer in (1, 2, 3):
        np.testing.assert_allclose(ours.z[layer], z[layer], rtol=1e-14)
        np.testing.assert_allclose(ours.a[layer], a[layer], rtol=1e-14)
    np.testing.assert_allclose(network.predict(example[0]), a[3], rtol=1e-14)


def test_weight_ij_goes_from_node_j_to_node_i():
    network = nn.Network(3, [nn.Dense(2, weights="zeros")], dtype="float64")
    W = np.zeros((2, 3))
    W[1, 2] = 7.0
    network.set_parameters(weights=[W])
    np.testing.assert_array_equal(network.forward([1.0, 10.0, 100.0]).z[1], [0.0, 700.0])


# 3. The chain rule


def test_chain_rule_of_one_variable():
    x = np.linspace(-2, 2, 9)
    np.testing.assert_allclose([cr.grad(lambda x: np.sin(x**2))(v) for v in x], np.cos(x**2) * 2 * x, rtol=1e-14)


def test_chain_rule_of_several_variables():
    """Every way from s to f: u, v → r, s → x, y, z → f."""

    def f(x, y, z):
        return np.sin(x) * y + z**2

    def x(r, s):
        return r * s

    def y(r, s):
        return np.exp(r - s)

    def z(r, s):
        return r / s

    r, s = 0.7, 1.3
    at = (x(r, s), y(r, s), z(r, s))
    fx, fy, fz = cr.grad(f, argnums=(0, 1, 2))(*at)
    paths = [fx * cr.grad(x, argnums=1)(r, s), fy * cr.grad(y, argnums=1)(r, s), fz * cr.grad(z, argnums=1)(r, s)]
    whole = cr.grad(lambda r, s: f(x(r, s), y(r, s), z(r, s)), argnums=1)(r, s)
    np.testing.assert_allclose(whole, sum(paths), rtol=1e-14)
    by_hand = np.cos(r * s) * np.exp(r - s) * r - np.sin(r * s) * np.exp(r - s) + 2 * (r / s) * (-r / s**2)
    np.testing.assert_allclose(whole, by_hand, rtol=1e-14)


def test_worked_example_xyz():
    def f(r, s):
        x, y, z = r, r * s, s
        return x * y * z

    r, s = 2.0, 3.0
    assert cr.grad(f, argnums=1)(r, s) == 2 * r**2 * s == 24
    assert cr.grad(f, argnums=0)(r, s) == 2 * r * s**2 == 36


def test_crux_what_lies_behind_an_intermediate_value_can_be_forgotten():
    """∂f/∂u from ∂f/∂r and ∂f/∂s alone: two functions f that agree in them agree in ∂f/∂u."""

    def r(u):
        return np.sin(u) * u

    def s(u):
        return np.exp(-u)

    def f(r, s):
        return r**2 * s + np.tanh(s)

    u = 0.6
    f_r, f_s = cr.grad(f, argnums=(0, 1))(r(u), s(u))
    whole = cr.grad(lambda u: f(r(u), s(u)))(u)
    np.testing.assert_allclose(whole, f_r * cr.grad(r)(u) + f_s * cr.grad(s)(u), rtol=1e-14)
    linear = cr.grad(lambda u: f_r * r(u) + f_s * s(u))(u)
    np.testing.assert_allclose(whole, linear, rtol=1e-14)


# 4. Back propagation


def test_delta_of_the_output_layer(network, example):
    t = network.backpropagate(*example)
    z, a = t.z[3], t.a[3]
    np.testing.assert_allclose(t.delta[3], (a - example[1]) * sigmoid(z) * (1 - sigmoid(z)), rtol=1e-13)


def test_loss_is_half_the_squared_distance(network, example):
    t = network.backpropagate(*example)
    np.testing.assert_allclose(t.loss, 0.5 * np.sum((example[1] - t.a[3]) ** 2), rtol=1e-15)


def test_gradient_of_weights_is_delta_times_activation_transposed(network, example):
    t = network.backpropagate(*example)
    for layer in (1, 2, 3):
        np.testing.assert_allclose(t.grad.W[layer], np.outer(t.delta[layer], t.a[layer - 1]), rtol=1e-14)
        np.testing.assert_array_equal(t.grad.b[layer], t.delta[layer])


def test_delta_of_earlier_layers_uses_the_transpose(network, example):
    t = network.backpropagate(*example)
    W, _ = parameters_by_hand(network)
    for layer in (3, 2):
        expected = W[layer].T @ t.delta[layer] * sigmoid_slope(t.z[layer - 1])
        np.testing.assert_allclose(t.delta[layer - 1], expected, rtol=1e-13)
        one_by_one = [
            sum(t.delta[layer][j] * W[layer][j, k] * sigmoid_slope(t.z[layer - 1][k]) for j in range(len(W[layer])))
            for k in range(W[layer].shape[1])
        ]
        np.testing.assert_allclose(t.delta[layer - 1], one_by_one, rtol=1e-13)


def test_there_is_no_slope_at_the_input(network, example):
    t = network.backpropagate(*example)
    np.testing.assert_allclose(t.grad.x, network.weights[0].T @ t.delta[1], rtol=1e-14)


# 5. The full algorithm


def test_full_algorithm(network, example):
    W, b = parameters_by_hand(network)
    z, a = forward_by_hand(W, b, example[0])
    delta, dW, db = backward_by_hand(W, z, a, example[1])
    t = network.backpropagate(*example)
    for layer in (1, 2, 3):
        np.testing.assert_allclose(t.delta[layer], delta[layer], rtol=1e-13)
        np.testing.assert_allclose(t.grad.W[layer], dW[layer], rtol=1e-13)
        np.testing.assert_allclose(t.grad.b[layer], db[layer], rtol=1e-13)
    np.testing.assert_allclose(t.grad.x, delta[0], rtol=1e-13)


def test_full_algorithm_gives_the_derivatives_that_differences_give(network, example):
    x, y = example
    W, b = parameters_by_hand(network)

    def loss(x, *arrays):
        weights, biases = [None, *arrays[:3]], [None, *arrays[3:]]
        return 0.5 * np.sum((forward_by_hand(weights, biases, x)[1][-1] - y) ** 2)

    numeric = numerical_gradient(loss, [x, *W[1:], *b[1:]], 1.0, analytic=True)
    t = network.backpropagate(x, y)
    derived = [t.grad.x, *(t.grad.W[i] for i in (1, 2, 3)), *(t.grad.b[i] for i in (1, 2, 3))]
    for ours, expected in zip(derived, numeric, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-16)


def test_a_batch_is_the_mean_of_its_examples(network):
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(6, 4)), rng.uniform(size=(6, 2))
    batch = network.backpropagate(X, Y)
    each = [network.backpropagate(x, y) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(batch.loss, np.mean([t.loss for t in each]), rtol=1e-14)
    for layer in (1, 2, 3):
        np.testing.assert_allclose(batch.delta[layer], np.stack([t.delta[layer] for t in each]) / 6, rtol=1e-13)
        np.testing.assert_allclose(batch.grad.W[layer], np.mean([t.grad.W[layer] for t in each], axis=0), rtol=1e-12)


# Stochastic gradient descent: W ← W − η ∂ℒ/∂W


def test_stochastic_gradient_descent_is_one_step_against_the_gradient(network, example):
    x, y = example
    W, b = network.weights, network.biases
    t = network.backpropagate(x, y)
    network.fit(x[None], y[None], optimizer=optim.SGD(0.25), epochs=1, batch_size=1, progress=False)
    for layer in (1, 2, 3):
        np.testing.assert_allclose(network.weights[layer - 1], W[layer - 1] - 0.25 * t.grad.W[layer], rtol=1e-14)
        np.testing.assert_allclose(network.biases[layer - 1], b[layer - 1] - 0.25 * t.grad.b[layer], rtol=1e-14)


def train_by_hand(W, b, X, Y, order, eta, decay):
    """The lecture's algorithm: one example at a time in the given order; biases are not penalised."""
    W, b = [None, *(w.copy() for w in W)], [None, *(v.copy() for v in b)]
    for epoch in order:
        for i in epoch:
            z, a = forward_by_hand(W, b, X[i])
            _, dW, db = backward_by_hand(W, z, a, Y[i])
            for layer in range(1, len(W)):
                W[layer] = W[layer] - eta * (dW[layer] + decay * W[layer])
                b[layer] = b[layer] - eta * db[layer]
    return W[1:], b[1:]


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize(
    ("sizes", "examples"),
    [([2, 3, 2], 60), ([2, 30, 2], 60), ([196, 100, 10], 40)],
    ids=["2-3-2", "2-30-2", "196-100-10"],
)
def test_homework_is_replayed_exactly(sizes, examples, decay):
    """Given initial weights, order, batch size 1, η and λ: the weights after 5 epochs agree to 1e-12."""
    rng = np.random.default_rng(7)
    X = rng.uniform(size=(examples, sizes[0]))
    Y = np.eye(sizes[-1])[rng.integers(sizes[-1], size=examples)]
    W = [rng.normal(size=(n, below)) for below, n in pairwise(sizes)]
    b = [rng.normal(size=n) for n in sizes[1:]]
    order = [rng.permutation(examples) for _ in range(5)]
    net = nn.Network(sizes[0], [nn.Dense(n, "sigmoid") for n in sizes[1:]], loss="half_squared", dtype="float64")
    net.set_parameters(weights=W, biases=b)
    net.fit(X, Y, optimizer=optim.SGD(0.25), epochs=5, batch_size=1, order=order, l2=decay, progress=False)
    expected_W, expected_b = train_by_hand(W, b, X, Y, order, 0.25, decay)
    for ours, expected in zip([*net.weights, *net.biases], [*expected_W, *expected_b], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    assert max(np.abs(ours - start).max() for ours, start in zip(net.weights, W, strict=True)) > 1e-3


# 6. Practical issues


def test_unstable_gradients_vanish_by_a_quarter_a_layer_at_most():
    """δ of layer l is δ of layer l + 1 times Wᵀ and σ′ ≤ ¼."""
    net = nn.Network(1, [nn.Dense(1, "sigmoid", weights=[[1.0]]) for _ in range(10)], dtype="float64")
    t = net.backpropagate([0.0], [2.0])
    shrinks = [t.delta[layer] / t.delta[layer + 1] for layer in range(1, 10)]
    assert all(0 < shrink <= 0.25 for shrink in shrinks)
    loud = nn.Network(1, [nn.Dense(1, "linear", weights=[[3.0]]) for _ in range(10)], dtype="float64")
    t = loud.backpropagate([1.0], [0.0])
    np.testing.assert_allclose(t.delta[1] / t.delta[10], 3.0**9)


def test_zero_initialisation_keeps_the_symmetry_between_units():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40, 3)), rng.uniform(size=(40, 2))
    layers = [nn.Dense(5, "sigmoid", weights="zeros"), nn.Dense(2, "sigmoid", weights="zeros")]
    net = nn.Network(3, layers, dtype="float64").fit(X, Y, optimizer=optim.SGD(0.5), epochs=20, progress=False)
    assert np.abs(net.weights[0]).max() > 1e-4
    np.testing.assert_allclose(net.weights[0], np.broadcast_to(net.weights[0][0], (5, 3)), rtol=1e-12)


def test_variance_of_z_is_n_times_variance_of_weights_times_variance_of_inputs():
    rng = np.random.default_rng(0)
    net = nn.Network(400, [nn.Dense(300, weights="normal")], seed=1, dtype="float64")
    z = net.forward(3 * rng.normal(size=(50, 400))).z[1]
    np.testing.assert_allclose(z.var(), 400 * 1 * 9, rtol=0.05)


@pytest.mark.parametrize(("initial", "activation"), [("glorot", "linear"), ("he", "relu")])
def test_initialisation_keeps_the_size_of_the_activations(initial, activation):
    rng = np.random.default_rng(0)
    layers = [nn.Dense(256, activation, weights=initial) for _ in range(12)]
    a = nn.Network(256, layers, dtype="float64").forward(rng.normal(size=(200, 256))).a
    assert 0.4 < np.mean(a[12] ** 2) / np.mean(a[1] ** 2) < 2.5
