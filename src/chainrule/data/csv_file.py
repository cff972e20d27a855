"""A CSV file as text: its dialect, its header, and where in the file something is wrong.

The dialect is decided, not guessed: the first line names the columns, the delimiter is the one among
comma, semicolon, tab and bar that splits it most, quotes are doubled inside quotes (RFC 4180). DuckDB then
loads every value as text. Only when it refuses is the file walked again in Python, to say which line is
at fault in the words of the person who must fix it.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from chainrule.errors import TableError

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 2_000_000
"""Bytes; DuckDB refuses longer lines."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read."""

    path: Path
    delimiter: str
    names: tuple[str, ...]

    def place_of(self, row: int) -> str:
        """Return ``line N`` where data row `row` (from 0) begins; ``row N`` if Python cannot read so far."""
        try:
            line, _ = next(islice(self._data_records(), row, None))
        except (csv.Error, StopIteration):
            return f"row {row + 1}"
        return f"line {line}"

    def first_fault(self) -> str | None:
        """Return ``line N …`` for the first line that cannot be parsed, None when there is none."""
        return self._byte_fault() or self._record_fault() or self._stray_return()

    def _byte_fault(self) -> str | None:
        with open_bytes(self.path) as stream:
            ending = None
            for number, line in enumerate(stream, 1):
                if b"\0" in line:
                    return f"line {number} contains a NUL byte; the file is damaged or is not text"
                if len(line) > LONGEST_LINE:
                    return f"line {number} is longer than {LONGEST_LINE:,} bytes; is a quote left open?"
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return f"line {number} is not UTF-8 text; save the file with UTF-8 encoding"
                this_ending = line_ending(line)
                ending = ending or this_ending
                if this_ending and this_ending != ending:
                    return f"line {number} ends differently from line 1; use the same line ending everywhere"
        return None

    def _record_fault(self) -> str | None:
        width = len(self.names)
        try:
            for line, record in self._data_records():
                if len(record) != width and record[width:] != [""]:
                    comment = self.names[0].startswith("#")
                    fill = f"quote values that contain {self.delimiter!r}, or fill the line"
                    return (
                        f"line {line} has {counted(len(record), 'value')} but line 1 names {counted(width, 'column')}; "
                        f"{'delete the comment lines above the names' if comment else fill}"
                    )
        except csv.Error as error:
            return str(error)
        return None

    def _stray_return(self) -> str | None:
        with open_bytes(self.path) as stream:
            for number, line in enumerate(stream, 1):
                if b"\r" in line.removesuffix(b"\n").removesuffix(b"\r"):
                    return f"line {number} contains a carriage return; quote the value, or end all lines the same way"
        return None

    def _data_records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record below the header with the line it begins on; blank lines are no records."""
        with open_text(self.path) as stream:
            reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
            next(reader)
            begin = reader.line_num + 1
            try:
                for record in reader:
                    if record or len(self.names) == 1:
                        yield begin, record or [""]
                    begin = reader.line_num + 1
            except csv.Error as error:
                hint = "close each quote, and double quotes inside quotes"
                raise csv.Error(f"line {begin} cannot be parsed ({error}); {hint}") from error


def open_csv(path: Path) -> CsvFile:
    """Read the header of a CSV file.

    Raises:
        TableError: The file is empty, its first line is not UTF-8 text, or a column name is missing or
            repeated.
    """
    try:
        with open_bytes(path) as stream:
            first = stream.readline(LONGEST_LINE)
            while first.count(b'"') % 2 and len(first) < LONGEST_LINE and (more := stream.readline(LONGEST_LINE)):
                first += more
        header = first.decode("utf-8-sig")
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
        names = tuple(name.strip() for name in split(header, delimiter, strict=True))
    except csv.Error as error:
        raise TableError(f"{path}, line 1 does not name columns ({error}); close each quote in it") from error
    check_names(path, names)
    return CsvFile(path, delimiter, names)


def likely_delimiter(header: str) -> str:
    """Return the delimiter that splits the header into most names; a comma when none splits it."""
    return max(DELIMITERS, key=lambda delimiter: len(split(header, delimiter, strict=False)))


def split(header: str, delimiter: str, *, strict: bool) -> list[str]:
    """Split one CSV record into its values; csv.Error where `strict` and its quotes make no sense."""
    return next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter, strict=strict))


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


def counted(number: int, noun: str) -> str:
    """Return the number with its noun: ``1 value``, ``2 values``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def line_ending(line: bytes) -> bytes:
    """Return the bytes that end the line: CR LF, LF, or nothing at the end of a file."""
    return b"\r\n" if line.endswith(b"\r\n") else line[-1:] if line.endswith(b"\n") else b""


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open the file, decompressed when its name ends in .gz."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            yield cast(BinaryIO, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{path} is not a complete gzip file ({error}); compress or copy it again") from error


@contextmanager
def open_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """Open the file as UTF-8 text without a byte order mark, line endings kept."""
    with open_bytes(path) as stream:
        yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
