"""The report tells ratios, and losses as plainly as wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.pages import page

from benchmarks import report

ROOT = Path(__file__).resolve().parents[2]


def entry(times, **more):
    samples = {name: {"median": time, "min": 0.9 * time, "all": [time]} for name, time in times.items()}
    return {"samples": samples, "peak": {"one": 100.0, "all": 200.0, "sustained": 160.0}, "failed": {}} | more


TIMES = {"chainrule": 10.0, "JAX": 40.0, "JAX, unrolled": 30.0, "PyTorch eager, 1 thread": 5.0}
VERDICT = {"same": True, "loss_error": 0.0, "distance": 2e-6, "median_distance": 1e-6, "steps": 100}


def training(order):
    return entry(
        TIMES,
        workload="tiny",
        shape="8-64-1",
        flops=1_000_000,
        order=order,
        verdicts={"chainrule": VERDICT, "JAX": VERDICT},
    )


def judged():
    """Of three seeds; in the second of them a relu is switched by rounding, in this project only."""
    distances = {"chainrule": (1e-6, 1.6e-2, 3e-6), "JAX": (2e-6, 5.9e-7, 2e-6)}
    verdicts = {name: [VERDICT | {"median_distance": x} for x in row] for name, row in distances.items()}
    return {"workload": "tiny", "shape": "8-64-1", "verdicts": verdicts, "failed": {}}


def results():
    sections = {
        "training": [training("given"), training("shuffled")],
        "accuracy": [judged()],
        "predict": [entry(TIMES, workload="tiny", shape="8-64-1", rows=rows) for rows in (1, 256)],
        "whole": [entry(TIMES, workload="digits", epochs=3, losses={"chainrule": 0.5})],
        "compile": [entry({"chainrule, cold": 50.0, "chainrule, cached": 2.0}, workload="tiny", shape="8-64-1")],
        "import": [entry({"numpy": 80.0, "chainrule": 100.0})],
        "memory": [{"workload": "digits", "data": 200.0, "grown": {"chainrule": 3.0, "JAX": 250.0}, "failed": {}}],
        "scaling": [entry(TIMES, quantity="width", value=16, flops=1_000)],
        "threads": [entry({"chainrule": 5.0, "chainrule, 1 thread": 9.0}, workload="tiny", shape="", flops=1_000)],
    }
    dated = {name: {"date": "2026-01-01", "command": "c", "entries": rows} for name, rows in sections.items()}
    absent = {"onnxruntime, 1 thread": "No module named 'onnxruntime'"}
    return {"machine": {"cores": "2"}, "versions": {"JAX": "1"}, "absent": absent, "sections": dated}


def test_a_library_is_compared_by_its_fastest_way():
    assert report.best(entry(TIMES))["JAX"] == ("JAX, unrolled", 30.0, 27.0)
    assert report.ratios(entry(TIMES)) == {"JAX": 3.0, "PyTorch": 0.5}


def test_the_share_of_the_peak_compares_medians_with_what_lasted_and_minima_with_the_highest_probe():
    assert report.share(training("given"), 10.0) == pytest.approx(1e6 / 10e-6 / 160e9)
    assert report.best_share(training("given"), 9.0) == pytest.approx(1e6 / 9e-6 / 200e9)


def test_where_a_peer_is_faster_is_said_worst_first():
    faster = entry({"chainrule": 10.0, "JAX": 1.0})
    lines = report.losses([("here", entry(TIMES)), ("there", faster)])
    assert lines == [
        "- there: JAX takes 0.10 of the time of chainrule.",
        "- here: PyTorch takes 0.50 of the time of chainrule.",
    ]


def test_the_page_has_every_section_and_what_was_not_measured():
    text = page(results())
    for name in ("A training step", "A prediction", "trained model", "Compiling", "Importing", "Memory", "Threads"):
        assert name in text
    assert "| tiny | 10.0 (9.00) | 62% (56%) | 30.0 (27.0) · **3.00×** | 5.00 (4.50) · **0.50×** |" in text
    assert "training, tiny, given: PyTorch takes 0.50" in text
    assert "No module named 'onnxruntime'" in text
    assert text.index("Where chainrule is slower") < text.index("A training step")


def test_distances_from_float64_are_medians_over_seeds():
    assert "| tiny | 3.0e-06 | 2.0e-06 | 1.50 |" in report.accuracy([judged()])
    assert "medians over 20 seeds" in page(results())


def test_a_page_without_losses_says_so():
    only = results()
    only["sections"] = {"training": {"date": "", "command": "", "entries": [training("given")]}}
    only["sections"]["training"]["entries"][0]["samples"].pop("PyTorch eager, 1 thread")
    assert "Nowhere in this run." in page(only)


def test_results_go_between_the_marks_and_nothing_else_changes(tmp_path):
    copy = tmp_path / "benchmarks.md"
    original = (ROOT / "docs" / "benchmarks.md").read_text()
    copy.write_text(original)
    report.update(copy, "first")
    report.update(copy, "second")
    text = copy.read_text()
    assert "second" in text
    assert "first" not in text.partition(report.BEGIN)[2]
    assert text.partition(report.BEGIN)[0] == original.partition(report.BEGIN)[0]
    assert text.partition(report.END)[2] == original.partition(report.END)[2]
    copy.write_text("no marks")
    with pytest.raises(ValueError, match="has no lines"):
        report.update(copy, "third")


def test_the_chart_names_everyone_and_is_the_same_every_time(tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks import chart

    chart.draw(results(), tmp_path / "a.svg")
    chart.draw(results(), tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    assert (tmp_path / "b.svg").read_text() == text
    for word in ("JAX", "PyTorch", "chainrule", "3×", "0.5×"):
        assert word in text


def test_the_command_is_told_without_paths_of_the_machine():
    pytest.importorskip("matplotlib")
    from benchmarks.__main__ import arguments, command

    options = arguments(["training", "--workloads", "tiny,odd", "--torch-python", "/somewhere/python", "--rounds", "3"])
    told = command(options)
    assert told == "python -m benchmarks training --workloads tiny,odd --rounds 3 --seconds 0.5 --torch-python PATH"
    with pytest.raises(SystemExit):
        arguments(["--workloads", "huge"])
    with pytest.raises(SystemExit):
        arguments(["everything"])
