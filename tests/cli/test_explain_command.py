"""`chainrule explain` on a model that `chainrule train` wrote."""

import pytest
from expectations import QUICK, refused, shown


def test_shares_and_a_step_are_printed(command, model, flowers, tmp_path):
    before = model.read_bytes()
    result = command("explain", model, flowers, "--row", "17", "--step", "--html", "why.html")
    assert (result.returncode, result.stderr) == (0, "")
    for said in ("probability of kind = ", "colour", "the shares add up to", "per unit", "x₁", "BACKWARD", "CHECK"):
        assert said in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>flowers.csv, row 17</title>" in page
    assert "prefers-color-scheme: dark" in page
    assert ("The backward pass in matrices" in page) == ("Embedding(" not in result.stdout)
    assert page.count("<main>") == page.count("</html>") == 1
    assert "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "")
    assert "flowers.csv, row 17" in page
    assert "<script" not in page
    assert model.read_bytes() == before


def test_the_step_is_shown_if_asked_for(command, model, flowers):
    alone = shown(command("explain", model, flowers, "--row", "17"))
    both = shown(command("explain", model, flowers, "--row", "17", "--step"))
    assert "δ" not in alone
    assert "FORWARD" not in alone
    assert len(alone.splitlines()) < 25
    assert both.startswith(alone.rstrip("\n"))
    assert "δ" in both.removeprefix(alone)


def test_rows_count_from_one_and_a_baseline_can_be_named(command, model, flowers):
    same = command("explain", model, flowers, "--row", "3", "--baseline", "3", "--ascii")
    assert same.returncode == 0
    assert same.stdout.isascii()
    assert "the shares add up to 0" in same.stdout
    lengths = [line.split(",")[0] for line in flowers.read_text().splitlines()]
    row = f"{float(lengths[3]):.6g}".replace("-", "−")
    shown = command("explain", model, flowers, "--row", "3").stdout
    assert any(line.split()[:2] == ["length", row] for line in shown.splitlines())


def test_without_a_target_there_is_no_step(command, model, tmp_path):
    (tmp_path / "new.csv").write_text("site,colour,length\nsite 999,green,1.5\n")
    result = command("explain", model, "new.csv", "--row", "1", "--step")
    assert result.returncode == 0, result.stderr
    assert "green (unknown)" in result.stdout
    assert "One step of the network needs the row's target: " in result.stdout
    assert "BACKWARD" not in result.stdout


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        (("--row", "121"), ("--row 121", "has 120 rows")),
        (("--row", "0"), ("--row",)),
        (("--row", "1", "--baseline", "500"), ("--baseline 500",)),
        (("--row", "1", "--class", "iriss"), ("'iriss' is no class of 'kind'; did you mean 'iris'?",)),
        (("--row", "1", "--class", "x"), ("'x' is no class of 'kind'; its classes are 'aster', 'iris'\n",)),
        (("--row", "1", "--html", "why.txt"), ("--html why.txt", ".html")),
        ((), ("--row",)),
    ],
)
def test_what_cannot_be_explained_is_refused(command, model, flowers, options, fragments):
    refused(command("explain", model, flowers, *options), *fragments)


def test_names_from_a_table_have_no_power_over_the_terminal(command, tmp_path):
    turned = "\u202ekind"
    lines = [f"\x1b]0;mine\x07,colour\x9b,{turned}"]
    lines += [f"{row},red\x1b[2J,le\x07ft" if row % 2 else f"{row},blue,right" for row in range(80)]
    (tmp_path / "hostile.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    trained = command("train", "hostile.csv", "--target", turned, *QUICK, "--quiet", "-o", "m.safetensors")
    assert trained.returncode == 0, trained.stderr
    said = shown(command("explain", "m.safetensors", "hostile.csv", "--row", "2"))
    assert r"\u202ekind = le\x07ft" in said
    assert r"\x1b]0;mine\x07" in said
    assert all(character.isprintable() or character == "\n" for character in said)
