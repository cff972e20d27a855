"""What is read from the cache is what was stored there by the same user; otherwise it is as if nothing were there."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from chainrule.errors import ArgumentError
from chainrule.runtime import cache
from chainrule.runtime.cache import CacheWarning
from patience import PATIENCE

pytestmark = pytest.mark.usefixtures("cache_directory")
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes as POSIX has them")
NAME, OTHER = cache.key("one"), cache.key("two")


def entry(directory, name=NAME):
    return directory / f"{name}.object"


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_what_was_stored_comes_back(cache_directory):
    assert cache.read(NAME) is None
    cache.write(NAME, b"code")
    cache.write(OTHER, b"")
    assert (cache.read(NAME), cache.read(OTHER)) == (b"code", b"")
    cache.write(NAME, b"new code")
    assert cache.read(NAME) == b"new code"
    assert names(cache_directory) == sorted([f"{NAME}.object", f"{OTHER}.object"])


def test_keys_differ_if_any_part_does():
    parts = [(), ("",), ("", ""), ("a",), ("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("é",)]
    assert len({cache.key(*each) for each in parts}) == len(parts)
    assert cache.key("a", "b") == cache.key("a", "b")


@posix
def test_directory_and_entries_are_private_whatever_the_umask(cache_directory):
    before = os.umask(0)
    try:
        cache.write(NAME, b"code")
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache_directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(cache_directory).stat().st_mode) == 0o600


def test_every_truncation_and_every_flipped_bit_is_found(cache_directory):
    cache.write(NAME, b"machine code")
    whole = entry(cache_directory).read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole + b"\0"]
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    for content in damaged:
        entry(cache_directory).write_bytes(content)
        assert cache.read(NAME) is None
    cache.write(NAME, b"machine code")
    assert cache.read(NAME) == b"machine code"


def test_an_entry_under_another_name_is_damaged(cache_directory):
    cache.write(NAME, b"code")
    entry(cache_directory).rename(entry(cache_directory, OTHER))
    assert cache.read(OTHER) is None


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_change_is_not_used(cache_directory, mode):
    cache.write(NAME, b"code")
    cache_directory.chmod(mode)
    assert cache.read(NAME) is None
    with pytest.warns(CacheWarning, match=rf"{cache_directory} .*changed by others; .*CHAINRULE_CACHE"):
        cache.write(OTHER, b"code")
    cache_directory.chmod(0o750)
    assert (cache.read(NAME), cache.read(OTHER)) == (b"code", None)


@posix
def test_a_directory_of_somebody_else_is_not_used(cache_directory, monkeypatch):
    cache.write(NAME, b"code")
    monkeypatch.setattr(os, "geteuid", lambda: cache_directory.stat().st_uid + 1)
    assert cache.read(NAME) is None
    with pytest.warns(CacheWarning, match="belongs to another user"):
        cache.write(OTHER, b"code")
    assert names(cache_directory) == [f"{NAME}.object"]


@posix
def test_a_link_in_place_of_the_directory_is_not_followed(cache_directory, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    cache_directory.parent.mkdir()
    cache_directory.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(CacheWarning, match="is a symbolic link"):
        cache.write(NAME, b"code")
    assert cache.read(NAME) is None
    assert names(tmp_path / "elsewhere") == []


def test_a_file_in_place_of_the_directory(cache_directory):
    cache_directory.parent.mkdir()
    cache_directory.write_text("mine")
    assert cache.read(NAME) is None
    with pytest.warns(CacheWarning, match="is not a directory"):
        cache.write(NAME, b"code")
    assert cache_directory.read_text() == "mine"


@posix
def test_an_entry_that_others_can_change_or_own_or_that_is_a_link_is_not_read(cache_directory, tmp_path, monkeypatch):
    cache.write(NAME, b"code")
    path = entry(cache_directory)
    path.chmod(0o602)
    assert cache.read(NAME) is None
    path.chmod(0o600)
    assert cache.read(NAME) == b"code"
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    assert cache.read(NAME) is None
    path.unlink()
    os.mkfifo(path)
    assert cache.read(NAME) is None  # and does not wait for a writer
    path.unlink()
    cache.write(NAME, b"code")
    monkeypatch.setattr(cache, "problem", lambda directory: None)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert cache.read(NAME) is None


@pytest.mark.parametrize("call", ["open", "replace", "mkdir"])
def test_a_full_or_read_only_disk_is_no_error(cache_directory, monkeypatch, call):
    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        cache.write(NAME, b"code")
        assert cache.read(NAME) is None
    assert not cache_directory.exists() or names(cache_directory) == []
    cache.write(NAME, b"code")
    assert cache.read(NAME) == b"code"


@pytest.mark.parametrize("value", ["off", "OFF"])
def test_it_can_be_switched_off(cache_directory, monkeypatch, value):
    cache.write(NAME, b"code")
    monkeypatch.setenv("CHAINRULE_CACHE", value)
    assert cache.read(NAME) is None
    cache.write(OTHER, b"code")
    assert cache.entries() == cache.clear() == []
    assert names(cache_directory) == [f"{NAME}.object"]


def age(directory, name, seconds):
    os.utime(entry(directory, name), (time.time() - seconds,) * 2)


def test_what_was_used_least_recently_makes_room(cache_directory, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "1")
    a, b, c, d = (cache.key(letter) for letter in "abcd")
    for name, seconds in ((a, 30), (b, 20), (c, 10)):
        cache.write(name, bytes(300_000))
        age(cache_directory, name, seconds)
    assert cache.read(a) is not None
    cache.write(d, bytes(300_000))
    assert [e.path for e in cache.entries()] == [entry(cache_directory, name) for name in (d, a, c)]
    assert cache.read(b) is None


def test_many_writes_list_the_directory_a_few_times_and_stay_within_the_limit(cache_directory, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "1")
    listings = []
    monkeypatch.setattr(os, "scandir", lambda path, scandir=os.scandir: listings.append(path) or scandir(path))
    for number in range(1000):
        cache.write(cache.key(str(number)), bytes(2_000))
    assert 2 * 16 <= len(listings) < 200
    held = sum(e.bytes for e in cache.entries())
    assert 0.85 * 2**20 < held <= 2**20
    assert cache.read(cache.key("999")) is not None


def test_what_is_larger_than_the_cache_is_not_stored(cache_directory, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "1")
    cache.write(NAME, b"small")
    cache.write(OTHER, bytes(2**20))
    assert names(cache_directory) == [f"{NAME}.object"]


def test_a_limit_that_makes_no_sense_is_named(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_MB", "many")
    with pytest.raises(ArgumentError, match="CHAINRULE_CACHE_MB is 'many'"):
        cache.write(NAME, b"code")


def test_leavings_of_writers_that_were_killed_go_and_files_of_others_stay(cache_directory):
    cache_directory.mkdir(0o700, parents=True)
    old, new = (cache_directory / f".{NAME}.object.{digit * 16}.part" for digit in "ab")
    mine = [cache_directory / name for name in ("notes.part", "main.object", ".hidden.part")]
    for path in (old, new, *mine):
        path.write_bytes(b"half")
        if path != new:
            os.utime(path, (1, 1))
    cache.write(NAME, b"code")
    entries = [entry(cache_directory)]
    assert names(cache_directory) == sorted(path.name for path in (new, *mine, *entries))
    assert [e.path for e in cache.clear()] == entries
    assert names(cache_directory) == sorted(path.name for path in (new, *mine))


def test_processes_that_share_a_cache_never_read_what_was_not_written(cache_directory):
    program = """
import random, sys
from chainrule.runtime import cache
random.seed(int(sys.argv[1]))
found = 0
for _ in range(400):
    number = random.randrange(6)
    name, code = cache.key(str(number)), bytes([number]) * 250_000
    if random.random() < 0.1:
        cache.clear()
    stored = cache.read(name)
    assert stored in (None, code)
    found += stored is not None
    if stored is None:
        cache.write(name, code)
print(found)
"""
    environment = {**os.environ, "CHAINRULE_CACHE_MB": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        for seed in range(3)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, b"")
        assert int(output) > 0
    assert sum(e.bytes for e in cache.entries()) <= 2**20
    assert all(name.endswith(".object") and not name.startswith(".") for name in names(cache_directory))


def test_a_warning_is_given_once(script, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    program = """
        import io, sys
        from chainrule.codegen.target import host
        from chainrule.runtime.code import load
        sys.stderr = io.StringIO()
        for i in range(3):
            load(f"define i64 @f() {{ ret i64 {i} }}", host(), ["f"])
        print(sys.stderr.getvalue().count("CacheWarning"))
    """
    assert script(program, CHAINRULE_CACHE=str(tmp_path / "link")) == "1\n"
