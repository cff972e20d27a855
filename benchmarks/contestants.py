"""Who takes part: every library, in every way in which it may be at its best."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.conductor import Contestant
from benchmarks.probe import threads

OURS = "chainrule"


def ours(cache: Path, thread_count: int | None = None, diagnose: str = "") -> Contestant:
    """This project, with its compiled programs in `cache`; it chooses its threads unless told, and may `diagnose`."""
    environment = [("CHAINRULE_CACHE", str(cache))]
    name = OURS
    if thread_count is not None:
        environment.append(("CHAINRULE_THREADS", str(thread_count)))
        name = f"{OURS}, {_threads(thread_count)}"
    if diagnose:
        name = f"{name} with a {diagnose} diagnosis"  # not one more way to be fast
    arguments = (diagnose,) if diagnose else ()
    return Contestant(name, OURS, "chainrule_peer", arguments=arguments, environment=tuple(environment))


def jax() -> list[Contestant]:
    """JAX, which chooses its threads, with one step in a round of its scan and with two."""
    return [
        Contestant("JAX", "JAX", "jax_peer", arguments=("1",)),
        Contestant("JAX, unrolled", "JAX", "jax_peer", arguments=("2",)),
    ]


def torch(python: str | None) -> list[Contestant]:
    """PyTorch, eager and compiled, on one thread and on all; in an interpreter of its own if one is given."""
    return [
        Contestant(
            f"PyTorch {way}, {_threads(count)}",
            "PyTorch",
            "torch_peer",
            python or sys.executable,
            (way, str(count)),
            (("OMP_NUM_THREADS", str(count)),),
        )
        for way in ("eager", "compile")
        for count in _counts()
    ]


def sklearn() -> list[Contestant]:
    """scikit-learn, on one thread and on all."""
    return _with_blas("scikit-learn", "sklearn_peer")


def numpy() -> list[Contestant]:
    """A step written by hand in NumPy, on one thread and on all."""
    return _with_blas("NumPy", "numpy_peer")


def onnx() -> list[Contestant]:
    """onnxruntime, on one thread and on all."""
    return [
        Contestant(f"onnxruntime, {_threads(count)}", "onnxruntime", "onnx_peer", arguments=(str(count),))
        for count in _counts()
    ]


def chosen(contestants: Sequence[Contestant], peers: Sequence[str]) -> list[Contestant]:
    """Those of the named peers, and this project; all if none is named."""
    wanted = {peer.lower() for peer in peers} | {OURS}
    return [contestant for contestant in contestants if not peers or contestant.peer.lower() in wanted]


def _with_blas(name: str, module: str) -> list[Contestant]:
    return [
        Contestant(
            f"{name}, {_threads(count)}",
            name,
            module,
            environment=(("OPENBLAS_NUM_THREADS", str(count)), ("OMP_NUM_THREADS", str(count))),
        )
        for count in _counts()
    ]


def _counts() -> list[int]:
    return sorted({1, threads()})


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
