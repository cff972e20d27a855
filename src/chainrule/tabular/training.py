"""From a table to a trained model and an honest report on it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule import nn, tree
from chainrule.data import ClassTarget, Source, Table, as_table
from chainrule.data.target import Task
from chainrule.interrupt import catching_interrupts
from chainrule.tabular.evaluation import Evaluator
from chainrule.tabular.metrics import Scores
from chainrule.tabular.model import TableModel
from chainrule.tabular.networks import make_network
from chainrule.tabular.preparation import PreparedTable, prepare_table
from chainrule.tabular.recipe import HIDDEN, Recipe
from chainrule.tabular.report import Report, RowCounts, TrainingEnd
from chainrule.version import __version__

if TYPE_CHECKING:
    from chainrule.doctor.recorder import Diagnose


def train_table(
    table: Source,
    target: str,
    *,
    task: Task = "auto",
    test: float = 0.2,
    hidden: tuple[int, ...] = HIDDEN,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
    diagnose: Diagnose | None = None,
) -> tuple[TableModel, Report]:
    """Train a network to predict one column from the others.

    Rows whose target is missing are left out. The rest is divided into three parts (see `Parts`): preprocessing and
    weights are learned on the training part, the best epoch is chosen on the validation part, and the scores in the
    report come from the test part, which is used for nothing else. A linear model is trained beside the network for
    comparison.

    Args:
        table: a DataFrame of any library, a mapping of names to columns, the path of a file, or a `Table`; see
            `chainrule.data.as_table`.
        target: the name of the column to predict.
        task: "classification", "regression", or "auto" to decide by the target's values.
        test: the share of the rows that only give the scores.
        hidden: units of each hidden layer; () for a linear model.
        epochs: how often the training part is gone through at most; by default it follows from the number of rows.
        batch_size: rows in a step; by default it follows from the number of rows.
        seed: the same seed and table give the same model, bit by bit on the same machine.
        progress: whether to draw a progress bar; by default where stderr is a terminal.
        diagnose: "cheap" or "full", see `Network.fit`; `model.network.diagnosis` is what was found.

    Returns:
        The model, and the report, which is also `model.report`. After Ctrl-C it is the best model so far.

    Raises:
        TableError: the target is unknown, has one class, or is no number where it should be; no column teaches
            anything; there are too few rows.
        ArgumentError: an option is out of range.
        DivergenceError: the loss became infinite.
    """
    began = time.perf_counter()
    Recipe.choose(1, hidden, epochs, batch_size, seed)  # refuses bad options before the table is worked on
    table = as_table(table)
    prepared = prepare_table(table, target, task, test, seed)
    recipe = Recipe.choose(len(prepared.parts.training), hidden, epochs, batch_size, seed)
    with catching_interrupts():  # what was learned is returned, whatever comes now
        network, scores = fit_and_score(prepared, recipe, progress, diagnose)
        facts = report(table, prepared, recipe, network, scores, round(time.perf_counter() - began, 2))
        return TableModel(prepared.preprocessing, network, prepared.target, facts), facts


def fit_and_score(
    prepared: PreparedTable, recipe: Recipe, progress: bool | None, diagnose: Diagnose | None
) -> tuple[nn.Network, dict[str, Scores]]:
    """The trained network, and the scores of all models; without the linear one if Ctrl-C was pressed."""
    test = prepared.parts.test
    evaluator = Evaluator(prepared.target, prepared.y[prepared.parts.training], prepared.y[test])
    scores = {}
    with catching_interrupts() as interrupt:
        network = fit(prepared, recipe, progress, diagnose)
        scores["network"] = evaluator.network(network, prepared.X[test])
        if not (interrupt.requested or is_interrupted(network)):
            linear = fit(prepared, recipe.linear(), progress)
            if not is_interrupted(linear):
                scores["linear"] = evaluator.network(linear, prepared.X[test])
    return network, scores | {"baseline": evaluator.baseline()}


def fit(prepared: PreparedTable, recipe: Recipe, progress: bool | None, diagnose: Diagnose | None = None) -> nn.Network:
    """A network trained on the training part up to the epoch that is best on the validation part."""
    training, validation = prepared.parts.training, prepared.parts.validation
    network = make_network(prepared.preprocessing, prepared.target, recipe)
    return network.fit(
        prepared.X[training],
        prepared.y[training],
        optimizer=recipe.optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        validation=(prepared.X[validation], prepared.y[validation]),
        early_stopping=recipe.patience,
        progress=progress,
        diagnose=diagnose,
    )


def is_interrupted(network: nn.Network) -> bool:
    """Whether Ctrl-C ended the network's training."""
    return network.history.stopped == "interrupted"


def report(
    table: Table,
    prepared: PreparedTable,
    recipe: Recipe,
    network: nn.Network,
    scores: dict[str, Scores],
    seconds: float,
) -> Report:
    """The facts of a training that has ended."""
    target, parts, history = prepared.target, prepared.parts, network.history
    used = {*prepared.preprocessing.columns, target.column}
    return Report(
        table=Path(table.source).name,
        target=target.column,
        task="classification" if isinstance(target, ClassTarget) else "regression",
        rows=RowCounts(table.rows, len(parts.training), len(parts.validation), len(parts.test)),
        unused=tuple(name for name in table.names if name not in used),
        baseline=Evaluator(target, prepared.y[parts.training], prepared.y[parts.test]).baseline_name,
        scores=scores,
        recipe=recipe,
        ending=TrainingEnd(len(history), history.best_epoch or 0, history.stopped),
        parameters=sum(leaf.size for leaf in tree.leaves(network.parameters)),
        notes=prepared.notes,
        version=__version__,
        seconds=seconds,
    )
