"""Everything between a table and arrays that a network can train on."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.data import ClassTarget, NumberTarget, Preprocessing, Table, Target, learn_target, rows_with_target
from chainrule.data.target import Task
from chainrule.errors import TableError
from chainrule.tabular.inputs import learn_inputs
from chainrule.tabular.parts import Parts, divide_rows, require_rows
from chainrule.types import Array


@dataclass(frozen=True)
class PreparedTable:
    """A table as arrays.

    Attributes:
        target: learned from the training part; the names of the classes are known beforehand.
        preprocessing: learned from the training part.
        parts: the rows of X and y that train, choose the best epoch, and score.
        X: inputs, float32 [rows with a target × features].
        y: encoded targets, [rows with a target].
        notes: remarks on the data.
    """

    target: Target
    preprocessing: Preprocessing
    parts: Parts
    X: Array
    y: Array
    notes: tuple[str, ...]


def prepare_table(table: Table, target: str, task: Task, test: float, seed: int) -> PreparedTable:
    """Drop rows without a target, divide the others, and learn target and preprocessing; see `train_table`."""
    rows, note = rows_with_target(table[target])
    require_rows(len(rows), target, table.source)
    known = table.select(rows) if note else table
    goal = learn_goal(table, target, task)
    labels = goal.encode(known[target]) if isinstance(goal, ClassTarget) else None
    parts = divide_rows(known.rows, test, seed, labels)
    training = known.select(parts.training)
    if labels is None:
        goal = NumberTarget.learn(training[target])
    preprocessing = learn_inputs(training, target)
    return PreparedTable(
        target=goal,
        preprocessing=preprocessing,
        parts=parts,
        X=preprocessing.apply(known),
        y=goal.encode(known[target]) if labels is None else labels,
        notes=(*table.notes, *([note] if note else []), *preprocessing.notes),
    )


def learn_goal(table: Table, target: str, task: Task) -> Target:
    """Learn the target from the whole table; a refusal tells how its column was read, if that was odd."""
    try:
        return learn_target(table[target], task, table.source)
    except TableError as error:
        raise TableError("; ".join([str(error), *table.notes_on(target)])) from error
