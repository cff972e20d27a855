"""What is measured is what the definitions say, and measuring changes nothing."""

import numpy as np
import pytest

from chainrule import nn, optim, tree
from chainrule.doctor import Diagnosis
from chainrule.errors import ArgumentError, ModelFileError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 6))
LABELS = RNG.integers(0, 3, 70)


def network(dtype="float64", middle=()):
    layers = [nn.Dense(9, "relu"), nn.Dense(8, "tanh"), *middle, nn.Dense(3)]
    return nn.Network(6, layers, "cross_entropy", seed=3, dtype=dtype)


def fit(net, diagnose, **options):
    options = {"epochs": 3, "batch_size": 8, "progress": False, "optimizer": optim.Adam(1e-2)} | options
    return net.fit(X, LABELS, diagnose=diagnose, **options)


@pytest.mark.parametrize("detail", ["cheap", "full"])
def test_the_first_step_against_numpy(detail):
    net = network()
    z1 = X @ net.weights[0].T + net.biases[0]
    back = net.backpropagate(X, LABELS)
    before = net.weights
    fit(net, detail, epochs=1, batch_size=None, shuffle=False, optimizer=optim.SGD(0.1))
    first, second, third = net.diagnosis.layers
    norm = np.linalg.norm
    for number, layer in enumerate(net.diagnosis.layers, 1):
        np.testing.assert_allclose(layer["a"], [norm(back.a[number])])
        np.testing.assert_allclose(layer["delta"], [norm(back.delta[number])])
        np.testing.assert_allclose(layer["gradient"], [norm(back.grad.W[number])])
        np.testing.assert_allclose(layer["W"], [norm(before[number - 1])])
        np.testing.assert_allclose(layer["update"], [0.1 * norm(back.grad.W[number])])
        np.testing.assert_allclose(layer.update_ratio, layer["update"] / layer["W"])
    np.testing.assert_allclose(second["cotangent"], [norm(back.delta[3] @ before[2])])
    np.testing.assert_allclose(first["cotangent"], [norm(back.delta[2] @ before[1])])
    np.testing.assert_allclose(first["dead"], [np.mean(np.all(z1 <= 0, axis=0))])
    np.testing.assert_allclose(second["saturated"], [np.mean(np.abs(back.a[2]) > 0.975)], rtol=1e-6)
    np.testing.assert_allclose(net.diagnosis.losses, [back.loss])
    assert "dead" not in second
    assert "saturated" not in third


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"accumulate": 3},
        {"batch_size": 7, "l2": 0.1},
        {"sample_weight": np.linspace(1, 2, 70)},
        {"validation": 0.2, "early_stopping": 2},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_weights_are_the_same_to_the_last_bit(dtype, options):
    trained = {
        detail: fit(network(dtype, [nn.BatchNorm(), nn.Dropout(0.2)]), detail, **options)
        for detail in (None, "cheap", "full")
    }
    for detail in ("cheap", "full"):
        for name in ("parameters", "state"):
            pairs = zip(
                tree.leaves(getattr(trained[None], name)), tree.leaves(getattr(trained[detail], name)), strict=True
            )
            assert all(a.tobytes() == b.tobytes() for a, b in pairs)
        assert trained[detail].history["loss"] == trained[None].history["loss"]
    assert trained[None].diagnosis is None


def test_which_steps_are_measured():
    cheap, full = (fit(network(), detail, epochs=40).diagnosis for detail in ("cheap", "full"))
    assert cheap.steps.tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert full.steps.tolist() == list(range(1, 361))
    chosen = np.isin(full.steps, cheap.steps)
    for one, other in zip(cheap.layers, full.layers, strict=True):
        for name in one.series:
            np.testing.assert_array_equal(one[name], other[name][chosen])
        assert np.isnan(other["W"][~chosen]).all()
        assert not np.isnan(other["delta"]).any()


def test_an_accumulated_update_is_measured_as_one():
    whole = fit(network(), "full", epochs=1, batch_size=20, shuffle=False, optimizer=optim.SGD(0.1))
    parts = fit(network(), "full", epochs=1, batch_size=5, accumulate=4, shuffle=False, optimizer=optim.SGD(0.1))
    for one, other in zip(whole.diagnosis.layers, parts.diagnosis.layers, strict=True):
        assert len(one["W"]) == len(other["W"]) == 4
        np.testing.assert_allclose(other["gradient"], one["gradient"], rtol=1e-10)
        np.testing.assert_allclose(other["update"], one["update"], rtol=1e-10)


def test_a_diagnosis_in_a_file(tmp_path):
    diagnosis = fit(network(), "full").diagnosis
    diagnosis.save(tmp_path / "run.json")
    read = Diagnosis.load(tmp_path / "run.json")
    assert read.to_json() == diagnosis.to_json()
    assert str(read) == str(diagnosis)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ModelFileError, match=r"run\.json: not a diagnosis of version 1"):
        Diagnosis.load(tmp_path / "run.json")
    record = diagnosis.to_json()
    del record["layers"][0]["units"]
    with pytest.raises(ModelFileError, match="damaged: KeyError"):
        Diagnosis.from_json(record)


def test_curves():
    diagnosis = fit(network(), "full").diagnosis
    steps, ratios = diagnosis.series("update_ratio")["layer 1 (Dense relu)"]
    assert steps.tolist() == [1, 2, 4, 8, 16]
    np.testing.assert_array_equal(ratios, diagnosis.in_every_detail.layers[0].update_ratio)
    assert list(diagnosis.series("saturated")) == ["layer 2 (Dense tanh)"]
    with pytest.raises(ArgumentError, match="quantity must be one of a, delta"):
        diagnosis.series("noise")


def test_what_cannot_be_diagnosed():
    with pytest.raises(ArgumentError, match='diagnose must be "cheap", "full" or None'):
        fit(network(), "dear")
    with pytest.raises(ArgumentError, match="diagnose needs the steps of a first-order optimiser"):
        fit(network(), "cheap", optimizer=optim.LBFGS())


def test_with_the_reference_executor(monkeypatch):
    engine = fit(network(), "full").diagnosis
    monkeypatch.setenv("CHAINRULE_EXECUTOR", "reference")
    slow = fit(network(), "full").diagnosis
    for one, other in zip(engine.layers, slow.layers, strict=True):
        for name in one.series:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-8)
