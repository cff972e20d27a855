"""One record per primitive operation: everything mathematical about it stands in one place.

The mathematics of an `Op` has no default values, so that a forgotten facet is an error when the record is made; its
traits say in what it is unlike others of its kind. Only its machine code lives elsewhere, because lowering varies by
target and not by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, Flag, auto
from functools import partial
from typing import Any, TypeAlias

from chainrule.types import Array, ArrayType

# (g, y, *operands, **attributes) -> cotangent of one operand, where y is the output and g its cotangent.
# Rules are plain NumPy code; they receive traced values, so they can be differentiated, compiled and printed.
DerivativeRule: TypeAlias = Callable[..., Any]


class Kind(Enum):
    """The memory access of an operation: what a compiler has to know to fuse it with others."""

    SOURCE = "source"
    ELEMENTWISE = "elementwise"
    REDUCTION = "reduction"
    CONTRACTION = "contraction"
    MOVEMENT = "movement"


class Trait(Flag):
    """In what an operation is unlike others of its kind; whoever plans or rewrites asks for these, never for names."""

    COSTLY = auto()
    ANCHOR = auto()
    SCATTERS = auto()
    REPEATS = auto()
    SPARSE = auto()
    EFFECT = auto()
    COMPARISON = auto()
    LOGICAL = auto()


NO_TRAITS = Trait(0)


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """A primitive operation.

    Attributes:
        name: unique name; a model file may name it.
        kind: its memory access.
        formula: its mathematical notation, with {0}, {1} … for the operands.
        infer: (*operand types, **attributes) -> type of the result; raises ArgumentError if the operands do not fit.
        numpy: (*arrays, **attributes) -> array; what the operation means.
        rules: for each operand its derivative rule, or None where the result does not depend on it smoothly.
        traits: in what it is unlike others of its kind.
    """

    name: str
    kind: Kind
    formula: str
    infer: Callable[..., ArrayType]
    numpy: Callable[..., Array]
    rules: Sequence[DerivativeRule | None]
    traits: Trait = NO_TRAITS

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    @property
    def is_anchor(self) -> bool:
        """Whether it needs loops of its own, as every reduction and contraction does, so that a kernel begins at it."""
        return self.kind in (Kind.REDUCTION, Kind.CONTRACTION) or Trait.ANCHOR in self.traits

    @property
    def is_view(self) -> bool:
        """Whether it only indexes its operand, and computes nothing."""
        return self.kind is Kind.MOVEMENT and not self.is_anchor

    @property
    def is_costly(self) -> bool:
        """Whether an element takes so many instructions that it is stored rather than computed twice."""
        return Trait.COSTLY in self.traits

    @property
    def scatters(self) -> bool:
        """Whether it adds to elements of its result that indices name, so that no two threads may do it at once."""
        return Trait.SCATTERS in self.traits

    @property
    def repeats(self) -> bool:
        """Whether it is a view that only repeats elements: it leaves none out and moves none among the others."""
        return Trait.REPEATS in self.traits

    @property
    def is_sparse(self) -> bool:
        """Whether it is a product with a sparse matrix: operands values, columns, starts, rows and a dense matrix."""
        return Trait.SPARSE in self.traits

    @property
    def has_effect(self) -> bool:
        """Whether it has a side effect, so that it matters how often it is computed."""
        return Trait.EFFECT in self.traits

    @property
    def is_comparison(self) -> bool:
        """Whether it compares two numbers, such as a < b."""
        return Trait.COMPARISON in self.traits

    @property
    def is_logical(self) -> bool:
        """Whether it is a logical operation on bools, such as a and b."""
        return Trait.LOGICAL in self.traits


class EachOperand(Sequence[DerivativeRule]):
    """The rules of an operation with any number of operands: one rule that is told the operand's position."""

    def __init__(self, rule: DerivativeRule) -> None:
        self.rule = rule

    def __getitem__(self, position: Any) -> Any:
        return partial(self.rule, position)

    def __len__(self) -> int:
        return 2**31

    def __iter__(self) -> Iterator[DerivativeRule]:
        raise TypeError("an operation with any number of operands has no list of rules; ask for one by position")
