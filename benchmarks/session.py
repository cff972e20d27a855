"""What all measurements of a run share: the options, a folder for data, the probe, and the peers' versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import contestants, workloads
from benchmarks.conductor import Contestant, Worker, workers
from benchmarks.probe import Probe
from benchmarks.workloads import Task, Workload


@dataclass
class Session:
    """A run of the suite.

    Attributes:
        folder: for data and caches; removed after the run.
        workloads: those that were asked for.
        rounds: measurements of each contestant.
        seconds: that a measurement should take.
        peers: lower-case names of those that take part beside this project; empty for all.
        torch_python: an interpreter that has PyTorch, or None for this one.
        probe: of the machine.
        versions: of everything that was measured.
        absent: contestants that could not start, and why.
    """

    folder: Path
    workloads: Sequence[Workload]
    rounds: int
    seconds: float
    peers: Sequence[str]
    torch_python: str | None
    probe: Probe
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        """Where this project keeps compiled programs during the run."""
        return self.folder / "cache"

    def trainers(self) -> list[Contestant]:
        """Everyone who trains and was asked for."""
        everyone = [
            contestants.ours(self.cache),
            *contestants.jax(),
            *contestants.torch(self.torch_python),
            *contestants.sklearn(),
            *contestants.numpy(),
        ]
        return contestants.chosen(everyone, self.peers)

    def task(self, workload: Workload, dtype: Any = "float32") -> tuple[Path, Task]:
        """The folder with a workload's numbers, and the numbers."""
        folder = workloads.write(workload, self.folder / "task", dtype)
        return folder, workloads.read(folder)

    @contextmanager
    def running(self, wanted: Sequence[Contestant]) -> Iterator[dict[str, Worker]]:
        """Workers by name, of those that can start."""
        with workers(wanted, self.folder) as (started, absent):
            self.absent |= absent
            for worker in started.values():
                self.versions |= worker.versions
            yield started
