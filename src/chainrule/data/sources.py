"""The one door to tables: a file, a DataFrame and a mapping of columns become a Table by one set of rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from chainrule.data.frames import table_of
from chainrule.data.reading import read_table
from chainrule.data.table import ColumnKind, Table

Source: TypeAlias = Any  # a path, a Table, a mapping of names to columns, or a DataFrame of any library


def as_table(
    source: Source,
    kinds: Mapping[str, ColumnKind] | None = None,
    wanted: Collection[str] | None = None,
    optional: Collection[str] = (),
) -> Table:
    """Return the table that `source` is.

    Args:
        source: a `Table`; the path of a file, see `read_table`; a mapping of names to columns or a DataFrame, see
            `Table.of`.
        kinds: the kind of some columns of text, by name, where it is known better than the values tell.
        wanted: the names of the columns that are looked at; by default all.
        optional: names of columns that are looked at too, but need not be there.

    Raises:
        ArgumentError: The source is none of these.
        TableError: It cannot be read.
        MissingExtraError: What reads it is not installed.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | PathLike):
        return read_table(Path(source), kinds, wanted, optional)
    return table_of(source, kinds, wanted, optional)
