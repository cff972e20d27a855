"""Every variable of the environment: what it means, what it is without one, and what a wrong value is told."""

import re
import sys
from pathlib import Path

import pytest

import chainrule
from chainrule import config
from chainrule.errors import ArgumentError

VARIABLES = (
    "CHAINRULE_CACHE",
    "CHAINRULE_CACHE_MB",
    "CHAINRULE_EXECUTOR",
    "CHAINRULE_TARGET",
    "CHAINRULE_THREADS",
    "OMP_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "XDG_CACHE_HOME",
    "LOCALAPPDATA",
)


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_variables(monkeypatch):
    for present in (False, True):
        if present:
            for name in VARIABLES:
                monkeypatch.setenv(name, " ")
        assert config.executor() == "engine"
        assert config.target_level() is None
        assert config.threads() is None
        assert config.threads_of_the_others() is None
        assert config.cache_bytes() == 256 * 2**20
        assert config.cache_directory().name in ("chainrule", "Cache")


def test_values(monkeypatch):
    for name, value in {"EXECUTOR": "Reference", "TARGET": "AVX2", "THREADS": " 3 ", "CACHE_MB": "12"}.items():
        monkeypatch.setenv(f"CHAINRULE_{name}", value)
    assert config.executor() == "reference"
    assert config.target_level() == "avx2"
    assert config.threads() == 3
    assert config.cache_bytes() == 12 * 2**20


@pytest.mark.parametrize(
    ("name", "value", "read", "expected"),
    [
        ("CHAINRULE_EXECUTOR", "fast", config.executor, "expected engine or reference"),
        ("CHAINRULE_THREADS", "0", config.threads, "expected a number of threads, as in 2"),
        ("CHAINRULE_THREADS", "1.5", config.threads, "expected a number of threads, as in 2"),
        ("CHAINRULE_CACHE_MB", "-1", config.cache_bytes, "expected a number of megabytes, as in 256"),
        ("CHAINRULE_CACHE_MB", "1GB", config.cache_bytes, "expected a number of megabytes, as in 256"),
        ("CHAINRULE_TARGET", "mmx", config.target_level, "expected one of avx512, avx2, sse2, neon"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(name, value, read, expected, monkeypatch):
    monkeypatch.setenv(name, value)
    for reading in (read, config.check):
        with pytest.raises(ArgumentError, match=re.escape(f"{name} is {value!r}; {expected}")):
            reading()


def test_limits_of_other_libraries_count_if_they_make_sense(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert config.threads_of_the_others() == 4
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "3")
    assert config.threads_of_the_others() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "dynamic")
    assert config.threads_of_the_others() == 3


def test_where_compiled_code_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    assert config.cache_directory() == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINRULE_CACHE", "here")
    assert config.cache_directory() == tmp_path / "here"
    monkeypatch.setenv("CHAINRULE_CACHE", "Off")
    assert config.cache_directory() is None


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", ".cache/chainrule"),
        ("darwin", "Library/Caches/chainrule"),
        ("win32", "AppData/Local/chainrule/Cache"),
    ],
)
def test_each_platform_has_its_customs(monkeypatch, tmp_path, platform, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert config.cache_directory() == tmp_path / expected


def test_the_xdg_directory_counts_if_it_is_absolute(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert config.cache_directory() == tmp_path / "chainrule"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert config.cache_directory() == tmp_path / "home/.cache/chainrule"


def test_without_a_home_nothing_is_kept(monkeypatch):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    assert config.cache_directory() is None


def test_no_other_module_reads_the_environment():
    readers = set()
    for path in Path(chainrule.__file__).parent.rglob("*.py"):
        if re.search(r"os\.getenv|environ\.get|environ\[[^\]]*\](?! *=[^=])|in os\.environ", path.read_text("utf-8")):
            readers.add(path.name)
    assert readers == {"config.py"}


def test_every_variable_is_listed():
    source = Path(config.__file__).read_text("utf-8")
    assert set(re.findall(r"CHAINRULE_\w+", source)) == set(re.findall(r"^\| (CHAINRULE_\w+) \|", source, re.MULTILINE))
