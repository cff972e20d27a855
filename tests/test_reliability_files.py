"""Damaged model files and checkpoints: never a crash, never a silent load."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim, storage
from chainrule.errors import ModelFileError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 2)), RNG.normal(size=12)


def network():
    return nn.Network(2, [nn.Dense(2, "tanh"), nn.BatchNorm(), nn.Dense(1)])


def resume(path):
    options = {"optimizer": optim.SGD(0.1), "epochs": 1, "validation": (X, Y), "early_stopping": 5, "progress": False}
    return network().fit(X, Y, **options, checkpoint=path)


def save(path):
    network().save(path)


KINDS = {"network": (save, cr.load), "checkpoint": (resume, resume)}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def file_and_readers(kind, tmp_path):
    """A good file, what every reader begins with, and the reader itself, which takes longer."""
    write, read = KINDS[kind]
    write(tmp_path / "file")
    read(tmp_path / "file")
    return tmp_path / "file", lambda path: storage.load(path, kind), read


def assert_refused(path, read, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=str(path)):
        read(path)


def test_truncation_at_every_byte(file_and_readers):
    path, load, read = file_and_readers
    content = path.read_bytes()
    for length in range(len(content)):
        assert_refused(path, read if length % 50 == 0 else load, content[:length])


def test_flipped_bits(file_and_readers, request):
    path, load, read = file_and_readers
    content = path.read_bytes()
    count = 10_000 if request.config.getoption("--nightly") else 2_000
    for number, position in enumerate(RNG.integers(8 * len(content), size=count)):
        altered = bytearray(content)
        altered[position // 8] ^= 1 << position % 8
        assert_refused(path, read if number % 50 == 0 else load, bytes(altered))


def test_other_damage(file_and_readers):
    path, _, read = file_and_readers
    content = path.read_bytes()
    middle = len(content) // 2
    for altered in (
        content[:middle] + content[middle + 1 :],
        content[:middle] + b"\0" + content[middle:],
        content + b"\0",
        content * 2,
        bytes(len(content)),
        content[:middle] + bytes(64) + content[middle + 64 :],
        content[middle:] + content[:middle],
    ):
        assert_refused(path, read, altered)
