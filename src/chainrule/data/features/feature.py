"""What every kind of feature promises, so that a new kind is one class and one line in the list of kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.record import JSON, Record
from chainrule.data.table import Column, ColumnKind
from chainrule.printable import printable


class Feature(Protocol):
    """How one column of a table becomes columns of the input matrix: learned once, then frozen.

    `type_name` names the class in a model file; `kind` is the kind of column that `apply` takes.
    """

    type_name: ClassVar[str]
    kind: ClassVar[ColumnKind]

    @property
    def column(self) -> str:
        """The name of the table's column."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the input columns, in order."""

    @property
    def categories(self) -> int | None:
        """The number of codes (0 included) where the feature is meant for an embedding, None elsewhere."""

    def apply(self, column: Column) -> NDArray[Any]:
        """Return the input columns, [rows × len(names)], finite and exact in float32."""

    @property
    def seen(self) -> str:
        """What training saw in the column, in words."""

    @property
    def usual(self) -> str:
        """A usual value, in words: the median, or the most frequent level."""

    @property
    def usual_inputs(self) -> NDArray[Any]:
        """What it becomes, [len(names)]."""

    def to_json(self) -> JSON:
        """Return the learned numbers as a JSON object."""

    @classmethod
    def from_record(cls, column: str, record: Record) -> Self:
        """Return the feature that `to_json` wrote; ModelFileError on nonsense."""


class Told:
    """Shows a feature, which may hold thousands of levels, in a line."""

    column: str

    @property
    def seen(self) -> str:
        """What training saw in the column, in words."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({printable(self.column)}: {self.seen})"


@dataclass(frozen=True)
class Dropped:
    """A column that can teach nothing, and why."""

    column: str
    reason: str


def indicator(missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 1 where a value is missing and 0 elsewhere, [rows]."""
    return missing.astype(np.float64)
