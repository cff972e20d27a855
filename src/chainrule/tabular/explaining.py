"""Why a row of a table gets its prediction: from the model and a row to an explanation in the user's own columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import ClassTarget, Column, Preprocessing, Source, Table
from chainrule.data.canonical import canonical_text, positions
from chainrule.data.conversion import as_kind, clock_text, time_text
from chainrule.data.features import CodedFeature, Feature, NumericFeature, OneHotFeature, TimeFeature
from chainrule.data.features.category import UNKNOWN
from chainrule.data.features.scale import LARGEST
from chainrule.data.table import suggestion
from chainrule.errors import ArgumentError
from chainrule.figures import figure
from chainrule.functions import grad
from chainrule.tabular.attribution import Attribution, Quantity
from chainrule.tabular.explanation import ColumnEffect, OtherValue, RowExplanation
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.tabular.model import TableModel

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


def explain_row(model: TableModel, row: Row, baseline: Row | None, of: Any) -> RowExplanation:
    """See `TableModel.explain`."""
    table = one_row(model.preprocessing, row, "row")
    inputs = model.preprocessing.apply(table)[0]
    usual = None if baseline is None else one_row(model.preprocessing, baseline, "baseline")
    start = _usual_inputs(model) if usual is None else model.preprocessing.apply(usual)[0]
    output, quantity = _wanted(model, inputs, of)
    explained = Quantity(model.network, output)
    found = explained.attribute(inputs, start)
    mean, scale = (0.0, 1.0) if isinstance(model.target, ClassTarget) else (model.target.mean, model.target.deviation)
    effects = _effects(model, explained, table, usual, inputs, found, scale)
    prediction = mean + scale * found.value
    return RowExplanation(
        quantity=quantity,
        prediction=prediction,
        baseline=mean + scale * found.baseline,
        baseline_name=USUAL if usual is None else "the baseline row",
        effects=tuple(sorted(effects, key=lambda effect: -abs(effect.share))),
        error=scale * found.error,
        points=found.points,
        dtype=str(model.network.dtype),
        kept_within=_kept_within(model, prediction),
    )


def _usual_inputs(model: TableModel) -> Array:
    return np.concatenate([feature.usual_inputs for feature in model.preprocessing.features]).astype(np.float32)


def _wanted(model: TableModel, inputs: Array, of: Any) -> tuple[int, str]:
    """The output that is explained, and what it is called."""
    target = model.target
    if not isinstance(target, ClassTarget):
        if of is not None:
            raise ArgumentError(f"{target.column!r} is a number, so there is no class to choose; leave out of=")
        return 0, target.column
    if of is None:
        output = int(np.argmax(model.network.outputs(inputs)))
    elif str(of) in target.classes:
        output = target.classes.index(str(of))
    else:
        hint = suggestion(str(of), target.classes, "classes")
        raise ArgumentError(f"{of!r} is no class of {target.column!r}{hint}")
    return output, f"probability of {target.column} = {target.classes[output]}"


def _kept_within(model: TableModel, prediction: float) -> float | None:
    """The number that `predict` gives, if it is another one because the training range ends before."""
    if isinstance(model.target, ClassTarget):
        return None
    kept = float(np.clip(prediction, model.target.lowest, model.target.highest))
    return None if kept == prediction else kept


def _effects(
    model: TableModel,
    explained: Quantity,
    row: Table,
    baseline: Table | None,
    inputs: Array,
    found: Attribution,
    scale: float,
) -> Iterator[ColumnEffect]:
    """One effect for each column that the model uses."""
    start = 0
    for feature in model.preprocessing.features:
        span = slice(start, start + len(feature.names))
        start = span.stop
        column = as_kind(row[feature.column], feature.kind, row.source)
        usual = None if baseline is None else as_kind(baseline[feature.column], feature.kind, baseline.source)
        yield ColumnEffect(
            column=feature.column,
            value=_value_text(feature, column),
            baseline=feature.usual if usual is None else _value_text(feature, usual),
            share=scale * float(found.shares[span].sum()),
            slope=_slope(feature, column, float(found.slopes[span.start]) * scale),
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


def _slope(feature: Feature, column: Column, slope: float) -> float | None:
    """∂ŷ/∂column of a number that is there: the slope of the network times that of the stored scaling."""
    if not isinstance(feature, NumericFeature) or column.missing[0] or not feature.scale.spread:
        return None
    value = float(column.values[0])
    return slope * float(grad(feature.scale.curve)(value)) if abs(value) < LARGEST else 0.0


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
