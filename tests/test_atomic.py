"""A file is replaced whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys

import pytest

from chainrule import atomic
from chainrule.atomic import replacing


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old(old):
    with replacing(old) as beside:
        assert beside.parent == old.parent
        beside.write_bytes(b"new")
        assert old.read_bytes() == b"old"
    assert old.read_bytes() == b"new"
    assert names(old.parent) == ["file"]


def test_a_file_that_did_not_exist(tmp_path):
    with replacing(tmp_path / "new") as beside:
        beside.write_bytes(b"new")
    assert (tmp_path / "new").read_bytes() == b"new"
    assert names(tmp_path) == ["new"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_exception_leaves_the_old_file_and_nothing_else(old, error):
    def write():
        with replacing(old) as beside:
            beside.write_bytes(b"ne")
            raise error

    with pytest.raises(error):
        write()
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["file"]


def test_an_exception_before_anything_is_written(old):
    def write():
        with replacing(old):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert names(old.parent) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(old, call, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)

    def write():
        with replacing(old) as beside:
            beside.write_bytes(b"new")

    with pytest.raises(OSError, match="No space") as caught:
        write()
    assert caught.value.filename == str(old)
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["file"]


def test_content_reaches_the_disk_before_the_name_and_the_name_before_the_end(old, monkeypatch):
    events = []

    def watch(name, describe):
        original = getattr(os, name)

        def watched(*args):
            events.append(f"{name} {describe(*args)}")
            return original(*args)

        monkeypatch.setattr(os, name, watched)

    watch("fsync", lambda fd: "directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
    watch("replace", lambda source, target: "")
    with replacing(old) as beside:
        beside.write_bytes(b"new")
    assert events == ["fsync file", "replace ", "fsync directory"]


def test_two_writers_do_not_meet(old):
    with replacing(old) as first, replacing(old) as second:
        assert first != second
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert old.read_bytes() == b"first"
    assert names(old.parent) == ["file"]


@pytest.mark.parametrize("path", ["missing/file", "file/below"])
def test_a_directory_that_is_none_is_an_os_error(old, path):
    def write():
        with replacing(old.parent / path) as beside:
            beside.write_bytes(b"new")

    with pytest.raises(OSError, match=r"No such file|Not a directory"):
        write()
    assert names(old.parent) == ["file"]


def test_a_directory_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()

    def write():
        with replacing(tmp_path / "folder") as beside:
            beside.write_bytes(b"new")

    with pytest.raises(OSError, match=r"directory"):
        write()
    assert names(tmp_path) == ["folder"]


def test_synchronise_leaves_no_descriptor_open(old):
    before = os.listdir("/dev/fd")
    for _ in range(20):
        atomic.synchronise(old)
    assert len(os.listdir("/dev/fd")) == len(before)


def killed_while_writing(path):
    """A process that was killed after it had written half of a file."""
    script = """
import os, pathlib, signal, sys
from chainrule.atomic import replacing
with replacing(pathlib.Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script, str(path)]).returncode == -signal.SIGKILL


def write(path):
    with replacing(path) as beside:
        beside.write_bytes(b"new")


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("name", ["file", "a [*] name.csv", ".ck"])
def test_what_a_killed_writer_left_goes_at_the_next_write(tmp_path, name):
    killed_while_writing(tmp_path / name)
    (left,) = names(tmp_path)
    assert left.endswith(".part")
    write(tmp_path / "another file")
    assert left in names(tmp_path)
    write(tmp_path / name)
    assert names(tmp_path) == sorted([name, "another file"])


@pytest.mark.skipif(os.name != "posix", reason="numbers of processes are asked for on POSIX")
def test_what_a_living_writer_writes_stays(old):
    script = """
import pathlib, sys
from chainrule.atomic import replacing
with replacing(pathlib.Path(sys.argv[1])) as beside:
    beside.write_bytes(b"other")
    print("written", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", script, str(old)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"written\n"
        os.utime(next(path for path in old.parent.iterdir() if path.name != "file"), (1, 1))
        write(old)
        assert len(names(old.parent)) == 2
        writer.stdin.close()
        assert writer.wait() == 0
    assert old.read_bytes() == b"other"
    assert names(old.parent) == ["file"]


def test_of_other_machines_and_older_versions_only_old_files_go(old):
    machine, dead = "0" * 8, 2**22 + 1
    fresh, aged = (old.with_name(f".file.{machine}-{dead}-{digit * 8}.part") for digit in "ab")
    fresh_unnamed, aged_unnamed = (old.with_name(f".file.{digit * 16}.part") for digit in "ab")
    others = [
        old.with_name(name) for name in (".file.part", ".file.txt.part", ".files." + "a" * 16 + ".part", "x.part")
    ]
    link = old.with_name(f".file.{'c' * 16}.part")
    link.symlink_to(old)
    for path in (fresh, aged, fresh_unnamed, aged_unnamed, *others):
        path.write_bytes(b"half")
        if path not in (fresh, fresh_unnamed):
            os.utime(path, (1, 1))
    write(old)
    assert names(old.parent) == sorted(path.name for path in (old, fresh, fresh_unnamed, *others, link))
