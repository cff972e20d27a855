"""A network as a file: its architecture as JSON made of a closed list of names, its numbers as arrays.

Functions of the user's own (an activation, a loss) are not stored, since a file must never name code: they are stored
by their name, and the caller of `load` gives the functions again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import storage, tree
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.embedding import Embedding
from chainrule.nn.layer import Layer
from chainrule.nn.losses import LOSSES, loss_function
from chainrule.nn.network import Network
from chainrule.nn.normalisation import BatchNorm, LayerNorm
from chainrule.nn.residual import Residual
from chainrule.types import Array

KIND = "network"
_LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls for cls in (Dense, Dropout, BatchNorm, LayerNorm, Residual, Embedding)
}
_INITIAL = ("weights", "biases")  # how parameters were initialised is of no use once they are stored
Functions = Mapping[str, Callable[..., Any]]


def save(network: Network, path: str | Path) -> None:
    """Write a network to a safetensors file.

    Raises:
        ModelFileError: the file cannot be written; an older one is intact.
    """
    header, arrays = to_record(network)
    storage.save(path, KIND, {"network": header}, arrays)


def load(path: str | Path, functions: Functions | None = None) -> Network:
    """Read a network that `Network.save` wrote.

    Args:
        path: of the file.
        functions: the user's own activations and losses that the network was made with, by name.

    Raises:
        ModelFileError: the file is missing, damaged, no network, or needs a function that was not given.
    """
    header, arrays = storage.load(path, KIND)
    return from_record(header.get("network"), arrays, functions or {}, str(path))


def to_record(network: Network) -> tuple[dict[str, Any], dict[str, Array]]:
    """The architecture as JSON, and all arrays by name."""
    loss = network.loss.name
    known = loss.partition("(")[0] in (*LOSSES, "huber", "quantile")
    header = {
        "n_inputs": network.n_inputs,
        "layers": [_layer_record(layer) for layer in network.layers],
        "loss": loss if known else {"function": loss},
        "dtype": str(network.dtype),
    }
    return header, dict(_named(network))


def from_record(header: Any, arrays: Mapping[str, Array], functions: Functions, path: str) -> Network:
    """The network that `to_record` described; ModelFileError names the path if anything is wrong."""
    try:
        layers = [_layer(record, functions) for record in header["layers"]]
        loss = _named_function(header["loss"], functions)
        loss = loss if callable(loss) else loss_function(loss)
        network = Network(header["n_inputs"], layers, loss, dtype=header["dtype"])
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    except (ChainruleError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{path} does not describe a network: {error}") from error
    expected = {name: (array.shape, array.dtype) for name, array in _named(network)}
    if expected != {name: (array.shape, array.dtype) for name, array in arrays.items()}:
        raise ModelFileError(f"{path}: the stored arrays do not fit the stored layers")
    network.parameters = tree.rebuild(
        network.parameters, iter([arrays[name] for name, _ in tree.items(network.parameters, "parameters")])
    )
    network.state = tree.rebuild(network.state, iter([arrays[name] for name, _ in tree.items(network.state, "state")]))
    return network


def _named(network: Network) -> list[tuple[str, Array]]:
    return [*tree.items(network.parameters, "parameters"), *tree.items(network.state, "state")]


def _layer_record(layer: Layer) -> dict[str, Any]:
    kind = type(layer).__name__
    if _LAYERS.get(kind) is not type(layer):
        raise ModelFileError(f"a layer of type {kind} cannot be stored; use one of {', '.join(_LAYERS)}")
    record: dict[str, Any] = {"layer": kind}
    for item in fields(layer):  # type: ignore[arg-type]
        if not (isinstance(layer, Dense) and item.name in _INITIAL):
            record[item.name] = _value_record(getattr(layer, item.name))
    return record


def _value_record(value: Any) -> Any:
    if callable(value):
        return {"function": getattr(value, "__name__", "function")}
    if isinstance(value, tuple):
        return [_layer_record(item) if isinstance(item, Layer) else item for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _layer(record: Mapping[str, Any], functions: Functions) -> Layer:
    options = {name: _value(value, functions) for name, value in record.items() if name != "layer"}
    return _LAYERS[record["layer"]](**options)


def _value(value: Any, functions: Functions) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_layer(item, functions) for item in value]
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
