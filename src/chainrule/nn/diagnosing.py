"""What a network tells the doctor of itself before a training that is diagnosed."""

from __future__ import annotations

import math

from chainrule import tree
from chainrule.doctor.recorder import Diagnose, LayerFacts, Recorder, Rhythm, require_diagnose
from chainrule.nn.activations import activation_name
from chainrule.nn.architecture import Architecture
from chainrule.nn.layer_records import count_numbers
from chainrule.tree import Tree


def make_recorder(architecture: Architecture, diagnose: Diagnose, parameters: Tree, examples: int) -> Recorder:
    """What keeps the measurements of a training whose steps take so many examples.

    Raises:
        ArgumentError: `diagnose` is no way to diagnose.
    """
    require_diagnose(diagnose)
    facts = [
        LayerFacts(type(layer).__name__, activation_name(getattr(layer, "activation", "")))
        for layer in architecture.layers
    ]
    classes = {"cross_entropy": architecture.n_outputs, "binary_cross_entropy": 2}.get(architecture.loss.name)
    layers = architecture.layers
    units = sum(count_numbers(layers[: number + 1], architecture.n_inputs)[0] for number in range(len(layers)))
    rhythm = Rhythm.of(sum(leaf.size for leaf in tree.leaves(parameters)), units, examples)
    return Recorder(diagnose, facts, None if classes is None else math.log(classes), rhythm)
