"""Things of this library mean the same if they are made alike; of user-defined things nobody can tell."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule.cache_key import cache_key, joined_keys
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
    keys = [cache_key(value) for value in ALL_DIFFERENT]
    assert None not in keys
    assert len(set(keys)) == len(ALL_DIFFERENT)


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
    assert cache_key(make()) == cache_key(make())


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
    assert cache_key(own) is None
    assert cache_key(1, [own]) is None


def test_an_activation_that_somebody_added_is_his_own(monkeypatch):
    def network():
        return cr.nn.Network(2, [Dense(3, "mine"), Dense(1)])

    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["tanh"])
    assert network().architecture.cache_key is not None
    monkeypatch.setitem(ACTIVATIONS, "mine", my_activation)
    assert network().architecture.cache_key is None


def test_of_things_together_nobody_can_tell_if_nobody_can_of_one():
    assert joined_keys(cache_key(Dense(3)), cache_key(0.1)) == joined_keys(cache_key(Dense(3)), cache_key(0.1))
    assert joined_keys(cache_key(Dense(3)), cache_key(0.1)) != joined_keys(cache_key(Dense(3)), cache_key(0.2))
    assert joined_keys(cache_key(Dense(3)), cache_key(np.array(0.1))) is None
