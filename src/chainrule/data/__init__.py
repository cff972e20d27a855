"""Tables: reading, preprocessing, targets, splitting, batches. Importing it loads no optional dependency."""

from chainrule.data.reading import read_table
from chainrule.data.table import Column, Table
from chainrule.data.writing import write_table

__all__ = [
    "Column",
    "Table",
    "read_table",
    "write_table",
]
