"""A file is replaced whole or not at all.

The new file grows beside the old one, under a name that says who writes it. What a writer that was killed has left is
removed at the next write of the same file: at once if its process ran on this machine and is gone, else after a day.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_WRITER = re.compile(r"(?P<machine>[0-9a-f]{8})-(?P<process>[0-9]+)-[0-9a-f]{8}\.part|[0-9a-f]{16}\.part")
_ABANDONED_SECONDS = 24 * 3600


@contextmanager
def replacing(path: Path, disposable: bool = False) -> Iterator[Path]:
    """Yield the path of a new file beside `path` to write to; it takes its place when the block ends.

    Whatever happens before that (an exception, a full disk, a kill) leaves the old file as it was. The
    content reaches the disk before the name does: write, fsync, rename, fsync of the directory.

    Args:
        path: the file to replace.
        disposable: the file can be made again, and who reads it notices if a power cut damaged it, as in a cache:
            nothing waits for the disk, and what killed writers left is removed by who looks after the directory.

    Raises:
        OSError: The directory does not exist, is read-only or is full; its `filename` is `path`.
    """
    if not disposable:
        _remove_abandoned(path)
    beside = _beside(path)
    try:
        yield beside
        if not disposable:
            synchronise(beside)
        os.replace(beside, path)
    except OSError as error:  # what the writer of the new file raises often names no file, or that one
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        beside.unlink(missing_ok=True)
    if os.name == "posix" and not disposable:
        synchronise(path.parent)


def try_place(path: Path) -> None:
    """Raise OSError unless a file can be made beside `path`, without changing anything."""
    beside = _beside(path)
    try:
        beside.touch(exist_ok=False)
    finally:
        beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{_machine()}-{os.getpid()}-{os.urandom(4).hex()}.part")


def synchronise(path: Path) -> None:
    """Wait until the content of a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(path: Path) -> None:
    """Remove the unfinished files of writers of `path` that live no more."""
    start = f".{path.name}."
    with suppress(OSError), os.scandir(path.parent) as files:
        for file in files:
            writer = _WRITER.fullmatch(file.name.removeprefix(start)) if file.name.startswith(start) else None
            with suppress(OSError):  # another process may have removed it, or it is not ours to remove
                if writer is not None and _is_abandoned(file, writer["machine"], writer["process"]):
                    os.unlink(file)


def _is_abandoned(file: os.DirEntry[str], machine: str | None, process: str | None) -> bool:
    if not file.is_file(follow_symlinks=False):
        return False
    if machine == _machine() and process is not None and os.name == "posix":
        return not _lives(int(process))
    return time.time() - file.stat(follow_symlinks=False).st_mtime > _ABANDONED_SECONDS


def _lives(process: int) -> bool:
    """Whether there is a process of this number, be it another one by now."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


@cache
def _machine() -> str:
    """Equal only where the same number means the same process: one start of one machine, and one container on it."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
