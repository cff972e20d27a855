"""A network read from a file: its architecture from JSON, its numbers from arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import storage, tree
from chainrule.constraints import COUNT
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.nn.layer_records import Functions, count_numbers, layer_from_record, loss_from_record, require_fields
from chainrule.nn.network import KIND, Network
from chainrule.types import Array


def load(path: str | Path, functions: Functions | None = None) -> Network:
    """Read a network that `Network.save` wrote.

    Args:
        path: of the file.
        functions: the user-defined activations and losses that the network was made with, by name.

    Raises:
        ModelFileError: the file is missing, damaged, no network, or needs a function that was not given.
    """
    header, arrays = storage.load(path, KIND, ["network"])
    return from_record(header.get("network"), arrays, functions or {}, str(path))


def from_record(header: Any, arrays: Mapping[str, Array], functions: Functions, path: str) -> Network:
    """The network that `Network.record` described; ModelFileError names the path if anything is wrong."""
    try:
        require_fields(header, ("n_inputs", "layers", "loss", "dtype"))
        layers = [layer_from_record(record, functions) for record in header["layers"]]
        loss = loss_from_record(header["loss"], functions)
        n_inputs, dtype = header["n_inputs"], header["dtype"]
        COUNT.require(n_inputs, "n_inputs")
        if dtype not in ("float32", "float64"):
            raise ValueError(f"its dtype is {dtype!r}")
        if count_numbers(layers, n_inputs)[1] != sum(array.size for array in arrays.values()):
            raise ValueError("the stored arrays do not fit the stored layers")
        network = Network(n_inputs, layers, loss, dtype=dtype)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    except (
        ChainruleError,
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ModelFileError(f"{path} does not describe a network: {error}") from error
    expected = {name: (array.shape, array.dtype) for name, array in network.named_arrays()}
    if expected != {name: (array.shape, array.dtype) for name, array in arrays.items()}:
        raise ModelFileError(f"{path}: the stored arrays do not fit the stored layers")
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise ModelFileError(f"{path}: {name} contains nan or infinity, which no training leaves behind")
    stored = iter([arrays[name] for name, _ in network.named_arrays()])
    network.parameters, network.state = (tree.rebuild(part, stored) for part in (network.parameters, network.state))
    return network
