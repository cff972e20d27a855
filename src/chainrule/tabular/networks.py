"""From preprocessing, target and recipe to a network: embeddings, hidden layers, output."""

from __future__ import annotations

import math

from chainrule import nn
from chainrule.data import ClassTarget, Preprocessing, Target
from chainrule.nn.layer import Layer
from chainrule.tabular.recipe import Recipe

EMBEDDING_SCALE = 0.1
"""Standard deviation of initial vectors: rare levels begin close to the unknown one."""


def make_network(preprocessing: Preprocessing, target: Target, recipe: Recipe) -> nn.Network:
    """The network before training: logits for classes, the standardised number otherwise."""
    layers = [*embedding_layers(preprocessing.embeddings)]
    for units in recipe.hidden:
        layers += [nn.Dense(units, "relu"), nn.Dropout(recipe.dropout)]
    layers.append(nn.Dense(output_count(target)))
    return nn.Network(len(preprocessing.feature_names), layers, loss_name(target), seed=recipe.seed)


def embedding_layers(embeddings: tuple[tuple[int, int], ...]) -> list[Layer]:
    """The embedding of the coded columns, (position, number of codes) each; no layer if there are none."""
    if not embeddings:
        return []
    columns, categories = zip(*embeddings, strict=True)
    dimensions = [embedding_dimension(count) for count in categories]
    return [nn.Embedding(categories, dimensions, columns, scale=EMBEDDING_SCALE)]


def embedding_dimension(categories: int) -> int:
    """The length of a category's vector: the fourth root of their number, at most 4."""
    return min(math.ceil(math.sqrt(math.sqrt(categories))), 4)


def output_count(target: Target) -> int:
    """One logit for each class, or one number."""
    return len(target.classes) if isinstance(target, ClassTarget) else 1


def loss_name(target: Target) -> str:
    """The loss that suits the target."""
    return "cross_entropy" if isinstance(target, ClassTarget) else "mse"
