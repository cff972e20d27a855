"""The report of a run: its sections, in the order in which they are read."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.accuracy import SEEDS, STEPS
from benchmarks.processes import EPOCHS
from benchmarks.report import Entry, accuracy, every, figure, losses, table, times

CHART = "benchmarks.svg"
_DIAGNOSES = ("", " with a cheap diagnosis", " with a full diagnosis")


def page(results: dict[str, Any]) -> str:
    """Everything, as Markdown."""
    sections = results["sections"]
    parts = [_machine(results), _losses(sections)]
    for name, render in _RENDERERS.items():
        if name in sections:
            parts.append(
                f"{render(sections[name]['entries'])}\n\nMeasured {sections[name]['date']}: "
                f"`{sections[name]['command']}`."
            )
    parts.append(_not_measured(results))
    return "\n\n".join(part for part in parts if part)


def _machine(results: dict[str, Any]) -> str:
    facts = [*results["machine"].items(), *results["versions"].items()]
    return "### Machine and versions\n\n" + table(["", ""], [[name, value] for name, value in facts])


def _places(sections: dict[str, Any]) -> list[tuple[str, Entry]]:
    places = []
    for name, section in sections.items():
        for entry in section["entries"]:
            if "samples" in entry and name not in ("import", "diagnosis"):
                keys = ("workload", "order", "rows", "quantity", "value")
                places.append((", ".join((name, *(str(entry[key]) for key in keys if key in entry))), entry))
    return places


def _losses(sections: dict[str, Any]) -> str:
    lines = losses(_places(sections)) or ["Nowhere in this run."]
    return "### Where chainrule is slower\n\n" + "\n".join(lines)


def _training(entries: list[Entry]) -> str:
    text = f"### A training step\n\n![Times as fast as each peer, and share of the peak]({CHART})"
    for kind, title in (("shuffled", "Each library shuffles its own data"), ("given", "The order is given")):
        chosen = [entry for entry in entries if entry["order"] == kind]
        if chosen:
            text += f"\n\n{title}:\n\n" + times(chosen, "workload", "µs", with_share=True)
    probes = ", ".join(
        f"{entry['workload']} {figure(entry['peak']['sustained'])} ({figure(entry['peak']['all'])})"
        for entry in entries
    )
    text += f"\n\nProbed peak of all threads beside each line, GFLOP/s, sustained and in brackets highest: {probes}."
    return (
        text
        + "\n\n#### Every variant\n\n"
        + "\n\n".join(
            f"{entry['workload']} ({entry['shape']}), {entry['order']}:\n\n{every(entry, 'µs')}" for entry in entries
        )
    )


def _accuracy(entries: list[Entry]) -> str:
    return (
        f"### Accuracy\n\nHow far parameters are from those of a run in float64 after {STEPS} steps, relative to how "
        f"far they have moved: medians over {SEEDS} seeds. In one training a single relu that rounding switches "
        "decides."
        f"\n\n{accuracy(entries)}"
    )


def _predict(entries: list[Entry]) -> str:
    text = "### A prediction"
    for rows in dict.fromkeys(entry["rows"] for entry in entries):
        chosen = [entry for entry in entries if entry["rows"] == rows]
        text += f"\n\n{rows} row{'s' * (rows > 1)}:\n\n" + times(chosen, "workload", "µs")
    return text


def _whole(entries: list[Entry]) -> str:
    entry = entries[0]
    ends = ", ".join(f"{name} {loss:.3f}" for name, loss in entry["losses"].items())
    return (
        f"### From the start of a process to a trained model\n\nDigits, {EPOCHS} epochs; import, reading the data and "
        f"compiling included.\n\n{every(entry, 's')}\n\nLoss of the last epoch: {ends}."
    )


def _compile(entries: list[Entry]) -> str:
    text = "### Compiling\n\nBy how much the first training of one step in a process takes longer than the second."
    return text + "".join(f"\n\n{entry['workload']}:\n\n{every(entry, 'ms')}" for entry in entries)


def _import(entries: list[Entry]) -> str:
    return f"### Importing\n\nIn a new process, NumPy included.\n\n{every(entries[0], 'ms')}"


def _memory(entries: list[Entry]) -> str:
    entry = entries[0]
    rows = [[name, figure(grown)] for name, grown in sorted(entry["grown"].items(), key=lambda item: item[1])]
    return (
        f"### Memory\n\nMB by which an epoch of digits on {entry['data']:.0f} MB of float64 raises the peak of "
        f"resident memory, compilers included.\n\n{table(['', 'MB'], rows)}"
    )


def _scaling(entries: list[Entry]) -> str:
    text = "### How the cost grows\n\nA step of a 64-128-128-10 network, batch 128, with one thing changed."
    for quantity in dict.fromkeys(entry["quantity"] for entry in entries):
        chosen = [entry | {quantity: entry["value"]} for entry in entries if entry["quantity"] == quantity]
        text += f"\n\n{times(chosen, quantity, 'µs', with_share=True)}"
    return text


def _threads(entries: list[Entry]) -> str:
    names = list(dict.fromkeys(name for entry in entries for name in entry["samples"]))
    rows = [
        [
            entry["workload"],
            *(figure(entry["samples"][name]["median"]) if name in entry["samples"] else "–" for name in names),
        ]
        for entry in entries
    ]
    return f"### Threads\n\nµs a step.\n\n{table(['workload', *names], rows)}"


def _diagnosis(entries: list[Entry]) -> str:
    rows = []
    for entry in entries:
        none, *measured = (entry["samples"].get(f"chainrule{kind}") for kind in _DIAGNOSES)
        rows.append([entry["workload"], "–" if none is None else figure(none["min"])])
        rows[-1] += ["–" if none is None or some is None else _longer(some, none) for some in measured]
    return (
        "### Diagnosing\n\nThe least µs of a step in a whole training without, and how much longer it is with "
        "`fit(diagnose=…)`: the median of what was measured in turns, and in brackets the least beside the least."
        f"\n\n{table(['workload', 'µs', 'cheap', 'full'], rows)}"
    )


def _longer(some: dict[str, Any], none: dict[str, Any]) -> str:
    in_turns = statistics.median(x / y for x, y in zip(some["all"], none["all"], strict=True))
    return f"{100 * (in_turns - 1):+.1f}% ({100 * (some['min'] / none['min'] - 1):+.1f}%)"


def _not_measured(results: dict[str, Any]) -> str:
    lines = [f"- {name}: {reason}" for name, reason in results["absent"].items()]
    for name, section in results["sections"].items():
        for entry in section["entries"]:
            for contestant, reason in entry.get("failed", {}).items():
                lines.append(f"- {name}, {entry.get('workload', entry.get('value', ''))}, {contestant}: {reason}")
    return "### Not measured\n\n" + "\n".join(dict.fromkeys(lines)) if lines else ""


_RENDERERS = {
    "training": _training,
    "accuracy": _accuracy,
    "predict": _predict,
    "whole": _whole,
    "compile": _compile,
    "import": _import,
    "memory": _memory,
    "scaling": _scaling,
    "threads": _threads,
    "diagnosis": _diagnosis,
}
