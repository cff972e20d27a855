"""The file of a table model: arrays of the network, and a JSON header with all the rest. Nothing in it is code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chainrule import nn, storage
from chainrule.data import Preprocessing, Target, target_from_json
from chainrule.data.record import JSON
from chainrule.errors import ModelFileError
from chainrule.nn.files import from_record
from chainrule.tabular.networks import loss_name, output_count
from chainrule.tabular.report import Report

KIND = "table model"


def save(path: str | Path, preprocessing: Preprocessing, network: nn.Network, target: Target, report: Report) -> None:
    """Write the file; see `TableModel.save`."""
    _, arrays = network.record()
    storage.save(path, KIND, description(preprocessing, network, target, report), arrays)


def description(preprocessing: Preprocessing, network: nn.Network, target: Target, report: Report) -> JSON:
    """What the file's header holds: everything but arrays, and but the time that training took."""
    facts = report.to_json()
    del facts["seconds"]
    return {
        "network": network.record()[0],
        "preprocessing": preprocessing.to_json(),
        "target": target.to_json(),
        "report": facts,
    }


def load(path: str | Path) -> tuple[Preprocessing, nn.Network, Target, Report]:
    """Read the file, and check that its parts belong together; see `TableModel.load`."""
    header, arrays = storage.load(path, KIND, ["network", "preprocessing", "target", "report"])
    try:
        preprocessing = Preprocessing.from_json(header.get("preprocessing"))
        target = target_from_json(header.get("target"))
        report = Report.from_json(header.get("report"))
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    network = from_record(header.get("network"), arrays, {}, str(path))
    if fitting(preprocessing, target) != described(network):
        raise ModelFileError(f"{path}: the stored network does not fit the stored columns and target")
    return preprocessing, network, target, report


def fitting(preprocessing: Preprocessing, target: Target) -> tuple[Any, ...]:
    """What a network for these inputs and this target must look like from outside."""
    return len(preprocessing.feature_names), preprocessing.embeddings, output_count(target), loss_name(target)


def described(network: nn.Network) -> tuple[Any, ...]:
    """What the network looks like from outside, as `fitting` tells it."""
    first = network.layers[0]
    embeddings: tuple[tuple[int, int], ...] = ()
    if isinstance(first, nn.Embedding):
        embeddings = tuple(zip(first.columns or (), first.categories, strict=True))
    return network.n_inputs, embeddings, network.n_outputs, network.loss.name
