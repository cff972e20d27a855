"""Reading tables: CSV (plain or gzip) and Parquet.

Nothing in a file is ever executed or looked up, and no path is followed but the given one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from chainrule.data.csv_blocks import csv_blocks
from chainrule.data.csv_file import open_csv
from chainrule.data.parquet_file import read_parquet
from chainrule.data.table import KINDS, ColumnKind, Table, chosen_positions
from chainrule.data.text_columns import TextColumn
from chainrule.errors import ArgumentError, TableError
from chainrule.readable import require_readable

CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_SUFFIXES = (".parquet",)
OTHER_SUFFIXES = {
    ".safetensors": "is a model, not a table",
    ".xlsx": "is a workbook: save its sheet as CSV",
    ".xls": "is a workbook: save its sheet as CSV",
}


def read_table(
    path: str | Path,
    kinds: Mapping[str, ColumnKind] | None = None,
    wanted: Collection[str] | None = None,
    optional: Collection[str] = (),
) -> Table:
    """Read a table from a .csv, .tsv, .txt (also .gz) or .parquet file.

    The first line of a CSV file names the columns. How text becomes numbers, times and categories is told in
    `chainrule.data.forms`, and which words mean that a value is missing in `chainrule.data.canonical`. In a Parquet
    file the stored types decide: numbers are numeric (integers from 2⁵³ on category), text, enumerations, UUIDs and
    booleans (``"true"``, ``"false"``) category, dates and timestamps time, times of day numeric seconds.

    Args:
        path: The file; characters such as `*` and `[` stand for themselves.
        kinds: The kind of some columns, by name, where it is known better than the values tell (columns
            that the file lacks are ignored). A category keeps its text as it stands, ``007`` included.
        wanted: The names of the columns that are read; by default all. What others hold does not matter.
        optional: Names of columns that are read too, but need not be there.

    Raises:
        ArgumentError: There is no such kind.
        TableError: The file is missing, empty, damaged, ragged, not UTF-8, has no rows, or holds a value
            that is no finite number; names file, line, column and fix.
        MissingExtraError: DuckDB is not installed.
    """
    path, kinds = Path(path), dict(kinds or {})
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise ArgumentError(f"kinds: column {name!r} has kind {kind!r}; the kinds are {', '.join(KINDS)}")
    name = path.name.lower()
    try:
        check_readable(path)
        if name.endswith(CSV_SUFFIXES):
            return read_csv(path, kinds, wanted, optional)
        if name.endswith(PARQUET_SUFFIXES):
            return read_parquet(path, kinds, wanted, optional)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    other = next((told for suffix, told in OTHER_SUFFIXES.items() if name.endswith(suffix)), "has no known suffix")
    raise TableError(f"{path} {other}; a table is a file that ends in {', '.join(CSV_SUFFIXES + PARQUET_SUFFIXES)}")


def check_readable(path: Path) -> None:
    """Raise TableError unless `path` is a file with something in it."""
    require_readable(path, "table", TableError)
    if not path.stat().st_size:
        raise TableError(f"{path} is empty; a table has named columns and at least one row")


def read_csv(
    path: Path, kinds: Mapping[str, ColumnKind], wanted: Collection[str] | None, optional: Collection[str]
) -> Table:
    """Read a CSV file in one pass: all values as text first, then column by column."""
    file = open_csv(path)
    chosen = chosen_positions(file.names, wanted, optional, str(path))
    lines: list[Sequence[int]] = []

    def where(row: int) -> str:
        return f"{path}, line {next(islice(chain.from_iterable(lines), row, None))}"

    texts = [TextColumn(file.names[position], where) for position in chosen]
    for block in csv_blocks(file, chosen):
        if block.lines:
            lines.append(block.lines)
            for column, values in zip(texts, block.columns, strict=True):
                column.extend(values)
    if not lines:
        raise TableError(f"{path} has a header but no rows; add at least one line of data")
    notes = [f"column {c.name!r} has no name in the file; this one is made up" for c in texts if c.name in file.unnamed]
    columns = []
    texts.reverse()
    while texts:  # each column's texts are let go of once they are read
        text = texts.pop()
        read, note = text.column(kinds.get(text.name))
        columns.append(read)
        notes += [note] if note else []
    return Table(tuple(columns), str(path), tuple(notes))
