"""Files of arrays: what was written comes back, and anything else is refused by name."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from safetensors.numpy import load_file

from chainrule import storage
from chainrule.errors import ModelFileError
from chainrule.types import DTYPES
from forged_files import NO_DIGEST, file_of, sealed

HEADER = {"note": "Δ “quoted” \n", "list": [1, 2.5, None, True], "deep": {"a": {"b": []}}}
ARRAYS = {
    "matrix": np.arange(6.0).reshape(2, 3),
    "['path'][0]": np.array([1.5, -0.0, np.inf, np.nan], np.float32),
    "scalar": np.array(7, np.int64),
    "empty": np.zeros((0, 4), np.float32),
}
TENSOR = {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(path):
    storage.save(path, "thing", HEADER, ARRAYS)
    return path


def refused(path, content, match):
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=match) as caught:
        storage.load(path, "thing")
    assert str(path) in str(caught.value)


def test_round_trip(saved):
    header, arrays = storage.load(saved, "thing")
    assert {name: header[name] for name in HEADER} == HEADER
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()
        assert arrays[name].flags.writeable
        assert arrays[name].flags.owndata


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(path, dtype):
    array = np.array([0, 1, 1, 0]).astype(dtype)
    storage.save(path, "thing", {}, {"array": array})
    assert storage.load(path, "thing")[1]["array"].dtype == dtype


def test_arrays_of_any_layout(path):
    base = np.arange(24.0).reshape(4, 6)
    views = {"F": np.asfortranarray(base), "T": base.T, "reversed": base[::-1, ::-2], "big": base.astype(">f8")}
    storage.save(path, "thing", {}, views)
    for name, array in storage.load(path, "thing")[1].items():
        np.testing.assert_array_equal(array, views[name])


def test_no_arrays_at_all(path):
    storage.save(path, "thing", {"a": 1}, {})
    assert storage.load(path, "thing") == ({"format": storage.FORMAT, "kind": "thing", "a": 1}, {})


def test_the_same_content_gives_the_same_bytes(saved, tmp_path):
    storage.save(tmp_path / "again", "thing", HEADER, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_any_reader_of_safetensors_can_read_it(saved):
    np.testing.assert_array_equal(load_file(saved)["matrix"], ARRAYS["matrix"])


def test_paths_may_be_text(path):
    storage.save(str(path), "thing", {}, ARRAYS)
    assert set(storage.load(str(path), "thing")[1]) == set(ARRAYS)


# Refused


def test_every_truncation_is_refused(saved):
    content = saved.read_bytes()
    for length in range(len(content)):
        refused(saved, content[:length], "truncated|damaged")


def test_trailing_bytes_are_refused(saved):
    refused(saved, saved.read_bytes() + b"\0", "damaged")


def test_every_flipped_bit_is_refused(path):
    storage.save(path, "thing", {}, {"a": np.arange(3.0)})
    content = path.read_bytes()
    for position in range(8 * len(content)):
        altered = bytearray(content)
        altered[position // 8] ^= 1 << position % 8
        refused(path, bytes(altered), "damaged|truncated|not a chainrule file")


def test_swapped_files_are_another_kind(saved):
    with pytest.raises(ModelFileError, match="holds a thing, not a network"):
        storage.load(saved, "network")


@pytest.mark.parametrize("number", [2, 99, 0, "1", None])
def test_another_format_is_refused(path, number):
    refused(path, file_of({"format": number, "kind": "thing"}), "format .*update chainrule")


def test_a_missing_file_is_named(path):
    with pytest.raises(ModelFileError, match=r"model\.safetensors does not exist"):
        storage.load(path, "thing")


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(ModelFileError, match="is a directory; name the"):
        storage.load(tmp_path, "thing")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 8,
        b"\xff" * 8,
        b"\xff" * 64,
        b"PK\x03\x04 some zip file that is long enough",
        b"\x80\x04\x95pickle of something or other.",
        sealed([]),
        sealed({}),
        sealed({"__metadata__": []}),
        sealed({"__metadata__": {"chainrule": 5}}),
        sealed({"__metadata__": {"chainrule": "[]"}}),
        sealed({"__metadata__": {"chainrule": "{"}}),
        sealed(b'{"__metadata__": {"chainrule": "\xff"}}'),
        sealed(b"[" * 100_000),
        sealed({"__metadata__": {"chainrule": "[" * 100_000}}),
        sealed({"__metadata__": {"chainrule": "1" * 10_000}}),
    ],
)
def test_what_is_no_file_of_ours_is_refused(path, content):
    refused(path, content, "truncated|damaged|not a chainrule file")


@pytest.mark.parametrize("digest", [None, 5, [], "", "x" * 64, "é" * 64, "\ud800" * 64, "0" * 63], ids=ascii)
def test_a_digest_that_is_none_is_refused(path, digest):
    content = json.dumps({"sha256": digest, "format": 1, "kind": "thing"})
    refused(path, file_of(content), "SHA-256 differs")


def test_the_digest_covers_the_header(path):
    content = file_of({"format": 1, "kind": "thing", "learning": "abc"})
    path.write_bytes(content)
    assert storage.load(path, "thing")[0]["learning"] == "abc"
    refused(path, content.replace(b"abc", b"abd"), "SHA-256 differs")


@pytest.mark.parametrize(
    ("tensors", "data"),
    [
        ({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]}}, bytes(16)),
        ({"x": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": [0, 2**63 - 1, 2**63 - 1], "data_offsets": [0, 0]}}, b""),
        ({"x": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)),
        ({**TENSOR, "y": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)),
        ({**TENSOR, "y": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        (TENSOR, bytes(12)),
        (TENSOR, bytes(4)),
        ({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        ({"x": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2)),
        ({"x": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        ({"x": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "O", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}}, bytes(8)),
        ({"x": {"dtype": "F32", "shape": [2]}}, bytes(8)),
        ({"x": 5}, b""),
    ],
)
def test_tables_of_arrays_that_lie_are_refused(path, tensors, data):
    refused(path, file_of({"format": 1, "kind": "thing"}, tensors, data), "damaged|does not write")


def test_a_header_over_a_megabyte_is_refused_when_read(path):
    refused(path, file_of({"format": 1, "kind": "thing", "long": "x" * 2**20}), "truncated or not a chainrule file")


def test_a_long_description_is_stored_beside_the_header(saved):
    header = {"levels": [f"{number:06}é" for number in range(200_000)]}
    storage.save(saved, "thing", header, {"W": np.ones(3)})
    assert int.from_bytes(saved.read_bytes()[:8], "little") < 2**20
    loaded, arrays = storage.load(saved, "thing")
    assert loaded == {"format": 1, "kind": "thing", **header}
    assert list(arrays) == ["W"]


def test_names_of_arrays_over_a_megabyte_are_refused_when_written(saved):
    before = saved.read_bytes()
    with pytest.raises(ModelFileError, match="the names of 1 array would take more than 1048576 bytes"):
        storage.save(saved, "thing", {}, {"x" * 2**20: np.ones(1)})
    assert saved.read_bytes() == before


def test_text_that_looks_like_the_digest_does_no_harm(path):
    storage.save(path, NO_DIGEST, {"text": NO_DIGEST}, {NO_DIGEST: np.frombuffer(NO_DIGEST.encode(), np.uint8)})
    header, arrays = storage.load(path, NO_DIGEST)
    assert header["text"] == NO_DIGEST
    assert arrays[NO_DIGEST].tobytes() == NO_DIGEST.encode()


# A disk that refuses


@pytest.mark.parametrize("name", ["missing/file", "model.safetensors/below", ".", "", "x" * 300])
def test_a_path_that_cannot_be_written_is_named_and_changes_nothing(saved, name):
    before = saved.read_bytes()
    with pytest.raises(ModelFileError, match="cannot be written"):
        storage.save(saved.parent / name, "thing", HEADER, ARRAYS)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_full_disk_leaves_the_old_file(saved, unmeasured):
    """A limit on the size of files makes the write stop halfway, as a full disk does."""
    script = """
        import resource, sys
        import numpy as np
        from chainrule import storage
        from chainrule.errors import ModelFileError
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            storage.save(sys.argv[1], "thing", {}, {"large": np.zeros(100_000)})
        except ModelFileError as error:
            sys.exit(str(error))
    """
    before = saved.read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(script), str(saved)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=unmeasured)
    assert process.returncode == 1
    assert f"{saved} cannot be written: File too large; nothing was changed" in process.stderr
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_short_write_leaves_the_old_file(saved, monkeypatch):
    def short(self, content):
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr("pathlib.Path.write_bytes", short)
    with pytest.raises(ModelFileError, match="No space left on device; nothing was changed"):
        storage.save(saved, "thing", HEADER, ARRAYS)
    monkeypatch.undo()
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]
