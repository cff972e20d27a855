"""A hyperparameter that cannot be meant is refused where it is given."""

import math

import numpy as np
import pytest

from chainrule import optim
from chainrule.errors import ArgumentError

REFUSED = [
    (lambda: optim.SGD(-0.1), "learning rate"),
    (lambda: optim.SGD(math.nan), "learning rate"),
    (lambda: optim.SGD(math.inf), "learning rate"),
    (lambda: optim.SGD("fast"), "learning rate.*'fast'"),
    (lambda: optim.SGD(None), "learning rate"),
    (lambda: optim.SGD(True), "learning rate"),
    (lambda: optim.SGD(0.1, momentum=1.0), "SGD: momentum"),
    (lambda: optim.SGD(0.1, nesterov=True), "momentum=0.9"),
    (lambda: optim.SGD(0.1, clip_norm=0.0), "clip_norm must be a finite number above 0"),
    (lambda: optim.SGD(0.1, clip_value=-1.0), "clip_value must be a finite number above 0"),
    (lambda: optim.Adam(beta1=1.0), "Adam: beta1 must be a number of at least 0 and below 1, got 1.0"),
    (lambda: optim.Adam(beta2=-0.1), "beta2"),
    (lambda: optim.Adam(epsilon=0.0), "epsilon"),
    (lambda: optim.AdamW(weight_decay=math.nan), "weight_decay"),
    (lambda: optim.AdamW(decayed="kernel"), r"\('kernel',\)"),
    (lambda: optim.RMSprop(decay=1.5), "decay"),
    (lambda: optim.RMSprop(momentum=-1), "momentum"),
    (lambda: optim.Adagrad(initial_sum=-1), "initial_sum"),
    (lambda: optim.Adagrad(epsilon=0), "epsilon"),
    (lambda: optim.LBFGS(history=0), "history must be a whole number"),
    (lambda: optim.LBFGS(max_line_search=2.5), "max_line_search"),
    (lambda: optim.LBFGS(sufficient_decrease=0.9, curvature=0.1), "below curvature"),
    (lambda: optim.LBFGS(tolerance=-1), "tolerance"),
    (lambda: optim.StepDecay(0.1, every=0), "every"),
    (lambda: optim.StepDecay(0.1, every=5, factor=0), "factor"),
    (lambda: optim.InverseScaling(0.1, power=-1), "power"),
    (lambda: optim.Exponential(0.1, decay=0), "Exponential: decay"),
    (lambda: optim.Cosine(0.1, final=-1e-3), "final"),
    (lambda: optim.OneCycle(0.1, warm_up=1.0), "warm_up must lie between 0 and 1"),
    (lambda: optim.OneCycle(0.1, final_divisor=0), "final_divisor"),
    (lambda: optim.WarmUp(-1, then=0.1), "steps"),
    (lambda: optim.WarmUp(10, then="cosine"), "learning rate"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_bad_hyperparameters_are_refused_by_name(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_numpy_numbers_become_python_numbers():
    adam = optim.Adam(np.float32(0.5), beta1=np.float64(0.5))
    assert type(adam.learning_rate) is float
    assert type(adam.beta1) is float
    assert type(optim.LBFGS(history=np.int64(3)).history) is int


def test_optimizers_are_values():
    assert optim.Adam(1e-3) == optim.Adam()
    assert hash(optim.SGD(optim.Cosine(0.1))) == hash(optim.SGD(optim.Cosine(0.1)))
    with pytest.raises(AttributeError):
        optim.SGD(0.1).momentum = 0.5
