"""One record per primitive operation: everything mathematical about it stands in one place.

An `Op` has no default values, so that a forgotten facet is an error when the record is made. Only its machine code
lives elsewhere, because lowering varies by target and not by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

from chainrule.types import Array, ArrayType

# (g, y, *operands, **attributes) -> cotangent of one operand, where y is the output and g its cotangent.
# Rules are plain NumPy code; they receive traced values, so they can be differentiated, compiled and printed.
Rule: TypeAlias = Callable[..., Any]


class Kind(Enum):
    """How an operation walks through memory: what a compiler has to know to fuse it with others."""

    SOURCE = "source"
    ELEMENTWISE = "elementwise"
    REDUCTION = "reduction"
    CONTRACTION = "contraction"
    MOVEMENT = "movement"


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """A primitive operation.

    Attributes:
        name: unique name; a model file may name it.
        kind: how it walks through memory.
        formula: how it is written on paper, with {0}, {1} … for the operands.
        infer: (*operand types, **attributes) -> type of the result; raises ArgumentError if the operands do not fit.
        numpy: (*arrays, **attributes) -> array; what the operation means.
        rules: for each operand its derivative rule, or None where the result does not depend on it smoothly.
    """

    name: str
    kind: Kind
    formula: str
    infer: Callable[..., ArrayType]
    numpy: Callable[..., Array]
    rules: Sequence[Rule | None]

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class EachOperand(Sequence[Rule]):
    """The rules of an operation with any number of operands: one rule that is told the operand's position."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, position: Any) -> Any:
        return partial(self.rule, position)

    def __len__(self) -> int:
        return 2**31

    def __iter__(self) -> Iterator[Rule]:
        raise TypeError("an operation with any number of operands has no list of rules; ask for one by position")
