"""The command: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import chart, pages, report
from benchmarks.accuracy import measure_accuracy
from benchmarks.conductor import ROOT
from benchmarks.diagnosis import measure_diagnosis
from benchmarks.latency import measure_predict
from benchmarks.machine import machine, own_versions
from benchmarks.probe import Probe
from benchmarks.processes import measure_compile, measure_import, measure_memory, measure_whole
from benchmarks.scaling import measure_scaling, measure_threads
from benchmarks.session import Session
from benchmarks.training import measure_training
from benchmarks.workloads import WORKLOADS

MEASUREMENTS = {
    "training": measure_training,
    "accuracy": measure_accuracy,
    "predict": measure_predict,
    "whole": measure_whole,
    "compile": measure_compile,
    "import": measure_import,
    "memory": measure_memory,
    "scaling": measure_scaling,
    "threads": measure_threads,
    "diagnosis": measure_diagnosis,
}
_PAGE = ROOT / "docs" / "benchmarks.md"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure chainrule and its peers in turns, next to a probe of the processor's peak. "
        "Writes results.json, results.md and a chart; results.json keeps the sections that are not measured again.",
    )
    add = parser.add_argument
    names = ", ".join(MEASUREMENTS)
    add("measurements", nargs="*", metavar="MEASUREMENT", help=f"some of {names}; all if none is named")
    add("--workloads", type=_list, default=[*WORKLOADS], metavar="NAMES", help=f"some of {','.join(WORKLOADS)}")
    add("--peers", type=_list, default=[], metavar="NAMES", help="such as jax,pytorch; all if none is named")
    add("--rounds", type=int, default=7, help="measurements of each contestant (7)")
    add("--seconds", type=float, default=0.5, help="that a measurement should take (0.5)")
    add("--torch-python", metavar="PATH", help="an interpreter that has PyTorch and NumPy, if this one has not")
    add("--output", type=Path, default=ROOT / "benchmarks" / "output", metavar="DIR", help="(benchmarks/output)")
    add("--page", action="store_true", help="write the tables and the chart to docs/ too")
    add("--report-only", action="store_true", help="measure nothing: make tables and chart of results.json again")
    options = parser.parse_args(given)
    for option, wanted, known in (
        ("measurement", options.measurements, MEASUREMENTS),
        ("workload", options.workloads, WORKLOADS),
    ):
        for name in wanted:
            if name not in known:
                parser.error(f"there is no {option} {name!r}; choose from {', '.join(known)}")
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds must be at least 1 and --seconds above 0")
    return options


def command(options: argparse.Namespace) -> str:
    """The command that measures this again, without the paths of this machine."""
    words = ["python -m benchmarks", *options.measurements]
    if options.workloads != [*WORKLOADS]:
        words.append(f"--workloads {','.join(options.workloads)}")
    if options.peers:
        words.append(f"--peers {','.join(options.peers)}")
    words.append(f"--rounds {options.rounds} --seconds {options.seconds:g}")
    return " ".join([*words, *(["--torch-python PATH"] if options.torch_python else [])])


def measure(options: argparse.Namespace, results: dict[str, Any]) -> None:
    """Measure what was asked for; results are written after every entry, as a whole run takes long."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(
            folder=Path(folder),
            workloads=[WORKLOADS[name] for name in options.workloads],
            rounds=options.rounds,
            seconds=options.seconds,
            peers=options.peers,
            torch_python=options.torch_python,
            probe=Probe(),
            versions=own_versions(),
        )
        for name in options.measurements or MEASUREMENTS:
            section: dict[str, Any] = {"date": date.today().isoformat(), "command": command(options), "entries": []}
            for entry in MEASUREMENTS[name](session):
                print(
                    name,
                    *(entry[key] for key in ("workload", "order", "quantity", "value") if key in entry),
                    flush=True,
                )
                section["entries"].append(entry)
                results["sections"][name] = section
                results["versions"] |= session.versions
                results["absent"] |= session.absent
                write(results, options.output)


def write(results: dict[str, Any], folder: Path) -> None:
    """Write results.json, results.md and the chart."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "results.md").write_text(pages.page(results) + "\n")
    chart.draw(results, folder / pages.CHART)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and report."""
    options = arguments(given)
    stored = options.output / "results.json"
    results: dict[str, Any] = {"sections": {}, "versions": {}, "absent": {}}
    if stored.exists():
        results |= json.loads(stored.read_text())
    if not options.report_only:
        results |= {"machine": machine(), "absent": {}}
        measure(options, results)
    write(results, options.output)
    if options.page:
        report.update(_PAGE, pages.page(results))
        chart.draw(results, _PAGE.with_name(pages.CHART))
    print(f"Written to {options.output}")


def _list(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    main()
