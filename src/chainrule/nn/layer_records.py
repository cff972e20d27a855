"""Layers and losses as JSON made of a closed list of names, and back.

User-defined functions (an activation, a loss) are recorded by their name only, since a file must never name code;
whoever reads the record gives the functions again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.nn.architecture import Architecture
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.embedding import Embedding
from chainrule.nn.layer import Layer
from chainrule.nn.losses import LOSSES, Loss, loss_function
from chainrule.nn.normalisation import BatchNorm, LayerNorm
from chainrule.nn.residual import Residual

Functions = Mapping[str, Callable[..., Any]]

_LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls for cls in (Dense, Dropout, BatchNorm, LayerNorm, Residual, Embedding)
}
_INITIAL = ("weights", "biases")  # how parameters were initialised is of no use once they are stored


def architecture_record(architecture: Architecture) -> dict[str, Any]:
    """The arguments of `Network` as JSON.

    Raises:
        ModelFileError: a layer is user-defined, or a user-defined function has no name of its own.
    """
    own: dict[str, Any] = {}
    loss = architecture.loss
    return {
        "n_inputs": architecture.n_inputs,
        "layers": [_layer_record(layer, own) for layer in architecture.layers],
        "loss": loss.name if _is_ours(loss) else _function_record(loss.name, loss.per_example, own),
        "dtype": str(architecture.dtype),
    }


def _is_ours(loss: Loss) -> bool:
    named = LOSSES.get(loss.name)
    return named.per_example is loss.per_example if named else "(" in loss.name  # as in "huber(1.5)"


def _function_record(name: str, function: Any, own: dict[str, Any]) -> dict[str, str]:
    if name == "<lambda>":
        raise ModelFileError("a function of your own is called '<lambda>'; give it a name of its own with def")
    if own.setdefault(name, function) is not function:
        raise ModelFileError(f"two functions of your own are called {name!r}; give each a name of its own with def")
    return {"function": name}


def _layer_record(layer: Layer, own: dict[str, Any]) -> dict[str, Any]:
    kind = type(layer).__name__
    if _LAYERS.get(kind) is not type(layer):
        raise ModelFileError(f"a layer of type {kind} cannot be stored; use one of {', '.join(_LAYERS)}")
    record: dict[str, Any] = {"layer": kind}
    for name in _stored(type(layer)):
        record[name] = _value_record(getattr(layer, name), own)
    return record


def _value_record(value: Any, own: dict[str, Any]) -> Any:
    if callable(value):
        return _function_record(getattr(value, "__name__", "function"), value, own)
    if isinstance(value, tuple):
        return [_layer_record(item, own) if isinstance(item, Layer) else item for item in value]
    return value.item() if isinstance(value, np.generic) else value


def layer_from_record(record: Mapping[str, Any], functions: Functions) -> Layer:
    """The layer that a record describes; errors of many kinds if it describes none, or in another way than we do."""
    kind = _LAYERS[record["layer"]]
    require_fields(record, ["layer", *_stored(kind)])
    layer = kind(**{name: _value(record[name], functions) for name in _stored(kind)})
    for name in _stored(kind):
        _require_same(record[name], getattr(layer, name), f"{record['layer']}: {name}")
    return layer


def loss_from_record(record: Any, functions: Functions) -> Loss:
    """The loss that a record names."""
    loss = loss_function(_named_function(record, functions))
    if not isinstance(record, dict):
        _require_same(record, loss.name, "loss")
    return loss


def require_fields(record: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise ModelFileError unless a record has these fields and no others."""
    wrong = set(record) ^ set(names)
    if wrong:
        raise ModelFileError(f"the fields of a record are missing or unknown: {', '.join(sorted(map(str, wrong)))}")


def _require_same(stored: Any, read: Any, what: str) -> None:
    """Raise ModelFileError if a value would be stored otherwise, such as a flag that was a number."""
    if isinstance(stored, dict) or (isinstance(stored, list) and any(isinstance(item, dict) for item in stored)):
        return  # functions, which are given anew, and layers, which have been looked at
    again = _value_record(read, {})
    if json.dumps(again) != json.dumps(stored):
        raise ModelFileError(f"{what} is {stored!r:.80}, which would be stored as {again!r:.80}")


def _stored(kind: type[Layer]) -> list[str]:
    """The names of the fields of a layer that are stored."""
    return [item.name for item in fields(kind) if not (kind is Dense and item.name in _INITIAL)]  # type: ignore[arg-type]


def _value(value: Any, functions: Functions) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [layer_from_record(item, functions) for item in value]
    return _named_function(value, functions)


def _named_function(value: Any, functions: Functions) -> Any:
    if not isinstance(value, dict):
        return value
    name = value["function"]
    if name not in functions:
        raise ModelFileError(
            f"the network was made with a function {name!r} of your own, which a file cannot hold; "
            f"pass it again: load(path, functions={{{name!r}: {name}}})"
        )
    return functions[name]


def count_numbers(layers: Iterable[Layer], n_inputs: int) -> tuple[int, int]:
    """How many outputs layers have and how many numbers they hold, found without making any array."""
    total = 0
    for layer in layers:
        match layer:
            case Dense():
                total += layer.n_outputs * (n_inputs + bool(layer.use_bias))
                n_inputs = layer.n_outputs
            case BatchNorm():
                total += 4 * n_inputs
            case LayerNorm():
                total += 2 * n_inputs
            case Embedding(categories=categories, dimension=tuple(dimensions)):
                total += sum(count * width for count, width in zip(categories, dimensions, strict=True))
                n_inputs += sum(dimensions) - len(dimensions)
            case Residual():
                total += count_numbers(layer.layers, n_inputs)[1]
    return n_inputs, total
