"""Every measurement gives an entry that the report can show."""

from __future__ import annotations

import math

import pytest
from benchmarks.pages import page
from benchmarks.probe import Peak
from benchmarks.session import Session
from benchmarks.workloads import Workload

from benchmarks import conductor, diagnosis, latency, processes, scaling

SMALL = Workload("digits", (5, 4, 3), 8, 40)


class FakeProbe:
    """A machine of 2 GFLOP/s."""

    def peak(self, seconds):
        return Peak(1.0, 2.0, 2.0)


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "WORKLOADS", {"digits": SMALL})
    monkeypatch.setattr(processes, "MEMORY_BYTES", 5 * 8 * 8 * 40)
    monkeypatch.setattr(scaling, "sweeps", lambda: [("width", 4, SMALL)])
    monkeypatch.setattr(scaling, "threads", lambda: 2)
    monkeypatch.setattr(conductor, "_HOPELESS", math.inf)  # on a busy machine anybody may fall behind
    return Session(tmp_path, [SMALL], 1, 0.01, ["nobody"], None, FakeProbe())  # this project alone


@pytest.mark.parametrize(
    ("name", "measure", "words"),
    [
        ("whole", processes.measure_whole, ["chainrule, cold", "chainrule, cached"]),
        ("compile", processes.measure_compile, ["chainrule, cold", "chainrule, cached"]),
        ("memory", processes.measure_memory, ["| chainrule |"]),
        ("predict", latency.measure_predict, ["1 row:", "256 rows:"]),
        ("scaling", scaling.measure_scaling, ["| 4 |"]),
        ("threads", scaling.measure_threads, ["chainrule, 1 thread", "chainrule, 2 threads"]),
        ("diagnosis", diagnosis.measure_diagnosis, ["| workload | µs | cheap | full |", "| digits |"]),
    ],
)
def test_a_measurement_gives_what_the_report_shows(session, name, measure, words):
    entries = list(measure(session))
    assert entries
    assert [entry["failed"] for entry in entries] == [{}] * len(entries)
    section = {"date": "", "command": "", "entries": entries}
    text = page({"machine": {}, "versions": {}, "absent": {}, "sections": {name: section}})
    for word in words:
        assert word in text


def test_the_cold_run_has_an_empty_cache(session):
    (session.folder / "cold").mkdir()
    (session.folder / "cold" / "program.o").write_text("old")
    list(processes.measure_compile(session))
    assert not (session.folder / "cold" / "program.o").exists()
