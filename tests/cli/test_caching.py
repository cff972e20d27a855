"""`chainrule cache` tells what is kept and where, and clears it."""

import os

import pytest
from expectations import QUICK, refused

from chainrule.runtime import cache


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache with three programs."""
    directory = tmp_path / "kept"
    monkeypatch.setenv("CHAINRULE_CACHE", str(directory))
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "12")
    for name in "abc":
        cache.write(cache.key(name), bytes(700_000))
    return directory


def lines(result):
    assert (result.returncode, result.stderr) == (0, "")
    return [line.split(maxsplit=1) for line in result.stdout.splitlines()]


def test_it_shows_directory_entries_bytes_and_limit(command, kept):
    expected = [["Directory", str(kept)], ["Kept", "3 programs, 2.0 MB"], ["At", "most    12 MB"]]
    assert lines(command("cache")) == expected


def test_it_clears_its_own_files_and_no_others(command, kept):
    (kept / "notes.txt").write_text("mine")
    assert lines(command("cache", "clear")) == [["Removed", "3 programs, 2.0 MB."]]
    assert [path.name for path in kept.iterdir()] == ["notes.txt"]
    assert lines(command("cache", "clear")) == [["Removed", "0 programs, 0.0 MB."]]
    assert lines(command("cache"))[1] == ["Kept", "0 programs, 0.0 MB"]


def test_one_program_is_no_plural(command, kept):
    cache.clear()
    cache.write(cache.key("a"), bytes(2**20))
    assert lines(command("cache"))[1] == ["Kept", "1 program, 1.0 MB"]


def test_a_directory_that_is_not_there_yet_is_not_made(command, tmp_path):
    directory = tmp_path / "none"
    result = command("cache", env={**os.environ, "CHAINRULE_CACHE": str(directory)})
    assert lines(result)[:2] == [["Directory", str(directory)], ["Kept", "0 programs, 0.0 MB"]]
    assert not directory.exists()


def test_switched_off(command, kept):
    environment = {**os.environ, "CHAINRULE_CACHE": "off"}
    assert command("cache", env=environment).stdout.startswith("Compiled code is not kept: CHAINRULE_CACHE is off")
    assert lines(command("cache", "clear", env=environment)) == [["Removed", "0 programs, 0.0 MB."]]
    assert len(list(kept.iterdir())) == 3


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_it_says_why_a_directory_is_not_used(command, kept):
    kept.chmod(0o777)
    result = command("cache")
    assert result.returncode == 0
    assert result.stdout.endswith("Not used: it belongs to another user or can be changed by others.\n")


def test_wrong_arguments_are_named(command, kept):
    refused(command("cache", "clean"), "No such command 'clean'", "ee chainrule cache --help")
    environment = {**os.environ, "CHAINRULE_CACHE_MB": "lots"}
    refused(command("cache", env=environment), "CHAINRULE_CACHE_MB is 'lots'; expected a number of megabytes")


def test_help(command):
    assert "chainrule cache clear" in command("cache", "--help").stdout
    assert "cache    Show or clear" in command("--help").stdout


@pytest.mark.parametrize("name", ["EXECUTOR", "TARGET", "THREADS", "CACHE_MB"])
def test_a_variable_that_makes_no_sense_is_refused_by_every_command(command, flowers, name, monkeypatch):
    monkeypatch.setenv(f"CHAINRULE_{name}", "abc")
    for arguments in (["cache"], ["cache", "clear"], ["train", flowers, "--target", "kind"], ["derive", "y = x^2"]):
        refused(command(*arguments), f"CHAINRULE_{name} is 'abc'; expected ")
    assert command("--help").returncode == 0


def test_trouble_with_the_cache_is_told_in_a_line(command, flowers, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    result = command("train", flowers, "--target", "kind", *QUICK, "--quiet")
    assert result.returncode == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"chainrule: compiled code is not kept: {tmp_path / 'file'} is not a directory; ")
