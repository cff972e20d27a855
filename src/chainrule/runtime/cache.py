"""The disk cache of compiled code, so that a program that was compiled once starts at once.

What is in the cache is executed, so nobody else may write there: the directory is made for its owner alone, and one
that belongs to or can be changed by others is not used. Whatever is wrong with the cache, compiling goes on without it.

An entry is a line that names the format, the SHA-256 of key and code, and the code. One that is damaged counts as
missing. The entries used least recently make room for new ones: whenever a process has written a share of what fits, it
lists the directory and leaves that share free, so that a write costs the same however many entries there are.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chainrule import config
from chainrule.atomic import replacing
from chainrule.errors import ChainruleWarning
from chainrule.warning import warn

FORMAT = b"chainrule object 1\n"
_HEADER = len(FORMAT) + hashlib.sha256().digest_size
_ENTRY = re.compile(r"[0-9a-f]{64}\.object")
_UNFINISHED = re.compile(r"\.[0-9a-f]{64}\.object\.[0-9a-f-]+\.part")
_ABANDONED_SECONDS = 3600
_SHARES = 16
_POSIX = os.name == "posix"
_BINARY = getattr(os, "O_BINARY", 0)

_written: dict[Path, int] = {}
"""For each directory, the bytes that this process wrote since it made room there."""


class CacheWarning(ChainruleWarning):
    """The cache of compiled code is not used; programs are compiled anew in each process."""


class Entry(NamedTuple):
    """A file of the cache, with the time of its last use."""

    path: Path
    bytes: int
    used: float


def key(*parts: str) -> str:
    """The name of what is compiled from these parts; no two sequences of texts have the same bytes."""
    digest = hashlib.sha256(FORMAT)
    for part in parts:
        content = part.encode()
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()


def read(name: str) -> bytes | None:
    """The code that was stored under a key, unless it is not there or not as it was stored."""
    directory, _ = config.cache_directory(), config.cache_bytes()  # a limit that makes no sense is always refused
    if directory is None or problem(directory) is not None:
        return None
    path = _path(directory, name)
    try:
        content = _read_private(path)
        code = content[_HEADER:]
        if content[:_HEADER] != _header(name, code):
            return None
        os.utime(path)  # for the order of eviction; access times are often not kept
    except OSError:
        return None
    return code


def write(name: str, code: bytes) -> None:
    """Store code under a key, and evict what was used least recently; or do nothing if that is not possible."""
    directory, limit = config.cache_directory(), config.cache_bytes()
    share = limit // _SHARES
    if directory is None or _HEADER + len(code) > limit - share:
        return
    with suppress(OSError):
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
    reason = problem(directory)
    if reason is not None:
        fix = "remove it, or set CHAINRULE_CACHE to another directory or to off"
        warn(f"compiled code is not kept: {directory} {reason}; {fix}", CacheWarning)
        return
    with suppress(OSError):
        with replacing(_path(directory, name), disposable=True) as beside:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
            with open(descriptor, "wb") as file:
                file.write(_header(name, code) + code)
        written = _written.get(directory, limit) + _HEADER + len(code)
        if written > share:
            _evict(directory, limit - share)
            written = 0
        _written[directory] = written


def problem(directory: Path) -> str | None:
    """What keeps a directory from being used as a cache, if it exists: others could put code into it."""
    try:
        status = directory.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if _others_can_change(status):
        return "belongs to another user or can be changed by others"
    return None


def entries() -> list[Entry]:
    """All entries, the one used most recently first."""
    directory = config.cache_directory()
    return [] if directory is None else sorted(_scan(directory, _ENTRY), key=lambda entry: -entry.used)


def clear() -> list[Entry]:
    """Remove all entries and return those that were removed."""
    removed = []
    for entry in entries():
        with suppress(OSError):
            entry.path.unlink()
            removed.append(entry)
    return removed


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.object"


def _header(name: str, code: bytes) -> bytes:
    """What stands before the code. With the key in it, an entry that was renamed is damaged too."""
    digest = hashlib.sha256(name.encode())
    digest.update(code)
    return FORMAT + digest.digest()


def _read_private(path: Path) -> bytes:
    """The content of a file that nobody else can have written; what is checked is the open file, not its name."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or _others_can_change(status):
            raise PermissionError(f"{path} can be changed by others")
        return file.read()


def _others_can_change(status: os.stat_result) -> bool:
    return _POSIX and (status.st_uid != os.geteuid() or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)))


def _scan(directory: Path, name: re.Pattern[str]) -> Iterator[Entry]:
    with suppress(OSError), os.scandir(directory) as files:
        for file in files:
            with suppress(OSError):  # another process may have evicted it
                if name.fullmatch(file.name) and file.is_file(follow_symlinks=False):
                    status = file.stat(follow_symlinks=False)
                    yield Entry(Path(file.path), status.st_size, status.st_mtime)


def _evict(directory: Path, limit: int) -> None:
    """Remove entries until the rest fits, and what writers that were killed left behind."""
    total = 0
    for entry in entries():
        total += entry.bytes
        if total > limit:
            with suppress(OSError):
                entry.path.unlink()
    for unfinished in _scan(directory, _UNFINISHED):
        if time.time() - unfinished.used > _ABANDONED_SECONDS:
            with suppress(OSError):
                unfinished.path.unlink()
