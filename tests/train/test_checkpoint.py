"""Checkpoints: train n = train k, stop, resume n − k, byte for byte; and no other training takes the file."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim, storage
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.train import Callback, Checkpoint
from forged_files import file_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4))
Y = RNG.integers(3, size=70)
LAYERS = (nn.Dense(6, "tanh"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3))
OPTIONS = {"batch_size": 16, "seed": 5, "progress": False}


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step(self, training):
        if training.step == self.step:
            training.stop()


class CrashError(Exception):
    pass


class CrashAt(StopAt):
    """As a kill does it: nothing is saved any more."""

    def on_step(self, training):
        if training.step == self.step:
            raise CrashError


def network(layers=LAYERS, **options):
    return nn.Network(4, layers, **({"loss": "cross_entropy"} | options))


def bits(net):
    return [array.tobytes() for _, array in net.named_arrays()]


def records(net):
    return [{name: value for name, value in record.items() if name != "seconds"} for record in net.history]


def state_of(path):
    """All arrays of a checkpoint, and what it says without the times."""
    header, arrays = storage.load(path, "checkpoint")
    for record in header["history"]:
        del record["seconds"]
    return header, {name: array.tobytes() for name, array in arrays.items()}


OPTIMIZERS = [
    optim.SGD(0.1, momentum=0.9),
    optim.Adam(0.01, clip_norm=1.0),
    optim.Adam(optim.Cosine(0.01)),
    optim.AdamW(0.01),
    optim.RMSprop(0.01),
    optim.Adagrad(0.1),
    optim.LBFGS(),
    optim.SGD(lambda step, total: 0.1 * (1 - step / total)),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_stopping_and_resuming_changes_no_bit(optimizer, tmp_path):
    options = OPTIONS | {"optimizer": optimizer, "epochs": 4, "validation": (X[:20], Y[:20])}
    whole = network().fit(X, Y, **options, checkpoint=tmp_path / "whole")
    total = 4 if optimizer.full_batch else 20
    for step in (1, total // 2, total - 1):
        path = tmp_path / f"stopped at {step}"
        first = network().fit(X, Y, **options, checkpoint=path, callbacks=[StopAt(step)])
        assert first.history.stopped == "callback"
        second = network(seed=99).fit(X, Y, **options, checkpoint=path)
        assert bits(second) == bits(whole)
        assert records(second) == records(whole)
        assert second.history.stopped == whole.history.stopped
        assert state_of(path) == state_of(tmp_path / "whole")


@pytest.mark.parametrize("every", [1, 3, 5])
def test_a_crash_loses_at_most_one_interval(every, tmp_path):
    options = OPTIONS | {"optimizer": optim.Adam(0.01), "epochs": 3}
    whole = network().fit(X, Y, **options)
    for step in (1, 7, 14):
        path = tmp_path / f"crashed at {step}"
        with pytest.raises(CrashError):
            network().fit(X, Y, **options, checkpoint=Checkpoint(path, every), callbacks=[CrashAt(step)])
        if path.exists():
            assert storage.load(path, "checkpoint")[0]["position"]["step"] > step - every - 1
        else:
            assert step < every
        second = network().fit(X, Y, **options, checkpoint=Checkpoint(path, every))
        assert bits(second) == bits(whole)
        assert records(second) == records(whole)


def test_more_epochs_continue_a_finished_training(tmp_path):
    options = OPTIONS | {"optimizer": optim.Adam(0.01)}
    whole = network().fit(X, Y, epochs=5, **options)
    for epochs in (2, 5):
        net = network().fit(X, Y, epochs=epochs, **options, checkpoint=tmp_path / "file")
    assert bits(net) == bits(whole)
    assert records(net) == records(whole)


def test_a_finished_training_is_only_read_again(tmp_path):
    options = OPTIONS | {"epochs": 3, "checkpoint": tmp_path / "file"}
    first = network().fit(X, Y, **options)
    content = (tmp_path / "file").read_bytes()
    second = network(seed=7).fit(X, Y, **options)
    assert bits(second) == bits(first)
    assert records(second) == records(first)
    assert (tmp_path / "file").read_bytes() == content


def stopped_early(path, **options):
    return network().fit(
        X, Y, **OPTIONS, epochs=100, optimizer=optim.Adam(0.05), early_stopping=2,
        validation=(X[:10], (Y[:10] + 1) % 3), checkpoint=path, **options,
    )  # fmt: skip


def test_early_stopping_is_resumed_too(tmp_path):
    whole = stopped_early(tmp_path / "whole")
    assert whole.history.stopped == "early stopping"
    steps = 5 * len(whole.history)
    for step in (3, 8, steps - 4):
        with pytest.raises(CrashError):
            stopped_early(tmp_path / str(step), callbacks=[CrashAt(step)])
        second = stopped_early(tmp_path / str(step))
        assert bits(second) == bits(whole)
        assert records(second) == records(whole)
        assert second.history.best_epoch == whole.history.best_epoch


def test_what_stopped_early_does_not_go_on(tmp_path):
    first = stopped_early(tmp_path / "file")
    second = stopped_early(tmp_path / "file")
    assert bits(second) == bits(first)
    assert records(second) == records(first)
    assert second.history.stopped == "early stopping"


def test_what_converged_does_not_go_on(tmp_path):
    options = OPTIONS | {"epochs": 500, "optimizer": optim.LBFGS(tolerance=1e-3), "checkpoint": tmp_path / "file"}
    first = network([nn.Dense(3)], dtype="float64").fit(X, Y, **options, l2=0.1)
    second = network([nn.Dense(3)], dtype="float64").fit(X, Y, **options, l2=0.1)
    assert first.history.stopped == second.history.stopped == "converged"
    assert bits(second) == bits(first)
    assert records(second) == records(first)


def test_numbers_that_are_not_finite_are_kept(tmp_path):
    """A validation loss of infinity is a bad sign, not a reason to lose the training."""

    def loss(p, x):
        return np.sum((x - p) ** 2, axis=-1)

    options = {"epochs": 2, "validation": np.full((1, 4), 1e200), "checkpoint": tmp_path / "file", "progress": False}
    first = cr.fit(loss, np.zeros(4), X, **options)
    second = cr.fit(loss, np.zeros(4), X, **(options | {"epochs": 3}))
    assert first.history["valid_loss"] == [np.inf] * 2
    assert second.history["valid_loss"] == [np.inf] * 3


def test_parameters_of_any_function_are_kept(tmp_path):
    def loss(p, x, y):
        return (x @ p["w"] + p["b"][0] - y) ** 2

    start = {"w": np.zeros(4), "b": [np.zeros(())]}
    whole = cr.fit(loss, start, (X, Y), epochs=4, progress=False)
    cr.fit(loss, start, (X, Y), epochs=2, progress=False, checkpoint=str(tmp_path / "file"))
    second = cr.fit(loss, start, (X, Y), epochs=4, progress=False, checkpoint=tmp_path / "file")
    assert second.parameters["w"].tobytes() == whole.parameters["w"].tobytes()
    assert second.parameters["b"][0].tobytes() == whole.parameters["b"][0].tobytes()


def test_every_steps_is_counted_from_one():
    for wrong in (0, -1):
        with pytest.raises(ArgumentError, match=f"every_steps must be a whole number above 0, got {wrong}"):
            Checkpoint("file", wrong)


# Another training


def own_loss(outputs, y):
    return np.sum(outputs**2, axis=-1)


ANOTHER = {
    "data": {"X": X + 1e-9},
    "targets": {"Y": np.roll(Y, 1)},
    "fewer examples": {"X": X[:60], "Y": Y[:60]},
    "dtype of the data": {"X": X.astype(np.float32)},
    "weights of examples": {"sample_weight": RNG.uniform(size=70)},
    "weights of classes": {"class_weight": "balanced"},
    "validation": {"validation": (X[:20], Y[:20])},
    "layers": {"layers": [nn.Dense(6, "tanh"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(6, "tanh"), nn.Dense(3)]},
    "width": {"layers": [nn.Dense(7, "tanh"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3)]},
    "activation": {"layers": [nn.Dense(6, "relu"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3)]},
    "rate of dropout": {"layers": [nn.Dense(6, "tanh"), nn.BatchNorm(), nn.Dropout(0.4), nn.Dense(3)]},
    "momentum of batch norm": {"layers": [nn.Dense(6, "tanh"), nn.BatchNorm(0.2), nn.Dropout(0.3), nn.Dense(3)]},
    "dtype of the network": {"dtype": "float64"},
    "loss": {"loss": own_loss},
    "penalty": {"l2": 0.1},
    "another penalty": {"l1": 0.1},
    "optimizer": {"optimizer": optim.SGD(0.01)},
    "rate": {"optimizer": optim.Adam(0.02)},
    "schedule": {"optimizer": optim.Adam(optim.Exponential(0.01, 0.9))},
    "clipping": {"optimizer": optim.Adam(0.01, clip_norm=1.0)},
    "batch size": {"batch_size": 17},
    "seed": {"seed": 6},
    "shuffle": {"shuffle": False},
    "order": {"order": [np.arange(70)] * 4},
}


def train(path, **change):
    net = network(
        change.pop("layers", LAYERS), **{name: change.pop(name) for name in ("dtype", "loss") if name in change}
    )
    options = OPTIONS | {"optimizer": optim.Adam(0.01), "epochs": 2, "checkpoint": path}
    return net.fit(change.pop("X", X), change.pop("Y", Y), **(options | change))


@pytest.mark.parametrize("change", ANOTHER.values(), ids=ANOTHER)
def test_the_checkpoint_of_another_training_is_refused_and_kept(change, tmp_path):
    train(tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    with pytest.raises(ModelFileError, match=r"file belongs to another training: .* differs?; delete it to start anew"):
        train(tmp_path / "file", **change)
    assert (tmp_path / "file").read_bytes() == content


def test_the_message_says_what_differs(tmp_path):
    train(tmp_path / "file")
    with pytest.raises(ModelFileError, match="another training: data, batch_size differ;"):
        train(tmp_path / "file", X=X + 1, batch_size=8)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("layers", "network or loss"),
        ("loss", "network or loss"),
        ("fewer examples", "data"),
        ("optimizer", "optimizer"),
    ],
)
def test_the_message_names_the_cause_alone(change, name, tmp_path):
    train(tmp_path / "file")
    with pytest.raises(ModelFileError, match=f"another training: {name} differs;"):
        train(tmp_path / "file", **ANOTHER[change])


def test_a_schedule_does_not_continue_with_another_number_of_steps(tmp_path):
    rate = {"optimizer": optim.Adam(optim.Cosine(0.01))}
    train(tmp_path / "file", **rate)
    with pytest.raises(ModelFileError, match="another training: number of steps differs;"):
        train(tmp_path / "file", **rate, epochs=3)


def test_a_refused_checkpoint_changes_nothing_in_the_network(tmp_path):
    train(tmp_path / "file")
    net = network(seed=9)
    before = bits(net)
    with pytest.raises(ModelFileError):
        net.fit(X, Y, **OPTIONS, epochs=9, optimizer=optim.SGD(1.0), checkpoint=tmp_path / "file")
    assert bits(net) == before


def test_a_network_is_no_checkpoint_and_a_checkpoint_no_network(tmp_path):
    network().save(tmp_path / "network")
    with pytest.raises(ModelFileError, match="holds a network, not a checkpoint"):
        train(tmp_path / "network")
    train(tmp_path / "checkpoint")
    with pytest.raises(ModelFileError, match="holds a checkpoint, not a network"):
        cr.load(tmp_path / "checkpoint")


# Files that lie


@pytest.fixture(scope="module")
def description(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "file"
    train(path)
    return storage.load(path, "checkpoint")


def changed(description, **change):
    return {**json.loads(json.dumps(description[0])), **change}


LIES = {
    "no position": {"position": None},
    "position of another kind": {"position": []},
    "unknown position": {"position": {"nonsense": 1}},
    "text for a number": {"position": {"epoch": "one"}},
    "fraction for a count": {"position": {"epoch": 0.5}},
    "infinite count": {"position": {"epoch": "inf"}},
    "truth for a count": {"position": {"step": True}},
    "method for a number": {"position": {"__class__": 1}},
    "no history": {"history": None},
    "history of numbers": {"history": [1]},
    "text for the best epoch": {"best_epoch": "1"},
    "reason of its own": {"finished": "because"},
    "list for a reason": {"finished": []},
    "no run": {"run": None},
    "run of another kind": {"run": [1, 2]},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_checkpoint_that_lies_is_refused_and_changes_nothing(lie, description, tmp_path):
    storage.save(tmp_path / "file", "checkpoint", changed(description, **lie), description[1])
    net = network()
    before = bits(net)
    with pytest.raises(ModelFileError, match=r"does not describe a training|belongs to another training"):
        net.fit(X, Y, **OPTIONS, optimizer=optim.Adam(0.01), epochs=2, checkpoint=tmp_path / "file")
    assert bits(net) == before


@pytest.mark.parametrize("missing", ["position", "history", "best_epoch", "finished", "run"])
def test_a_checkpoint_without_an_entry_is_refused(missing, description, tmp_path):
    header = changed(description)
    del header[missing]
    storage.save(tmp_path / "file", "checkpoint", header, description[1])
    with pytest.raises(ModelFileError, match=r"does not describe a training|belongs to another training"):
        train(tmp_path / "file")


def test_other_arrays_are_refused(description, tmp_path):
    header, arrays = description
    first = next(name for name in arrays if name.endswith("['W']"))
    for change in (
        {},
        {**arrays, "more": np.zeros(1)},
        {**arrays, first: arrays[first].T},
        {**arrays, first: arrays[first].astype(np.float64)},
        {name: array for name, array in arrays.items() if name != first},
    ):
        storage.save(tmp_path / "file", "checkpoint", header, change)
        with pytest.raises(ModelFileError, match="its parameters have other names, shapes or dtypes"):
            train(tmp_path / "file")


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(file_of({"format": 2, "kind": "checkpoint"}))
    with pytest.raises(ModelFileError, match="has format 2, this version reads 1; update chainrule"):
        train(tmp_path / "file")


def test_a_path_that_cannot_be_written_stops_the_training_by_name(tmp_path):
    net = network()
    with pytest.raises(ModelFileError, match=r"missing/file cannot be written"):
        net.fit(X, Y, **OPTIONS, epochs=2, checkpoint=tmp_path / "missing" / "file")
    assert np.isfinite(net.weights[0]).all()
