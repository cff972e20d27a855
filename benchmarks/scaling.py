"""How the cost of a step grows: with the rows of a batch and of the data, with width, with depth, and with threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks import contestants
from benchmarks.conductor import Contestant
from benchmarks.probe import threads
from benchmarks.session import Session
from benchmarks.training import prepare, time_steps
from benchmarks.workloads import Workload

_BASE = Workload("base", (64, 128, 128, 10), 128, 100)


def sweeps() -> Iterator[tuple[str, int, Workload]]:
    """The quantity, its value, and the workload; everything else is as in a 64-128-128-10 network, batch 128."""
    for batch in (8, 32, 128, 512, 2048):
        yield "rows of a batch", batch, replace(_BASE, batch=batch, steps=max(8, 12_800 // batch))
    for rows in (1_024, 10_240, 102_400, 1_024_000):
        yield "rows of the data", rows, replace(_BASE, steps=rows // _BASE.batch)
    for width in (16, 64, 256, 1024):
        yield "width", width, replace(_BASE, widths=(64, width, width, 10))
    for depth in (1, 2, 4, 8, 16):
        yield "depth", depth, replace(_BASE, widths=(64, *[128] * depth, 10))


def measure_scaling(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each point: this project and JAX, order given."""
    everyone = [contestants.ours(session.cache), *contestants.jax()]
    with session.running(contestants.chosen(everyone, session.peers)) as workers:
        for quantity, value, workload in sweeps():
            _, failed = prepare(session, workload, workers)
            able = {name: worker for name, worker in workers.items() if name not in failed}
            samples, _ = time_steps(session, able, shuffle=False)
            record = samples.record(workload.steps / 1e6)
            record["failed"] |= failed
            yield {"quantity": quantity, "value": value, "flops": workload.flops} | record


def measure_threads(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each workload: this project on 1 thread, 2, 4, … up to all, and as it chooses."""
    counts = sorted({*(2**k for k in range(threads().bit_length()) if 2**k <= threads()), threads()})
    own: list[Contestant] = [contestants.ours(session.cache)]
    own += [contestants.ours(session.cache, count) for count in counts]
    with session.running(own) as workers:
        for workload in session.workloads:
            prepare(session, workload, workers)
            samples, _ = time_steps(session, workers, shuffle=False)
            record = samples.record(workload.steps / 1e6)
            yield {"workload": workload.name, "shape": workload.shape, "flops": workload.flops} | record
