"""Faults planted at the start, in the middle and in the last tenth of a training are found."""

import contextlib
import functools

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.doctor.recorder import MOST_LAYERS, MOST_WEIGHTS, LayerFacts, Recorder, Rhythm
from chainrule.errors import DivergenceError
from chainrule.train import Callback
from noisy_digits import digits

Dense = nn.Dense
STEPS = 625
TIMES = (2, STEPS // 2, STEPS * 93 // 100)


class Planted(Callback):
    """Changes the parameters after a step."""

    def __init__(self, step, change):
        self.step_interval, self.change = step, change

    def on_step(self, training):
        if training.step == self.step_interval:
            weights = training.weights
            training.weights = weights._replace(parameters=self.change(weights.parameters))


def diagnosis(layers, optimizer, callbacks=(), detail="cheap", y=None, **options):
    X, labels = digits()
    net = nn.Network(64, layers, "cross_entropy", seed=1)
    options = {"epochs": 25, "progress": False} | options
    with contextlib.suppress(DivergenceError):
        net.fit(X, labels if y is None else y, optimizer=optimizer, callbacks=callbacks, diagnose=detail, **options)
    return net.diagnosis


def names(found):
    return [finding.name for finding in found.findings]


def scaled(factor, layers):
    return lambda parameters: [
        part | {"W": np.float32(factor if i in layers else 1) * part["W"]} for i, part in enumerate(parameters)
    ]


def constant(parameters):
    return [{name: np.full_like(leaf, leaf.mean()) for name, leaf in part.items()} for part in parameters]


def killed(parameters):
    biases = np.where(np.arange(64) < 61, np.float32(-30), parameters[0]["b"])
    return [parameters[0] | {"b": biases}, parameters[1]]


FAULTS = {
    "dead relu": ([Dense(64, "relu"), Dense(10)], optim.Adam(1e-3), killed),
    "saturation": ([Dense(64, "tanh"), Dense(10)], optim.Adam(1e-3), scaled(50, [0])),
    "vanishing δ": ([*[Dense(32, "tanh")] * 8, Dense(10)], optim.SGD(0.01), scaled(0.1, range(9))),
    "exploding δ": ([*[Dense(64)] * 6, Dense(10)], optim.Adam(1e-6), scaled(8, range(7))),
    "symmetry": ([Dense(16, "tanh"), Dense(10)], optim.SGD(0.01), constant),
}


@pytest.mark.parametrize("step", TIMES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_begins_at_a_step(name, step):
    layers, optimizer, change = FAULTS[name]
    found = diagnosis(layers, optimizer, [Planted(step, change)])
    assert names(found) == [name]
    assert found.findings[0].steps[1] == STEPS


@pytest.mark.parametrize("step", TIMES)
def test_a_rate_that_explodes_from_a_step_on(step):
    found = diagnosis([Dense(64, "relu"), Dense(10)], optim.SGD(lambda now, total: np.where(now >= step, 5.0, 0.05)))
    assert "exploding rate" in names(found)
    assert names(found)[0] in ("exploding rate", "not finite")


@functools.cache
def table():
    """Inputs that are all above 0, so that one long step can push all z of a unit below 0 for good."""
    X = np.random.default_rng(0).random((800, 64))
    y = X @ np.random.default_rng(1).normal(size=64)
    return X, (y - y.mean()) / y.std()


def regression(rate, epochs, detail="cheap"):
    X, y = table()
    net = nn.Network(64, [Dense(64, "relu"), Dense(1)], "mse", seed=1)
    net.fit(X, y, optimizer=optim.SGD(rate), epochs=epochs, diagnose=detail, progress=False)
    return net.diagnosis


@pytest.mark.parametrize("epochs", [93, 560])  # 2 325 and 14 000 steps
@pytest.mark.parametrize("detail", ["cheap", "full"])
def test_a_spike_of_the_rate_at_step_100_kills_units_for_good(epochs, detail):
    assert names(regression(0.01, epochs, detail)) == []
    found = regression(lambda step, total: np.where(step == 100, 10.0, 0.01), epochs, detail)
    assert names(found) == ["dead relu"]
    dead = int(found.findings[0].evidence.split("measured at the end: ")[1].split(" of 64")[0])
    assert dead > 55
    first, last = found.findings[0].steps
    assert first <= 110
    assert last == 25 * epochs


def test_the_final_measurement_leaves_the_weights_and_counts_no_step():
    X, y = digits()
    trained = {}
    for detail in (None, "cheap"):
        net = nn.Network(64, [Dense(16, "relu"), nn.BatchNorm(), Dense(10)], "cross_entropy", seed=1)
        net.fit(X, y, optimizer=optim.Adam(1e-3), epochs=3, diagnose=detail, progress=False)
        trained[detail] = net
    for (name, plain), (_, watched) in zip(trained[None].named_arrays(), trained["cheap"].named_arrays(), strict=True):
        assert plain.tobytes() == watched.tobytes(), name
    found = trained["cheap"].diagnosis
    assert found.made == 75
    assert found.steps[-1] == 64
    assert len(found.final_losses) == 8
    assert set(found.layers[0].final) == set(found.layers[0].series)


def test_shuffled_labels_are_no_matter_of_the_rate():
    """What cannot be learned by heart leaves the loss at the entropy of the classes."""
    random = np.random.default_rng(1)
    X, y = random.normal(size=(4000, 2)), (random.random(4000) < 0.3).astype(int)
    net = nn.Network(2, [Dense(8, "tanh"), Dense(2)], "cross_entropy").fit(
        X, y, optimizer=optim.SGD(0.01), epochs=10, diagnose="cheap", progress=False
    )
    (finding,) = net.diagnosis.findings
    assert finding.name == "nothing learned"
    assert finding.fix.startswith("first the data")
    shares = np.bincount(y) / len(y)
    np.testing.assert_allclose(net.diagnosis.constant_loss, -np.sum(shares * np.log(shares)))


@pytest.mark.parametrize("loss", ["mse", "half_squared"])
def test_a_regression_that_learns_nothing(loss):
    random = np.random.default_rng(0)
    X, y, weight = random.normal(size=(4000, 2)), random.normal(size=4000), random.random(4000)
    net = nn.Network(2, [Dense(1)], loss).fit(
        X, y, sample_weight=weight, optimizer=optim.SGD(0.01), epochs=10, diagnose="cheap", progress=False
    )
    mean = np.average(y, weights=weight)
    expected = np.average((y - mean) ** 2, weights=weight) * (0.5 if loss == "half_squared" else 1)
    np.testing.assert_allclose(net.diagnosis.constant_loss, expected)
    assert names(net.diagnosis) == ["nothing learned"]


def test_a_frozen_layer_is_not_to_be_sped_up():
    found = diagnosis(
        [Dense(64, "relu"), Dense(10)],
        optim.SGD(0.1),
        transform_gradients=lambda g: [{name: 0 * leaf for name, leaf in g[0].items()}, g[1]],
    )
    (finding,) = found.findings
    assert (finding.name, finding.layers) == ("frozen layer", (1,))
    assert "rate" not in finding.fix
    (finding,) = diagnosis([Dense(64, "relu"), Dense(10)], optim.SGD(0.0)).findings
    assert "the learning rate is 0" in finding.fix


def test_a_single_slow_layer_is_not_a_matter_of_the_rate():
    found = diagnosis(
        [Dense(64, "relu"), Dense(10)],
        optim.SGD(0.1),
        transform_gradients=lambda g: [{name: 1e-6 * leaf for name, leaf in g[0].items()}, g[1]],
    )
    (finding,) = found.findings
    assert finding.layers == (1,)
    assert "do not raise the rate of all" in finding.fix


def test_the_first_loss_of_unequal_classes():
    """With 94% in one of ten classes the shares cost H = 0.37 and equal probabilities ln 10: 5.3 is above 2 ln 10."""
    _, y = digits()
    labels = np.where(np.arange(800) % 17, 0, y)
    shares = np.bincount(labels, minlength=10) / 800
    biased = np.zeros(10)
    biased[0] = -5.0
    found = diagnosis([Dense(16, "tanh"), Dense(10, biases=biased)], optim.Adam(1e-3), y=labels, epochs=5)
    assert names(found) == ["loss at start"]
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    assert f"would give their entropy, {entropy:.3g}" in found.findings[0].evidence
    assert names(diagnosis([Dense(16, "tanh"), Dense(10)], optim.Adam(1e-3), y=labels, epochs=5)) == []


def test_the_entropy_counts_weights():
    _, y = digits()
    found = diagnosis(
        [Dense(10)], optim.Adam(1e-3), y=np.where(np.arange(800) % 17, 0, y), class_weight="balanced", epochs=1
    )
    np.testing.assert_allclose(found.constant_loss, np.log(10))
    binary = nn.Network(64, [Dense(1)], "binary_cross_entropy").fit(
        digits()[0], np.arange(800) % 10 == 0, epochs=1, diagnose="cheap", progress=False
    )
    np.testing.assert_allclose(binary.diagnosis.constant_loss, -0.1 * np.log(0.1) - 0.9 * np.log(0.9))


def test_delta_that_a_batch_of_one_row_stops_does_not_vanish():
    layers = [Dense(8, "relu"), nn.BatchNorm(), Dense(2)]
    x = np.random.default_rng(0).normal(size=(33, 4))
    history = nn.Network(4, layers, "cross_entropy").fit(
        x, (x[:, 0] > 0).astype(int), epochs=3, batch_size=32, diagnose="full", progress=False
    )
    assert history.diagnosis.layers[0]["delta"][1] == 0
    assert names(history.diagnosis) == ["batch of one row"]


def test_a_last_batch_of_one_row_is_named():
    layers = [Dense(16, "relu"), nn.Residual([nn.BatchNorm()]), Dense(10)]
    found = diagnosis(layers, optim.Adam(1e-3), batch_size=47)
    assert names(found) == ["batch of one row"]  # 800 = 17 · 47 + 1
    assert found.findings[0].layers == (2,)
    assert names(diagnosis(layers, optim.Adam(1e-3), batch_size=32)) == []


def test_the_memory_of_a_long_training_is_bounded():
    """A million steps, as one layer would report them; what is kept covers all of them evenly but for the first."""
    recorder = Recorder("full", [LayerFacts("Dense", "")], rhythm=Rhythm(farthest=512))
    step = 0
    while step < 1_000_000:
        detail, count = recorder.next(step)
        record = {"a": np.ones(count)} | ({"W": np.ones(count)} if detail == 2 else {})
        recorder.take(step, np.ones(count), [record])
        step += count
    found = recorder.diagnosis([{}])
    assert len(found.steps) <= MOST_LAYERS + MOST_WEIGHTS
    assert len(found.in_every_detail.steps) <= MOST_WEIGHTS
    for steps in (found.steps, found.in_every_detail.steps):
        assert np.all(np.diff(steps) > 0)
        assert steps[-1] > 990_000
        gaps = np.diff(steps[steps > 10_000])
        assert gaps.max() <= 4 * np.median(gaps)
