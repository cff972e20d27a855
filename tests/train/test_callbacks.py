"""Callbacks and history: when they are told, what they may ask, and that they are told of the end in any case."""

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.train import Callback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=(20, 2))


def network():
    return nn.Network(3, [nn.Dense(4, "tanh"), nn.Dense(2)], dtype="float64")


class Diary(Callback):
    def __init__(self, fail=None, stop=None):
        self.events, self.fail, self.stop = [], fail, stop

    def note(self, moment, training):
        self.events.append((moment, training.epoch, training.step))
        if self.events[-1] == self.fail:
            raise RuntimeError("from the callback")
        if self.events[-1] == self.stop:
            training.stop()

    def on_start(self, training):
        self.note("start", training)

    def on_step(self, training):
        self.note("step", training)

    def on_epoch(self, training):
        self.note("epoch", training)

    def on_end(self, training):
        self.note("end", training)


def fit(*callbacks, **options):
    options = {"epochs": 2, "batch_size": 8, "progress": False, "callbacks": callbacks} | options
    return network().fit(X, Y, **options)


def test_an_object_is_told_of_every_moment():
    diary = Diary()
    fit(diary)
    first = [("start", 0, 0), ("step", 0, 1), ("step", 0, 2), ("step", 0, 3), ("epoch", 1, 3)]
    assert diary.events == [*first, ("step", 1, 4), ("step", 1, 5), ("step", 1, 6), ("epoch", 2, 6), ("end", 2, 6)]


def test_a_function_is_told_of_epochs():
    epochs = []
    fit(lambda training: epochs.append((training.epoch, len(training.history))))
    assert epochs == [(1, 1), (2, 2)]


def test_a_single_callback_needs_no_list():
    epochs, diary = [], Diary()
    fit(callbacks=lambda training: epochs.append(training.epoch))
    fit(callbacks=diary)
    assert epochs == [1, 2]
    assert diary.events[-1] == ("end", 2, 6)


@pytest.mark.parametrize("single", [True, False])
def test_an_object_of_another_class_is_told_what_to_inherit_from(single):
    class Watch:
        def on_epoch(self, training):
            """Never called."""

    with pytest.raises(ArgumentError, match=r"got .*Watch.*; subclass chainrule\.train\.Callback"):
        fit(callbacks=Watch() if single else [Watch()])


def test_what_a_callback_can_ask():
    answers = []

    def ask(training):
        answers.append((training.total_steps, training.parameters[0]["W"].shape, training.examples_per_second > 0))

    net = fit(ask)
    assert answers == [(6, (4, 3), True)] * 2
    seen = []
    net.fit(X, Y, epochs=1, batch_size=8, callbacks=[Losses(seen)], progress=False)
    np.testing.assert_allclose(seen[-1], net.history["loss"][0])


class Losses(Callback):
    def __init__(self, seen):
        self.seen = seen

    def on_step(self, training):
        self.seen.append(training.epoch_loss)


@pytest.mark.parametrize(
    ("moment", "epochs", "steps"),
    [(("start", 0, 0), 0, 0), (("step", 0, 2), 0, 2), (("step", 0, 3), 1, 3), (("epoch", 1, 3), 1, 3)],
)
def test_stop(moment, epochs, steps):
    diary = Diary(stop=moment)
    net = fit(diary)
    assert net.history.stopped == "callback"
    assert len(net.history) == epochs
    assert diary.events[-1] == ("end", epochs, steps)
    assert np.array_equal(net.weights[0], network().weights[0]) is (steps == 0)


def test_stop_with_a_reason():
    net = fit(lambda training: training.stop("good enough"), lambda training: training.stop("too late"))
    assert net.history.stopped == "good enough"


@pytest.mark.parametrize("moment", [("start", 0, 0), ("step", 0, 2), ("epoch", 1, 3)])
def test_an_error_in_a_callback_reaches_the_user_and_every_callback_that_started(moment):
    first, second = Diary(), Diary(fail=moment)
    with pytest.raises(RuntimeError, match="from the callback"):
        fit(first, second)
    assert first.events[-1][0] == "end"
    assert (second.events[-1][0] == "end") is (moment[0] != "start")


def test_an_error_in_a_callback_keeps_what_was_learned():
    net = network()
    before = net.weights[0]
    with pytest.raises(RuntimeError):
        net.fit(X, Y, progress=False, batch_size=8, callbacks=[Diary(fail=("step", 1, 5))])
    assert not np.array_equal(net.weights[0], before)
    assert len(net.history) == 1
    assert net.history.stopped == ""


def test_an_error_at_the_end_does_not_keep_others_from_ending():
    first, second, third = Diary(), Diary(fail=("end", 2, 6)), Diary()
    with pytest.raises(RuntimeError):
        fit(first, second, third)
    assert first.events[-1][0] == third.events[-1][0] == "end"


def test_callbacks_are_told_of_the_end_after_a_divergence():
    diary = Diary()
    with pytest.raises(DivergenceError):
        fit(diary, optimizer=optim.SGD(1e300))
    assert diary.events[-1][0] == "end"


# History


def test_columns():
    history = fit(validation=(X, Y)).history
    assert list(history.epochs[0]) == ["epoch", "loss", "seconds", "valid_loss", "valid_r2"]
    assert history["epoch"] == [1, 2]
    assert all(seconds > 0 for seconds in history["seconds"])
    assert [record["loss"] for record in history] == history["loss"]
    assert len(history) == 2
    assert history.stopped == "epochs"
    assert history.best_epoch is None


def test_a_column_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ArgumentError, match="no column 'valid_los'; it has epoch, loss, seconds, valid_loss, valid_r2"):
        fit(validation=(X, Y)).history["valid_los"]
    assert network().history["loss"] == []


def test_every_fit_has_a_history_of_its_own():
    net = fit()
    first = net.history
    net.fit(X, Y, epochs=3, progress=False)
    assert (len(first), len(net.history)) == (2, 3)
