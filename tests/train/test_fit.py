"""`fit`: any loss of any parameters, one loop with every option."""

import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.errors import ArgumentError, ChainruleError, TraceError
from chainrule.train import Callback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.7
START = {"w": np.zeros(3), "rest": [{"b": np.zeros(())}, ()]}
ONES = np.ones(50)
QUIET = {"progress": False}


def squared(p, x, y):
    return (x @ p["w"] + p["rest"][0]["b"] - y) ** 2


def mean_squared(p, x, y):
    return np.mean(squared(p, x, y))


def by_hand(batches, rate, w=START["w"], b=0.0, weight=ONES):
    """Gradient descent on the squared loss, one update for each batch of positions."""
    for batch in batches:
        r = 2 * (X[batch] @ w + b - Y[batch]) * weight[batch] / len(batch)
        w, b = w - rate * X[batch].T @ r, b - rate * r.sum()
    return w, b


def assert_by_hand(fitted, batches, rate, **options):
    w, b = by_hand(batches, rate, **options)
    np.testing.assert_allclose(fitted.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(fitted.parameters["rest"][0]["b"], b, rtol=1e-12)


@pytest.mark.parametrize("loss", [squared, mean_squared])
def test_nested_parameters_and_both_forms_of_a_loss(loss):
    fitted = cr.fit(loss, START, (X, Y), optimizer=optim.SGD(0.1), epochs=200, **QUIET)
    np.testing.assert_allclose(fitted.parameters["w"], [1, -2, 0.5], atol=1e-6)
    np.testing.assert_allclose(fitted.parameters["rest"][0]["b"], 0.7, atol=1e-6)
    assert fitted.parameters["rest"][1] == ()
    assert list(fitted.parameters) == ["w", "rest"]


def test_the_start_is_not_changed():
    cr.fit(squared, START, (X, Y), epochs=2, **QUIET)
    assert not START["w"].any()


def test_both_forms_of_a_loss_give_the_same_history():
    histories = [cr.fit(loss, START, (X, Y), epochs=3, **QUIET).history for loss in (squared, mean_squared)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_keep_their_dtype(dtype):
    parameters = {"w": np.zeros(3, dtype), "rest": [{"b": np.zeros((), dtype)}]}
    fitted = cr.fit(squared, parameters, (X.astype(dtype), Y.astype(dtype)), epochs=1, **QUIET)
    assert fitted.parameters["w"].dtype == dtype
    assert fitted.parameters["w"].any()


def test_one_array_of_data():
    fitted = cr.fit(lambda m, x: np.sum((x - m) ** 2, -1), np.zeros(3), X, optimizer=optim.LBFGS(), **QUIET)
    np.testing.assert_allclose(fitted.parameters, X.mean(axis=0), atol=1e-7)


def test_a_given_order_with_a_last_partial_batch():
    order = [RNG.permutation(50), RNG.permutation(50)]
    options = {"optimizer": optim.SGD(0.05), "epochs": 2, "order": order, "batch_size": 16}
    fitted = cr.fit(squared, START, (X, Y), **options, **QUIET)
    batches = [epoch[i : i + 16] for epoch in order for i in range(0, 50, 16)]
    assert len(batches[3]) == 2
    assert_by_hand(fitted, batches, 0.05)


def test_an_order_may_leave_out_and_repeat_examples():
    order = [[3, 3, 3, 4], [7]]
    options = {"optimizer": optim.SGD(0.05), "epochs": 2, "order": order, "batch_size": 3}
    assert_by_hand(cr.fit(squared, START, (X, Y), **options, **QUIET), [[3, 3, 3], [4], [7]], 0.05)


def test_without_shuffling_the_order_is_that_of_the_data():
    options = {"optimizer": optim.SGD(0.05), "epochs": 2, "shuffle": False, "batch_size": 20}
    batches = [np.arange(0, 20), np.arange(20, 40), np.arange(40, 50)] * 2
    assert_by_hand(cr.fit(squared, START, (X, Y), **options, **QUIET), batches, 0.05)


def test_no_batch_size_means_all_examples():
    options = {"optimizer": optim.SGD(0.05), "epochs": 4, "batch_size": None, "shuffle": False}
    assert_by_hand(cr.fit(squared, START, (X, Y), **options, **QUIET), [np.arange(50)] * 4, 0.05)
    assert_by_hand(cr.fit(squared, START, (X, Y), **(options | {"batch_size": 99}), **QUIET), [np.arange(50)] * 4, 0.05)


def test_every_epoch_meets_every_example_once_in_an_order_of_its_own():
    met = []

    class Watch(Callback):
        def on_step(self, training):
            met.append(training.plan.examples(training.position.epoch, 50)[8 * (training.position.done - 1) :][:8])

    cr.fit(squared, START, (X, Y), epochs=3, batch_size=8, callbacks=[Watch()], **QUIET)
    epochs = np.concatenate(met).reshape(3, 50)
    assert [sorted(epoch) for epoch in epochs.tolist()] == [list(range(50))] * 3
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 3


def test_sample_weights_are_scaled_to_mean_one():
    weight = RNG.uniform(size=50)
    options = {"optimizer": optim.SGD(0.05), "epochs": 1, "shuffle": False, "batch_size": 20}
    for factor in (1, 40):
        fitted = cr.fit(squared, START, (X, Y), sample_weight=factor * weight, **options, **QUIET)
        batches = [np.arange(0, 20), np.arange(20, 40), np.arange(40, 50)]
        assert_by_hand(fitted, batches, 0.05, weight=weight / weight.mean())


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples_as_they_were_met():
    options = {"optimizer": optim.SGD(0.05), "epochs": 1, "shuffle": False, "batch_size": 30}
    history = cr.fit(squared, START, (X, Y), **options, **QUIET).history
    w, b = by_hand([np.arange(30)], 0.05)
    met = np.concatenate([Y[:30] ** 2, (X[30:] @ w + b - Y[30:]) ** 2])
    np.testing.assert_allclose(history["loss"], [met.mean()], rtol=1e-12)


def test_every_epoch_has_a_loss_of_its_own():
    history = cr.fit(squared, START, (X, Y), optimizer=optim.SGD(0.0), epochs=3, batch_size=16, **QUIET).history
    np.testing.assert_allclose(history["loss"], [np.mean(Y**2)] * 3, rtol=1e-12)


def test_a_schedule_sees_every_step_of_the_whole_training():
    schedule = lambda step, total: 0.1 * (1 - step / total)
    options = {"optimizer": optim.SGD(schedule), "epochs": 2, "shuffle": False, "batch_size": 20}
    fitted = cr.fit(squared, START, (X, Y), **options, **QUIET)
    w, b = np.zeros(3), 0.0
    for step, batch in enumerate([np.arange(0, 20), np.arange(20, 40), np.arange(40, 50)] * 2):
        w, b = by_hand([batch], 0.1 * (1 - step / 6), w, b)
    np.testing.assert_allclose(fitted.parameters["w"], w, rtol=1e-12)


def test_clipping():
    options = {"epochs": 1, "batch_size": None, "shuffle": False}
    fitted = cr.fit(squared, START, (X, Y), optimizer=optim.SGD(1.0, clip_norm=0.01), **options, **QUIET)
    moved = [fitted.parameters["w"], fitted.parameters["rest"][0]["b"]]
    np.testing.assert_allclose(np.sqrt(sum(np.sum(m**2) for m in moved)), 0.01, rtol=1e-12)


def test_lbfgs_takes_all_examples_and_says_when_it_converged():
    fitted = cr.fit(squared, START, (X, Y), optimizer=optim.LBFGS(), epochs=100, batch_size=4, **QUIET)
    np.testing.assert_allclose(fitted.parameters["w"], [1, -2, 0.5], atol=1e-8)
    assert fitted.history.stopped == "converged"
    assert fitted.history["loss"][-1] < 1e-14
    assert fitted.history["loss"] == sorted(fitted.history["loss"], reverse=True)


def test_lbfgs_meets_the_same_dropout_in_every_step():
    net = nn.Network(3, [nn.Dense(8, "tanh"), nn.Dropout(0.5), nn.Dense(1)], loss="mse", dtype="float64")
    net.fit(X, Y, optimizer=optim.LBFGS(), epochs=30, **QUIET)
    assert len(net.history) == 30
    assert net.history["loss"] == sorted(net.history["loss"], reverse=True)


def test_lbfgs_that_has_nothing_to_do_still_reports_its_loss():
    best = {"w": np.array([1.0, -2.0, 0.5]), "rest": [{"b": np.array(0.7)}, ()]}
    history = cr.fit(squared, best, (X, Y), optimizer=optim.LBFGS(), epochs=100, **QUIET).history
    assert (len(history), history.stopped) == (1, "converged")
    assert history["loss"][0] < 1e-25


def test_lbfgs_records_every_step_it_makes():
    steps = []

    class Watch(Callback):
        def on_step(self, training):
            steps.append(training.step)

    fitted = cr.fit(squared, START, (X, Y), optimizer=optim.LBFGS(), epochs=100, callbacks=[Watch()], **QUIET)
    assert len(fitted.history) == len(steps)


def test_a_loss_with_a_key_gets_other_random_bits_in_every_step():
    def noisy(p, x, key):
        noise = ops.random_bits(key, x.shape)
        return np.sum((x + 0 * noise - p) ** 2, -1) + np.sum(noise.astype(np.float64), -1)

    plain = cr.fit(noisy, np.zeros(3), X, epochs=3, batch_size=None, optimizer=optim.SGD(0.0), **QUIET).history
    again = cr.fit(noisy, np.zeros(3), X, epochs=3, batch_size=None, optimizer=optim.SGD(0.0), **QUIET).history
    other = cr.fit(noisy, np.zeros(3), X, epochs=3, batch_size=None, optimizer=optim.SGD(0.0), seed=1, **QUIET).history
    assert len(set(plain["loss"])) == 3
    assert plain["loss"] == again["loss"]
    assert not set(plain["loss"]) & set(other["loss"])


def test_validation_data():
    fitted = cr.fit(squared, START, (X, Y), validation=(X[:10], Y[:10]), epochs=3, **QUIET)
    np.testing.assert_allclose(fitted.history["valid_loss"][-1], squared(fitted.parameters, X[:10], Y[:10]).mean())


def test_a_scalar_loss_of_validation_data():
    fitted = cr.fit(mean_squared, START, (X, Y), validation=(X[:10], Y[:10]), epochs=3, **QUIET)
    np.testing.assert_allclose(fitted.history["valid_loss"][-1], mean_squared(fitted.parameters, X[:10], Y[:10]))


def test_early_stopping_returns_the_best_parameters():
    kept = []

    def keep(training):
        kept.append(np.array(training.parameters["w"]))

    half = (X[:10], Y[:10] / 2)  # training passes by their optimum
    options = {"optimizer": optim.SGD(0.02), "epochs": 200, "early_stopping": 3, "callbacks": [keep]}
    fitted = cr.fit(squared, START, (X, Y), validation=half, **options, **QUIET)
    losses = fitted.history["valid_loss"]
    best = int(np.argmin(losses))
    assert fitted.history.stopped == "early stopping"
    assert fitted.history.best_epoch == best + 1
    assert len(losses) == best + 1 + 3 < 200
    assert fitted.parameters["w"].tobytes() == kept[best].tobytes()
    assert fitted.parameters["w"].tobytes() != kept[-1].tobytes()


def test_parameters_that_the_loss_does_not_use_stay():
    fitted = cr.fit(lambda p, x: np.sum((x - p[0]) ** 2, -1), [np.zeros(3), np.ones(2)], X, epochs=2, **QUIET)
    assert fitted.parameters[0].all()
    np.testing.assert_array_equal(fitted.parameters[1], 1)


def test_integers_index_inside_a_loss():
    table, codes = np.zeros((4, 2)), RNG.integers(4, size=50)
    targets = np.arange(8.0).reshape(4, 2)[codes]
    loss = lambda p, code, y: np.sum((np.take(p, code, axis=0) - y) ** 2, -1)
    fitted = cr.fit(loss, table, (codes, targets), optimizer=optim.LBFGS(), **QUIET)
    np.testing.assert_allclose(fitted.parameters, np.arange(8.0).reshape(4, 2), atol=1e-6)


def test_training_works_in_a_thread_that_is_not_the_main_one():
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(cr.fit(squared, START, (X, Y), epochs=5, **QUIET)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = cr.fit(squared, START, (X, Y), epochs=5, **QUIET)
    assert len(results) == 4
    for result in results:
        assert result.parameters["w"].tobytes() == expected.parameters["w"].tobytes()
        assert result.history.stopped == "epochs"


# Refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number above 0, got 0"),
        ({"epochs": 1.5}, "epochs must be a whole number above 0, got 1.5"),
        ({"epochs": True}, "epochs must be a whole number above 0, got True"),
        ({"batch_size": 0}, "batch_size must be a whole number above 0, got 0"),
        ({"early_stopping": 0, "validation": (X, Y)}, "early_stopping must be a whole number above 0, got 0"),
        ({"early_stopping": 3}, "early_stopping needs a validation set; give validation"),
        ({"seed": -1}, "seed must be a whole number in 0 … 2⁶⁴−1, got -1"),
        ({"order": [[0]], "epochs": 2}, "order has rows for 1 epoch, but 2 are to be trained"),
        ({"order": [[0], [50]], "epochs": 2}, r"order, epoch 2: positions must lie in 0 … 49"),
        ({"order": [[-1]], "epochs": 1}, r"order, epoch 1: positions must lie in 0 … 49"),
        ({"order": [[0.5]], "epochs": 1}, "order, epoch 1: must be a list of whole numbers"),
        ({"order": [[]], "epochs": 1}, "order, epoch 1: must be a list of whole numbers"),
        ({"order": [0, 1], "epochs": 1}, "order, epoch 1: must be a list of whole numbers"),
        ({"order": 5, "epochs": 1}, "order must be a list with a row of positions for each epoch"),
        ({"order": [[[0], [1, 2]]], "epochs": 1}, "order, epoch 1.* is ragged"),
        ({"sample_weight": np.ones(49)}, "sample weights of the data must be 50 finite numbers"),
        ({"sample_weight": -np.ones(50)}, "sample weights of the data must be 50 finite numbers of at least 0"),
        ({"sample_weight": np.zeros(50)}, "not all 0"),
        ({"sample_weight": np.full(50, np.nan)}, "finite numbers"),
        ({"sample_weight": ["a"] * 50}, "sample weights of the data"),
        ({"validation": 0.2}, "validation must be an array or a tuple of arrays"),
        ({"validation": (X, Y * np.nan)}, r"validation\[1\]: row 0 contains nan or infinity"),
        ({"validation": (X[:0], Y[:0])}, "validation has no rows"),
        ({"optimizer": "adam"}, r"optimizer must be .* such as optim.Adam\(1e-3\), got 'adam'"),
        ({"optimizer": optim.Adam}, r"optimizer must be .* such as optim.Adam\(1e-3\)"),
        ({"callbacks": [5]}, "callbacks.* 5"),
        ({"callbacks": [Callback]}, "callbacks must be functions of the training or Callback objects"),
    ],
)
def test_options_that_cannot_be_used_are_named(change, message):
    with pytest.raises(ArgumentError, match=message):
        cr.fit(squared, START, (X, Y), **change, **QUIET)


@pytest.mark.parametrize(
    ("loss", "parameters", "data", "message"),
    [
        (squared, START, (X, Y[:3]), r"different numbers of rows: \[3, 50\]"),
        (squared, START, (X[:0], Y[:0]), "the data has no rows"),
        (squared, START, (), "data must be an array or a tuple of arrays"),
        (squared, START, 5.0, "data must be an array or a tuple of arrays"),
        (squared, START, [X, X], r"data must be .* a tuple of arrays; write \(X, y\), not \[X, y\]"),
        (squared, START, [1.0, 2.0], r"np\.array\(rows\) for a list of rows"),
        (squared, {**START, "w": np.zeros(3, int)}, (X, Y), r"the parameter \['w'\] is int64"),
        (squared, {**START, "w": np.array([0, np.nan, 0])}, (X, Y), r"the parameter \['w'\] contains nan or infinity"),
        (
            squared,
            START,
            (X, np.where(np.arange(50) == 7, np.inf, Y)),
            r"data\[1\]: row 7 contains nan or infinity; fill",
        ),
        (
            squared,
            START,
            np.where(np.arange(200_000) == 199_990, np.nan, 0),
            "data: row 199990 contains nan or infinity",
        ),
        (squared, START, np.full((50, 3), np.nan), "data: row 0 contains nan or infinity; fill it or drop the row"),
        (squared, {**START, "w": "text"}, (X, Y), "a parameter has dtype"),
        (lambda p, x: x - p, np.zeros(3), X, r"returned shape \[32, 3\] for a batch of 32"),
        (lambda p, x: (x - p)[:3, 0], np.zeros(3), X, r"returned shape \[3\] for a batch of 32"),
        (lambda p, x: None, np.zeros(3), X, "the loss function returned None"),
        (lambda p, x: "text", np.zeros(3), X, "the loss function returned"),
        (lambda p, x: 3.0, np.zeros(3), X, "the loss function returned 3.0; .* computed from the parameters"),
        (lambda p, x: np.sum(x > p, -1), np.zeros(3), X, "the loss function returned .*i64.*; it must return float"),
    ],
)
def test_losses_parameters_and_data_that_cannot_be_used_are_named(loss, parameters, data, message):
    with pytest.raises(ChainruleError, match=message):
        cr.fit(loss, parameters, data, **QUIET)


def test_a_scalar_loss_cannot_be_weighted():
    with pytest.raises(ArgumentError, match=r"sample weights need a loss for each example; return an array \[B\]"):
        cr.fit(mean_squared, START, (X, Y), sample_weight=np.ones(50), **QUIET)


def test_an_error_inside_a_loss_reaches_the_user_unchanged():
    def wrong(p, x):
        raise ZeroDivisionError("in my loss")

    with pytest.raises(ZeroDivisionError, match="in my loss"):
        cr.fit(wrong, np.zeros(3), X, **QUIET)


def test_a_loss_that_cannot_be_recorded_names_its_line():
    def branching(p, x):
        return p if np.sum(p) > 0 else -p

    with pytest.raises(TraceError, match=r"test_fit\.py:\d+"):
        cr.fit(branching, np.zeros(3), X, **QUIET)


def test_networks_are_trained_by_the_same_loop():
    net = nn.Network(3, [nn.Dense(1, weights="zeros")], loss="mse", dtype="float64")
    order = [RNG.permutation(50) for _ in range(3)]
    options = {"optimizer": optim.SGD(0.05), "epochs": 3, "order": order, "batch_size": 7}
    net.fit(X, Y, **options, **QUIET)
    assert_by_hand(
        cr.fit(squared, START, (X, Y), **options, **QUIET), [o[i : i + 7] for o in order for i in range(0, 50, 7)], 0.05
    )
    np.testing.assert_allclose(
        net.weights[0][0], cr.fit(squared, START, (X, Y), **options, **QUIET).parameters["w"], rtol=1e-12
    )
