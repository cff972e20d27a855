"""Divergence is a named stop: where, in which layer, and the last good weights kept."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.errors import DivergenceError
from chainrule.tree import leaves

X = np.ones((12, 2))
Y = np.ones((12, 1))
QUIET = {"progress": False, "shuffle": False}


def network(layers=None, **options):
    layers = layers or [nn.Dense(3, weights=np.ones((3, 2))), nn.Dense(1, weights=np.ones((1, 3)))]
    return nn.Network(2, layers, **options)


def test_the_message_names_step_epoch_layer_and_fix():
    net = network()
    with pytest.raises(DivergenceError) as caught:
        net.fit(X, Y, **QUIET, optimizer=optim.SGD(1e25), batch_size=4)
    message = str(caught.value)
    for part in ("step 2 (epoch 1)", "layer 2 (Dense)", "last good epoch", "Lower the learning rate", "clip_norm"):
        assert part in message


def test_the_weights_are_those_of_the_last_good_epoch():
    kept = []
    blow_up = lambda step, total: np.where(step < 4, 1e-3, 1e30)
    net = network()
    keep = lambda training: kept.append([np.array(leaf) for leaf in leaves(training.parameters)])
    with pytest.raises(DivergenceError, match="epoch 2"):
        net.fit(X, Y, **QUIET, optimizer=optim.SGD(blow_up), batch_size=4, callbacks=[keep])
    assert len(kept) == 1
    for leaf, expected in zip(leaves(net.parameters), kept[0], strict=True):
        assert leaf.tobytes() == expected.tobytes()


@pytest.mark.parametrize("batch_size", [None, 4])
def test_weights_that_are_not_finite_after_the_last_step_are_noticed(batch_size):
    net = network()
    rate = lambda step, total: np.where(step == total - 1, 1e38, 0.0)
    before = net.weights[0]
    with pytest.raises(DivergenceError, match=r"parameters\[\d\]\['[Wb]'\] is not finite"):
        net.fit(100 * X, -100 * Y, **QUIET, optimizer=optim.SGD(rate), batch_size=batch_size, epochs=1)
    assert net.weights[0].tobytes() == before.tobytes()


def test_the_layer_that_overflows_is_named():
    layers = [nn.Dense(2, weights=np.eye(2)), nn.Dense(2, np.exp, weights=1e3 * np.eye(2)), nn.Dense(1)]
    with pytest.raises(DivergenceError, match=r"a of layer 2 \(Dense\)"):
        network(layers).fit(X, Y, **QUIET)


def test_a_loss_that_overflows_is_named():
    net = network([nn.Dense(1, weights=np.full((1, 2), 100.0))], loss="poisson")
    with pytest.raises(DivergenceError, match="the loss poisson, all layers being finite"):
        net.fit(X, Y, **QUIET)


def test_a_loss_function_of_ones_own():
    with pytest.raises(DivergenceError, match=r"step 1 .* the loss function"):
        cr.fit(lambda p, x: np.log(p - np.sum(x, axis=-1)), np.zeros(()), X, **QUIET)


def test_the_running_averages_go_back_too():
    net = network([nn.BatchNorm(), nn.Dense(1, weights=np.ones((1, 2)))])
    rng = np.random.default_rng(0)
    with pytest.raises(DivergenceError):
        net.fit(rng.normal(size=(12, 2)), Y, **QUIET, optimizer=optim.SGD(1e30), batch_size=4)
    np.testing.assert_array_equal(net.state[0]["mean"], 0)


def test_with_early_stopping_the_best_weights_stay():
    blow_up = lambda step, total: np.where(step < 6, 1e-3, 1e30)
    kept = []
    net = network()
    with pytest.raises(DivergenceError):
        net.fit(
            X, Y, **QUIET, optimizer=optim.SGD(blow_up), batch_size=4, validation=(X, Y), early_stopping=5,
            callbacks=[lambda training: kept.append(np.array(training.parameters[0]["W"]))],
        )  # fmt: skip
    assert net.weights[0].tobytes() == kept[net.history.best_epoch - 1].tobytes()


def test_a_network_that_diverged_can_be_trained_again():
    net = network()
    with pytest.raises(DivergenceError):
        net.fit(X, Y, **QUIET, optimizer=optim.SGD(1e25), batch_size=4)
    net.fit(X, Y, **QUIET, optimizer=optim.Adam(1e-2), epochs=200)
    assert net.history["loss"][-1] < 1e-2


def test_weights_that_break_in_the_last_step_are_named_with_that_step():
    """The loss of a step is that of the weights before it, so the last update is judged by the weights themselves."""
    start = {"W": np.array([1.0])}
    with pytest.raises(DivergenceError, match=r"at step 1 \(epoch 1\): parameters\['W'\] is not finite"):
        cr.fit(
            lambda p, x: (p["W"] * x) ** 2,
            start,
            np.full(4, 1e150),
            optimizer=optim.SGD(1e250),
            epochs=1,
            batch_size=4,
            progress=False,
        )
