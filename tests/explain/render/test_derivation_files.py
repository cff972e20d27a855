"""Derivations in files: the suffix chooses the format, and a file is replaced whole or not at all."""

import errno
import xml.etree.ElementTree as ElementTree

import pytest

from boards import xyz
from chainrule.errors import ArgumentError
from chainrule.explain.derivation import Derivation


def saved(folder, name):
    xyz().save(folder / name)
    return (folder / name).read_text(encoding="utf-8")


def test_formats(tmp_path):
    page = saved(tmp_path, "board.html")
    assert xyz().html() in page
    assert xyz().svg() in page
    assert ElementTree.fromstring(saved(tmp_path, "board.svg")).tag == "{http://www.w3.org/2000/svg}svg"
    assert xyz().latex() in saved(tmp_path, "board.tex")
    assert Derivation.from_json(saved(tmp_path, "board.JSON")) == xyz()
    assert saved(tmp_path, "board.txt") == xyz().text(80, colour=False) + "\n"
    assert len(list(tmp_path.iterdir())) == 5


def test_names_of_files_may_be_texts(tmp_path):
    xyz().save(str(tmp_path / "board.txt"))
    assert (tmp_path / "board.txt").exists()


@pytest.mark.parametrize("name", ["board.pdf", "board"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match=r"ends in none of \.html, \.svg, \.tex, \.json, \.txt"):
        xyz().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_old_file_stays_if_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / "board.txt"
    path.write_text("old")

    def full(file, *_, **__):
        file.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(type(path), "write_text", full)
    with pytest.raises(OSError, match="no space"):
        xyz().save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
