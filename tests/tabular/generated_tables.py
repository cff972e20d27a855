"""Tables made for tests: what they hold is known, so it is known what can be learned from them."""

from __future__ import annotations

import numpy as np

from chainrule.data import Column, Table


def flowers(rows: int = 400, seed: int = 0) -> Table:
    """Three kinds told apart by a length and a colour, of which some are missing; `site` has twelve levels."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, rows)
    length = 2.0 * kind + random.normal(0, 0.5, rows)
    length[random.random(rows) < 0.05] = np.nan
    colour = np.array(["red", "white", "blue"], object)[np.where(random.random(rows) < 0.9, kind, 0)]
    colour[random.random(rows) < 0.05] = None
    site = np.array([f"site {i}" for i in random.integers(0, 12, rows)], object)
    return table(length=length, colour=colour, site=site, kind=np.array(["aster", "iris", "lily"], object)[kind])


def prices(rows: int = 400, seed: int = 0) -> Table:
    """A price that bends with the size, by a factor that depends on the town, so that no line fits it."""
    random = np.random.default_rng(seed)
    size, town = random.uniform(-2, 2, rows), random.integers(0, 3, rows)
    price = 100 + 30 * size**2 * np.array([-1.0, 0.0, 1.0])[town] + random.normal(0, 1, rows)
    return table(size=size, town=np.array(["a", "b", "c"], object)[town], price=price)


def table(**columns: np.ndarray) -> Table:
    return Table(tuple(Column.of(name, values) for name, values in columns.items()), "generated.csv")


def replaced(original: Table, name: str, rows: np.ndarray, value: object) -> Table:
    """The table with other values in some rows of a column."""
    columns = []
    for column in original.columns:
        values = column.values.copy()
        if column.name == name:
            values[rows] = value
        columns.append(Column(column.name, column.kind, values))
    return Table(tuple(columns), original.source)
