"""A training step as a graph, with its usage and what it is called with."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.execution import choice
from chainrule.execution.reference_executor import ReferenceSteps


def training_step(
    dtype="float32",
    steps=6,
    optimizer=None,
    rows=60,
    batch_size=16,
    widths=(33, 17),
    columns=11,
    accumulate=1,
    data_dtype="float64",
    **options,
):
    """(graph, usage, states, arguments, steps) of a network with dropout: the first steps of its training.

    More options are those of `fit`.
    """
    rng = np.random.default_rng(0)
    layers = [nn.Dense(widths[0], "tanh"), nn.Dropout(0.2), *(nn.Dense(n, "gelu") for n in widths[1:]), nn.Dense(3)]
    network = nn.Network(columns, layers, loss="cross_entropy", dtype=dtype)
    seen = {}

    class Recorder(ReferenceSteps):
        def __init__(self, graph, usage):
            super().__init__(graph, usage)
            seen.setdefault("graph", graph)
            seen.setdefault("usage", usage)

        def load(self, states):
            super().load(states)
            seen.setdefault("states", [np.array(x) for x in states])

        def run(self, arguments, steps):
            seen.setdefault("arguments", [np.array(x) for x in arguments])
            return super().run(arguments, steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "make_steps", Recorder)
        data = rng.normal(size=(rows, columns)).astype(data_dtype), rng.integers(0, 3, rows)
        sizes = {"batch_size": batch_size, "accumulate": accumulate, "epochs": 1}
        network.fit(*data, optimizer=optimizer or optim.Adam(0.01), progress=False, **sizes, **options)
    graph, usage = seen["graph"], seen["usage"]
    given = zip(usage.given(graph), seen["arguments"], strict=True)
    arguments = [np.concatenate([x] * steps)[:steps] if i in usage.per_step_inputs else x for i, x in given]
    return graph, usage, seen["states"], arguments, steps
