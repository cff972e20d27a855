"""One step of a network, with numbers: forward, backward, update, and why a derivative is what it is."""

from typing import TYPE_CHECKING

from chainrule.lazy_import import lazy_import

if TYPE_CHECKING:
    from chainrule.nn.step_report.diff import Change, Changes
    from chainrule.nn.step_report.path_sum import Factor, PathProduct, Why
    from chainrule.nn.step_report.report import StepExplanation, UnitTable

__all__ = ["Change", "Changes", "Factor", "PathProduct", "StepExplanation", "UnitTable", "Why"]

_DIFF, _PATH_SUM, _REPORT = ("Change", "Changes"), ("Factor", "PathProduct", "Why"), ("StepExplanation", "UnitTable")
__getattr__, __dir__ = lazy_import(
    __name__,
    dict.fromkeys(_DIFF, "diff") | dict.fromkeys(_PATH_SUM, "path_sum") | dict.fromkeys(_REPORT, "report"),
)
