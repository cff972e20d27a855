"""Bad input to `chainrule train`: one line that says what is wrong, where, and what to do; no file appears."""

import pytest
from expectations import refused

ROWS = "\n".join(f"{i % 7},{'ab'[i % 2]},{i * 0.5}" for i in range(30))
GOOD = f"x,kind,y\n{ROWS}\n"

TABLES = {
    "empty": ("", "kind", ["t.csv is empty"]),
    "header only": ("x,kind\n", "kind", ["t.csv has a header but no rows", "add"]),
    "duplicate columns": ("x,x,kind\n1,2,a\n", "kind", ["line 1", "both named 'x'", "rename"]),
    "ragged": (f"x,kind,y\n{ROWS}\n1,a\n", "kind", ["line 32 has 2 values", "3 columns"]),
    "bad UTF-8": (GOOD.encode() + b"1,\xff,2\n", "kind", ["line 32 is not UTF-8"]),
    "one class": (GOOD.replace("b", "a"), "kind", ["'kind' is always 'a'", "two classes"]),
    "all targets missing": (
        GOOD.replace(",a,", ",,").replace(",b,", ",NA,"),
        "kind",
        ["all values of the target column 'kind' are missing"],
    ),
    "one row": ("x,kind\n1,a\n", "kind", ["t.csv has 1 row with a known target", "add rows"]),
    "an infinite number": (GOOD + "inf,a,1\n", "kind", ["line 32", "column 'x'", "not a finite number"]),
    "nothing to learn from": ("kind\n" + "a\nb\n" * 20, "kind", ["no column to learn from"]),
    "an unknown target": (GOOD, "knid", ["t.csv has no column 'knid'", "did you mean 'kind'?"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_bad_tables(command, tmp_path, name):
    content, target, fragments = TABLES[name]
    (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(command("train", "t.csv", "--target", target), *fragments)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


OPTIONS = {
    "a text target as a number": (["--task", "regression"], ["column 'kind'", "row 1", "'a' is not a number"]),
    "an unknown task": (["--task", "guess"], ["--task", "'guess'", "see chainrule train --help"]),
    "hidden of text": (["--hidden", "256,x"], ["--hidden", "'256,x' names no layers", "256,256"]),
    "an empty layer": (["--hidden", "0"], ["--hidden", "'0' names no layers"]),
    "a test of everything": (["--test", "1"], ["--test", "1"]),
    "a test of nothing": (["--test", "0"], ["--test", "0"]),
    "a test too large for the rows": (["--test", "0.999"], ["test 0.999 leaves 2 of 30 rows", "smaller share"]),
    "epochs of text": (["--epochs", "x"], ["'x' is not a valid whole number"]),
    "no epochs": (["--epochs", "0"], ["--epochs", "0"]),
    "a negative seed": (["--seed", "-1"], ["--seed", "-1"]),
    "a seed beyond 64 bits": (["--seed", str(2**64)], ["seed must be a whole number"]),
    "another suffix": (["-o", "model.csv"], ["-o model.csv", "must end in .safetensors"]),
    "no such directory": (["-o", "no/m.safetensors"], ["there is no directory no", "make it first"]),
    "a file as directory": (["-o", "t.csv/m.safetensors"], ["there is no directory t.csv"]),
    "an unknown option": (["--tagret", "kind"], ["No such option", "--tagret"]),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_options(command, tmp_path, name):
    options, fragments = OPTIONS[name]
    (tmp_path / "t.csv").write_text(GOOD)
    refused(command("train", "t.csv", "--target", "kind", *options), *fragments)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("task", "complaint"),
    [("auto", "200 different values in 200 rows"), ("regression", "t.csv, column 'y', row 151: 'bad' is not a number")],
)
def test_one_bad_number_in_the_target_is_named_with_its_line(command, tmp_path, task, complaint):
    targets = ["" if row == 9 else "bad" if row == 150 else f"{row}.5" for row in range(201)]
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{row % 7},{y}\n" for row, y in enumerate(targets)))
    result = command("train", "t.csv", "--target", "y", "--task", task)
    refused(result, complaint, "all but 1 of 200 values are numbers, the first exception is 'bad' (t.csv, line 152)")


def test_files_that_are_none(command, tmp_path):
    refused(command("train", "nothing.csv", "--target", "kind"), "nothing.csv does not exist")
    refused(command("train", tmp_path, "--target", "kind"), "is a directory")
    (tmp_path / "t.xlsx").write_text("x")
    refused(command("train", "t.xlsx", "--target", "kind"), "t.xlsx is a workbook: save its sheet as CSV", ".csv")
    (tmp_path / "t.parquet").write_text("x")
    refused(command("train", "t.parquet", "--target", "kind"), "t.parquet is not a readable Parquet file")
    refused(command("train", "t.csv"), "Missing option '--target'", "see chainrule train --help")
    refused(command("train"), "Missing argument 'TABLE'")


def test_an_output_that_cannot_be_written_is_refused_before_the_table_is_read(command, tmp_path):
    (tmp_path / "d.safetensors").mkdir()
    refused(command("train", "nothing.csv", "--target", "kind", "-o", "d.safetensors"), "d.safetensors is a directory")
    (tmp_path / "full.safetensors").symlink_to("/dev/full")
    refused(
        command("train", "nothing.csv", "--target", "kind", "-o", "full.safetensors"),
        "full.safetensors is not a regular file",
    )
    refused(
        command("train", "nothing.csv", "--target", "kind", "-o", "/proc/model.safetensors"),
        "/proc/model.safetensors cannot be written",
    )
