"""The command itself: help, version, start-up, and what happens without its optional dependency."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from expectations import refused

import chainrule as cr
from patience import PATIENCE


def test_help_names_the_commands_with_examples(command):
    for arguments in ([], ["--help"], ["-h"]):
        result = command(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
        for expected in ("train", "predict", "inspect", "chainrule train flights.csv --target late"):
            assert expected in result.stdout
    for name in ("train", "predict", "explain", "derive", "inspect"):
        result = command(name, "--help")
        assert result.returncode == 0
        assert re.search(rf"^  chainrule {name} \S", result.stdout, re.MULTILINE)


def test_version(command):
    assert command("--version").stdout == f"chainrule {cr.__version__}\n"


def test_help_imports_nothing_heavy():
    process = [sys.executable, "-X", "importtime", "-m", "chainrule", "train", "--help"]
    result = subprocess.run(process, capture_output=True, text=True, timeout=PATIENCE)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if "import time" in line}
    assert "click" in imported
    assert not imported & {"numpy", "rich", "duckdb", "safetensors", "chainrule.nn"}


def test_the_console_script_is_the_same_command():
    script = Path(sys.executable).with_name("chainrule")
    if not script.exists():
        pytest.skip("chainrule is not installed beside this Python")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=PATIENCE)
    assert (result.returncode, result.stdout) == (0, f"chainrule {cr.__version__}\n")


def test_an_unknown_command_is_named(command):
    refused(command("trian"), "No such command 'trian'. Did you mean 'train'? See chainrule --help")


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [("click", ["--help"], "chainrule[cli]"), ("duckdb", ["train", "t.parquet", "--target", "y"], "chainrule[table]")],
)
def test_a_missing_extra_is_named(tmp_path, package, arguments, extra):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    program = f"import sys; sys.modules[{package!r}] = None; from chainrule.cli import main; main()"
    process = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    refused(result, f'pip install "{extra}"')


def test_names_are_imported_when_used():
    assert set(cr.__all__) <= set(dir(cr))
    for name in cr.__all__:
        assert getattr(cr, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cr.nonsense
