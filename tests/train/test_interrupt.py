"""Ctrl-C finishes the steps that are on their way, about 50 ms of them, keeps the model and returns."""

import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from chainrule import nn
from chainrule.interrupt import catching_interrupts
from chainrule.train import Callback
from chainrule.train.pace import Pace
from chainrule.train.step_runner import StepRunner
from patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")

TRAIN = """
    import numpy as np
    from chainrule import nn
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 20)), rng.integers(2, size=20_000)
    net = nn.Network(20, [nn.Dense(32, "relu"), nn.Dense(2)], loss="cross_entropy")
    before = net.weights[0]
    ready = lambda training: training.epoch == 1 and print("training", flush=True)
    net.fit(X, y, epochs=10_000, callbacks=[ready], progress=False)
    assert net.history.stopped == "interrupted"
    assert np.isfinite(net.weights[0]).all() and not np.array_equal(net.weights[0], before)
    net.predict(X[:5])
    net.fit(X[:100], y[:100], epochs=1, progress=False)
    assert net.history.stopped == "epochs"
    print("usable", flush=True)
"""


class After(Callback):
    """Do something after so many steps."""

    def __init__(self, steps, act):
        self.steps, self.act = steps, act

    def on_step(self, training):
        if training.step == self.steps:
            self.act(training)


def start(script):
    command = [sys.executable, "-c", textwrap.dedent(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "training\n", process.communicate()[1]
    return process


def test_a_real_interrupt_stops_with_a_usable_model():
    process = start(TRAIN)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (0, "usable\n"), errors


@pytest.mark.parametrize("slices", [1, 2, 5])
def test_nothing_is_begun_after_an_interrupt(monkeypatch, slices):
    run, made = StepRunner.run, []

    def interrupted(step, *arguments):
        made.append(arguments)
        assert len(made) <= slices
        if len(made) == slices:
            signal.raise_signal(signal.SIGINT)
        return run(step, *arguments)

    monkeypatch.setattr(StepRunner, "run", interrupted)
    net = nn.Network(2, [nn.Dense(1)])
    net.fit(np.ones((4096, 2)), np.ones(4096), batch_size=1, epochs=10**6, progress=False)
    assert net.history.stopped == "interrupted"
    assert len(made) == slices


@pytest.mark.parametrize("cost", [1e-8, 1e-5, 3e-3, 0.04, 0.2], ids=str)
def test_the_steps_that_are_made_without_looking_up_take_half_a_second_at_most(cost):
    """Also where a step takes ten times as long as those before it, and then a tenth."""
    pace = Pace()
    for factor in [1] * 20 + [10] * 5 + [1] * 20:
        seconds = pace.steps * factor * cost
        assert seconds <= max(0.5, factor * cost)
        pace.took(pace.steps, seconds)
    assert pace.steps * cost == pytest.approx(0.05, rel=0.5) or pace.steps == 1 or cost < 1e-7


def test_a_second_interrupt_is_meant_at_once():
    script = """
        import signal, time
        from chainrule.interrupt import catching_interrupts
        try:
            with catching_interrupts() as interrupt:
                print("training", flush=True)
                while not interrupt.requested:
                    time.sleep(0.01)
                print("stopping", flush=True)
                while True:
                    signal.pause()
        except KeyboardInterrupt:
            print("at once")
    """
    process = start(script)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=PATIENCE)[0] == "at once\n"


def test_the_previous_handler_comes_back():
    previous = signal.getsignal(signal.SIGINT)
    with catching_interrupts() as interrupt:
        assert signal.getsignal(signal.SIGINT) != previous
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
    assert signal.getsignal(signal.SIGINT) is previous


def test_the_previous_handler_comes_back_after_an_error():
    previous = signal.getsignal(signal.SIGINT)

    def fail():
        with catching_interrupts():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert signal.getsignal(signal.SIGINT) is previous


def test_other_threads_leave_signals_alone():
    seen = []

    def inside():
        with catching_interrupts() as interrupt:
            seen.append((signal.getsignal(signal.SIGINT), interrupt.requested))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [(signal.getsignal(signal.SIGINT), False)]


def test_an_interrupt_in_the_middle_keeps_the_steps_that_were_made():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    net = nn.Network(2, [nn.Dense(1)])
    net.fit(
        X,
        y,
        batch_size=8,
        epochs=5,
        callbacks=[After(3, lambda training: signal.raise_signal(signal.SIGINT))],
        progress=False,
    )
    expected = nn.Network(2, [nn.Dense(1)])
    expected.fit(X, y, batch_size=8, epochs=5, progress=False, callbacks=[After(3, lambda training: training.stop())])
    assert (net.history.stopped, len(net.history)) == ("interrupted", 0)
    assert net.weights[0].tobytes() == expected.weights[0].tobytes()


def test_a_request_that_came_before_the_training_began_still_stops_it():
    """Between the start of a job and its first step, only the outer block listens; the training must hear of it."""
    with catching_interrupts() as outer:
        signal.raise_signal(signal.SIGINT)
        net = nn.Network(2, [nn.Dense(1)], loss="mse")
        net.fit(np.ones((10, 2)), np.ones(10), epochs=10**6, progress=False)
        assert net.history.stopped == "interrupted"
        with catching_interrupts() as inner:
            assert inner is outer
    assert signal.getsignal(signal.SIGINT) is not outer
