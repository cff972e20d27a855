"""What a training changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chainrule import tree
from chainrule.tree import Tree

PARAMETERS = "parameters"  # their name in messages


class Weights(NamedTuple):
    """Everything that a step changes."""

    parameters: Tree
    optimizer: Tree
    state: Tree


def first_not_finite(parameters: Tree) -> str:
    """The path of the first parameter that holds an infinity or NaN; "" if there is none."""
    items = tree.items(parameters, PARAMETERS)
    return next((str(path) for path, leaf in items if not np.all(np.isfinite(leaf))), "")
