"""What somebody asks about: an element of a parameter or of the input, such as W¹[1,2]."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chainrule.errors import ArgumentError
from chainrule.nn.dense import Dense
from chainrule.nn.embedding import Embedding
from chainrule.nn.normalisation import BatchNorm, LayerNorm
from chainrule.nn.step_report.names import indices, name, parameter_name
from chainrule.nn.step_report.record import StepRecord
from chainrule.tree import KeyPath
from chainrule.types import Array

_NAMED = re.compile(
    r"(?P<letter>W|b|x|scale|γ|shift|β|tables?)(?P<layer>\d*)(\((?P<table>\d+)\))?\[(?P<indices>\d+(,\d+)?)\]"
)
_LEAVES = {"γ": "scale", "β": "shift", "table": "tables"}
"""Other names of the parameters of normalisation and embedding."""


@dataclass(frozen=True)
class Query:
    """What is asked about: an element of W, b, scale, shift or a table of a layer, or x[j]; counted from 0."""

    letter: str
    layer: int
    indices: tuple[int, ...]
    table: int = 0

    @property
    def name(self) -> str:
        """As it stands on boards, such as "W¹[1,2]"."""
        if self.letter != "tables":
            return name(self.letter, self.layer) + indices(*self.indices)
        return parameter_name(KeyPath(keys=(self.layer - 1, "tables", self.table))) + indices(*self.indices)


def parsed(step: StepRecord, asked: str) -> Query:
    """The place that a text names, such as "W1[1,2]"; ArgumentError says what there is."""
    found = _NAMED.fullmatch(unicodedata.normalize("NFKC", asked).replace(" ", ""))
    if found is None:
        raise ArgumentError(
            "why takes a parameter or an input such as 'W1[1,2]', 'b1[2]', 'x[1]', 'scale2[1]' and 'shift2[1]' of a "
            f"normalisation, or 'tables1(1)[3,2]' of an embedding, got {asked!r}"
        )
    letter, layer = _LEAVES.get(found["letter"], found["letter"]), int(found["layer"] or 0)
    wanted = Query(letter, layer, tuple(int(i) - 1 for i in found["indices"].split(",")), int(found["table"] or 1) - 1)
    if letter == "x":
        if step.example_count > 1:
            raise ArgumentError("why of an input needs a single example; explain one row of the batch")
        shape: tuple[int, ...] = (step.rules[0].below.shape[1],)
    else:
        arrays = arrays_of(step, letter)
        if (layer, wanted.table) not in arrays or (found["table"] and letter != "tables"):
            several = letter == "tables"
            known = ", ".join(f"{letter}{n}" + (f"({k + 1})" if several else "") for n, k in arrays) or "none"
            raise ArgumentError(f"there is no {asked.split('[')[0]} in this network; there is: {known}")
        shape = arrays[layer, wanted.table].shape
    if len(shape) != len(wanted.indices) or not all(0 <= i < n for i, n in zip(wanted.indices, shape, strict=True)):
        raise ArgumentError(f"{asked}: {asked.split('[')[0]} has shape {list(shape)}, and indices count from 1")
    return wanted


def arrays_of(step: StepRecord, letter: str) -> dict[tuple[int, int], Array]:
    """The derivatives with respect to the parameters of a name in layers that are seen inside, by (layer, table)."""
    found: dict[tuple[int, int], Array] = {}
    for layer, (rule, gradient) in enumerate(zip(step.rules, step.grad.parameters, strict=True), 1):
        if isinstance(rule.layer, Dense | BatchNorm | LayerNorm | Embedding) and letter in gradient:
            tables = gradient[letter] if letter == "tables" else [gradient[letter]]
            found |= {(layer, k): array for k, array in enumerate(tables)}
    return found
