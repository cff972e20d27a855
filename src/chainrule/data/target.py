"""The target column: classes to tell apart, or a number to come close to."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.canonical import positions
from chainrule.data.conversion import as_kind
from chainrule.data.record import JSON, Record
from chainrule.data.table import Column, ColumnKind
from chainrule.data.value_text import number_text
from chainrule.errors import ArgumentError, TableError
from chainrule.figures import counted, figure
from chainrule.printable import listed, printable

Task = Literal["auto", "classification", "regression"]

FEW_VALUES = 20
"""Up to this many different whole numbers are taken for classes."""


@dataclass(frozen=True)
class ClassTarget:
    """Classes in sorted order; `kind` says whether they are text or numbers (then sorted by value)."""

    column: str
    kind: ColumnKind
    classes: tuple[str, ...]

    @property
    def meaning(self) -> str:
        """What is predicted, in words."""
        return f"one of {len(self.classes):,} classes ({listed(self.classes)})"

    def __repr__(self) -> str:
        return f"ClassTarget({printable(self.column)}: {self.meaning})"

    @classmethod
    def learn(cls, column: Column) -> Self:
        """Learn the classes from the rows whose target is not missing.

        Raises:
            TableError: There is one class only, or so many that most rows have their own.
        """
        texts = as_kind(column, "category", "the table").values
        counts = Counter(text for text in texts.tolist() if text is not None)
        if len(counts) < 2:
            only = f"is always {next(iter(counts))!r}" if counts else "has no values"
            raise TableError(f"target column {column.name!r} {only}; a classification needs two classes or more")
        if len(counts) > FEW_VALUES and 2 * len(counts) > counts.total():
            raise TableError(
                f"target column {column.name!r} has {len(counts)} different values in {counts.total()} rows, too many "
                "to be classes; choose another target, or the task regression if it is a number"
            )
        kind: ColumnKind = "numeric" if column.kind == "numeric" else "category"
        return cls(column.name, kind, tuple(sorted(counts, key=float if kind == "numeric" else None)))

    def encode(self, column: Column) -> NDArray[np.int64]:
        """Return the position of each row's class, int64 [rows].

        Raises:
            TableError: A row has no target, or a class that was not there in training; names the row.
        """
        position = positions(self.classes)
        texts = as_kind(column, "category", "the table").values.tolist()
        for row, text in enumerate(texts):
            if text not in position:
                found = "is missing" if text is None else f"{text!r} is no class seen in training"
                raise TableError(f"target column {column.name!r}, row {row + 1}: {found}; drop the row")
        return np.fromiter((position[text] for text in texts), np.int64, len(texts))

    def decode(self, labels: NDArray[np.int64]) -> NDArray[Any]:
        """Return the class of each label: text (object), or numbers (int64 where all are whole)."""
        if self.kind != "numeric":
            return np.array(self.classes, object)[labels]
        values = np.array([float(text) for text in self.classes])
        return (values.astype(np.int64) if np.all(values % 1 == 0) else values)[labels]

    def to_json(self) -> JSON:
        """Return the classes as a JSON object."""
        return {"column": self.column, "task": "classification", "kind": self.kind, "classes": list(self.classes)}


@dataclass(frozen=True)
class NumberTarget:
    """A number, standardised by the mean and standard deviation of the training rows."""

    column: str
    mean: float
    deviation: float
    lowest: float
    highest: float

    @property
    def meaning(self) -> str:
        """What is predicted, in words."""
        return f"a number from {figure(self.lowest)} to {figure(self.highest)}"

    def __repr__(self) -> str:
        return f"NumberTarget({printable(self.column)}: {self.meaning}, mean {figure(self.mean)})"

    @classmethod
    def learn(cls, column: Column, source: str = "the table") -> Self:
        """Learn from the rows whose target is not missing: mean, then deviations from it (two passes).

        Raises:
            TableError: A value is not a number (then names `source`), the target never varies, or it is too
                large to square.
        """
        column = as_kind(column, "numeric", source)
        values = column.values[~column.missing]
        if not len(values) or values.min() == values.max():
            found = f"is always {number_text(float(values[0]))}" if len(values) else "has no values"
            raise TableError(f"target column {column.name!r} {found}; there is nothing to predict")
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            mean = min(max(float(np.mean(values)), float(values.min())), float(values.max()))
            deviation = math.sqrt(float(np.mean(np.square(values - mean))))
        if not 0 < deviation < math.inf:
            raise TableError(f"target column {column.name!r} is too large or too small to square; rescale it")
        return cls(column.name, mean, deviation, float(values.min()), float(values.max()))

    def encode(self, column: Column) -> NDArray[np.float64]:
        """Return (y − mean) / deviation, float64 [rows].

        Raises:
            TableError: A row has no target, or one that is not a number; names the row.
        """
        column = as_kind(column, "numeric", "the table")
        missing = np.flatnonzero(column.missing)
        if missing.size:
            raise TableError(f"target column {column.name!r}, row {missing[0] + 1}: is missing; drop the row")
        return (column.values - self.mean) / self.deviation

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return mean + deviation · output, kept within the range of the training rows, float64."""
        return np.clip(self.mean + self.deviation * outputs.astype(np.float64), self.lowest, self.highest)

    def to_json(self) -> JSON:
        """Return the five numbers as a JSON object."""
        numbers = {"mean": self.mean, "deviation": self.deviation, "lowest": self.lowest, "highest": self.highest}
        return {"column": self.column, "task": "regression", **numbers}


Target = ClassTarget | NumberTarget


def rows_with_target(column: Column) -> tuple[NDArray[np.int64], str | None]:
    """Return the rows whose target is known, and a note for the user when there are others."""
    missing = column.missing
    if not missing.any():
        return np.arange(len(column)), None
    gone = int(missing.sum())
    note = (
        f"{gone:,} of {counted(len(column), 'row')} {'is' if gone == 1 else 'are'} left out because the target "
        f"{column.name!r} is missing (the first is row {int(np.argmax(missing)) + 1})"
    )
    return np.flatnonzero(~missing), note


def learn_target(column: Column, task: Task = "auto", source: str = "the table") -> Target:
    """Learn the target from the training rows; rows where it is missing are left out.

    The task "auto" is classification for text, for two different numbers, and for up to 20 different whole
    numbers; regression otherwise. `source` names the column's table in messages.

    Raises:
        ArgumentError: `task` is none of the three.
        TableError: The column cannot be a target for the task; see `ClassTarget` and `NumberTarget`.
    """
    match task:
        case "classification":
            return ClassTarget.learn(column)
        case "regression":
            return NumberTarget.learn(column, source)
        case "auto":
            return ClassTarget.learn(column) if looks_like_classes(column) else NumberTarget.learn(column, source)
    raise ArgumentError(f"task must be auto, classification or regression, not {task!r}")


def looks_like_classes(column: Column) -> bool:
    """Whether the column holds text, two different numbers, or few whole ones."""
    if column.kind != "numeric":
        return column.kind == "category"
    different = np.unique(column.values[~column.missing])
    whole = np.all(different % 1 == 0)
    return len(different) == 2 or bool(len(different) <= FEW_VALUES and whole)


def target_from_json(value: object) -> Target:
    """Return the target that `to_json` wrote.

    Raises:
        ModelFileError: A field is missing, unknown, of the wrong type or out of range.
    """
    record = Record(value, "the target")
    column, task = record.text("column"), record.text("task")
    target = {"classification": class_target, "regression": number_target}.get(task)
    if target is None:
        raise record.refuse(f"task {task!r} is neither classification nor regression")
    found = target(column, record)
    record.finish()
    return found


def class_target(column: str, record: Record) -> Target:
    """Return the classes that a record holds."""
    kind, classes = record.text("kind"), record.texts("classes")
    if kind not in ("numeric", "category") or len(set(classes)) < max(2, len(classes)):
        raise record.refuse("it should name its kind and two different classes or more")
    if kind == "category":
        return ClassTarget(column, "category", classes)
    try:
        values = [float(text) for text in classes]
    except ValueError as error:
        raise record.refuse("its classes should be increasing numbers") from error
    if (
        not all(map(math.isfinite, values))
        or values != sorted(values)
        or [number_text(x) for x in values] != list(classes)
    ):
        raise record.refuse("its classes should be increasing numbers")
    return ClassTarget(column, "numeric", classes)


def number_target(column: str, record: Record) -> Target:
    """Return the scale that a record holds."""
    mean, deviation, lowest, highest = map(record.number, ("mean", "deviation", "lowest", "highest"))
    if not (deviation > 0 and lowest <= mean <= highest and lowest < highest):
        raise record.refuse("its deviation should be positive and its mean within its range")
    return NumberTarget(column, mean, deviation, lowest, highest)
