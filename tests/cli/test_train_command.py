"""`chainrule train` from a file to a model and a report."""

import json
import os
import pty
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from expectations import EXAMPLES, QUICK, refused

from chainrule.data import read_table, write_table
from chainrule.tabular import TableModel
from patience import PATIENCE


def test_penguins_end_to_end(command, tmp_path):
    result = command("train", EXAMPLES / "penguins.csv", "--target", "species", "--epochs", "20", "-o", "p.safetensors")
    assert (result.returncode, result.stderr) == (0, "")
    for expected in ("species", "network", "linear model", "always Adelie", "accuracy", "log loss", "69 test rows"):
        assert expected in result.stdout
    assert "chainrule predict p.safetensors TABLE -o" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    result = command("predict", "p.safetensors", EXAMPLES / "penguins.csv", "-o", "out.csv", "--proba")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "344 predictions written to out.csv.\n")
    predicted, truth = read_table(tmp_path / "out.csv"), read_table(EXAMPLES / "penguins.csv")
    assert predicted.rows == 344
    assert (predicted["prediction"].values == truth["species"].values).mean() > 0.9


def test_json_is_one_object_with_the_documented_keys(command, flowers):
    result = command("train", flowers, "--target", "kind", *QUICK, "--json", "--seed", "7")
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert set(report) == {
        *("table", "target", "task", "rows", "unused", "baseline", "scores", "recipe", "ending", "parameters"),
        *("notes", "version", "seconds", "model"),
    }
    assert report["table"] == "flowers.csv"
    assert report["model"] == "model.safetensors"
    assert report["task"] == "classification"
    assert report["recipe"]["seed"] == 7
    assert report["recipe"]["hidden"] == [16]
    assert report["rows"] == {"table": 120, "training": 84, "validation": 12, "test": 24}
    assert set(report["scores"]) == {"network", "linear", "baseline"}
    for scores in report["scores"].values():
        assert set(scores) == {"accuracy", "log_loss", "auc"}


def test_numbers_from_parquet(command, flowers):
    parquet = flowers.with_suffix(".parquet")
    table = read_table(flowers)
    write_table(parquet, {column.name: column.values for column in table.columns})
    result = command("train", parquet, "--target", "length", *QUICK, "-o", "length.safetensors")
    assert result.returncode == 0, result.stderr
    for expected in ("RMSE", "R²", "the mean, ", "8 of 120 rows are left out because the target 'length' is missing"):
        assert expected in " ".join(result.stdout.split())


@pytest.mark.parametrize(("hidden", "sizes"), [("none", []), ("4, 3", [4, 3])])
def test_options_reach_the_training(command, flowers, hidden, sizes):
    options = ("--test", "0.5", "--hidden", hidden, "--epochs", "2", "--batch-size", "9", "--json")
    report = json.loads(command("train", flowers, "--target", "kind", *options).stdout)
    assert report["rows"]["test"] == 60
    assert (report["recipe"]["hidden"], report["recipe"]["epochs"], report["recipe"]["batch_size"]) == (sizes, 2, 9)


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(command, flowers, tmp_path):
    files = []
    for hash_seed in ("0", "1"):
        name = f"{hash_seed}.safetensors"
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        arguments = ("train", flowers, "--target", "kind", *QUICK, "-o", name, "--quiet")
        assert command(*arguments, env=environment).returncode == 0
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_no_directory_is_stored(trained_model):
    assert str(trained_model.parent).encode() not in trained_model.read_bytes()


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so where another test has loaded it
def test_a_full_disk_leaves_the_old_model(command, flowers, model, unmeasured):
    old = model.read_bytes()
    limit = 1_000_000

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = ("train", flowers, "--target", "kind", "--hidden", "1024,512", "--epochs", "1")
    result = command(*arguments, preexec_fn=small_files, env=unmeasured)
    refused(result, "model.safetensors cannot be written", "nothing was changed")
    assert model.read_bytes() == old
    assert sorted(path.name for path in model.parent.iterdir()) == ["flowers.csv", "model.safetensors"]


def test_divergence_ends_with_one_line_and_status_1(flowers, tmp_path):
    program = (
        "from chainrule.cli import main; from chainrule.optim import SGD; from chainrule.tabular.recipe import Recipe;"
        "Recipe.optimizer = SGD(1e30); main()"
    )
    process = [sys.executable, "-c", program, "train", flowers, "--target", "length", *QUICK]
    result = subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    refused(result, "training diverged", "Lower the learning rate", status=1)
    assert not (tmp_path / "model.safetensors").exists()


class InTerminal:
    """A command whose error stream is a terminal, so that it shows when training has begun."""

    PROGRAM = (
        "from chainrule.cli import main; from chainrule.tabular.recipe import Recipe;"
        "Recipe.patience = 10**9; main()"  # so that a training of little data lasts
    )

    def __init__(self, directory: Path, *arguments: object) -> None:
        self.terminal, end = pty.openpty()
        command = [sys.executable, "-c", self.PROGRAM, *map(str, arguments)]
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
        self.process = subprocess.Popen(
            command, cwd=directory, stdout=subprocess.PIPE, stderr=end, text=True, env=environment
        )
        os.close(end)
        self.shown = b""

    def wait_for(self, text: bytes) -> None:
        while text not in self.shown:
            more = self._more()
            assert more, self.shown.decode()
            self.shown += more

    def end(self) -> tuple[int, str, str]:
        """Status, standard output, and all that the terminal showed."""
        while more := self._more():
            self.shown += more
        output, _ = self.process.communicate(timeout=PATIENCE)
        os.close(self.terminal)
        return self.process.returncode, output, self.shown.decode()

    def _more(self) -> bytes:
        try:
            return os.read(self.terminal, 65_536)
        except OSError:  # how Linux says that the other end is closed
            return b""


LONG = ("--hidden", "16", "--epochs", "1000000")


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_write_the_model_so_far(flowers, tmp_path, command, number, expected):
    running = InTerminal(tmp_path, "train", flowers, "--target", "kind", *LONG)
    running.wait_for(b"valid ")
    running.process.send_signal(number)
    status, output, shown = running.end()
    assert status == expected
    assert "chainrule: interrupted; the model so far is in model.safetensors" in shown
    assert "Traceback" not in shown
    assert "linear model" not in output
    assert TableModel.load(tmp_path / "model.safetensors").report.ending.stopped == "interrupted"
    assert command("predict", "model.safetensors", flowers, "-o", "out.csv").returncode == 0


def test_a_kill_leaves_the_old_model(flowers, model):
    old = model.read_bytes()
    running = InTerminal(flowers.parent, "train", flowers, "--target", "kind", *LONG)
    running.wait_for(b"valid ")
    running.process.kill()
    assert running.end()[0] == -signal.SIGKILL
    assert model.read_bytes() == old


def test_quiet_draws_no_bar_in_a_terminal(flowers, tmp_path):
    running = InTerminal(tmp_path, "train", flowers, "--target", "kind", *QUICK, "--quiet")
    assert running.end() == (0, "", "")
