"""It shows its work: derivations as on a board, from the rules that the compiled program uses."""

from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Expression
from chainrule.explain.record import Check, Edge, Line, Path, Rule

__all__ = ["Check", "Derivation", "Edge", "Expression", "Line", "Path", "Rule"]
