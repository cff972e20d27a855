"""The main job: a table in, a model out. Preprocessing, network and target travel together in one file."""

from chainrule.tabular.model import TableModel
from chainrule.tabular.report import Report
from chainrule.tabular.row_report import ColumnEffect, OtherValue, RowExplanation
from chainrule.tabular.training import train_table

__all__ = ["ColumnEffect", "OtherValue", "Report", "RowExplanation", "TableModel", "train_table"]
