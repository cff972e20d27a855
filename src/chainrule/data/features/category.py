"""A column of categories: few levels become one input each, many become codes for an embedding.

In both forms a level that training has not seen looks like a missing one: all zeros, or code 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.canonical import positions
from chainrule.data.features.feature import Dropped, Told
from chainrule.data.record import JSON, Record
from chainrule.data.table import Column, ColumnKind
from chainrule.printable import listed

UNKNOWN = "unknown"
"""What a missing or unknown level is called."""
MOST_LEVELS = 65_536
"""Kept for an embedding; the rarer levels share code 0."""
FEWEST_ROWS = 20
"""A level seen less often, or in less than 1% of a small table, shares code 0: its own vector would fit its few rows
and say nothing about others. Code 0, the unknown one, is trained by that too. Never less than 2."""


def learn_category(column: Column, one_hot_levels: int) -> OneHotFeature | CodedFeature | Dropped:
    """Learn from the training rows: one-hot up to `one_hot_levels` levels, codes beyond.

    A column without variation, or in which no value occurs often enough (a name, an identifier), teaches nothing.
    """
    counts = Counter(value for value in column.values.tolist() if value is not None)
    if not counts:
        return Dropped(column.name, "all of its values are missing")
    if len(counts) == 1 and counts.total() == len(column):
        return Dropped(column.name, "all of its values are equal")
    if len(counts) <= one_hot_levels:
        return OneHotFeature(column.name, tuple(sorted(counts)), most_frequent(counts))
    fewest = max(2, min(FEWEST_ROWS, len(column) // 100))
    frequent = [level for level, rows in counts.items() if rows >= fewest]
    if not frequent:
        often = "twice" if fewest == 2 else f"{fewest} times"
        return Dropped(column.name, f"no value occurs {often}, as in an identifier")
    frequent.sort(key=lambda level: (-counts[level], level))
    return CodedFeature(column.name, tuple(sorted(frequent[:MOST_LEVELS])), most_frequent(counts))


def most_frequent(counts: Mapping[str, int]) -> str:
    """The level that occurs most often, the first in order of several."""
    return min(counts, key=lambda level: (-counts[level], level))


def codes(column: Column, levels: tuple[str, ...]) -> NDArray[np.int64]:
    """Return 1 + the position of each value in `levels`, 0 for missing and unknown values, [rows]."""
    position = positions(levels)
    return 1 + np.fromiter((position.get(value, -1) for value in column.values), np.int64, len(column))


def levels_to_json(levels: tuple[str, ...], frequent: str | None) -> JSON:
    """Return levels, and which of them is the most frequent, as a JSON object."""
    return {"levels": list(levels)} | ({} if frequent is None else {"frequent": frequent})


def levels_from_record(record: Record) -> tuple[tuple[str, ...], str | None]:
    """Return what `levels_to_json` wrote; files of earlier days do not tell the most frequent level."""
    levels = record.increasing("levels")
    if len(levels) > MOST_LEVELS:
        raise record.refuse(f"{len(levels)} levels are more than {MOST_LEVELS}")
    frequent = record.text("frequent") if "frequent" in record.names() else None
    if frequent is not None and frequent not in levels:
        raise record.refuse(f"its most frequent level {frequent!r} is none of its levels")
    return levels, frequent


@dataclass(frozen=True, repr=False)
class _Levels(Told):
    """The levels that training saw.

    `frequent` is the one that it saw most often; None in a file that does not tell.
    """

    column: str
    levels: tuple[str, ...]
    frequent: str | None = None

    def apply(self, column: Column) -> NDArray[Any]:
        """Return the inputs, [rows × k]."""
        raise NotImplementedError

    def unseen(self, column: Column) -> NDArray[np.bool_]:
        """True where a value is present but none of the levels, [rows]."""
        unknown: NDArray[np.bool_] = codes(column, self.levels) == 0
        return unknown & ~column.missing

    @property
    def seen(self) -> str:
        """How many levels there are, and the first of them."""
        return f"{len(self.levels):,}: {listed(self.levels)}"

    @property
    def usual(self) -> str:
        """The most frequent level."""
        return UNKNOWN if self.frequent is None else self.frequent

    @property
    def usual_inputs(self) -> NDArray[Any]:
        """What the most frequent level becomes."""
        inputs: NDArray[Any] = self.apply(Column(self.column, "category", np.array([self.frequent], object)))[0]
        return inputs


@dataclass(frozen=True, repr=False)
class OneHotFeature(_Levels):
    """One input per level, 1 where the value is that level; two levels share one input, −1 and 1.

    `frequent` is the level that training saw most often; None in a file that does not tell.
    """

    type_name: ClassVar[str] = "one_hot"
    kind: ClassVar[ColumnKind] = "category"
    categories: ClassVar[None] = None

    @property
    def names(self) -> tuple[str, ...]:
        """``column=level`` for each level; for two, that of the second."""
        named = self.levels[1:] if len(self.levels) == 2 else self.levels
        return tuple(f"{self.column}={level}" for level in named)

    def apply(self, column: Column) -> NDArray[np.float64]:
        """Return [rows × levels] of 0 and 1, or [rows × 1] of −1, 0 and 1."""
        found = codes(column, self.levels)
        if len(self.levels) == 2:
            return np.array([[0.0], [-1.0], [1.0]])[found]
        return np.eye(len(self.levels) + 1)[found, 1:]

    def to_json(self) -> JSON:
        """Return the levels as a JSON object."""
        return levels_to_json(self.levels, self.frequent)

    @classmethod
    def from_record(cls, column: str, record: Record) -> Self:
        """Return the feature that `to_json` wrote."""
        return cls(column, *levels_from_record(record))


@dataclass(frozen=True, repr=False)
class CodedFeature(_Levels):
    """One input that holds a whole number, exact in float32: 0 for missing or unknown, else the level's.

    `frequent` is as in `OneHotFeature`.
    """

    type_name: ClassVar[str] = "coded"
    kind: ClassVar[ColumnKind] = "category"

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name."""
        return (self.column,)

    @property
    def categories(self) -> int:
        """The number of codes, 0 included."""
        return len(self.levels) + 1

    def apply(self, column: Column) -> NDArray[np.int64]:
        """Return the codes, [rows × 1]."""
        return codes(column, self.levels)[:, np.newaxis]

    def to_json(self) -> JSON:
        """Return the levels as a JSON object."""
        return levels_to_json(self.levels, self.frequent)

    @classmethod
    def from_record(cls, column: str, record: Record) -> Self:
        """Return the feature that `to_json` wrote."""
        return cls(column, *levels_from_record(record))
