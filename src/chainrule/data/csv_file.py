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
SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n ])"?\s*', re.IGNORECASE)
"""What Excel writes above the names, to tell the delimiter."""
QUOTED = re.compile(r'"(?:[^"]|"")*"')
LONGEST_LINE = 16_000_000
"""Bytes of a line of the header; the first line of a file that is longer is no header."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read.

    The names stand in line `line`; `unnamed` are those that were made up. `ending` is the last character of the lines:
    LF, or CR in old files.
    """

    path: Path
    delimiter: str
    names: tuple[str, ...]
    unnamed: frozenset[str]
    line: int
    ending: str


def open_csv(path: Path) -> CsvFile:
    """Read the header of a CSV file.

    Raises:
        TableError: The file is empty, its first line is not UTF-8 text, or a column name is repeated.
    """
    with open_bytes(path) as stream:
        header, line = header_text(path, first_record(stream), 1), 1
        told = SEPARATOR_LINE.fullmatch(header.lstrip())
        if told:
            header, line = header_text(path, first_record(stream), 2), 2
        row = first_record(stream).decode("utf-8", "replace")
    tabbed = path.name.lower().removesuffix(".gz").endswith(".tsv")
    delimiter = told[1] if told else "\t" if tabbed else likely_delimiter(header, row)
    try:
        record = csv.reader(io.StringIO(header, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
        stated = [name.strip() for name in next(record)]
    except csv.Error as error:
        raise TableError(f"{path}, line {line} does not name columns ({error}); close each quote in it") from error
    names = tuple(name or f"column {position}" for position, name in enumerate(stated, 1))
    check_names(f"{path}, line {line}", names)
    unnamed = frozenset(name for name, written in zip(names, stated, strict=True) if not written)
    return CsvFile(path, delimiter, names, unnamed, line, line_ending(header))


def first_record(stream: BinaryIO) -> bytes:
    """Return the next line, and as many more as a quoted name in it goes on for."""
    record = stream.readline(LONGEST_LINE)
    while record.count(b'"') % 2 and len(record) < LONGEST_LINE and (more := stream.readline(LONGEST_LINE)):
        record += more
    return record


def line_ending(header: str) -> str:
    """Return the last character of the first line end that stands in no quotes; LF without any."""
    found = re.search(r"\r\n|\r|\n", QUOTED.sub("", header))
    return found[0][-1] if found else "\n"


def header_text(path: Path, header: bytes, line: int) -> str:
    """Return the text of the header; TableError if it is none."""
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path}, line {line} is not UTF-8 text (or the file is not CSV); save the file with UTF-8 encoding"
        ) from error
    if "\0" in text:
        raise TableError(f"{path}, line {line} contains a NUL byte; the file is damaged or is not text")
    if not text:
        raise TableError(f"{path} is empty; its first line must name the columns")
    if not text.strip():
        raise TableError(f"{path}, line {line} is empty; the first line must name the columns")
    return text


def likely_delimiter(header: str, row: str) -> str:
    """Return the delimiter that splits the header into most names, first of all one that splits the row below as often.

    What stands in quotes does not count; without any delimiter it is a comma.
    """
    names, values = (QUOTED.sub("", text) for text in (header, row))
    counts = {delimiter: names.count(delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda each: (0 < counts[each] == values.count(each), counts[each]))


def check_names(place: str, names: tuple[str, ...]) -> None:
    """Raise TableError where a name stands for two columns."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if name in seen:
            raise TableError(
                f"{place}: columns {seen[name]} and {position} are both named {name!r}; rename one of them"
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
