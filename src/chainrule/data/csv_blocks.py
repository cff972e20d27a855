"""The rows of a CSV file from the first to the last, some thousand at a time and turned into columns.

A block of text without quotes is split at once; any other goes through Python's CSV reader. Both tell in which line of
the file each row begins, so that what is wrong with a value can be said where it stands.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from chainrule.data.csv_file import CsvFile, open_bytes
from chainrule.errors import TableError
from chainrule.figures import counted

ROWS = 256
"""A block of a wide file has about so many rows, as far as `LARGEST` allows."""
SMALLEST, LARGEST = 2**20, 2**24
"""Characters in a block."""
LONGEST_VALUE = 2**31 - 1
"""Characters; by default Python's CSV reader refuses more than 131 072."""


@dataclass(frozen=True)
class Block:
    """Rows that follow each other: the texts of each wanted column, and the line in which each row begins.

    `end` is the line below the last row.
    """

    columns: Sequence[Sequence[str]]
    lines: Sequence[int]
    end: int


def csv_blocks(file: CsvFile, wanted: Sequence[int]) -> Iterator[Block]:
    """Yield all rows below the header in the order of the file, with the columns at the positions `wanted`.

    Lines without anything are no rows, unless there is but one column.

    Raises:
        TableError: Names the first line that cannot be parsed.
    """
    csv.field_size_limit(max(LONGEST_VALUE, csv.field_size_limit()))
    size = min(max(ROWS * sum(map(len, file.names)), SMALLEST), LARGEST)
    try:
        with open_bytes(file.path) as raw:
            stream = io.TextIOWrapper(raw, encoding="utf-8-sig", newline=file.ending)
            header = csv.reader(stream, delimiter=file.delimiter, skipinitialspace=True)
            for _ in range(file.line):
                next(header)
            line = header.line_num + 1
            while text := stream.read(size) + stream.readline():
                if "\0" in text:
                    line += text[: text.index("\0")].count(file.ending)
                    raise fault(file, line, "contains a NUL byte; the file is damaged or is not text")
                block = split_block(file, text, line, wanted) or parse_block(file, text, stream, line, wanted)
                line = block.end
                yield block
    except UnicodeDecodeError as error:
        raise fault(file, undecodable_line(file), "is not UTF-8 text; save the file with UTF-8 encoding") from error
    except csv.Error as error:
        raise fault(file, file.line, unparsable(file, error)) from error


def split_block(file: CsvFile, text: str, line: int, wanted: Sequence[int]) -> Block | None:
    """Return the block of a text without quotes in which each line has a value for each name; None for any other text.

    Ends of lines become values of their own, so that the values of a column stand at equal distances in one list.
    """
    ending, delimiter, width = file.ending, file.delimiter, len(file.names) + 1
    text = text.replace("\r\n", "\n").removesuffix(ending)
    if '"' in text or ("\r" if ending == "\n" else "\n") in text:
        return None
    rows = text.count(ending) + 1
    values = text.replace(ending, delimiter + ending + delimiter).split(delimiter)
    if len(values) != rows * width - 1 or values[width - 1 :: width].count(ending) != rows - 1:
        return None
    return Block([values[position::width] for position in wanted], range(line, line + rows), line + rows)


def parse_block(file: CsvFile, text: str, stream: io.TextIOWrapper, line: int, wanted: Sequence[int]) -> Block:
    """Return the block of any text; its last record is read from the stream as far as it goes on there."""
    ending, width = file.ending, len(file.names)
    used = text.count(ending) + (not text.endswith(ending))
    reader = csv.reader(
        chain(lines_of(text, ending), stream), delimiter=file.delimiter, strict=True, skipinitialspace=True
    )
    records, lines = [], array("Q")
    while reader.line_num < used:
        begin = line + reader.line_num
        try:
            record = next(reader)
        except csv.Error as error:
            raise fault(file, begin, unparsable(file, error)) from error
        if width == 1:
            record = record or [""]
        elif record in ([], [""]):
            continue
        if len(record) != width and record[width:] != [""]:
            raise fault(file, begin, other_width(file, len(record)))
        records.append(record)
        lines.append(begin)
    return Block([[record[position] for record in records] for position in wanted], lines, line + reader.line_num)


def lines_of(text: str, ending: str) -> Iterator[str]:
    """Yield the lines of a text with their ends; `io.StringIO` would turn each LF into CR where that is the ending."""
    begin = 0
    while begin < len(text):
        end = text.find(ending, begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def fault(file: CsvFile, line: int, complaint: str) -> TableError:
    """Return the error that says what is wrong with a line."""
    return TableError(f"{file.path}, line {line} {complaint}")


def unparsable(file: CsvFile, error: csv.Error) -> str:
    """Return what the CSV reader objects to, in the words of the person who must mend it."""
    if "new-line character" in str(error):
        character = "carriage return" if file.ending == "\n" else "line feed"
        return f"contains a {character}; quote the value, or end all lines the same way"
    return f"cannot be parsed ({error}); close each quote, and double quotes inside quotes"


def other_width(file: CsvFile, found: int) -> str:
    """Return the complaint on a record with another number of values than there are names."""
    if file.names[0].startswith("#"):
        fix = "delete the comment lines above the names"
    elif found == len(file.names) + 1:
        fix = f"quote values that contain {file.delimiter!r}, or name the first column too if it numbers the rows"
    else:
        fix = f"quote values that contain {file.delimiter!r}, or fill the line"
    return f"has {counted(found, 'value')} but line {file.line} names {counted(len(file.names), 'column')}; {fix}"


def undecodable_line(file: CsvFile) -> int:
    """Return the number of the first line that is not UTF-8."""
    with open_bytes(file.path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    raise AssertionError(f"{file.path} is UTF-8")
