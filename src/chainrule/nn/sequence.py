"""Layers one after another: what a network and a residual block have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.tree import Tree


def initialise_all(layers: Sequence[Layer], n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
    """The number of outputs of the last layer, and a list of parameters and of states with an entry for each layer.

    Raises:
        ChainruleError: what a layer raised, with the number of the layer in front.
    """
    parameters, states = [], []
    for number, layer in enumerate(layers, 1):
        with _numbered(number):
            n_inputs, parameter, state = layer.initialise(n_inputs, random)
        parameters.append(parameter)
        states.append(state)
    return n_inputs, parameters, states


def forward_all(layers: Sequence[Layer], parameters: Tree, states: Tree, a: Any, mode: Mode) -> list[Pass]:
    """The passes of all layers, in order; a traced function.

    Raises:
        ChainruleError: what a layer raised, with the number of the layer in front.
    """
    passes: list[Pass] = []
    for number, (layer, parameter, state) in enumerate(zip(layers, parameters, states, strict=True), 1):
        with _numbered(number):
            passes.append(layer.forward(parameter, state, a, mode))
        a = passes[-1].a
    return passes


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Put the number of the layer in front of what it raises."""
    try:
        yield
    except ChainruleError as error:
        raise type(error)(f"layer {number}: {error}") from error
