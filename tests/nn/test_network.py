"""Networks as users hold them: parameters, predictions, weights of examples and classes, and any layout of X."""

import copy
import pickle

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.errors import ArgumentError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
Y = RNG.normal(size=(24, 2))
LABELS = RNG.integers(2, size=24)
QUIET = {"progress": False}
ONE_STEP = {"optimizer": optim.SGD(0.1), "epochs": 1, "batch_size": None, "shuffle": False, "progress": False}


def network(loss="half_squared", outputs=2, **options):
    layers = [nn.Dense(4, "tanh"), nn.LayerNorm(), nn.Dense(outputs)]
    return nn.Network(3, layers, loss, **({"dtype": "float64"} | options))


def bits(net):
    return [array.tobytes() for _, array in net.named_arrays()]


def assert_close(net, other, rtol=1e-12):
    for (name, ours), (_, theirs) in zip(net.named_arrays(), other.named_arrays(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-15, err_msg=name)


# Parameters


def test_parameters_come_back():
    net = network()
    weights, biases = [RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4))], [RNG.normal(size=4), RNG.normal(size=2)]
    net.set_parameters(weights=weights)
    net.set_parameters(biases=[b.tolist() for b in biases])
    for read, given in zip([*net.weights, *net.biases], [*weights, *biases], strict=True):
        np.testing.assert_array_equal(read, given)
    np.testing.assert_array_equal(net.parameters[1]["scale"], 1)
    net.set_parameters()
    np.testing.assert_array_equal(net.weights[0], weights[0])


def test_what_is_read_and_given_are_copies():
    net = network()
    W = np.ones((4, 3))
    net.set_parameters(weights=[W, np.ones((2, 4))])
    W[:] = 5
    net.weights[0][:] = 7
    np.testing.assert_array_equal(net.weights[0], 1)


def test_parameters_are_converted_to_the_dtype_of_the_network():
    net = network(dtype="float32")
    net.set_parameters(weights=[np.ones((4, 3), int), np.ones((2, 4))])
    assert [W.dtype for W in net.weights] == [np.float32] * 2


def test_weights_inside_blocks_count_too():
    net = nn.Network(3, [nn.Residual([nn.Dense(3, use_bias=False)]), nn.Dense(1)])
    assert [W.shape for W in net.weights] == [(3, 3), (1, 3)]
    assert [b.shape for b in net.biases] == [(1,)]
    net.set_parameters(weights=[np.ones((3, 3)), np.ones((1, 3))])
    np.testing.assert_array_equal(net.parameters[0][0]["W"], 1)


def test_repr():
    assert repr(network("mse")) == (
        "Network(3 inputs, loss='mse', dtype=float64)\n"
        "  1  Dense              16 parameters\n"
        "  2  LayerNorm           8 parameters\n"
        "  3  Dense              10 parameters"
    )


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_independent(twin):
    net = network().fit(X, Y, epochs=1, **QUIET)
    other = twin(net)
    before = bits(net)
    assert bits(other) == before
    other.fit(X, Y, epochs=1, **QUIET)
    assert bits(net) == before != bits(other)
    assert bits(net.fit(X, Y, epochs=1, **QUIET)) == bits(other)


def test_backpropagation_changes_nothing():
    net = network()
    before = bits(net)
    net.backpropagate(X, Y)
    net.predict(X)
    net.evaluate(X, Y)
    assert bits(net) == before


# Predictions


def test_predictions_of_every_kind():
    outputs = network("cross_entropy").outputs(X)
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(network("cross_entropy").predict(X), np.argmax(outputs, axis=1))
    np.testing.assert_allclose(network("cross_entropy").predict_proba(X), p, rtol=1e-12)
    one = network("binary_cross_entropy", 1).outputs(X)[:, 0]
    np.testing.assert_array_equal(network("binary_cross_entropy", 1).predict(X), one > 0)
    proba = network("binary_cross_entropy", 1).predict_proba(X)
    np.testing.assert_allclose(proba, np.column_stack([1 / (1 + np.exp(one)), 1 / (1 + np.exp(-one))]), rtol=1e-12)
    assert network("binary_cross_entropy").predict_proba(X).shape == (24, 2)
    np.testing.assert_array_equal(network("hinge", 1).predict(X), np.where(one > 0, 1, -1))
    np.testing.assert_allclose(network("poisson", 1).predict(X), np.exp(one), rtol=1e-14)
    np.testing.assert_array_equal(network("mse", 1).predict(X), one)
    np.testing.assert_array_equal(network("mse").predict(X), outputs)
    np.testing.assert_array_equal(network(lambda a, y: a[:, 0]).predict(X), outputs)


def test_many_rows_are_predicted_in_pieces():
    many = RNG.normal(size=(20_000, 3))
    whole = network().outputs(many)
    np.testing.assert_array_equal(whole[:8192], network().outputs(many[:8192]))
    np.testing.assert_allclose(whole[19_990:], network().outputs(many[19_990:]), rtol=1e-12)
    assert network("mse", 1).evaluate(many, many[:, 0])["loss"] == pytest.approx(
        np.mean((network("mse", 1).predict(many) - many[:, 0]) ** 2), rel=1e-12
    )


def test_scores():
    net = network("cross_entropy")
    assert net.evaluate(X, LABELS)["accuracy"] == np.mean(net.predict(X) == LABELS)
    net = network("binary_cross_entropy", 1)
    assert net.evaluate(X, LABELS)["accuracy"] == np.mean(net.predict(X) == LABELS)
    net = network("hinge", 1)
    assert net.evaluate(X, LABELS)["accuracy"] == np.mean(net.predict(X) == 2 * LABELS - 1)
    net = network("mse")
    residual, spread = ((Y - net.predict(X)) ** 2).mean(0), Y.var(0)
    np.testing.assert_allclose(net.evaluate(X, Y)["r2"], np.mean(1 - residual / spread), rtol=1e-12)
    assert list(network(lambda a, y: a[:, 0]).evaluate(X, Y)) == ["loss"]
    constant = np.ones((24, 2))
    assert network("mse").evaluate(X, constant)["r2"] == 0


# How much examples count


def test_weights_of_examples_are_as_good_as_copies():
    counts = np.array([1, 2, 3] * 8)
    weighted = network().fit(X, Y, sample_weight=counts, **ONE_STEP)
    copied = network().fit(np.repeat(X, counts, axis=0), np.repeat(Y, counts, axis=0), **ONE_STEP)
    assert_close(weighted, copied)
    assert not np.allclose(weighted.weights[0], network().fit(X, Y, **ONE_STEP).weights[0])


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_weights_of_classes_are_as_good_as_copies(loss):
    k = 2 if loss == "cross_entropy" else 1
    weighted = network(loss, k).fit(X, LABELS, class_weight={0: 1, 1: 3}, **ONE_STEP)
    repeats = np.where(LABELS == 1, 3, 1)
    copied = network(loss, k).fit(np.repeat(X, repeats, axis=0), np.repeat(LABELS, repeats), **ONE_STEP)
    assert_close(weighted, copied)


def test_balanced_classes_count_the_same():
    y = (np.arange(24) < 6).astype(int)
    balanced = network("cross_entropy").fit(X, y, class_weight="balanced", **ONE_STEP)
    copied = network("cross_entropy").fit(np.repeat(X, 1 + 2 * y, axis=0), np.repeat(y, 1 + 2 * y), **ONE_STEP)
    assert_close(balanced, copied)


def test_weights_of_classes_and_examples_multiply():
    weight = RNG.uniform(size=24)
    both = network("cross_entropy").fit(X, LABELS, sample_weight=weight, class_weight={0: 1, 1: 3}, **ONE_STEP)
    one = network("cross_entropy").fit(X, LABELS, sample_weight=weight * (1 + 2 * LABELS), **ONE_STEP)
    assert_close(both, one)


def test_weights_of_a_validation_set():
    weight = RNG.uniform(size=24)
    net = network("mse").fit(X, Y, validation=(X, Y, weight), epochs=1, **QUIET)
    each = ((net.predict(X) - Y) ** 2).mean(axis=1)
    np.testing.assert_allclose(net.history["valid_loss"], [np.average(each, weights=weight)], rtol=1e-12)
    np.testing.assert_allclose(net.evaluate(X, Y, weight)["loss"], np.average(each, weights=weight), rtol=1e-12)


def test_a_share_for_validation_is_not_trained_on():
    net = network("mse").fit(X, Y, validation=0.25, epochs=1, batch_size=1, optimizer=optim.SGD(0.0), seed=3, **QUIET)
    each = ((net.predict(X) - Y) ** 2).mean(axis=1)
    np.testing.assert_allclose(18 * net.history["loss"][0] + 6 * net.history["valid_loss"][0], each.sum(), rtol=1e-12)


# Penalties


def test_l2_shrinks_weights_and_nothing_else():
    plain, penalised = network().fit(X, Y, **ONE_STEP), network().fit(X, Y, l2=0.3, **ONE_STEP)
    for before, ours, theirs in zip(network().weights, penalised.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours, theirs - 0.1 * 0.3 * before, rtol=1e-12, atol=1e-15)
    for ours, theirs in zip(penalised.biases, plain.biases, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(penalised.parameters[1]["scale"], plain.parameters[1]["scale"])


def test_l1_moves_weights_by_their_sign_and_nothing_else():
    plain, penalised = network().fit(X, Y, **ONE_STEP), network().fit(X, Y, l1=0.3, **ONE_STEP)
    for before, ours, theirs in zip(network().weights, penalised.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours, theirs - 0.1 * 0.3 * np.sign(before), rtol=1e-12, atol=1e-15)
    for ours, theirs in zip(penalised.biases, plain.biases, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_history_tells_the_loss_without_penalties():
    assert network().fit(X, Y, l2=10, **ONE_STEP).history["loss"] == network().fit(X, Y, **ONE_STEP).history["loss"]


# Any layout of X


def layouts(X):
    reversed_twice = X[::-1, ::-1].copy()[::-1, ::-1]
    spaced = np.zeros((2 * len(X), 2 * X.shape[1]), X.dtype)
    spaced[::2, ::2] = X
    misaligned = np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape)
    locked = X.copy()
    locked.flags.writeable = False
    yield from {
        "Fortran": np.asfortranarray(X),
        "negative strides": reversed_twice,
        "strides": spaced[::2, ::2],
        "misaligned": misaligned,
        "read-only": locked,
        "byte-swapped": X.astype(X.dtype.newbyteorder()),
        "list": X.tolist(),
    }.items()


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "int64", "int32", "uint8", "bool", "int8", "uint16", "float16"]
)
def test_every_layout_of_x_gives_the_same_bits_and_is_never_written_to(dtype):
    plain = (10 * np.abs(X)).astype(dtype)
    expected = network(dtype="float32").fit(plain, Y, epochs=1, batch_size=8, **QUIET)
    for name, x in layouts(plain):
        if name == "list" and dtype in ("float16", "float32"):
            continue
        before = np.array(x)
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
        net = network(dtype="float32").fit(x, Y, epochs=1, batch_size=8, **QUIET)
        assert bits(net) == bits(expected), name
        assert net.predict(x).tobytes() == expected.predict(plain).tobytes(), name
        assert net.backpropagate(x, Y).grad.x.tobytes() == expected.backpropagate(plain, Y).grad.x.tobytes(), name
        np.testing.assert_array_equal(np.array(x), before)


def test_integers_and_bytes_are_as_good_as_floats():
    whole = RNG.integers(0, 256, size=(24, 3))
    expected = bits(network().fit(whole.astype(np.float64), Y, epochs=2, **QUIET))
    for dtype in (np.int64, np.int32, np.uint8, np.uint32, np.float32):
        assert bits(network().fit(whole.astype(dtype), Y, epochs=2, **QUIET)) == expected


def test_targets_of_any_layout():
    expected = bits(network().fit(X, Y, epochs=1, **QUIET))
    for name, y in layouts(Y):
        assert bits(network().fit(X, y, epochs=1, **QUIET)) == expected, name


def test_x_is_not_copied_as_a_whole():
    import tracemalloc

    big = np.zeros((200_000, 20), np.float32)
    net = nn.Network(20, [nn.Dense(1)])
    y = np.zeros(200_000, np.float32)
    net.fit(big[:64], y[:64], epochs=1, **QUIET)
    tracemalloc.start()
    net.fit(big, y, order=[np.arange(64)], epochs=1, **QUIET)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < big.nbytes / 2


def test_labels_of_a_network_with_too_few_outputs():
    with pytest.raises(ArgumentError, match="as the network has 2 outputs"):
        network("cross_entropy").fit(X, LABELS + 1)
