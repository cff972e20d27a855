"""A CSV file as text: its dialect and its header.

The dialect is decided, not guessed: the first record names the columns, the delimiter is the one among comma,
semicolon, tab and bar that splits it most, quotes are doubled inside quotes (RFC 4180). What stands below is read
by `chainrule.data.csv_blocks`.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from chainrule.errors import TableError

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 16_000_000
"""Bytes of a line of the header; the first line of a file that is longer is no header."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read; `ending` is the last character of its lines, LF or (long ago) CR."""

    path: Path
    delimiter: str
    names: tuple[str, ...]
    ending: str


def open_csv(path: Path) -> CsvFile:
    """Read the header of a CSV file.

    Raises:
        TableError: The file is empty, its first line is not UTF-8 text, or a column name is missing or
            repeated.
    """
    try:
        with open_bytes(path) as stream:
            header = first_record(stream).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path}, line 1 is not UTF-8 text (or the file is not CSV); save the file with UTF-8 encoding"
        ) from error
    if "\0" in header:
        raise TableError(f"{path}, line 1 contains a NUL byte; the file is damaged or is not text")
    if not header:
        raise TableError(f"{path} is empty; its first line must name the columns")
    if not header.strip():
        raise TableError(f"{path}, line 1 is empty; the first line must name the columns")
    tabbed = path.name.lower().removesuffix(".gz").endswith(".tsv")
    try:
        delimiter = "\t" if tabbed else likely_delimiter(header)
        names = tuple(name.strip() for name in split(header, delimiter))
    except csv.Error as error:
        raise TableError(f"{path}, line 1 does not name columns ({error}); close each quote in it") from error
    check_names(path, names)
    return CsvFile(path, delimiter, names, "\n" if "\n" in header or "\r" not in header else "\r")


def first_record(stream: BinaryIO) -> bytes:
    """Return the first line, and as many more as a quoted name in it goes on for."""
    first = stream.readline(LONGEST_LINE)
    while first.count(b'"') % 2 and len(first) < LONGEST_LINE and (more := stream.readline(LONGEST_LINE)):
        first += more
    return first


def likely_delimiter(header: str) -> str:
    """Return the delimiter that splits the header into most names, quoted ones aside; a comma when none splits it."""
    bare = re.sub(r'"(?:[^"]|"")*"', "", header)
    return max(DELIMITERS, key=bare.count)


def split(record: str, delimiter: str) -> list[str]:
    """Split one CSV record into its values; csv.Error where its quotes make no sense."""
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True))


def check_names(path: Path, names: tuple[str, ...]) -> None:
    """Raise TableError where a name is empty or stands for two columns."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if not name:
            raise TableError(f"{path}, line 1: column {position} has no name; give it one or delete the column")
        if name in seen:
            raise TableError(
                f"{path}, line 1: columns {seen[name]} and {position} are both named {name!r}; rename one of them"
            )
        seen[name] = position


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open the file, decompressed when its name ends in .gz."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            yield cast(BinaryIO, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{path} is not a complete gzip file ({error}); compress or copy it again") from error
