"""Optimisers and schedules are traced functions: the recorded graph computes the bits of the plain run."""

import numpy as np
import pytest

from chainrule import optim, tree
from chainrule.optim.lbfgs import descent_direction
from chainrule.reference import as_function
from chainrule.tracing import trace

SCHEDULES = [
    optim.Constant(0.1),
    optim.StepDecay(0.1, every=3),
    optim.InverseScaling(0.1),
    optim.Exponential(0.1, decay=0.9),
    optim.Cosine(0.1, final=0.01),
    optim.OneCycle(0.1),
    optim.WarmUp(4, then=optim.OneCycle(0.1)),
]
OPTIMIZERS = [
    optim.SGD(0.1),
    optim.SGD(0.1, momentum=0.9),
    optim.SGD(0.1, momentum=0.9, nesterov=True),
    optim.Adam(0.1),
    optim.Adam(0.1, clip_value=0.5, clip_norm=1.0),
    optim.AdamW(optim.Cosine(0.1)),
    optim.RMSprop(0.1),
    optim.RMSprop(0.1, momentum=0.9),
    optim.Adagrad(optim.WarmUp(2, then=optim.InverseScaling(0.1))),
]


def bits(result):
    return [(np.asarray(leaf).dtype, np.asarray(leaf).tobytes()) for leaf in tree.leaves(result)]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_traced_schedule_gives_the_same_bits(schedule):
    run = as_function(trace(schedule, np.float64(0), np.float64(0)))
    for step in range(25):
        arguments = [np.float64(step), np.float64(20)]
        assert bits(run(arguments)) == bits([schedule(*arguments)]), step


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_traced_update_gives_the_same_bits(optimizer, dtype):
    rng = np.random.default_rng(0)
    parameters = {"W": rng.normal(size=(5, 3)).astype(dtype), "b": [rng.normal(size=()).astype(dtype)]}
    state = optimizer.initialise(parameters)
    total = np.float64(7)
    run = as_function(trace(optimizer.update, parameters, parameters, state, np.float64(0), total))
    for step in range(7):
        gradients = tree.map_leaves(lambda W: rng.normal(size=W.shape).astype(dtype), parameters)
        arguments = (parameters, gradients, state, np.float64(step), total)
        recorded = run(tree.leaves(arguments))
        parameters, state = optimizer.update(*arguments)
        assert bits(recorded) == bits((parameters, state)), step


def test_the_traced_direction_of_lbfgs_gives_the_same_bits():
    rng = np.random.default_rng(0)
    steps, gradient = rng.normal(size=(4, 6)), rng.normal(size=6)
    for count in range(5):
        arguments = [gradient, steps, 2 * steps + 0.1 * steps**2, np.arange(4) >= 4 - count]
        graph = trace(descent_direction, *arguments)
        assert bits(as_function(graph)(arguments)) == bits([descent_direction(*arguments)])
