"""What a training came to: the score beside honest baselines, and the facts needed to judge it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from chainrule.data.record import JSON, Record
from chainrule.tabular import summary
from chainrule.tabular.metrics import MODELS, Scores
from chainrule.tabular.recipe import Recipe


@dataclass(frozen=True)
class RowCounts:
    """How many rows the table has, and how many of those with a target are in each part; see `Parts`."""

    table: int
    training: int
    validation: int
    test: int


@dataclass(frozen=True)
class TrainingEnd:
    """How training ended.

    Attributes:
        epochs: how many were finished.
        best_epoch: the one whose weights were kept, counted from 1; 0 if none was finished.
        stopped: "epochs" if all were made, "early stopping" or "interrupted".
    """

    epochs: int
    best_epoch: int
    stopped: str


@dataclass(frozen=True)
class Report:
    """The result of `train_table` in numbers.

    Attributes:
        table: the table's file name.
        target: the name of the target column.
        task: "classification" or "regression".
        rows: the rows of the table and of its parts. The validation part decided which epoch is the best;
            the test part was used for nothing but the scores.
        unused: the columns, besides the target, that teach nothing; the notes say why.
        baseline: what the baseline predicts, such as "always no".
        scores: of "network", "linear" and "baseline" on the test part: accuracy, log_loss and auc (two classes),
            or rmse, mae and r2. The linear model had the same inputs, loss and stopping rule; it is absent if training
            was interrupted before it ended.
        recipe: how the network was trained.
        ending: how its training ended.
        parameters: how many numbers were trained.
        notes: remarks on the data, one sentence each.
        version: of chainrule.
        seconds: how long it took; not stored, so that equal trainings give equal files.
    """

    table: str
    target: str
    task: str
    rows: RowCounts
    unused: tuple[str, ...]
    baseline: str
    scores: dict[str, Scores]
    recipe: Recipe
    ending: TrainingEnd
    parameters: int
    notes: tuple[str, ...]
    version: str
    seconds: float | None = field(default=None, compare=False)

    @property
    def interrupted(self) -> bool:
        """Whether someone stopped the training before its end."""
        return "linear" not in self.scores

    @property
    def better_than_linear(self) -> bool:
        """Whether the network's own measure, log loss or RMSE, is below those of the linear model and the baseline."""
        measure = "log_loss" if self.task == "classification" else "rmse"
        network, *others = (self.scores[name][measure] for name in MODELS if name in self.scores)
        return network < min(others)

    def __repr__(self) -> str:
        """The network's scores on one line."""
        return f"Report({summary.in_short(self)})"

    def __str__(self) -> str:
        """What `chainrule train` prints."""
        return summary.text(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks."""
        return {"text/plain": str(self)}

    def to_json(self) -> JSON:
        """All of it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Report:
        """The report that `to_json` wrote, which names no seconds.

        Raises:
            ModelFileError: a field is missing, unknown, of the wrong type or out of range.
        """
        record = Record(value, "the report")
        report = cls(
            table=record.text("table"),
            target=record.text("target"),
            task=record.text("task"),
            rows=read_rows(record.record("rows")),
            unused=record.texts("unused"),
            baseline=record.text("baseline"),
            scores=read_scores(record.record("scores")),
            recipe=Recipe.from_record(record.record("recipe")),
            ending=read_ending(record.record("ending")),
            parameters=record.whole("parameters"),
            notes=record.texts("notes"),
            version=record.text("version"),
        )
        record.finish()
        return report


def read_rows(record: Record) -> RowCounts:
    """The row counts that a record holds."""
    names = ("table", "training", "validation", "test")
    if "stopping" in record.names():  # what older files call the validation part
        names = ("table", "training", "stopping", "validation")
    rows = RowCounts(*(record.whole(name) for name in names))
    record.finish()
    return rows


def read_ending(record: Record) -> TrainingEnd:
    """The ending that a record holds."""
    ending = TrainingEnd(record.whole("epochs"), record.whole("best_epoch"), record.text("stopped"))
    record.finish()
    return ending


def read_scores(record: Record) -> dict[str, Scores]:
    """The scores of each model that a record holds: the network's, the baseline's, and mostly the linear model's."""
    scores = {}
    for model in MODELS:
        if model in record.names() or model != "linear":
            part = record.record(model)
            scores[model] = {name: part.number(name) for name in part.names()}
    record.finish()
    return scores
