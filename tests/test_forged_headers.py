"""Headers that were altered with a right digest: what is read can be saved again, and to the same bytes."""

import json
from itertools import islice

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.data import Table
from chainrule.errors import ArgumentError, ModelFileError
from chainrule.tabular import TableModel, train_table
from forged_files import NO_DIGEST, sealed

ODD = (None, True, -1, 0, 1, 2.5, 1e999, "1", "", "Infinity", [], [1], {}, {"a": 1}, "\ud800", 10**400, -0.0)


def network(path):
    layers = [nn.Embedding([3], [2]), nn.Dense(4, "tanh"), nn.BatchNorm(), nn.Dropout(0.1)]
    layers += [nn.Residual([nn.LayerNorm(), nn.Dense(4, use_bias=False)]), nn.Dense(1)]
    nn.Network(4, layers, "huber(1.5)").save(path)


def trained(path):
    """A network of a training that goes on from a checkpoint if there is one, and leaves one."""
    examples = np.eye(2), [0, 1]
    options = {"validation": examples, "early_stopping": 2, "epochs": 1, "progress": False}
    return nn.Network(2, [nn.Dense(1)]).fit(*examples, checkpoint=path, **options)


def table_model(path):
    random = np.random.default_rng(0)
    columns = {"a": random.normal(size=60), "b": np.array(["x", "y", "z"] * 20), "y": np.array(["p", "q"] * 30)}
    train_table(Table.of(columns), "y", epochs=1, hidden=(2,), progress=False)[0].save(path)


KINDS = {"network": (network, cr.load), "table model": (table_model, TableModel.load)}


def parts(path):
    """The safetensors header of a file, chainrule's own part of it, and the bytes of the arrays."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    own = json.loads(header["__metadata__"]["chainrule"])
    return header, own | {"sha256": NO_DIGEST}, content[end:]


def places(value, path=()):
    """The paths to all values inside of a JSON object."""
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def altered(own, path, change):
    copy = json.loads(json.dumps(own))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    change(inner, path[-1])
    return copy


def alterations(own):
    """The description with each of its values replaced by each odd one, left out, or joined by an unknown field."""
    for path in places({name: own[name] for name in own if name not in ("sha256", "format", "kind")}):
        for odd in ODD:
            yield f"{path} = {odd!r:.20}", altered(own, path, lambda inner, name, odd=odd: inner.__setitem__(name, odd))
        yield f"{path} left out", altered(own, path, lambda inner, name: inner.__delitem__(name))
        yield (
            f"{path} doubled",
            altered(
                own, path, lambda inner, name: inner.append(1) if isinstance(inner, list) else inner.update(more=1)
            ),
        )


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_can_be_saved_again_to_the_same_bytes(kind, every, tmp_path):
    save, load = KINDS[kind]
    path, again, last = (tmp_path / name for name in ("file", "again", "last"))
    save(path)
    header, own, data = parts(path)
    load(path).save(again)
    assert again.read_bytes() == path.read_bytes()
    for title, description in islice(alterations(own), 0, None, every):
        header["__metadata__"]["chainrule"] = json.dumps(description)
        path.write_bytes(sealed(header, data))
        try:
            read = load(path)
        except ModelFileError:
            continue
        read.save(again)
        load(again).save(last)
        assert again.read_bytes() == last.read_bytes(), title
        if kind == "network":
            assert parts(again)[1] == parts(path)[1], title
            assert str(parts(again)[1]) == str(parts(path)[1]), title


def test_a_flag_that_is_no_flag_is_refused(tmp_path):
    network(tmp_path / "file")
    header, own, data = parts(tmp_path / "file")
    for text in ("Infinity", "NaN", "1e999", "1", '"yes"', "null"):
        forged = json.dumps(own).replace('"use_bias": true', f'"use_bias": {text}')
        header["__metadata__"]["chainrule"] = forged
        (tmp_path / "file").write_bytes(sealed(header, data))
        with pytest.raises(ModelFileError, match="file"):
            cr.load(tmp_path / "file")


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.nightly)])
def test_a_checkpoint_that_was_altered_is_refused_or_goes_on(every, tmp_path):
    path = tmp_path / "file"
    trained(path)
    header, own, data = parts(path)
    for title, description in islice(alterations(own), 0, None, every):
        header["__metadata__"]["chainrule"] = json.dumps(description)
        path.write_bytes(sealed(header, data))
        try:
            net = trained(path)
        except ModelFileError:
            continue
        assert len(net.history) <= 2, title


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Dense(2, use_bias=float("inf")),
        lambda: nn.Dense(2, use_bias=1),
        lambda: nn.Dropout(True),
        lambda: nn.Dropout(None),
        lambda: nn.BatchNorm(momentum="1"),
        lambda: nn.BatchNorm(momentum=True),
        lambda: nn.LayerNorm(epsilon=True),
        lambda: nn.Embedding([2.5]),
        lambda: nn.Embedding([2], dimension=[True]),
        lambda: nn.Embedding([2], columns=["0"]),
        lambda: nn.Embedding([2], scale=float("inf")),
    ],
)
def test_a_layer_that_could_not_be_saved_is_not_made(layer):
    with pytest.raises(ArgumentError, match="must be"):
        layer()
