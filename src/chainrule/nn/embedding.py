"""Embedding: a category is replaced by a learned vector, which back propagation moves like any other weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import COUNT, NOT_NEGATIVE
from chainrule.errors import ArgumentError
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.row_blocks import row_blocks
from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True)
class Embedding(Layer):
    """Columns of category codes become vectors; all other columns pass unchanged, in front of them.

    Where a single column is embedded, each of the three may be a plain int.

    Args:
        categories: the number of categories of each embedded column; its codes are whole numbers 0 … categories − 1.
        dimension: the length of the vectors: one number for all columns, or one for each.
        columns: which columns hold codes; by default columns 0, 1, … as many as `categories` has entries.
        scale: standard deviation of the initial vectors.
    """

    categories: Sequence[int]
    dimension: int | Sequence[int] = 8
    columns: Sequence[int] | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        categories = _numbers(self.categories)
        columns = _numbers(range(len(categories)) if self.columns is None else self.columns)
        dimensions = _numbers(self.dimension, len(categories))
        if not len(categories) == len(columns) == len(dimensions) == len(set(columns)):
            raise ArgumentError("Embedding: categories, dimension and columns must name each embedded column once")
        for count in (*categories, *dimensions):
            COUNT.require(count, "Embedding: categories and dimension")
        NOT_NEGATIVE.require(self.scale, "Embedding: scale")
        for name, value in (("categories", categories), ("columns", columns), ("dimension", dimensions)):
            object.__setattr__(self, name, value)

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """A table [categories × dimension] for each embedded column."""
        assert self.columns is not None
        assert not isinstance(self.dimension, int)
        if not all(0 <= column < n_inputs for column in self.columns):
            raise ArgumentError(f"Embedding: columns {list(self.columns)} do not all exist among {n_inputs} inputs")
        tables = [
            self.scale * random.standard_normal((count, width))
            for count, width in zip(self.categories, self.dimension, strict=True)
        ]
        return n_inputs - len(self.columns) + sum(self.dimension), {"tables": tables}, {}

    def check_codes(self, X: Array, name: str) -> None:
        """Raise ArgumentError for the first code in X [N × n] that no category has."""
        assert self.columns is not None
        for column, count in zip(self.columns, self.categories, strict=True):
            for start, codes in row_blocks(X[:, column]):
                wrong = (codes != np.floor(codes)) | (codes < 0) | (codes >= count)
                if wrong.any():
                    row = int(np.argmax(wrong))
                    raise ArgumentError(
                        f"{name}: row {start + row}, column {column} is {codes[row]}, but the Embedding takes whole "
                        f"numbers 0 … {count - 1} there"
                    )

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Look up the vectors."""
        assert self.columns is not None
        passed = [column for column in range(a.shape[1]) if column not in self.columns]
        vectors = [
            np.take(table, a[:, column].astype(np.int64), axis=0)
            for table, column in zip(parameters["tables"], self.columns, strict=True)
        ]
        result = np.concatenate([*([a[:, passed]] if passed else []), *vectors], axis=1)
        return Pass(result, result, state)


def _numbers(given: int | Sequence[int], count: int = 1) -> tuple[int, ...]:
    """One number for each of several columns; a single one stands for `count` of them."""
    numbers = (given,) * count if isinstance(given, int | np.integer) else tuple(given)
    if not all(isinstance(number, int | np.integer) and not isinstance(number, bool) for number in numbers):
        raise ArgumentError(f"Embedding: categories, dimension and columns must be whole numbers, got {given!r}")
    return tuple(map(int, numbers))
