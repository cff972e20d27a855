"""How well a training in float32 rounds: how far its parameters end from those of the same training in float64.

JAX is the measure. A single training says little: where the input of some relu is 1e-7 from 0, rounding decides whether
the unit is on, whatever the library, and that alone moves the median of all distances by 1e4. So many trainings are
made, of other data from other weights, and their medians are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from benchmarks import contestants
from benchmarks.conductor import Worker, WorkerError
from benchmarks.correctness import Judge
from benchmarks.session import Session
from benchmarks.workloads import Workload

SEEDS, STEPS = 20, 100
"""Trainings, and the steps of each."""

_LONGEST = 1e9
"""Operations of a step: NumPy repeats larger ones in float64 for a quarter of an hour."""


def measure_accuracy(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each workload: this project and JAX, order given."""
    everyone = [contestants.ours(session.cache), contestants.jax()[0]]
    with session.running(contestants.chosen(everyone, session.peers)) as workers:
        for workload in session.workloads:
            if workload.flops < _LONGEST:
                yield {"workload": workload.name, "shape": workload.shape} | _judged(session, workload, workers)


def _judged(session: Session, workload: Workload, workers: dict[str, Worker]) -> dict[str, Any]:
    """The verdicts on everyone's trainings, by seed."""
    verdicts: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    failed: dict[str, str] = {}
    for seed in range(SEEDS):
        folder, task = session.task(replace(workload, seed=seed, steps=min(workload.steps, STEPS)))
        judge, path = Judge.of(task, STEPS), session.folder / "parameters.npz"
        for name in workers.keys() - failed.keys():
            try:
                workers[name].request("load", folder=str(folder))
                losses = workers[name].request("trajectory", steps=STEPS, into=str(path))["losses"]
            except WorkerError as error:
                failed[name] = str(error)
                continue
            with np.load(path) as arrays:
                verdicts[name].append(asdict(judge.verdict(losses, [arrays[key] for key in arrays.files])))
    return {"verdicts": {name: rows for name, rows in verdicts.items() if name not in failed}, "failed": failed}
