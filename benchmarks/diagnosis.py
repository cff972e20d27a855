"""What a diagnosis costs: a training step without it, with a cheap one, and with a full one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import contestants
from benchmarks.conductor import Contestant
from benchmarks.session import Session
from benchmarks.training import prepare, time_steps


def measure_diagnosis(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each workload: this project alone, the three in turns, order given."""
    own: list[Contestant] = [contestants.ours(session.cache)]
    own += [contestants.ours(session.cache, diagnose=detail) for detail in ("cheap", "full")]
    with session.running(own) as workers:
        for workload in session.workloads:
            prepare(session, workload, workers)
            samples, _ = time_steps(session, workers, shuffle=False)
            record = samples.record(workload.steps / 1e6)
            yield {"workload": workload.name, "shape": workload.shape, "flops": workload.flops} | record
