"""From a table to the input matrix of a network: learned on the training rows, frozen, stored with the model.

Every column of the table becomes a feature (see `chainrule.data.features`) or is dropped with a note. What is
learned are medians, spreads and lists of levels; all of it fits into a JSON object and nothing else is
needed to treat new rows the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.conversion import as_kind
from chainrule.data.features import FEATURES, CodedFeature, Dropped, Feature, OneHotFeature, learn_feature
from chainrule.data.record import JSON, Record
from chainrule.data.sources import Source, as_table
from chainrule.data.table import ColumnKind, Table, require_columns
from chainrule.errors import TableError
from chainrule.figures import counted
from chainrule.printable import aligned, listed, printable

ONE_HOT_LEVELS = 8


@dataclass(frozen=True)
class Preprocessing:
    """The features of a table, in the order of its columns, with notes on the columns that were dropped."""

    features: tuple[Feature, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def learn(cls, table: Table, exclude: Collection[str] = (), one_hot_levels: int = ONE_HOT_LEVELS) -> Self:
        """Learn from the training rows.

        Args:
            table: The training rows.
            exclude: Columns that are no input: the target, above all.
            one_hot_levels: A category column with more levels than this becomes codes for an embedding.

        Raises:
            TableError: A column of `exclude` is unknown, or no column is left to learn from.
        """
        for name in exclude:
            table[name]
        columns = [column for column in table.columns if column.name not in exclude]
        learned = [learn_feature(column, one_hot_levels) for column in columns]
        features = tuple(feature for feature in learned if not isinstance(feature, Dropped))
        dropped = (item for item in learned if isinstance(item, Dropped))
        notes = tuple(f"column {item.column!r} is not used: {item.reason}" for item in dropped)
        if not features:
            raise TableError(f"{table.source} has no column to learn from; {'; '.join(notes) or 'add one'}")
        return cls(features, notes)

    def __repr__(self) -> str:
        columns, inputs = counted(len(self.features), "column"), counted(len(self.feature_names), "input")
        return f"Preprocessing({columns} to {inputs}: {listed(self.columns)})"

    def __str__(self) -> str:
        """A line for each column: its name, its kind, and what training saw in it."""
        table = [(printable(feature.column), feature.kind, feature.seen) for feature in self.features]
        return "\n".join([*aligned(table), *(f"Note: {printable(note)}" for note in self.notes)])

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that `apply` needs."""
        return tuple(feature.column for feature in self.features)

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """The kind of each needed column, for `read_table`: text such as ``007`` then stays as it is."""
        return {feature.column: feature.kind for feature in self.features}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of the input matrix."""
        return tuple(name for feature in self.features for name in feature.names)

    @property
    def embeddings(self) -> tuple[tuple[int, int], ...]:
        """Position in the input matrix and number of codes (0 = missing or unknown) of each coded column."""
        found, position = [], 0
        for feature in self.features:
            if feature.categories is not None:
                found.append((position, feature.categories))
            position += len(feature.names)
        return tuple(found)

    def needed(self, source: Source, *others: str, optional: Collection[str] = ()) -> Table:
        """Return the columns of `source` that `apply` needs, and `others`, as a table; nothing else is looked at.

        Columns that are `optional` may be missing.

        Raises:
            ArgumentError: It is no source of a table, see `as_table`.
            TableError: A column is missing or cannot be read.
        """
        return as_table(source, self.kinds, (*self.columns, *others), optional)

    def apply(self, table: Table) -> NDArray[np.float32]:
        """Return the input matrix, float32 [rows × len(feature_names)], without NaN or infinity.

        Columns that the model does not know are ignored.

        Raises:
            TableError: A column is missing, or a value does not fit the kind that its column had in
                training; names the column, row and value.
        """
        require_columns(self.columns, table.names, table.source)
        matrix = np.empty((table.rows, len(self.feature_names)), np.float32)
        position = 0
        for feature in self.features:
            column = as_kind(table[feature.column], feature.kind, table.source)
            width = len(feature.names)
            matrix[:, position : position + width] = feature.apply(column)
            position += width
        return matrix

    def unseen(self, table: Table) -> tuple[str, ...]:
        """Return a note on each column of categories most of whose values, or all, are none that the model knows.

        Raises:
            TableError: see `apply`.
        """
        notes = []
        for feature in self.features:
            if isinstance(feature, OneHotFeature | CodedFeature):
                column = as_kind(table[feature.column], feature.kind, table.source)
                unseen, present = feature.unseen(column), len(column) - int(column.missing.sum())
                if 2 * unseen.sum() > present:
                    first = f"{column.values[np.argmax(unseen)]!r} (row {np.argmax(unseen) + 1})"
                    notes.append(
                        f"column {column.name!r}: {unseen.sum():,} of {present:,} values were not seen in training, or "
                        f"too rarely, and count as missing; the first is {first}, the model knows {feature.seen}"
                    )
        return tuple(notes)

    def to_json(self) -> JSON:
        """Return everything that was learned as a JSON object."""
        features = [
            {"column": feature.column, "type": feature.type_name, **feature.to_json()} for feature in self.features
        ]
        return {"features": features, "notes": list(self.notes)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Return the preprocessing that `to_json` wrote.

        Raises:
            ModelFileError: A field is missing, unknown, of the wrong type or out of range.
        """
        record = Record(value, "the preprocessing")
        features = tuple(feature_from_json(item) for item in record.items("features"))
        preprocessing = cls(features, record.texts("notes"))
        record.finish()
        if not features or len(set(preprocessing.columns)) < len(features):
            raise record.refuse("it should have one feature or more, each of another column")
        return preprocessing


def feature_from_json(value: object) -> Feature:
    """Return one feature; only the types in `FEATURES` can be named."""
    record = Record(value, "a feature of the preprocessing")
    column, type_name = record.text("column"), record.text("type")
    if type_name not in FEATURES:
        raise record.refuse(f"type {type_name!r} is none of {', '.join(FEATURES)}")
    feature = FEATURES[type_name].from_record(column, record)
    record.finish()
    return feature
