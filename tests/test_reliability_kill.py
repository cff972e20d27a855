"""SIGKILL at random moments: every training resumes, and ends byte for byte as if nothing had happened."""

import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from chainrule import storage
from patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")

TRAIN = """
    import sys
    import numpy as np
    from chainrule import nn, optim
    from chainrule.train import Callback, Checkpoint

    class Tell(Callback):
        def on_step(self, training):
            print(training.step, flush=True)

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 6)), rng.integers(3, size=300)
    layers = [nn.Dense(16, "relu"), nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3)]
    net = nn.Network(6, layers, loss="cross_entropy", seed=1)
    net.fit(
        X, y, optimizer=optim.Adam(optim.Cosine(0.01)), epochs=20, batch_size=16, validation=0.2, early_stopping=15,
        checkpoint=Checkpoint(sys.argv[1], every_steps=7), callbacks=[Tell()], progress=False,
    )
    net.save(sys.argv[2])
"""
INTERVAL = 7


def start(folder):
    command = [sys.executable, "-c", textwrap.dedent(TRAIN), str(folder / "checkpoint"), str(folder / "model")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(folder):
    """The final model file, and the final checkpoint without the seconds."""
    header, arrays = storage.load(folder / "checkpoint", "checkpoint")
    for record in header["history"]:
        del record["seconds"]
    return (folder / "model").read_bytes(), header, {name: array.tobytes() for name, array in arrays.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(folder)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return finished(folder), len(output.splitlines())


def kill_and_resume(folder, steps, chance):
    """Kill three times, each later than the last, a moment after a random step; then let it end."""
    moments = sorted(chance.sample(range(1, steps), 3))
    for moment in moments:
        process = start(folder)
        reached = 0
        for line in process.stdout:
            reached = int(line)
            if reached >= moment:
                break
        time.sleep(chance.uniform(0, 0.005))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=PATIENCE)
        reached = max([reached, *map(int, rest.split())])
        if reached >= INTERVAL:
            saved = storage.load(folder / "checkpoint", "checkpoint")[0]["position"]["step"]
            assert saved > reached - INTERVAL - 1
    process = start(folder)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors


@pytest.mark.parametrize("seed", range(3))
def test_killed_trainings_resume(seed, undisturbed, tmp_path):
    expected, steps = undisturbed
    kill_and_resume(tmp_path, steps, random.Random(seed))
    assert finished(tmp_path) == expected


@pytest.mark.nightly
def test_a_hundred_killed_trainings_resume(undisturbed, tmp_path):
    expected, steps = undisturbed
    for seed in range(100, 134):
        folder = tmp_path / str(seed)
        folder.mkdir()
        kill_and_resume(folder, steps, random.Random(seed))
        assert finished(folder) == expected


def test_a_kill_while_saving_leaves_the_old_file(tmp_path):
    """Saving without pause and killed at any moment, the file is always one of those that were saved."""
    script = """
        import sys
        import numpy as np
        from chainrule import storage
        print("ready", flush=True)
        number = 0
        while True:
            number += 1
            storage.save(sys.argv[1], "thing", {"number": number}, {"array": np.full(100_000, number)})
    """
    path = tmp_path / "file"
    chance = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(path)], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        while not path.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        header, arrays = storage.load(path, "thing")
        np.testing.assert_array_equal(arrays["array"], header["number"])
