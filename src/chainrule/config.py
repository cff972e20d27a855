"""The environment variables that change what chainrule does. Nothing else in the library reads the environment.

| variable | meaning |
|---|---|
| CHAINRULE_CACHE | directory for compiled code, or `off` |
| CHAINRULE_CACHE_MB | most megabytes that it may hold; 256 unless told otherwise |
| CHAINRULE_EXECUTOR | `engine`, machine code, or `reference`, NumPy |
| CHAINRULE_TARGET | vectors to use: `avx512`, `avx2`, `sse2` or `neon` |
| CHAINRULE_THREADS | how many threads a computation may use |

Each function looks when it is called, so that a variable may change while a program runs. An unset variable and an
empty one mean the same. A value that cannot be used raises ArgumentError and names the variable.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chainrule.errors import ArgumentError

MEGABYTE = 2**20
EXECUTORS = ("engine", "reference")
TARGETS = ("avx512", "avx2", "sse2", "neon")


def check() -> None:
    """Read every variable, so that one that cannot be used is refused whatever is about to be done."""
    for read in (executor, target_level, threads, cache_bytes, cache_directory):
        read()


def executor() -> str:
    """What runs graphs: "engine" or "reference"."""
    value = _read("CHAINRULE_EXECUTOR").lower() or EXECUTORS[0]
    if value not in EXECUTORS:
        raise ArgumentError(f"CHAINRULE_EXECUTOR is {value!r}; expected {' or '.join(EXECUTORS)}")
    return value


def target_level() -> str | None:
    """The name of the level of vector instructions that is asked for."""
    value = _read("CHAINRULE_TARGET").lower() or None
    if value is not None and value not in TARGETS:
        raise ArgumentError(f"CHAINRULE_TARGET is {value!r}; expected one of {', '.join(TARGETS)}")
    return value


def threads() -> int | None:
    """How many threads are asked for."""
    return _whole_number("CHAINRULE_THREADS", "a number of threads, as in 2")


def threads_of_the_others() -> int | None:
    """How many threads other libraries were told to use: what joblib and job schedulers set for their workers.

    OMP_NUM_THREADS may be a list, one number for each level of nesting. A value that makes no sense to us is theirs,
    and is no limit here.
    """
    values = (_read(name).split(",")[0].strip() for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT"))
    return min((int(value) for value in values if value.isdecimal() and int(value) > 0), default=None)


def refuses_colour() -> bool:
    """Whether a terminal is not to be coloured: NO_COLOR is set (no-color.org), or the terminal has no colours."""
    return bool(_read("NO_COLOR")) or _read("TERM") == "dumb"


def cache_bytes() -> int:
    """How many bytes the cache of compiled code may hold."""
    megabytes = _whole_number("CHAINRULE_CACHE_MB", "a number of megabytes, as in 256")
    return (256 if megabytes is None else megabytes) * MEGABYTE


def cache_directory() -> Path | None:
    """Where compiled code is kept, whether or not it exists; None if it is not to be kept, or there is no home."""
    value = _read("CHAINRULE_CACHE")
    if value.lower() == "off":
        return None
    return Path(value).expanduser().absolute() if value else _platform_cache()


def _platform_cache() -> Path | None:
    """The directory that the platform's customs give to caches of this program."""
    try:
        if sys.platform == "win32":
            return Path(_read("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "chainrule" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "chainrule"
        base = Path(_read("XDG_CACHE_HOME"))  # the XDG specification: a relative path is to be ignored
        return (base if base.is_absolute() else Path.home() / ".cache") / "chainrule"
    except RuntimeError:
        return None


def _whole_number(name: str, expected: str) -> int | None:
    value = _read(name)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 7 and int(value) > 0):
        raise ArgumentError(f"{name} is {value!r}; expected {expected}")
    return int(value)


def _read(name: str) -> str:
    return os.environ.get(name, "").strip()
