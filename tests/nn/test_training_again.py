"""A network of a kind that was trained before is not recorded again, and is trained as if it was the first."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from chainrule import tree
from chainrule.execution import traces
from chainrule.nn import BatchNorm, Dense, Dropout, LayerNorm, Network
from chainrule.optim import LBFGS, SGD, Adam, Cosine
from chainrule.runtime import plans

RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 2)), RNG.integers(0, 3, 40)


@pytest.fixture(autouse=True)
def recorded(monkeypatch):
    """How often functions were recorded, by name; nothing is kept at first."""
    counts, trace_call = Counter(), traces.trace_call

    def counting(function, *rest):
        counts[function.__name__] += 1
        return trace_call(function, *rest)

    monkeypatch.setattr(traces, "trace_call", counting)
    forget()
    return counts


def forget():
    traces._traces.clear()
    plans._plans.clear()


def trained(layers=None, y=Y, loss="half_squared", seed=0, dtype="float32", x=X, **options):
    layers = layers or [Dense(4, "tanh"), Dense(2)]
    network = Network(3, layers, loss, seed=seed, dtype=dtype)
    network.fit(x, y, **{"epochs": 2, "batch_size": 16, "progress": False} | options)
    return network


def numbers(network):
    return [np.asarray(array) for array in (*network.weights, *network.biases, network.outputs(X))]


def test_the_second_of_a_kind_is_not_recorded(recorded):
    validation = (X[:9], Y[:9])
    trained(seed=0, validation=validation).outputs(X)
    once = recorded.copy()
    assert once["training_step"] == 2  # of 16 rows, and of the 8 that are left
    trained(seed=1, validation=validation).outputs(X)
    assert recorded == once


VARIATIONS = {
    "activation": {"layers": [Dense(4, "sigmoid"), Dense(2)]},
    "no bias": {"layers": [Dense(4, "tanh", use_bias=False), Dense(2)]},
    "dropout": {"layers": [Dense(4, "tanh"), Dropout(0.3), Dense(2)]},
    "more dropout": {"layers": [Dense(4, "tanh"), Dropout(0.6), Dense(2)]},
    "batch norm": {"layers": [Dense(4, "tanh"), BatchNorm(), Dense(2)]},
    "layer norm": {"layers": [Dense(4, "tanh"), LayerNorm(), Dense(2)]},
    "loss": {"loss": "mae"},
    "its parameter": {"loss": "huber(0.1)"},
    "its other parameter": {"loss": "huber(0.2)"},
    "classes": {"layers": [Dense(4, "tanh"), Dense(3)], "y": LABELS, "loss": "cross_entropy"},
    "dtype": {"dtype": "float64"},
    "of the data": {"x": X.astype(np.float32)},
    "l1": {"l1": 0.1},
    "l2": {"l2": 0.1},
    "more l2": {"l2": 0.2},
    "optimizer": {"optimizer": SGD(0.1)},
    "momentum": {"optimizer": SGD(0.1, momentum=0.9)},
    "rate": {"optimizer": Adam(0.1)},
    "clipping": {"optimizer": Adam(0.1, clip_norm=0.01)},
    "schedule": {"optimizer": Adam(Cosine(0.1))},
    "all at once": {"optimizer": LBFGS()},
    "all at once, l2": {"optimizer": LBFGS(), "l2": 0.1},
    "batch size": {"batch_size": 8},
    "accumulate": {"accumulate": 2},
    "weights": {"sample_weight": np.arange(40.0)},
    "halved": {"optimizer": SGD(0.1), "transform_gradients": partial(tree.map_leaves, lambda g: g / 2)},
    "doubled": {"optimizer": SGD(0.1), "transform_gradients": partial(tree.map_leaves, lambda g: g * 2)},
    "diagnosis": {"diagnose": "full"},
}


def test_what_is_kept_changes_no_result():
    alone = {}
    for name, options in VARIATIONS.items():
        forget()
        alone[name] = numbers(trained(**options))
    forget()
    for _ in range(2):
        for name, options in VARIATIONS.items():
            for wanted, actual in zip(alone[name], numbers(trained(**options)), strict=True):
                np.testing.assert_array_equal(actual, wanted, err_msg=name)


def test_a_loss_of_the_users_own_may_change(recorded):
    factor = 1.0

    def loss(outputs, y):
        return factor * np.sum((outputs - y) ** 2, axis=-1)

    first = numbers(trained(loss=loss, optimizer=SGD(0.01)))
    factor = 3.0
    second = numbers(trained(loss=loss, optimizer=SGD(0.01)))
    assert recorded["training_step"] == 4
    assert not np.array_equal(first[0], second[0])


@pytest.mark.parametrize("diagnose", ["cheap", "full"])
def test_a_diagnosis_tells_the_same_of_the_second_of_a_kind(diagnose):
    first, second = (trained(diagnose=diagnose).diagnosis for _ in range(2))
    for one, other in zip(first.layers, second.layers, strict=True):
        assert (other.units, other.unreached) == (one.units, one.unreached)
        assert one.units in (2, 4)
        assert one.series.keys() == other.series.keys()
        for name in one.series:
            np.testing.assert_array_equal(one[name], other[name])


def test_the_functions_of_a_network_are_not_taken_for_each_other():
    x = X[:16].astype(np.float32)
    network, another = (Network(3, [Dense(4, "tanh"), Dense(2)]) for _ in range(2))
    outputs, forward = network.outputs(x), network.forward(x)
    np.testing.assert_allclose(forward.a[2], outputs, rtol=1e-6)
    assert len(forward.z) == len(another.forward(x).z) == 2
    np.testing.assert_array_equal(another.outputs(x), outputs)
