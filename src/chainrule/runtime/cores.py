"""How many threads this process may use: its share of the machine's cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from chainrule import config


def available() -> int:
    """How many threads to use at most; at least 1.

    CHAINRULE_THREADS decides if it is set. Otherwise the least of: the cores that the process is bound to; the quota
    of its control group, rounded down; OMP_NUM_THREADS and LOKY_MAX_CPU_COUNT, by which joblib and schedulers share a
    machine among processes. A worker of a multiprocessing pool gets 1: its siblings have the other cores.

    Raises:
        ArgumentError: CHAINRULE_THREADS is not a positive whole number.
    """
    asked = config.threads()
    if asked is not None:
        return asked
    if _is_pool_worker():
        return 1
    limits = (_bound_cores(), quota(), config.threads_of_the_others())
    return max(1, min(limit for limit in limits if limit is not None))


def quota(root: Path = Path("/")) -> int | None:
    """Whole cores that the control group of this process may use (Linux, versions 1 and 2); None without a limit.

    A group is limited by those above it too. Inside a container, the path that the kernel gives may lead nowhere; the
    groups that can be seen then are the container's own.
    """
    with suppress(OSError, ValueError):
        lines = (root / "proc/self/cgroup").read_text().splitlines()
        shares = [share for line in lines for share in _shares(root / "sys/fs/cgroup", *line.split(":", 2)[1:])]
        return max(1, int(min(shares))) if shares else None
    return None


def _shares(mount: Path, controllers: str, path: str) -> Iterator[float]:
    """The limits, in cores, of one line of /proc/self/cgroup: of the group and of all above it."""
    if controllers and "cpu" not in controllers.split(","):
        return
    hierarchy = mount / controllers if controllers else mount
    relative = PurePosixPath(path.lstrip("/"))
    for group in (relative, *relative.parents):
        with suppress(OSError, ValueError):
            if controllers:
                limit = (hierarchy / group / "cpu.cfs_quota_us").read_text()
                period = (hierarchy / group / "cpu.cfs_period_us").read_text()
            else:
                limit, period = (hierarchy / group / "cpu.max").read_text().split()
            if limit != "max" and int(limit) > 0:
                yield int(limit) / int(period)


def _bound_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_pool_worker() -> bool:
    """Whether multiprocessing made this process as a daemon, as its pools and joblib's do."""
    processes = sys.modules.get("multiprocessing.process")  # a process that it made has imported it
    return processes is not None and bool(processes.current_process().daemon)
