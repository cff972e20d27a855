"""Preprocessing that fits into a model file: its description is bounded, so a column may have too many levels."""

from __future__ import annotations

import json
from dataclasses import replace

from chainrule.data import Preprocessing, Table
from chainrule.data.features import Feature
from chainrule.errors import TableError

LARGEST_DESCRIPTION = 600_000
"""Bytes of JSON within JSON; a model file's header ends at 1 MB and holds the network and the report too."""


def learn_inputs(training: Table, target: str) -> Preprocessing:
    """Learn the preprocessing from the training part; columns whose levels would not fit are left out with a note.

    Raises:
        TableError: no column is left to learn from.
    """
    preprocessing = Preprocessing.learn(training, exclude=[target])
    while described_bytes(preprocessing) > LARGEST_DESCRIPTION:
        largest = max(preprocessing.features, key=feature_bytes)
        if len(preprocessing.features) == 1:
            raise TableError(
                f"{training.source}: column {largest.column!r}, the only one to learn from, has too many different "
                "texts for a model file; replace them by shorter ones or fewer"
            )
        preprocessing = replace(
            preprocessing,
            features=tuple(feature for feature in preprocessing.features if feature is not largest),
            notes=(*preprocessing.notes, f"column {largest.column!r} is not used: its texts are too many and too long"),
        )
    return preprocessing


def described_bytes(preprocessing: Preprocessing) -> int:
    """The size of the description in a model file, where JSON stands within JSON and quotes are escaped twice."""
    return len(json.dumps(json.dumps(preprocessing.to_json())))


def feature_bytes(feature: Feature) -> int:
    """The size of one feature's description."""
    return len(json.dumps(json.dumps(feature.to_json())))
