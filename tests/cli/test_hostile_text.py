"""Nothing from a file reaches the terminal raw: neither escapes nor characters that turn or hide text, nor markup."""

import json
import os

import numpy as np
import pytest

from chainrule.cli.running import run
from chainrule.data import read_table
from chainrule.doctor import Diagnosis
from chainrule.interrupt import Interrupt
from chainrule.tabular import train_table

BAD = "\x1b]0;mine\x07\x9b2J\b\x7f\u202e\u2066"
RED = f"[red]r[/red]{BAD}"
TARGET, COLUMN, TABLE = f"kind {RED}", f"colour {RED}", f"t{RED.replace('/', '')}.csv"
MODEL, RUN = f"m{BAD}.safetensors", f"m{BAD}.diagnosis.json"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A table whose names and texts are hostile, in a file of such a name, its model, and its diagnosis."""
    directory = tmp_path_factory.mktemp("terminal")
    lines = [f'x,"{COLUMN}","{TARGET}",one']
    lines += [
        f"{row},blue {RED},left {RED},always {RED}" if row % 2 else f"{row},green,right,always {RED}"
        for row in range(80)
    ]
    (directory / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = read_table(directory / TABLE)
    model, _ = train_table(table, TARGET, hidden=(4,), epochs=2, progress=False, diagnose="full")
    model.save(directory / MODEL)
    model.network.diagnosis.save(directory / RUN)
    record = json.loads((directory / RUN).read_text("utf-8"))
    record["layers"][0] |= {"name": RED, "unreached": [RED], "activation": RED}
    (directory / "forged.json").write_text(json.dumps(record))
    message = BAD.encode("unicode_escape").decode()
    (directory / f"f{BAD}.py").write_text(f"def f(x):\n    raise ValueError('{message}')\n")
    return directory


COMMANDS = {
    "train": (0, "train", TABLE, "--target", TARGET, "--hidden", "4", "--epochs", "2", "-o", f"n{BAD}.safetensors"),
    "train and diagnose": (
        *(0, "train", TABLE, "--target", TARGET, "--hidden", "4", "--epochs", "2", "--diagnose", "-o"),
        f"n{BAD}.safetensors",
    ),
    "train for programs": (0, "train", TABLE, "--target", TARGET, "--epochs", "1", "--json", "-o", "n.safetensors"),
    "predict": (0, "predict", MODEL, TABLE, "--proba", "-o", f"o{BAD}.csv"),
    "inspect": (0, "inspect", MODEL),
    "inspect for programs": (0, "inspect", MODEL, "--json"),
    "explain": (0, "explain", MODEL, TABLE, "--row", "2"),
    "doctor of a run": (0, "doctor", RUN),
    "doctor of a forged run": (0, "doctor", "forged.json"),
    "doctor of a model": (0, "doctor", MODEL, TABLE),
    "compile": (0, "compile", MODEL),
    "cache": (0, "cache"),
    "an unknown target": (2, "train", TABLE, "--target", BAD),
    "a constant target": (2, "train", TABLE, "--target", "one"),
    "a text as a number": (2, "train", TABLE, "--target", TARGET, "--task", "regression"),
    "an unknown class": (2, "explain", MODEL, TABLE, "--row", "1", "--class", BAD),
    "a missing row": (2, "explain", MODEL, TABLE, "--row", "1000"),
    "a missing table": (2, "predict", MODEL, f"no{BAD}.csv", "-o", "o.csv"),
    "a missing model": (2, "inspect", f"no{BAD}.safetensors"),
    "a table for a model": (2, "inspect", TABLE),
    "a model for a table": (2, "predict", MODEL, MODEL, "-o", "o.csv"),
    "a table for a run": (2, "doctor", TABLE),
    "an output of another kind": (2, "predict", MODEL, TABLE, "-o", f"o{BAD}.txt"),
    "an output nowhere": (2, "predict", MODEL, TABLE, "-o", f"{BAD}/o.csv"),
    "an unknown option": (2, "train", f"--{BAD}"),
    "an unknown command": (2, BAD),
    "layers that are none": (2, "train", TABLE, "--target", TARGET, "--hidden", BAD),
    "a definition": (2, "derive", f"f = {BAD}"),
    "a function that fails": (2, "compile", f"f{BAD}.py:f", "--arg", "f64[]"),
    "a function that is none": (2, "derive", f"f{BAD}.py:g"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_whatever_is_printed_is_printable(what, directory, monkeypatch, capsys):
    status, *arguments = COMMANDS[what]
    monkeypatch.chdir(directory)
    monkeypatch.setenv("CHAINRULE_CACHE", os.environ["CHAINRULE_CACHE"] + BAD)
    assert run(arguments, Interrupt()) == status
    output, errors = capsys.readouterr()
    assert output + errors
    raw = {character for character in output + errors if not character.isprintable()} - {"\n"}
    assert not raw, output + errors


@pytest.mark.parametrize("what", ["train", "inspect", "doctor of a forged run"])
def test_markup_is_text(what, directory, monkeypatch, capsys):
    monkeypatch.chdir(directory)
    run(COMMANDS[what][1:], Interrupt())
    assert "[red]r[/red]" in capsys.readouterr().out


def test_what_is_written_to_a_file_is_as_it_was(directory, monkeypatch, capsys):
    monkeypatch.chdir(directory)
    run(COMMANDS["predict"][1:], Interrupt())
    written = read_table(directory / f"o{BAD}.csv")
    assert written.names == ("prediction", f"probability_left {RED}", "probability_right")
    assert np.isin(written["prediction"].values.astype(str), [f"left {RED}", "right"]).all()


def test_a_diagnosis_that_was_not_touched_is_read_as_it_was(directory):
    diagnosis = Diagnosis.load(directory / RUN)
    assert json.loads(json.dumps(diagnosis.to_json())) == json.loads((directory / RUN).read_text("utf-8"))
