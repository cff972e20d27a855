"""Checkpoints that an earlier version wrote are resumed: two of four epochs lie in `files/`."""

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim, tree

X = np.linspace(-1, 1, 48).reshape(12, 4)
LABELS = np.arange(12) % 3
FILES = Path(__file__).parent / "files"


class Line(NamedTuple):
    slope: object
    bias: object


def squared(line, x, y):
    return (x @ line.slope + line.bias - y) ** 2


def of_a_network(checkpoint, **options):
    layers = [nn.Dense(3, "tanh"), nn.BatchNorm(), nn.Dropout(0.2), nn.Dense(3)]
    network = nn.Network(4, layers, loss="cross_entropy", seed=1, dtype="float64")
    network.fit(X, LABELS, epochs=4, seed=5, progress=False, checkpoint=checkpoint, **options)
    return network.parameters, network.history


def of_a_line(checkpoint):
    data = X, X[:, 0] * 2
    start = Line(np.zeros(4), np.zeros(()))
    return cr.fit(squared, start, data, epochs=4, batch_size=5, seed=5, progress=False, checkpoint=checkpoint)


TRAININGS = {
    "adam": lambda path: of_a_network(path, optimizer=optim.Adam(0.05), batch_size=5),
    "accumulated": lambda path: of_a_network(
        path,
        optimizer=optim.SGD(0.1, momentum=0.9),
        batch_size=2,
        accumulate=3,
        early_stopping=3,
        validation=(X[:4], LABELS[:4]),
    ),
    "lbfgs": lambda path: of_a_network(path, optimizer=optim.LBFGS()),
    "named": of_a_line,
}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_stored_checkpoint_is_resumed(name, tmp_path):
    copy = tmp_path / "training.safetensors"
    shutil.copy(FILES / f"{name}.safetensors", copy)
    resumed, history = TRAININGS[name](copy)
    whole, expected = TRAININGS[name](None)
    assert len(history["loss"]) == 4
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-9)
    for actual, wanted in zip(tree.leaves(resumed), tree.leaves(whole), strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-9)
