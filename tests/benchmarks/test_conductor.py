"""Turns are fair, workers are apart from each other, and what fails is told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from benchmarks.conductor import Contestant, Worker, WorkerError, take_turns, workers
from benchmarks.probe import Peak
from benchmarks.session import Session
from benchmarks.training import measure_training
from benchmarks.workloads import Workload

from benchmarks import contestants, workloads
from patience import PATIENCE

SMALL = Workload("small", (3, 5, 2), 4, 6)
NUMPY = Contestant("NumPy", "NumPy", "numpy_peer")


class FakeProbe:
    """A machine of 1 GFLOP/s whose threads share a core every third time."""

    def __init__(self):
        self.spans = []

    def peak(self, seconds):
        self.spans.append(seconds)
        return Peak(1.0, 2.0, 1.0 if len(self.spans) % 3 == 0 else 1.9)


def test_everyone_is_measured_in_every_round_and_leads_in_turn():
    calls = []

    def run(name):
        return lambda count: calls.append(name) or 1.0 * count

    probe = FakeProbe()
    samples = take_turns({name: run(name) for name in "ABC"}, 3, probe, None)
    assert "".join(calls) == "ABCBCACAB"
    assert samples.seconds == {name: [1.0] * 3 for name in "ABC"}
    assert len(probe.spans) == 4


def test_a_measurement_is_as_long_as_asked_whatever_a_unit_takes():
    longest = {"slow": [], "fast": []}

    def run(name, unit):
        return lambda count: longest[name].append(count * unit) or count * unit

    probe = FakeProbe()
    record = take_turns({"slow": run("slow", 0.3), "fast": run("fast", 1e-5)}, 2, probe, 1.0).record(1e-6)
    assert longest["slow"][-1] == pytest.approx(1.0, rel=0.2)
    assert longest["fast"][-1] == pytest.approx(1.0, rel=0.2)
    assert record["samples"]["fast"]["median"] == pytest.approx(10)
    assert probe.spans == [1.0] * 3
    assert record["peak"]["all"] == 2
    assert record["peak"]["sustained"] == 1.9
    assert record["peak"]["every sustained"] == [1.9, 1.9, 1.0]


def test_whoever_fails_drops_out_with_a_reason_and_the_others_go_on():
    def broken(count):
        raise WorkerError("no more memory")

    taken = []

    def breaks_late(count):
        taken.append(count)
        if len(taken) > 1:
            raise WorkerError("later")
        return 1.0

    runs = {"good": lambda count: 1.0, "broken": broken, "late": breaks_late}
    samples = take_turns(runs, 3, FakeProbe(), None)
    assert samples.seconds["good"] == [1.0] * 3
    assert samples.failed == {"broken": "no more memory", "late": "later"}


def test_only_a_variant_that_another_of_its_library_beats_by_far_is_left_out():
    runs = {
        "PyTorch eager, 1 thread": lambda count: 1.0 * count,
        "PyTorch compile, 2 threads": lambda count: 5.0 * count,
        "PyTorch eager, 2 threads": lambda count: 3.0 * count,
        "chainrule": lambda count: 50.0 * count,
    }
    samples = take_turns(runs, 1, FakeProbe(), 0.5)
    assert list(samples.failed) == ["PyTorch compile, 2 threads"]
    assert "5 times as long as that of PyTorch eager, 1 thread" in samples.failed["PyTorch compile, 2 threads"]
    assert "chainrule" in samples.seconds


def test_a_worker_survives_an_error_and_tells_it(tmp_path):
    worker = Worker(NUMPY, tmp_path / "log")
    try:
        with pytest.raises(WorkerError, match="NumPy: FileNotFoundError"):
            worker.request("load", folder=str(tmp_path / "nothing"))
        assert worker.request("load", folder=str(workloads.write(SMALL, tmp_path / "task")))["peak"] > 1e6
        assert worker.request("train", epochs=2, shuffle=True)["loss"] > 0
        assert worker.request("predict", rows=1, calls=3)["seconds"] > 0
        assert worker.request("first_step").keys() == {"first", "second"}
    finally:
        worker.close()
    with pytest.raises((WorkerError, ValueError)):
        worker.request("first_step")


def is_asleep(process):
    """Whether all threads of a process sleep; one that spins is running or waits for a processor."""
    states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{process}/task").glob("*/stat")]
    return set(states) == {"S"}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="states of threads are read from /proc")
def test_a_waiting_worker_uses_no_processor(tmp_path):
    worker = Worker(NUMPY, tmp_path / "log")
    try:
        worker.request("load", folder=str(workloads.write(SMALL, tmp_path / "task")))
        worker.request("train", epochs=1, shuffle=False)
        end = time.monotonic() + PATIENCE
        while not is_asleep(worker._process.pid):
            assert time.monotonic() < end
            time.sleep(0.01)
        before = worker.idle
        worker.request("train", epochs=1, shuffle=False)
        assert worker.idle > before
    finally:
        worker.close()


def test_a_library_that_is_missing_is_told_and_the_others_start(tmp_path):
    missing = Contestant("Absent", "Absent", "absent_peer")
    nowhere = Contestant("Nowhere", "Nowhere", "numpy_peer", python=str(tmp_path / "python"))
    with workers([missing, nowhere, NUMPY], tmp_path) as (running, absent):
        assert list(running) == ["NumPy"]
        assert "No module named" in absent["Absent"]
        assert "Nowhere" in absent


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="environments of processes are read from /proc")
def test_settings_of_threads_do_not_leak_into_workers(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CHAINRULE_THREADS", "1")
    worker = Worker(contestants.ours(tmp_path / "cache"), tmp_path / "log")
    try:
        environment = Path(f"/proc/{worker._process.pid}/environ").read_text().split("\0")
    finally:
        worker.close()
    assert not [entry for entry in environment if entry.startswith(("OMP_", "CHAINRULE_THREADS"))]
    assert f"CHAINRULE_CACHE={tmp_path / 'cache'}" in environment
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_training_is_measured_in_both_orders_by_those_who_compute_the_same(tmp_path):
    session = Session(tmp_path, [SMALL], 1, 0.01, ["numpy"], None, FakeProbe())
    entries = list(measure_training(session))
    assert [entry["order"] for entry in entries] == ["given", "shuffled"]
    for entry in entries:
        assert "chainrule" in entry["samples"]
        assert all(verdict["same"] for verdict in entry["verdicts"].values())
        assert entry["samples"]["chainrule"]["median"] > 0
    assert session.versions.keys() >= {"chainrule", "NumPy"}
