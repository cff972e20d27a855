"""From a model's parts and a row to the report on why it gets its prediction, in the user's own columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.data import ClassTarget, Column, Preprocessing, Source, Table, Target
from chainrule.data.canonical import canonical_text, positions
from chainrule.data.conversion import as_kind
from chainrule.data.features import CodedFeature, Feature, NumericFeature, OneHotFeature, TimeFeature
from chainrule.data.features.category import UNKNOWN
from chainrule.data.features.scale import LARGEST, squashed
from chainrule.data.table import suggestion
from chainrule.data.value_text import clock_text, time_text
from chainrule.errors import ArgumentError
from chainrule.figures import figure
from chainrule.functions import grad
from chainrule.tabular.row_report.attribution import Attribution, Quantity
from chainrule.tabular.row_report.report import ColumnEffect, OtherValue, RowExplanation
from chainrule.types import Array

Row = Mapping[str, Any] | Source
USUAL = "the median or most frequent value of each column"
_LATER = {"an hour later": 3_600.0, "a day later": 86_400.0}


def one_row(preprocessing: Preprocessing, row: Row, name: str, *others: str) -> Table:
    """The needed columns of one row, and others, given as a table or as {column: value}; None and NaN are missing.

    Raises:
        ArgumentError: it is neither, or has another number of rows.
    """
    source = {column: [value] for column, value in row.items()} if isinstance(row, Mapping) else row
    table = preprocessing.needed(source, *others)
    if table.rows != 1:
        raise ArgumentError(
            f"{name} must be one row, got {table.rows}; the row at position 17 is table.select([17]), or "
            "frame.iloc[[17]] of a DataFrame of pandas"
        )
    return table


def explain_row(
    preprocessing: Preprocessing, network: nn.Network, target: Target, row: Row, baseline: Row | None, of: Any
) -> RowExplanation:
    """See `TableModel.explain`."""
    table = one_row(preprocessing, row, "row")
    inputs = preprocessing.apply(table)[0]
    usual = None if baseline is None else one_row(preprocessing, baseline, "baseline")
    start = _usual_inputs(preprocessing) if usual is None else preprocessing.apply(usual)[0]
    output, quantity = _wanted(network, target, inputs, of)
    explained = Quantity(network, output)
    found = explained.attribute(inputs, start)
    mean, scale = (0.0, 1.0) if isinstance(target, ClassTarget) else (target.mean, target.deviation)
    effects = _effects(preprocessing.features, explained, table, usual, inputs, found, scale)
    prediction = mean + scale * found.value
    return RowExplanation(
        quantity=quantity,
        prediction=prediction,
        baseline=mean + scale * found.baseline,
        baseline_name=USUAL if usual is None else "the baseline row",
        effects=tuple(sorted(effects, key=lambda effect: -abs(effect.share))),
        error=scale * found.error,
        points=found.points,
        dtype=str(network.dtype),
        kept_within=_kept_within(target, prediction),
    )


def _usual_inputs(preprocessing: Preprocessing) -> Array:
    return np.concatenate([feature.usual_inputs for feature in preprocessing.features]).astype(np.float32)


def _wanted(network: nn.Network, target: Target, inputs: Array, of: Any) -> tuple[int, str]:
    """The output that is explained, and what it is called."""
    if not isinstance(target, ClassTarget):
        if of is not None:
            raise ArgumentError(f"{target.column!r} is a number, so there is no class to choose; leave out of=")
        return 0, target.column
    if of is None:
        output = int(np.argmax(network.outputs(inputs)))
    elif str(of) in target.classes:
        output = target.classes.index(str(of))
    else:
        hint = suggestion(str(of), target.classes, "classes")
        raise ArgumentError(f"{of!r} is no class of {target.column!r}{hint}")
    return output, f"probability of {target.column} = {target.classes[output]}"


def _kept_within(target: Target, prediction: float) -> float | None:
    """The number that `predict` gives, if it is another one because the training range ends before."""
    if isinstance(target, ClassTarget):
        return None
    kept = float(np.clip(prediction, target.lowest, target.highest))
    return None if kept == prediction else kept


def _effects(
    features: Sequence[Feature],
    explained: Quantity,
    row: Table,
    baseline: Table | None,
    inputs: Array,
    found: Attribution,
    scale: float,
) -> Iterator[ColumnEffect]:
    """One effect for each column that the model uses."""
    columns = [as_kind(row[feature.column], feature.kind, row.source) for feature in features]
    scaling = _scaling_slopes(features, columns)
    start = 0
    for feature, column in zip(features, columns, strict=True):
        span = slice(start, start + len(feature.names))
        start = span.stop
        usual = None if baseline is None else as_kind(baseline[feature.column], feature.kind, baseline.source)
        yield ColumnEffect(
            column=feature.column,
            value=_value_text(feature, column),
            baseline=feature.usual if usual is None else _value_text(feature, usual),
            share=scale * float(found.shares[span].sum()),
            slope=_slope(float(found.slopes[span.start]) * scale, scaling.get(feature.column)),
            others=tuple(_others(feature, column, explained, inputs, span, found.value, scale)),
            clock=isinstance(feature, NumericFeature) and feature.clock,
        )


def _value_text(feature: Feature, column: Column) -> str:
    value = column.values[0]
    if column.missing[0]:
        return "missing"
    if isinstance(feature, NumericFeature):
        return clock_text(float(value)) if feature.clock else figure(float(value), 6)
    if feature.kind == "time":
        return str(time_text(float(value)))
    known = value in positions(getattr(feature, "levels", ()))
    return str(value) if known else f"{value} ({UNKNOWN})"


def _scaling_slopes(features: Sequence[Feature], columns: Sequence[Column]) -> dict[str, float]:
    """By column the derivative of the stored scaling at its number, if it is there: one gradient for all columns."""
    present = [
        (feature, float(column.values[0]))
        for feature, column in zip(features, columns, strict=True)
        if isinstance(feature, NumericFeature) and feature.scale.spread and not column.missing[0]
    ]
    if not present:
        return {}
    middle, spread, values = (
        np.array(numbers)
        for numbers in zip(*((f.scale.middle, f.scale.spread, value) for f, value in present), strict=True)
    )
    within = np.abs(values) < LARGEST
    slopes = grad(lambda values: np.sum(squashed(values, middle, spread)))(np.where(within, values, middle))
    names = [feature.column for feature, _ in present]
    return dict(zip(names, np.where(within, slopes, 0.0).tolist(), strict=True))


def _slope(of_network: float, of_scaling: float | None) -> float | None:
    """∂ŷ/∂column, where it has one; 0 at a number beyond all limits, whatever the network does there."""
    return of_network * of_scaling if of_scaling else of_scaling


def _others(
    feature: Feature, column: Column, explained: Quantity, inputs: Array, span: slice, value: float, scale: float
) -> list[OtherValue]:
    """How F would change if the column had another level, or a later time; the largest change first."""
    names: list[str]
    if isinstance(feature, OneHotFeature | CodedFeature):
        names = [level for level in feature.levels if canonical_text(level) != column.values[0]]
        values = Column(column.name, "category", np.array(names, object))
    elif isinstance(feature, TimeFeature) and not column.missing[0]:
        hours = any(part == "hour" for part, _ in feature.parts)
        names = list(_LATER) if hours else ["a day later"]
        values = Column(column.name, "time", np.array([column.values[0] + _LATER[name] for name in names]))
    else:
        return []
    rows = np.repeat(inputs[None], len(names), axis=0)
    rows[:, span] = feature.apply(values)
    changes = scale * (explained.of(rows) - value)
    others = [OtherValue(name, float(change)) for name, change in zip(names, changes, strict=True)]
    return sorted(others, key=lambda other: -abs(other.change))
