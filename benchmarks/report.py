"""Tables in Markdown from what was measured. Ratios are of medians of one run; what is slower is said first."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.conductor import library
from benchmarks.contestants import OURS

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
Entry = dict[str, Any]


def best(entry: Entry) -> dict[str, tuple[str, float, float]]:
    """For each library its fastest contestant: (name, median, minimum)."""
    found: dict[str, tuple[str, float, float]] = {}
    for name, sample in entry["samples"].items():
        peer = library(name)
        if peer not in found or sample["median"] < found[peer][1]:
            found[peer] = (name, sample["median"], sample["min"])
    return found


def ratios(entry: Entry) -> dict[str, float]:
    """By how much each peer's median is above this project's; below 1, the peer is faster."""
    fastest = best(entry)
    if OURS not in fastest or not fastest[OURS][1]:  # it has not taken part, or nothing was to be measured
        return {}
    return {peer: row[1] / fastest[OURS][1] for peer, row in fastest.items() if peer != OURS}


def share(entry: Entry, median: float) -> float:
    """The part of what all threads sustained in the same minutes that steps of `median` µs reach."""
    return float(entry["flops"] / median / 1e3 / entry["peak"]["sustained"])


def best_share(entry: Entry, minimum: float) -> float:
    """The part of the highest probe of all threads that the fastest steps reach."""
    return float(entry["flops"] / minimum / 1e3 / entry["peak"]["all"])


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [headings, ["---", *["--:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(number: float) -> str:
    """Three significant digits, with separators of thousands."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def times(entries: Sequence[Entry], label: str, unit: str, with_share: bool = False) -> str:
    """Medians, in brackets minima, and after them how many times as long as this project each peer takes."""
    peers = list(dict.fromkeys(peer for entry in entries for peer in best(entry) if peer != OURS))
    rows = []
    for entry in entries:
        fastest, ratio = best(entry), ratios(entry)
        cells = [str(entry[label]), _time(fastest.get(OURS))]
        if with_share:
            cells.append(_shares(entry, *fastest[OURS][1:]) if OURS in fastest else "–")
        for peer in peers:
            cells.append(_time(fastest.get(peer)) + (f" · **{figure(ratio[peer])}×**" if peer in ratio else ""))
        rows.append(cells)
    headings = [label, f"{OURS}, {unit}", *(["share of peak"] if with_share else []), *(f"{p}, {unit}" for p in peers)]
    return table(headings, rows)


def _shares(entry: Entry, median: float, minimum: float) -> str:
    return f"{share(entry, median):.0%} ({best_share(entry, minimum):.0%})"


def _time(row: tuple[str, float, float] | None) -> str:
    return "–" if row is None else f"{figure(row[1])} ({figure(row[2])})"


def every(entry: Entry, unit: str) -> str:
    """A table with a line for each contestant of one entry, fastest first."""
    samples = sorted(entry["samples"].items(), key=lambda item: item[1]["median"])
    rows = [[name, figure(sample["median"]), figure(sample["min"])] for name, sample in samples]
    return table(["", f"median, {unit}", f"minimum, {unit}"], rows)


def losses(entries: Iterable[tuple[str, Entry]]) -> list[str]:
    """A line for each place where a peer is faster than this project, the worst first."""
    slower = [
        (ratio, f"- {where}: {peer} takes {ratio:.2f} of the time of {OURS}.")
        for where, entry in entries
        for peer, ratio in ratios(entry).items()
        if ratio < 1
    ]
    return [line for _, line in sorted(slower)]


def accuracy(entries: Sequence[Entry]) -> str:
    """Distances from the float64 runs: medians over the seeds of this project's, of JAX's, and of their ratios."""
    rows = []
    for entry in entries:
        verdicts = entry["verdicts"]
        if not {OURS, "JAX"} <= verdicts.keys():
            continue
        cells = [entry["workload"]]
        for measure in ("median_distance", "distance"):
            own, other = ([verdict[measure] for verdict in verdicts[name]] for name in (OURS, "JAX"))
            shares = [x / y for x, y in zip(own, other, strict=True) if y]
            cells += [
                f"{statistics.median(own):.1e}",
                f"{statistics.median(other):.1e}",
                figure(statistics.median(shares)) if shares else "–",
            ]
        rows.append(cells)
    kinds = ("median", "root mean square")
    return table(["workload", *(f"{who}, {kind}" for kind in kinds for who in (OURS, "JAX", "ratio"))], rows)


def update(page: Path, text: str) -> None:
    """Put the text between the marks of a page.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no lines {BEGIN} and {END} between which results go")
    page.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}")
