"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file beside `path` to write to; it takes its place when the block ends.

    Whatever happens before that (an exception, a full disk, a kill) leaves the old file as it was. The
    content reaches the disk before the name does: write, fsync, rename, fsync of the directory.

    Raises:
        OSError: The directory does not exist, is read-only or is full; its `filename` is `path`.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        yield beside
        synchronise(beside)
        os.replace(beside, path)
    except OSError as error:  # what the writer of the new file raises often names no file, or that one
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        beside.unlink(missing_ok=True)
    if os.name == "posix":
        synchronise(path.parent)


def synchronise(path: Path) -> None:
    """Wait until the content of a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
