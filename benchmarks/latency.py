"""How long one prediction takes, of 1 row and of 256: a NumPy array in, a NumPy array out, as in a server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks import contestants
from benchmarks.conductor import Contestant, Run, Worker, take_turns
from benchmarks.correctness import check_outputs
from benchmarks.session import Session
from benchmarks.workloads import Workload

NETWORKS = ("tiny", "digits", "tabular")
ROWS = (1, 256)
_CHECKED = 32  # rows

_PREDICTS_LINKS = ("scikit-learn",)  # it gives probabilities, not outputs; it is slower than all others by far


def measure_predict(session: Session) -> Iterator[dict[str, Any]]:
    """An entry for each of three networks and number of rows."""
    with session.running(_predictors(session)) as workers:
        for workload in session.workloads:
            if workload.name in NETWORKS:
                yield from _measure(session, workload, workers)


def _predictors(session: Session) -> list[Contestant]:
    everyone = [*session.trainers(), *contestants.onnx()]
    named = contestants.chosen(everyone, session.peers)
    left_out = (*_PREDICTS_LINKS, "JAX, unrolled")
    return [contestant for contestant in named if not contestant.name.startswith(left_out)]


def _measure(session: Session, workload: Workload, workers: dict[str, Worker]) -> Iterator[dict[str, Any]]:
    folder, task = session.task(workload)
    for worker in workers.values():
        worker.request("load", folder=str(folder))
    wrong = check_outputs(task, workers, _CHECKED)
    for rows in ROWS:

        def calls(worker: Worker, count: int, rows: int = rows) -> float:
            return float(worker.request("predict", rows=rows, calls=count)["seconds"])

        runs: dict[str, Run] = {name: partial(calls, w) for name, w in workers.items() if name not in wrong}
        record = take_turns(runs, session.rounds, session.probe, session.seconds / 2).record(1e-6)
        record["failed"] |= wrong
        yield {"workload": workload.name, "shape": workload.shape, "rows": rows} | record
