"""`chainrule predict` and `chainrule inspect` on models that `chainrule train` wrote."""

import json
import os
import subprocess
import sys

import pytest
from expectations import QUICK, refused

from chainrule import nn
from chainrule.data import read_table
from patience import PATIENCE


def test_one_prediction_for_each_row_in_order(command, model, flowers, tmp_path):
    result = command("predict", model, flowers, "-o", "out.csv")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "120 predictions written to out.csv.\n")
    whole = (tmp_path / "out.csv").read_text().splitlines()
    assert whole[0] == "prediction"
    assert set(whole[1:]) == {"aster", "iris"}
    assert len(whole) == 121
    lines = flowers.read_text().splitlines()
    (tmp_path / "reversed.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
    assert command("predict", model, "reversed.csv", "-o", "out.csv").returncode == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == whole[:0:-1]


def test_one_prediction_is_told_in_the_singular_and_a_quiet_run_tells_nothing(command, model, tmp_path):
    (tmp_path / "new.csv").write_text("site,colour,length\nsite 1,red,1.5\n")
    assert command("predict", model, "new.csv", "-o", "out.csv").stderr == "1 prediction written to out.csv.\n"
    assert command("predict", model, "new.csv", "-o", "out.csv", "--quiet").stderr == ""


def test_probabilities_have_a_column_for_each_class(command, model, flowers, tmp_path):
    assert command("predict", model, flowers, "-o", "out.parquet", "--proba").returncode == 0
    table = read_table(tmp_path / "out.parquet")
    assert table.names == ("prediction", "probability_aster", "probability_iris")
    aster, iris = table["probability_aster"].values, table["probability_iris"].values
    assert abs(aster + iris - 1).max() < 1e-6
    assert ((iris > aster) == (table["prediction"].values == "iris")).all()


def test_raw_rows_with_gaps_new_levels_and_other_columns(command, model, tmp_path):
    (tmp_path / "new.csv").write_text("site,extra,colour,length\nsite 999,inf,green,1.5\n,2023-02-30,,\n")
    result = command("predict", model, "new.csv", "-o", "out.csv", "--proba")
    assert result.returncode == 0, result.stderr
    assert "Note: column 'colour': 1 of 1 values were not seen in training" in result.stderr
    assert read_table(tmp_path / "out.csv").rows == 2


BAD = {
    "a missing column": ("colour,site,lenght\nred,site 1,1\n", ["no column 'length'", "did you mean 'lenght'?"]),
    "text in a number": ("length,colour,site\n1,red,site 1\nlong,red,site 1\n", ["line 3", "'length'", "'long'"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_leave_the_old_output(command, model, tmp_path, name):
    content, fragments = BAD[name]
    (tmp_path / "bad.csv").write_text(content)
    (tmp_path / "out.csv").write_text("old")
    refused(command("predict", model, "bad.csv", "-o", "out.csv"), "bad.csv", *fragments)
    assert (tmp_path / "out.csv").read_text() == "old"


def test_bad_outputs_are_refused(command, model, flowers):
    refused(command("predict", model, flowers, "-o", "out.txt"), "-o out.txt", ".csv or .parquet")
    refused(command("predict", model, flowers, "-o", "flowers.csv"), "flowers.csv would replace an input")
    refused(command("predict", model, flowers), "Missing option '-o'")


def test_bad_models_are_refused(command, flowers, tmp_path):
    refused(command("predict", "no.safetensors", flowers, "-o", "out.csv"), "no.safetensors does not exist")
    refused(command("predict", flowers, flowers, "-o", "out.csv"), "flowers.csv", "not a chainrule file")
    nn.Network(2, [nn.Dense(1)]).save(tmp_path / "network.safetensors")
    refused(command("inspect", "network.safetensors"), "holds a network, not a table model", "chainrule.load")


def test_numbers_have_no_probabilities(command, flowers, tmp_path):
    assert command("train", flowers, "--target", "length", *QUICK, "--quiet").returncode == 0
    arguments = ("predict", "model.safetensors", flowers, "-o", "out.csv")
    refused(command(*arguments, "--proba"), "--proba", "predicts a number")
    assert command(*arguments).returncode == 0
    assert read_table(tmp_path / "out.csv")["prediction"].kind == "numeric"


def test_inspect_shows_target_columns_layers_and_scores(command, model):
    result = command("inspect", model)
    assert (result.returncode, result.stderr) == (0, "")
    expected = ("kind, one of 2 classes (aster, iris)", "length", "number", "median", "some missing", "2: blue, red")
    for fragment in (*expected, "Embedding", "Dense", "linear model", "24 test rows"):
        assert fragment in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_inspect_keeps_a_line_for_each_column_and_writes_numbers_out(command, tmp_path):
    rows = '07:30,"a\nb",k\n20:00,c,l\n13:59,"a\nb",k\n13:59,c,l\n' * 15
    (tmp_path / "t.csv").write_text(f"time,text,kind\n{rows}")
    assert command("train", "t.csv", "--target", "kind", *QUICK, "--quiet").returncode == 0
    shown = command("inspect", "model.safetensors").stdout
    assert "2: a\\nb, c\n" in shown
    assert "median 13:59, spread" in shown


def test_piped_output_has_no_blanks_around_it(command, flowers):
    options = ("--target", "kind", *QUICK)
    trained = command("train", flowers, *options, env=os.environ | {"COLUMNS": "50"}).stdout
    shown = command("inspect", "model.safetensors", env=os.environ | {"COLUMNS": "50"}).stdout
    for text, first in ((trained, "  kind from the other"), (shown, "  kind, one of")):
        assert text.startswith(first)
        assert text.endswith(("predictions.csv\n", "parameters.\n"))
        assert not any(line.endswith(" ") for line in text.splitlines())


def test_inspect_in_ascii_shows_what_it_can(command, model):
    result = command("inspect", model, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "kind, one of 2 classes (aster, iris)" in result.stdout


def test_inspect_as_json(command, model):
    shown = json.loads(command("inspect", model, "--json").stdout)
    assert set(shown) == {"model", "network", "preprocessing", "target", "report"}
    assert shown["target"]["classes"] == ["aster", "iris"]
    assert shown["report"]["table"] == "flowers.csv"


def test_a_closed_pipe_is_no_traceback(model):
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", "inspect", model, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=PATIENCE) == 1
