"""Runs contestants in turns, A B C A B C …, each in its own process, with a probe of the machine between rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from benchmarks.probe import Peak, Probe, threads

ROOT = Path(__file__).resolve().parent.parent
_LIMIT = 600  # seconds that a command may take
_HOPELESS = 4  # times the best of the same library: not timed further, as only the best counts
_SETTLE = 0.1
"""Seconds before each measurement, in which the threads of the contestant before fall asleep: OpenBLAS's spin for 2²⁶
cycles, some 30 ms, and take half a core from whoever is next."""
_BRIEF = 0.1  # seconds of a probe beside what is measured by whole processes
_SETTINGS = ("OMP_", "MKL_", "OPENBLAS_", "XLA_", "GOMP_", "KMP_", "CHAINRULE_", "PYTHONDONTWRITEBYTECODE")


class WorkerError(Exception):
    """A worker could not start, failed in a command, or took too long."""


@dataclass(frozen=True)
class Contestant:
    """A library used in one way.

    Attributes:
        name: for tables, such as "PyTorch eager, 1 thread".
        peer: the library; the best of its contestants is what it is compared by.
        module: of `benchmarks.peers`.
        python: the interpreter that has the library.
        arguments: of the worker.
        environment: on top of `surroundings`.
    """

    name: str
    peer: str
    module: str
    python: str = sys.executable
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def library(name: str) -> str:
    """The library of a contestant's name: "PyTorch" of "PyTorch eager, 1 thread"."""
    return name.partition(",")[0].removesuffix(" eager").removesuffix(" compile")


def surroundings() -> dict[str, str]:
    """The environment of a library as its users have it: no settings of threads, and bytecode kept once it is made."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return kept | {"PYTHONPATH": str(ROOT)}


class Worker:
    """A running contestant.

    Attributes:
        versions: of its libraries.
        idle: the seconds of CPU that it used while it was not asked anything.
    """

    def __init__(self, contestant: Contestant, log: Path) -> None:
        self.name = contestant.name
        environment = surroundings() | {"JAX_PLATFORMS": "cpu"} | dict(contestant.environment)
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [contestant.python, "-m", f"benchmarks.peers.{contestant.module}", *contestant.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=ROOT,
                text=True,
            )
        self.idle = 0.0
        try:
            self.versions: dict[str, str] = self._answer()["versions"]
        except WorkerError:
            self.close()
            raise

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            WorkerError: it failed, died, or took longer than ten minutes.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(f"{self.name} has ended") from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        timer = Timer(_LIMIT, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            last = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise WorkerError(f"{self.name} ended without an answer: {last}")
        answer: dict[str, Any] = json.loads(line)
        self.idle += answer.pop("idle", 0.0)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@contextmanager
def workers(contestants: Sequence[Contestant], folder: Path) -> Iterator[tuple[dict[str, Worker], dict[str, str]]]:
    """Start a worker for each contestant: those that run, by name, and why the others do not."""
    running: dict[str, Worker] = {}
    absent: dict[str, str] = {}
    with ExitStack() as endings:
        for contestant in contestants:
            try:
                running[contestant.name] = Worker(contestant, folder / f"{contestant.module}.log")
                endings.callback(running[contestant.name].close)
            except (WorkerError, OSError) as error:
                absent[contestant.name] = str(error)
        yield running, absent


@dataclass
class Samples:
    """Measurements that were taken in turns.

    Attributes:
        seconds: for one unit of work, by contestant, one number a round.
        probes: of the machine, before every round and after the last.
        failed: contestants that dropped out, and why.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    probes: list[Peak] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def record(self, unit: float = 1.0) -> dict[str, Any]:
        """For results.json: seconds divided by `unit`, with minimum and median."""
        scaled = {name: [seconds / unit for seconds in row] for name, row in self.seconds.items() if row}
        return {
            "samples": {name: {"min": min(row), "median": median(row), "all": row} for name, row in scaled.items()},
            "peak": {
                "one": max(peak.one for peak in self.probes),
                "all": max(peak.all for peak in self.probes),
                "sustained": median(peak.sustained for peak in self.probes),
                "every sustained": [round(peak.sustained, 1) for peak in self.probes],
                "threads": threads(),
            },
            "failed": self.failed,
        }


Run = Callable[[int], float]
"""Does so many units of work and returns the seconds that they took."""


def take_turns(runs: dict[str, Run], rounds: int, probe: Probe, seconds: float | None = 0.5) -> Samples:
    """Measure all in turns; who is first changes from round to round.

    Args:
        runs: the contestants.
        rounds: measurements of each.
        probe: of the machine; it is measured for as long as a contestant.
        seconds: what a measurement should take; the number of units is chosen for it after a warm-up. None: one unit.
    """
    samples = Samples()
    units: dict[str, int] = {}
    paces: dict[str, float] = {}
    for name, run in runs.items():
        try:
            units[name], paces[name] = (1, 0.0) if seconds is None else _calibrated(run, seconds)
        except WorkerError as error:
            samples.failed[name] = str(error)
    for name, best in _hopeless(paces).items():
        samples.failed[name] = f"its warm-up took {paces[name] / paces[best]:.0f} times as long as that of {best}"
        del units[name]
    samples.seconds = {name: [] for name in units}

    def look() -> None:
        time.sleep(_SETTLE)
        samples.probes.append(probe.peak(seconds or _BRIEF))

    for turn in range(rounds):
        look()
        names = list(units)
        for name in names[turn % max(len(names), 1) :] + names[: turn % max(len(names), 1)]:
            time.sleep(_SETTLE)
            try:
                samples.seconds[name].append(runs[name](units[name]) / units[name])
            except WorkerError as error:
                samples.failed[name] = str(error)
                del units[name]
    look()
    return samples


def _hopeless(paces: dict[str, float]) -> dict[str, str]:
    """Contestants far behind another of the same library, and who that is."""
    best: dict[str, str] = {}
    for name in sorted(paces, key=lambda name: paces[name]):
        best.setdefault(library(name), name)
    return {name: best[library(name)] for name, pace in paces.items() if pace > _HOPELESS * paces[best[library(name)]]}


def _calibrated(run: Run, seconds: float) -> tuple[int, float]:
    """How many units take about so long, and the seconds of one; the first run, which compiles, is not counted."""
    run(1)
    units = 1
    while (taken := run(units)) < seconds / 4:
        units *= max(2, min(100, int(seconds / 2 / max(taken, 1e-9))))
    return max(1, round(units * seconds / taken)), taken / units
