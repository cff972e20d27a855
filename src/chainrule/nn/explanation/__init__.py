"""One step of a network, with numbers: forward, backward, update, and why a derivative is what it is."""

from chainrule.nn.explanation.change import Change, Changes
from chainrule.nn.explanation.step import StepExplanation, UnitTable
from chainrule.nn.explanation.why import Factor, PathProduct, Why

__all__ = ["Change", "Changes", "Factor", "PathProduct", "StepExplanation", "UnitTable", "Why"]
