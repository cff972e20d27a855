"""Preprocessing that makes no library of a model file: the texts that it holds are bounded."""

from __future__ import annotations

from dataclasses import replace

from chainrule.data import Preprocessing, Table
from chainrule.data.features import Feature
from chainrule.errors import TableError

MOST_CHARACTERS = 4_000_000
"""Of all levels together; a model file is no place for documents."""


def learn_inputs(training: Table, target: str) -> Preprocessing:
    """Learn the preprocessing from the training part; the columns with most text are left out, with a note, if need be.

    Raises:
        TableError: no column is left to learn from.
    """
    preprocessing = Preprocessing.learn(training, exclude=[target])
    largest_first = sorted(preprocessing.features, key=characters, reverse=True)
    total = sum(map(characters, largest_first))
    dropped: list[str] = []
    for feature in largest_first:
        if total <= MOST_CHARACTERS:
            break
        total -= characters(feature)
        dropped.append(feature.column)
    if len(dropped) == len(largest_first):
        raise TableError(
            f"{training.source}: column {dropped[-1]!r}, the only one to learn from, has too many different texts for "
            "a model file; replace them by shorter ones or fewer"
        )
    return replace(
        preprocessing,
        features=tuple(feature for feature in preprocessing.features if feature.column not in dropped),
        notes=(
            *preprocessing.notes,
            *(f"column {name!r} is not used: its texts are too many and too long" for name in dropped),
        ),
    )


def characters(feature: Feature) -> int:
    """The characters of all levels of a category; 0 for other features."""
    return sum(map(len, getattr(feature, "levels", ())))
