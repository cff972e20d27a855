"""Files that users name: what is wrong with one is said in the same way everywhere, with the fix."""

import os
from pathlib import Path

import pytest

from chainrule import storage
from chainrule.cli.user_code import find_function
from chainrule.data import read_table
from chainrule.doctor import Diagnosis
from chainrule.errors import ArgumentError, ChainruleError, ModelFileError
from chainrule.nn import load
from chainrule.readable import require_readable
from chainrule.tabular import TableModel


def refusal(path):
    with pytest.raises(ArgumentError) as caught:
        require_readable(Path(path), "table", ArgumentError)
    return str(caught.value)


def test_a_file_that_may_be_read_passes(tmp_path):
    (tmp_path / "a.csv").write_text("x\n")
    (tmp_path / "link.csv").symlink_to("a.csv")
    require_readable(tmp_path / "a.csv", "table", ArgumentError)
    require_readable(tmp_path / "link.csv", "table", ArgumentError)


def test_a_missing_file_is_compared_with_its_neighbours_of_the_same_kind(tmp_path):
    (tmp_path / "flights.csv").touch()
    (tmp_path / "flight.txt").touch()
    assert refusal(tmp_path / "flight.csv").endswith("flight.csv does not exist; did you mean 'flights.csv'?")
    assert refusal(tmp_path / "other.csv").endswith("other.csv does not exist; check the path")
    assert refusal(tmp_path / "no" / "a.csv").endswith(f"nor does the directory {tmp_path / 'no'}; check the path")
    assert "does not exist" in refusal(tmp_path / "flights.csv" / "a.csv")


@pytest.mark.parametrize("address", ["http://host.org/a.csv", "https://host.org/a?b=c", "s3://bucket/a.parquet"])
def test_addresses_are_told_from_paths(address):
    assert (
        refusal(address)
        == f"{address} is an address, but nothing is loaded from a network; download it and name the file"
    )


def test_a_file_whose_name_looks_like_an_address_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("http:/host").mkdir(parents=True)
    Path("http:/host/a.csv").touch()
    require_readable(Path("http://host/a.csv"), "table", ArgumentError)


def test_what_is_no_file(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a directory; name the table inside it"
    assert "is not a regular file; copy the table to a file first" in refusal("/dev/null")
    assert "cannot be read: File name too long" in refusal(tmp_path / ("x" * 300))
    assert "cannot be read" in refusal("a\0b")
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read: Too many levels" in refusal(tmp_path / "loop")


def test_permission(tmp_path, monkeypatch):
    (tmp_path / "a.csv").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)  # an administrator may read everything
    assert refusal(tmp_path / "a.csv").endswith(
        "cannot be read: permission denied; allow yourself to read it, or name a copy"
    )


def test_a_name_has_no_power_over_the_terminal(tmp_path):
    (tmp_path / "b\x1b[2J.csv").touch()
    assert refusal(tmp_path / "a\x1b[2J.csv").isprintable()


READERS = {
    "table": read_table,
    "table model": TableModel.load,
    "network": load,
    "checkpoint": lambda path: storage.load(path, "checkpoint"),
    "diagnosis": Diagnosis.load,
    "Python file": lambda path: find_function(Path(path), "f"),
}


@pytest.mark.parametrize("what", READERS)
def test_everything_that_reads_says_it_alike(what, tmp_path):
    for path, said in [
        ("nothing.csv", "nothing.csv does not exist"),
        (tmp_path, f"is a directory; name the {what} inside it"),
        ("http://host.org/a.csv", "http://host.org/a.csv is an address"),
    ]:
        with pytest.raises(ChainruleError, match=said):
            READERS[what](path)


@pytest.mark.parametrize("kind", ["table model", "network", "checkpoint"])
def test_a_table_is_no_model(kind, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(ModelFileError, match=rf"t\.csv is not a chainrule file; a {kind} is what .* writes"):
        READERS[kind](tmp_path / "t.csv")


def test_a_diagnosis_is_json(tmp_path):
    for text, said in [
        ("a,b\n", "not JSON, as chainrule train"),
        ("[[", "not JSON"),
        ("{}", "not a diagnosis of version"),
    ]:
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(ModelFileError, match=rf"run\.json: {said}"):
            Diagnosis.load(tmp_path / "run.json")
