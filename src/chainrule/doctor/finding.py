"""What is wrong with a training, in words: where, when, by what evidence, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.explain import Derivation


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a training.

    Attributes:
        name: of the kind of fault.
        layers: the numbers of the layers that it was found in, from 1.
        steps: the first and the last step that it was seen at, from 1; None if it has no time.
        evidence: what was measured.
        threshold: from where on it counts as a fault, and who says so.
        explanation: why, with the numbers of the run.
        fix: what to do.
        definitions: what `derivation` derives, as `chainrule.derive` reads it; "" if nothing.
        variable: by what.
    """

    name: str
    layers: tuple[int, ...]
    steps: tuple[int, int] | None
    evidence: str
    threshold: str
    explanation: str
    fix: str
    definitions: str = ""
    variable: str = ""

    @cached_property
    def derivation(self) -> Derivation | None:
        """The derivative that explains it, for one unit, from the rules of the operations; None if none does."""
        from chainrule.explain.deriving import derive

        return derive(self.definitions, self.variable) if self.definitions else None

    @property
    def when(self) -> str:
        """Such as "steps 1 to 95" or "step 1"; "" if it has no time."""
        if self.steps is None:
            return ""
        first, last = self.steps
        return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"

    def __repr__(self) -> str:
        return f"Finding({self.name}{f', {self.when}' if self.when else ''})"

    def __str__(self) -> str:
        where = f" ({self.when})" if self.when else ""
        lines = [f"{self.name}{where}", f"  {self.evidence}"]
        for title, text in (("because", self.explanation), ("threshold", self.threshold), ("fix", self.fix)):
            first, *rest = text.split("\n")
            lines += [f"  {title:<10}{first}", *(f"  {'':<10}{line}" for line in rest)]
        return "\n".join(lines)
