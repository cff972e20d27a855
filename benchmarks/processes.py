"""What takes a new process: a program from its start to a trained model, compiling, importing, and peak memory."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import contestants
from benchmarks.conductor import ROOT, Contestant, Run, Worker, WorkerError, surroundings, take_turns
from benchmarks.session import Session
from benchmarks.workloads import WORKLOADS

EPOCHS = 3
"""Of the whole program."""

MEMORY_BYTES = 200_000_000
"""About what the data of the memory measurement takes, float64: what NumPy and pandas hand out by default."""

_IMPORTS = (
    ("numpy", "import numpy"),
    ("chainrule", "import chainrule"),
    ("chainrule and its networks", "import chainrule.nn"),
    ("JAX", "import jax.numpy"),
    ("PyTorch", "import torch"),
    ("scikit-learn", "import sklearn.neural_network"),
    ("onnxruntime", "import onnxruntime"),
)


def _one_each(session: Session) -> list[Contestant]:
    """One contestant a library: compiling and memory depend little on threads."""
    everyone = [
        contestants.ours(session.cache),
        contestants.jax()[0],
        *contestants.torch(session.torch_python)[::2],
        contestants.sklearn()[-1],
    ]
    return contestants.chosen(everyone, session.peers)


def _cold_and_cached(session: Session) -> list[Contestant]:
    """This project with an empty cache of compiled programs and with a filled one, and the peers."""
    first, *others = _one_each(session)
    cold = replace(first, name=f"{first.name}, cold", environment=(("CHAINRULE_CACHE", str(session.folder / "cold")),))
    return [cold, replace(first, name=f"{first.name}, cached"), *others]


def _started(session: Session, contestant: Contestant) -> Worker:
    if contestant.name.endswith(", cold"):
        shutil.rmtree(session.folder / "cold", ignore_errors=True)
    worker = Worker(contestant, session.folder / f"{contestant.module}.log")
    session.versions |= worker.versions
    return worker


def measure_whole(session: Session) -> Iterator[dict[str, Any]]:
    """Seconds from the start of a process to its end: import, read the data, compile, train `EPOCHS` on digits."""
    folder, _ = session.task(WORKLOADS["digits"])
    losses: dict[str, float] = {}

    def run(contestant: Contestant, _: int) -> float:
        began = time.perf_counter()
        worker = _started(session, contestant)
        try:
            worker.request("load", folder=str(folder))
            shuffle = contestant.peer == "scikit-learn"
            losses[contestant.name] = worker.request("train", epochs=EPOCHS, shuffle=shuffle)["loss"]
        finally:
            worker.close()
        return time.perf_counter() - began

    runs: dict[str, Run] = {c.name: partial(run, c) for c in _cold_and_cached(session)}
    _fill_cache(runs)
    record = take_turns(runs, session.rounds, session.probe, None).record()
    yield {"workload": "digits", "epochs": EPOCHS, "losses": losses} | record


def _fill_cache(runs: dict[str, Run]) -> None:
    """Run the one that finds its programs in the cache once without counting it."""
    for name, run in runs.items():
        if name.endswith(", cached"):
            with suppress(WorkerError):  # it will fail again where failures are recorded
                run(1)


_LONG_STEP = 1e9
"""Operations of a step that takes some ten milliseconds."""


def measure_compile(session: Session) -> Iterator[dict[str, Any]]:
    """Seconds by which the first training of one step in a process takes longer than the second.

    Only of steps that take much less than compiling: the difference of others says nothing.
    """
    for workload in (workload for workload in session.workloads if workload.flops < _LONG_STEP):
        folder, _ = session.task(workload)

        def run(contestant: Contestant, _: int, folder: Any = folder) -> float:
            worker = _started(session, contestant)
            try:
                worker.request("load", folder=str(folder))
                answer = worker.request("first_step")
            finally:
                worker.close()
            return max(0.0, float(answer["first"] - answer["second"]))

        compiling = [c for c in _cold_and_cached(session) if c.peer not in ("scikit-learn",)]
        runs: dict[str, Run] = {c.name: partial(run, c) for c in compiling}
        _fill_cache(runs)
        record = take_turns(runs, session.rounds, session.probe, None).record(1e-3)
        yield {"workload": workload.name, "shape": workload.shape} | record


def measure_import(session: Session) -> Iterator[dict[str, Any]]:
    """Seconds of an import in a new process, NumPy included, without the start of the interpreter."""
    pythons = {contestant.peer: contestant.python for contestant in session.trainers()}

    def run(name: str, statement: str, _: int) -> float:
        program = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
        python = pythons.get(name, next(iter(pythons.values())))
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, env=surroundings(), cwd=ROOT)
        if done.returncode:
            raise WorkerError(done.stderr.strip().rpartition("\n")[2])
        return float(done.stdout.split()[-1])

    runs: dict[str, Run] = {name: partial(run, name, statement) for name, statement in _IMPORTS}
    for name in list(runs):
        try:
            runs[name](1)  # from the disk into memory
        except WorkerError as error:
            session.absent[f"import of {name}"] = str(error)
            del runs[name]
    yield take_turns(runs, session.rounds, session.probe, None).record(1e-3)


def measure_memory(session: Session) -> Iterator[dict[str, Any]]:
    """MB by which an epoch of digits on a large float64 array raises the peak of resident memory."""
    digits = WORKLOADS["digits"]
    steps = round(MEMORY_BYTES / 8 / digits.widths[0] / digits.batch)
    workload = replace(digits, steps=steps)
    folder, task = session.task(workload, "float64")
    peaks: dict[str, float] = {}
    failed: dict[str, str] = {}
    for contestant in _one_each(session):
        try:
            peaks[contestant.name] = _growth(session, contestant, str(folder)) / 1e6
        except WorkerError as error:
            failed[contestant.name] = str(error)
    yield {"workload": "digits", "data": task.X.nbytes / 1e6, "grown": peaks, "failed": failed}


def _growth(session: Session, contestant: Contestant, folder: str) -> float:
    worker = _started(session, contestant)
    try:
        before = worker.request("load", folder=folder)["peak"]
        after = worker.request("train", epochs=1, shuffle=contestant.peer == "scikit-learn")["peak"]
    finally:
        worker.close()
    return float(after - before)
