"""The cost of a training step: in the order that is given to all, and with each library shuffling its own data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from benchmarks.conductor import Run, Samples, Worker, WorkerError, take_turns
from benchmarks.correctness import check_training
from benchmarks.session import Session
from benchmarks.workloads import Workload

ORDERS = {"given": False, "shuffled": True}
"""What "shuffle" is in each kind of measurement."""

_NEVER = {"given": ("scikit-learn",), "shuffled": ()}  # it takes no order


def measure_training(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each workload and kind of order."""
    with session.running(session.trainers()) as workers:
        for workload in session.workloads:
            yield from measure_workload(session, workload, workers)


def measure_workload(session: Session, workload: Workload, workers: dict[str, Worker]) -> Iterator[dict[str, Any]]:
    """Check that all compute the same; then time those that do."""
    verdicts, failed = prepare(session, workload, workers)
    fit = {name: worker for name, worker in workers.items() if name in verdicts and verdicts[name]["same"]}
    for kind, shuffle in ORDERS.items():
        able = {name: worker for name, worker in fit.items() if not name.startswith(_NEVER[kind])}
        samples, overhead = time_steps(session, able, shuffle)
        record = samples.record(workload.steps / 1e6)
        record["failed"] |= failed
        yield (
            {"workload": workload.name, "shape": workload.shape, "flops": workload.flops, "order": kind}
            | record
            | {"verdicts": verdicts, "milliseconds before the first step": overhead}
        )


def prepare(
    session: Session, workload: Workload, workers: dict[str, Worker]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Load the workload everywhere and judge everyone's first steps."""
    folder, task = session.task(workload)
    failed: dict[str, str] = {}
    loaded = dict(workers)
    for name, worker in workers.items():
        try:
            worker.request("load", folder=str(folder))
        except WorkerError as error:
            failed[name] = str(error)
            del loaded[name]
    verdicts, unjudged = check_training(task, loaded, session.folder)
    failed |= unjudged
    for name, verdict in verdicts.items():
        if not verdict.same:
            failed[name] = f"computes something else: its losses are {verdict.loss_error:.1e} off"
    return {name: asdict(verdict) for name, verdict in verdicts.items()}, failed


def time_steps(session: Session, workers: dict[str, Worker], shuffle: bool) -> tuple[Samples, dict[str, float]]:
    """Seconds of an epoch, and the milliseconds of a whole call that were not steps (the last round's)."""
    overhead: dict[str, float] = {}

    def epochs(worker: Worker, count: int) -> float:
        answer = worker.request("train", epochs=count, shuffle=shuffle)
        overhead[worker.name] = 1e3 * (answer["wall"] - answer["seconds"])
        return float(answer["seconds"])

    runs: dict[str, Run] = {name: partial(epochs, worker) for name, worker in workers.items()}
    return take_turns(runs, session.rounds, session.probe, session.seconds), overhead
