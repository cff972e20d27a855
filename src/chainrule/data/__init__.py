"""Tables: reading, preprocessing, targets. Importing it loads no optional dependency."""

from chainrule.data.preprocessing import Preprocessing
from chainrule.data.reading import read_table
from chainrule.data.sources import Source, as_table
from chainrule.data.table import Column, Table
from chainrule.data.target import ClassTarget, NumberTarget, Target, learn_target, rows_with_target, target_from_json
from chainrule.data.writing import write_table

__all__ = [
    "ClassTarget",
    "Column",
    "NumberTarget",
    "Preprocessing",
    "Source",
    "Table",
    "Target",
    "as_table",
    "learn_target",
    "read_table",
    "rows_with_target",
    "target_from_json",
    "write_table",
]
