"""It shows its work: derivations as on a board, from the rules that the compiled program uses."""

from chainrule.explain.derivation import Check, Derivation, Edge, Line, Path, Rule
from chainrule.explain.expression import Expression

__all__ = ["Check", "Derivation", "Edge", "Expression", "Line", "Path", "Rule"]
