"""Between gradient and update: micro-batches make the update of one batch, and a function changes the gradient."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim, tree
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.train import Callback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = np.sin(X.sum(axis=1))
START = {"W": RNG.normal(size=(3, 8)), "b": np.zeros(8), "v": RNG.normal(size=8)}
QUIET = {"progress": False}
EXECUTORS = pytest.mark.parametrize("executor", ["engine", "reference"])


def squared(p, x, y):
    return (np.tanh(x @ p["W"] + p["b"]) @ p["v"] - y) ** 2


def network(dtype="float64"):
    return nn.Network(3, [nn.Dense(8, "tanh"), nn.Dense(1)], loss="mse", dtype=dtype, seed=1)


def assert_close(a, b, rtol=1e-11):
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


@EXECUTORS
@pytest.mark.parametrize("optimizer", [optim.Adam(0.01), optim.SGD(0.1, momentum=0.9, clip_norm=0.5)])
@pytest.mark.parametrize("n", [48, 50, 41])  # groups of 3·8: whole; one of two examples; one of two batches and a rest
def test_micro_batches_make_the_update_of_one_batch(monkeypatch, executor, optimizer, n):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    weight = RNG.uniform(0.5, 2, size=n)
    fits = [
        cr.fit(squared, START, (X[:n], Y[:n]), optimizer=optimizer, epochs=5, sample_weight=weight, **sizes, **QUIET)
        for sizes in ({"batch_size": 24}, {"batch_size": 8, "accumulate": 3})
    ]
    assert_close(fits[0].parameters, fits[1].parameters)
    np.testing.assert_allclose(fits[0].history["loss"], fits[1].history["loss"], rtol=1e-11)


def test_the_penalty_counts_once():
    fits = [
        network().fit(X, Y, epochs=3, l1=0.01, l2=0.1, **sizes, **QUIET)
        for sizes in ({"batch_size": 20}, {"batch_size": 5, "accumulate": 4})
    ]
    assert_close(fits[0].parameters, fits[1].parameters)


def test_steps_are_counted_as_updates():
    steps = []

    class Count(Callback):
        step_interval = 1

        def on_step(self, training):
            steps.append(training.position.step)

    cr.fit(squared, START, (X, Y), epochs=2, batch_size=8, accumulate=3, callbacks=Count(), **QUIET)
    assert steps == [1, 2, 3, 4, 5, 6]


def test_a_schedule_sees_updates():
    falling = optim.SGD(lambda step, total: 0.1 / (1 + step) + 0.01 / total)
    fits = [
        cr.fit(squared, START, (X, Y), optimizer=falling, epochs=3, **sizes, **QUIET)
        for sizes in ({"batch_size": 24}, {"batch_size": 8, "accumulate": 3})
    ]
    assert_close(fits[0].parameters, fits[1].parameters)


def test_every_micro_batch_has_random_bits_of_its_own():
    """The sum of two equal masks would be twice one of them."""

    def loss(p, x, key):
        return p["w"] * cr.ops.uniform(key, (len(x),))

    start = {"w": np.ones(())}
    fits = [
        cr.fit(loss, start, X, optimizer=optim.SGD(1.0), epochs=1, shuffle=False, batch_size=25, **more, **QUIET)
        for more in ({"order": [np.arange(25)]}, {"accumulate": 2})
    ]
    one, two = (1 - fit.parameters["w"] for fit in fits)
    key = [cr.ops.random_key(0, step) for step in (0, 1)]
    means = [np.mean(cr.ops.uniform(k, (25,))) for k in key]
    np.testing.assert_allclose([one, two], [means[0], np.mean(means)], rtol=1e-12)


def test_a_loss_that_is_not_finite_stops_within_an_update():
    data = X.copy()
    data[30] = 1e200  # in the second micro-batch of the second update
    fitted = {}

    def last(training):
        fitted.update(step=training.position.step)

    class End(Callback):
        def on_end(self, training):
            last(training)

    with pytest.raises(DivergenceError, match="step 2"):
        cr.fit(
            lambda p, x: (x @ p["W"]).sum(axis=1) ** 4,
            START,
            data,
            optimizer=optim.SGD(1e-9),
            epochs=1,
            batch_size=5,
            accumulate=4,
            shuffle=False,
            callbacks=End(),
            **QUIET,
        )
    assert fitted == {"step": 1}


def test_accumulate_needs_sense():
    with pytest.raises(ArgumentError, match="accumulate must be a whole number above 0"):
        cr.fit(squared, START, (X, Y), accumulate=0, **QUIET)
    with pytest.raises(ArgumentError, match="accumulate needs a batch_size"):
        cr.fit(squared, START, (X, Y), accumulate=2, batch_size=None, **QUIET)
    with pytest.raises(ArgumentError, match="LBFGS takes all examples"):
        cr.fit(squared, START, (X, Y), accumulate=2, optimizer=optim.LBFGS(), **QUIET)


@EXECUTORS
def test_the_optimiser_gets_the_transformed_gradients(monkeypatch, executor):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", executor)
    halves = cr.fit(
        squared,
        START,
        (X, Y),
        optimizer=optim.SGD(0.2),
        transform_gradients=lambda g: tree.map_leaves(lambda x: x / 2, g),
        **QUIET,
    )
    slow = cr.fit(squared, START, (X, Y), optimizer=optim.SGD(0.1), **QUIET)
    assert_close(halves.parameters, slow.parameters)


def test_a_transform_comes_after_the_sum_and_is_told_which_batch_is_the_last():
    """Fourth powers of parts do not add up, and only the last batch's gradient reaches the weights."""

    def quartic(g, last):
        return tree.map_leaves(lambda x: np.where(last, x**4, np.nan), g)

    fits = [
        cr.fit(
            squared, START, (X, Y), optimizer=optim.SGD(0.01), epochs=2, transform_gradients=quartic, **sizes, **QUIET
        )
        for sizes in ({"batch_size": 24}, {"batch_size": 8, "accumulate": 3})
    ]
    assert_close(fits[0].parameters, fits[1].parameters)


def test_a_network_transforms_gradients_too():
    frozen = network()
    before = tree.map_leaves(np.array, frozen.parameters)
    frozen.fit(
        X,
        Y,
        epochs=2,
        transform_gradients=lambda g: [tree.map_leaves(np.zeros_like, g[0]), *g[1:]],
        optimizer=optim.SGD(0.1),
        **QUIET,
    )
    np.testing.assert_array_equal(frozen.parameters[0]["W"], before[0]["W"])
    assert np.any(frozen.parameters[1]["W"] != before[1]["W"])


def test_a_transform_that_changes_shapes_is_refused():
    with pytest.raises(ArgumentError, match=r"transform_gradients must return .*\['W'\]"):
        cr.fit(squared, START, (X, Y), transform_gradients=lambda g: {**g, "W": g["b"]}, **QUIET)
    with pytest.raises(ArgumentError, match="transform_gradients must be a function"):
        cr.fit(squared, START, (X, Y), transform_gradients=3, **QUIET)
    with pytest.raises(ArgumentError, match="the trees differ"):
        cr.fit(squared, START, (X, Y), transform_gradients=lambda g: {"W": g["W"]}, **QUIET)
