"""A trained model of a table: raw rows in, predictions out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import nn
from chainrule.data import ClassTarget, Preprocessing, Table, Target
from chainrule.data.record import JSON
from chainrule.errors import ArgumentError
from chainrule.tabular import files
from chainrule.tabular.report import Report


@dataclass(frozen=True)
class TableModel:
    """Preprocessing, network and target, which belong together, and the report on their training.

    `train_table` makes one, and `TableModel.load` reads one from its file.
    """

    preprocessing: Preprocessing
    network: nn.Network
    target: Target
    report: Report

    def predict(self, table: Table) -> NDArray[Any]:
        """The class of each row (text, or numbers if the classes were), or its number within the training range.

        Columns that the model does not use may be missing, and others are ignored. A category that training has not
        seen counts as missing.

        Raises:
            TableError: a column is missing, or a value does not fit the kind that its column had in training.
        """
        outputs = self.network.outputs(self.preprocessing.apply(table))
        if isinstance(self.target, ClassTarget):
            return self.target.decode(np.argmax(outputs, axis=1))
        return self.target.decode(outputs[:, 0])

    def predict_proba(self, table: Table) -> NDArray[np.float32]:
        """The probability of each class, [rows × classes] in the order of `target.classes`.

        Raises:
            ArgumentError: the target is a number.
            TableError: see `predict`.
        """
        if not isinstance(self.target, ClassTarget):
            raise ArgumentError(f"{self.target.column!r} is a number, so there are no class probabilities; use predict")
        return self.network.predict_proba(self.preprocessing.apply(table))

    def to_json(self) -> JSON:
        """Everything but the network's numbers, as a JSON object: network, preprocessing, target, report."""
        return files.description(self.preprocessing, self.network, self.target, self.report)

    def save(self, path: str | Path) -> None:
        """Write everything to one safetensors file, whole or not at all.

        Raises:
            ModelFileError: the file cannot be written; an older one is intact.
        """
        files.save(path, self.preprocessing, self.network, self.target, self.report)

    @classmethod
    def load(cls, path: str | Path) -> TableModel:
        """Read the file that `save` wrote.

        Raises:
            ModelFileError: the file is missing, damaged, altered, or holds something else.
        """
        return cls(*files.load(path))
