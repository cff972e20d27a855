"""Things of this library mean the same if they are made alike; of things of the user's own nobody can tell."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule.meaning import joined, meaning_of
from chainrule.nn import ACTIVATIONS, LOSSES, BatchNorm, Dense, Dropout, Embedding, LayerNorm, Residual
from chainrule.optim import SGD, Adam, Constant, Cosine, StepDecay

ALL_DIFFERENT = [
    *(Dense(3, name) for name in ACTIVATIONS),
    Dense(4),
    Dense(3, use_bias=False),
    Dense(3, weights="zeros"),
    Dense(3, np.sin),
    Dropout(0.1),
    Dropout(0.2),
    BatchNorm(),
    LayerNorm(),
    Embedding((3,), (2,)),
    Residual([Dense(3)]),
    Residual([Dense(3), Dropout(0.1)]),
    *LOSSES.values(),
    cr.nn.huber(1.0),
    cr.nn.huber(2.0),
    cr.nn.quantile(0.25),
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    SGD(Constant(0.1)),
    SGD(Cosine(0.1)),
    SGD(StepDecay(0.1, 10.0)),
    Adam(0.1),
    Adam(0.1, clip_norm=1.0),
    Adam(0.1, clip_value=1.0),
    1,
    1.0,
    True,
    np.float32(1),
    np.float64(1),
    0.0,
    -0.0,
    np.dtype("float32"),
    "1",
    None,
    (1, 2),
    [1, 2],
    ((1,), 2),
    partial(cr.nn.activations.linear),
    partial(cr.nn.activations.linear, z=1),
    cr.nn.activations.linear,
]


def test_what_computes_something_else_means_something_else():
    meanings = [meaning_of(value) for value in ALL_DIFFERENT]
    assert None not in meanings
    assert len(set(meanings)) == len(ALL_DIFFERENT)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dense(3, "relu"),
        lambda: Residual([Dense(3, "tanh"), Dropout(0.5)]),
        lambda: Adam(Cosine(0.1), clip_norm=2.0),
        lambda: cr.nn.quantile(0.3),
    ],
)
def test_what_is_made_alike_means_the_same(make):
    assert meaning_of(make()) == meaning_of(make())


@dataclass(frozen=True)
class Mine(SGD):
    pass


def my_activation(z):
    return z


@pytest.mark.parametrize(
    "own",
    [
        Dense(3, my_activation),
        Dense(3, lambda z: z),
        Dense(3, partial(my_activation)),
        Dense(3, weights=np.ones((3, 2))),
        Residual([Dense(3), Dense(3, my_activation)]),
        cr.nn.losses.loss_function(my_activation),
        Mine(0.1),
        SGD(lambda step, total: 0.1),
        object(),
        np.ones(3),
    ],
)
def test_of_the_users_own_nobody_can_tell(own):
    assert meaning_of(own) is None
    assert meaning_of(1, [own]) is None


def test_an_activation_that_somebody_added_is_his_own(monkeypatch):
    def network():
        return cr.nn.Network(2, [Dense(3, "mine"), Dense(1)])

    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["tanh"])
    assert network().architecture.meaning is not None
    monkeypatch.setitem(ACTIVATIONS, "mine", my_activation)
    assert network().architecture.meaning is None


def test_of_things_together_nobody_can_tell_if_nobody_can_of_one():
    assert joined(meaning_of(Dense(3)), meaning_of(0.1)) == joined(meaning_of(Dense(3)), meaning_of(0.1))
    assert joined(meaning_of(Dense(3)), meaning_of(0.1)) != joined(meaning_of(Dense(3)), meaning_of(0.2))
    assert joined(meaning_of(Dense(3)), meaning_of(np.array(0.1))) is None
