"""A full disk, for every command that writes: the file that could not be written is named, and an old one stays."""

import os
import resource
import subprocess
import sys

import pytest
from expectations import refused

from patience import PATIENCE

DERIVE = ("derive", "f = x*exp(x)", "-o")
WRITERS = {
    "train": (("train", "flowers.csv", "--target", "kind", "--hidden", "4", "--epochs", "1", "-o"), "new.safetensors"),
    "predict to CSV": (("predict", "model.safetensors", "flowers.csv", "-o"), "out.csv"),
    "predict to Parquet": (("predict", "model.safetensors", "flowers.csv", "-o"), "out.parquet"),
    "explain": (("explain", "model.safetensors", "flowers.csv", "--row", "1", "--html"), "row.html"),
    "a board as a page": (DERIVE, "board.html"),
    "a board in LaTeX": (DERIVE, "board.tex"),
    "a board as text": ((*DERIVE[:2], "--ascii", "-o"), "board.txt"),
    "a diagnosis": (("doctor", "model.safetensors", "flowers.csv", "-o"), "run.json"),
    "a page of the doctor": (("doctor", "model.safetensors", "flowers.csv", "--html"), "run.html"),
}


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so where another test has loaded it
@pytest.mark.parametrize("what", WRITERS)
def test_the_file_is_named_and_the_old_one_stays(command, model, unmeasured, what):
    arguments, name = WRITERS[what]
    (model.parent / name).write_text("old")
    files = sorted(path.name for path in model.parent.iterdir())

    def tiny_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    result = command(*arguments, name, preexec_fn=tiny_files, env=unmeasured | {"CHAINRULE_CACHE": "off"})
    refused(result, f"chainrule: {name} cannot be written: ")
    assert "/" not in result.stderr
    assert (model.parent / name).read_text() == "old"
    assert sorted(path.name for path in model.parent.iterdir()) == files


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "model.safetensors"),
        ("inspect", "model.safetensors", "--json"),
        ("explain", "model.safetensors", "flowers.csv", "--row", "1"),
        ("derive", "f = x*exp(x)"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_full_standard_output_is_named(model, arguments):
    with open("/dev/full", "w") as full:
        process = [sys.executable, "-m", "chainrule", *arguments]
        result = subprocess.run(
            process, cwd=model.parent, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE
        )
    assert result.returncode == 2
    assert result.stderr == (
        "chainrule: the output cannot be written: No space left on device; free some space, or name another place\n"
    )
