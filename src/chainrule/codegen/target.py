"""Target machines: a processor's vectors, registers and instructions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import llvmlite.binding as llvm

from chainrule import config
from chainrule.errors import ArgumentError

_BYTES = {"float": 4, "double": 8, "i64": 8, "i32": 4, "i8": 1}


@dataclass(frozen=True)
class TargetMachine:
    """A processor, as far as generated code depends on it.

    Attributes:
        level: "avx512", "avx2", "sse2" or "neon".
        triple: LLVM's name of the platform.
        cpu: LLVM's name of the processor, for scheduling.
        features: LLVM's feature string; names every feature that is used, so that it can be a part of a cache key.
        vector_bytes: bytes of a vector register.
        registers: how many there are.
        fma: whether a·b + c is one instruction with one rounding.
    """

    level: str
    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool

    def lanes(self, element: str) -> int:
        """Elements in a vector register."""
        return self.vector_bytes // _BYTES[element]


_LEVELS = {
    "avx512": ("x86-64-v4", 64, 32, True),
    "avx2": ("x86-64-v3", 32, 16, True),
    "sse2": ("x86-64", 16, 16, False),
    "neon": ("generic", 16, 32, True),
}
LEVELS = config.TARGETS

_AVX2 = ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_INSTRUCTIONS = {
    "avx512": (*_AVX2, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    "avx2": _AVX2,
    "sse2": ("sse2",),
}
"""What the baseline of a level has beyond all processors of its family (the x86-64 psABI's levels 3 and 4)."""


def target(level: str, triple: str = "") -> TargetMachine:
    """The baseline processor of a level; for this platform, or for the one that `triple` names.

    Its name and LLVM's version settle its features. A level of the other family of processors is for Linux, unless
    `triple` says otherwise.

    Raises:
        ArgumentError: there is no such level.
    """
    if level not in _LEVELS:
        raise ArgumentError(f"there is no target {level!r}; choose one of {', '.join(LEVELS)}")
    cpu, vector_bytes, registers, fma = _LEVELS[level]
    if not triple:
        here = llvm.get_process_triple()
        other = "aarch64-unknown-linux-gnu" if level == "neon" else "x86_64-unknown-linux-gnu"
        triple = here if (level == "neon") == _is_arm(here) else other
    features = "-prefer-256-bit" if level == "avx512" else ""
    return TargetMachine(level, triple, cpu, features, vector_bytes, registers, fma)


@cache
def host() -> TargetMachine:
    """This machine, with the widest vectors that it has."""
    features = llvm.get_host_cpu_features()
    best = target(_best_level(features))
    text = ",".join(sorted(f"{'+' if on else '-'}{name}" for name, on in features.items() if name != "prefer-256-bit"))
    if best.level == "avx512":
        text += ",-prefer-256-bit"
    return replace(best, cpu=llvm.get_host_cpu_name(), features=text, triple=llvm.get_process_triple())


def chosen() -> TargetMachine:
    """What to compile for here: this machine, or the level that CHAINRULE_TARGET names.

    Raises:
        ArgumentError: there is no such level.
    """
    level = config.target_level()
    return host() if level is None else target(level)


def runs_here(level: str) -> bool:
    """Whether this machine can execute code for the baseline processor of a level."""
    if (level == "neon") != _is_arm(llvm.get_process_triple()):
        return False
    features = llvm.get_host_cpu_features()
    return level == "neon" or all(features.get(name) for name in _INSTRUCTIONS[level])


def require_runnable(target: TargetMachine) -> None:
    """Refuse to execute code that would end in an illegal instruction.

    Raises:
        ArgumentError: this machine lacks something that the target has.
    """
    if target == host() or (target.triple == host().triple and _runs_least(target)):
        return
    here = ", ".join(level for level in LEVELS if runs_here(level))
    raise ArgumentError(
        f"this machine cannot run code for {target.level} ({target.cpu} on {target.triple}); "
        f"it runs {here}: unset CHAINRULE_TARGET or choose one of these"
    )


def require_known(target: TargetMachine) -> None:
    """Refuse a processor that LLVM might not know: it would say so on the error stream and go on without.

    Raises:
        ArgumentError: the processor is neither this machine's nor the baseline of a level.
    """
    known = {cpu for cpu, *_ in _LEVELS.values()} | {host().cpu}
    if target.cpu not in known:
        raise ArgumentError(f"there is no processor {target.cpu!r} here; choose one of {', '.join(sorted(known))}")


def _runs_least(asked: TargetMachine) -> bool:
    return asked == target(asked.level, asked.triple) and runs_here(asked.level)


def _is_arm(triple: str) -> bool:
    return triple.startswith(("aarch64", "arm64"))


def _best_level(features: dict[str, bool]) -> str:
    if _is_arm(llvm.get_process_triple()):
        return "neon"
    wide = ("avx512f", "avx512vl", "avx512bw", "avx512dq", "fma")
    if all(features.get(name) for name in wide):
        return "avx512"
    return "avx2" if features.get("avx2") and features.get("fma") else "sse2"
