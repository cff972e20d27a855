"""A trained model of a table: raw rows in, predictions out."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import nn
from chainrule.data import ClassTarget, Preprocessing, Source, Target, rows_with_target
from chainrule.data.record import JSON
from chainrule.doctor import Diagnosis
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.figures import counted
from chainrule.optim import Minimizer
from chainrule.printable import printable
from chainrule.tabular import files
from chainrule.tabular.report import Report
from chainrule.tabular.row_report import RowExplanation
from chainrule.tabular.row_report.build import Row, explain_row, one_row


@dataclass(frozen=True)
class TableModel:
    """Preprocessing, network and target, which belong together, and the report on their training.

    `train_table` makes one, and `TableModel.load` reads one from its file.
    """

    preprocessing: Preprocessing
    network: nn.Network
    target: Target
    report: Report

    def __repr__(self) -> str:
        columns = counted(len(self.preprocessing.columns), "column")
        source, target = printable(self.report.table), printable(self.target.column)
        return f"TableModel({target}, {self.target.meaning}, from {columns} of {source})"

    def predict(self, table: Source) -> NDArray[Any]:
        """The class of each row (text, or numbers if the classes were), or its number within the training range.

        Columns that the model does not use may be missing, and others are ignored. A category that training has not
        seen counts as missing.

        Args:
            table: a DataFrame of any library, a mapping of names to columns, the path of a file, or a `Table`.

        Raises:
            ArgumentError: it is none of these.
            TableError: a column is missing, or a value does not fit the kind that its column had in training.
        """
        outputs = self.network.outputs(self._inputs(table))
        if isinstance(self.target, ClassTarget):
            return self.target.decode(np.argmax(outputs, axis=1))
        return self.target.decode(outputs[:, 0])

    def predict_proba(self, table: Source) -> NDArray[np.float32]:
        """The probability of each class, [rows × classes] in the order of `target.classes`.

        Raises:
            ArgumentError: the target is a number.
            TableError: see `predict`.
        """
        if not isinstance(self.target, ClassTarget):
            raise ArgumentError(f"{self.target.column!r} is a number, so there are no class probabilities; use predict")
        return self.network.predict_proba(self._inputs(table))

    def explain(self, row: Row, baseline: Row | None = None, of: Any = None) -> RowExplanation:
        """Why a row gets its prediction: what each column adds, and what would change it, in the table's own units.

        The shares are integrated gradients on the straight line from the baseline to the row, where a coded category
        stands for its learned vector; they add up to the difference of the two predictions, up to the stated error.
        A number is explained before `predict` keeps it within the training range.

        Args:
            row: {column: value}, or a table of one row, such as a DataFrame.
            baseline: the row to compare with, likewise; by default the median or most frequent value of each column
                among the training rows.
            of: the class whose probability is explained; by default the predicted one.

        Raises:
            ArgumentError: it is not one row, or there is no such class.
            TableError: see `predict`.
        """
        return explain_row(self.preprocessing, self.network, self.target, row, baseline, of)

    def explain_step(self, row: Row, optimizer: Minimizer | float = 0.1) -> nn.StepExplanation:
        """One step of the network on a row and its target, with numbers; see `Network.explain_step`.

        Args:
            row: {column: value}, or a table of one row, with the target.
            optimizer: what makes the update; a number is the learning rate of plain gradient descent.

        Raises:
            ArgumentError: it is not one row.
            TableError: the target is missing, or see `predict`.
        """
        table = one_row(self.preprocessing, row, "row", self.target.column)
        inputs = self.preprocessing.apply(table)[0]
        return self.network.explain_step(inputs, self.target.encode(table[self.target.column])[0], optimizer)

    def diagnose(self, table: Source, *, epochs: int = 1) -> Diagnosis:
        """What training this model on a table with its target is like; the model stays as it is.

        A copy of the network is trained for some epochs as the model was, and every step is measured.

        Raises:
            TableError: a column is missing, or a value does not fit; see `predict`.
        """
        read = self.preprocessing.needed(table, self.target.column)
        rows, _ = rows_with_target(read[self.target.column])
        known = read.select(rows)
        network, recipe = copy(self.network), self.report.recipe
        with suppress(DivergenceError):  # the diagnosis tells it
            network.fit(
                self.preprocessing.apply(known),
                self.target.encode(known[self.target.column]),
                optimizer=recipe.optimizer,
                epochs=epochs,
                batch_size=recipe.batch_size,
                seed=recipe.seed,
                progress=False,
                diagnose="full",
            )
        assert network.diagnosis is not None
        return network.diagnosis

    def _inputs(self, source: Source) -> NDArray[np.float32]:
        return self.preprocessing.apply(self.preprocessing.needed(source))

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
