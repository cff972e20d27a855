"""Every row of five tables is explained: by networks that are as sure of it as float32 can be."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import Table, read_table
from chainrule.errors import ChainruleError
from chainrule.tabular import train_table

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL, LARGE = ("penguins", "iris"), ("wine", "breast_cancer", "digits")
TABLES = (*SMALL, *(pytest.param(name, marks=pytest.mark.nightly) for name in LARGE))


def table_of(name):
    if name == "penguins":
        return read_table(EXAMPLES / "penguins.csv"), "species"
    datasets = pytest.importorskip("sklearn.datasets")
    data = getattr(datasets, f"load_{name}")()
    columns = {str(column).replace(" ", "_"): data.data[:, i] for i, column in enumerate(data.feature_names)}
    return Table.of({**columns, "kind": data.target_names[data.target].astype(str).astype(object)}), "kind"


@cache
def trained(name):
    """A table, its model, and its rows from the surest to the least sure."""
    table, target = table_of(name)
    model, _ = train_table(table, target, progress=False)
    inputs = model.preprocessing.apply(table)
    right = model.target.encode(table[target])
    order = np.argsort(-model.network.predict_proba(inputs)[np.arange(len(right)), right], kind="stable")
    return table, model, inputs, right, order


def written(name, row):
    """Everything that is said of a row, as text and as a page."""
    table, model, _, _, _ = trained(name)
    chosen = table.select(np.array([row]))
    step = model.explain_step(chosen)
    pages = step.html() + model.explain(chosen).html()
    if all(type(rule.layer).__name__ in ("Dense", "Dropout") for rule in step.rules):
        pages += step.derivation().html()
    return str(model.explain(chosen)), step.text(), pages


@pytest.mark.parametrize("name", TABLES)
def test_the_rules_of_all_rows_are_those_of_the_engine(name):
    """One step of all rows at once: each has a δ of its own."""
    _, model, inputs, right, _ = trained(name)
    step = model.network.explain_step(inputs, right)
    assert step.example_count == len(inputs)
    assert all(check.agrees for check in step.checks)


@pytest.mark.parametrize("name", TABLES)
def test_the_surest_and_the_least_sure_rows_are_explained(name):
    order = trained(name)[-1]
    for row in (order[0], order[len(order) // 2], order[-1]):
        shares, step, pages = written(name, row)
        assert "the shares add up to" in shares
        assert "BACKWARD" in step
        assert "</section>" in pages


@pytest.mark.nightly
@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_every_row_is_explained(name):
    refused = {}
    for row in range(trained(name)[0].rows):
        try:
            assert all(written(name, row))
        except ChainruleError as error:
            refused[row] = str(error)
    assert not refused
