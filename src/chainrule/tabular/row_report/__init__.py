"""Why a row of a table gets its prediction: what each column adds, and what would change it."""

from chainrule.tabular.row_report.report import ColumnEffect, OtherValue, RowExplanation

__all__ = ["ColumnEffect", "OtherValue", "RowExplanation"]
