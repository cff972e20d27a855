"""The chart of a run: how many times as fast as each peer, and the share of the peak, by workload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter

from benchmarks.contestants import OURS
from benchmarks.report import best, ratios, share

_COLOURS = {
    OURS: "#1b6ca8",
    "JAX": "#c2571a",
    "PyTorch": "#7d4fa0",
    "scikit-learn": "#4d8a3a",
    "NumPy": "#8c8c8c",
}
_SETTINGS = {
    "svg.hashsalt": "chainrule",  # so that the same figures give the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results: dict[str, Any], path: Path, order: str = "shuffled") -> None:
    """Write the chart of the training steps as SVG; nothing if there are none."""
    section = results["sections"].get("training", {"entries": []})
    entries = [entry for entry in section["entries"] if entry["order"] == order and OURS in best(entry)]
    if not entries:
        return
    with mpl.rc_context(_SETTINGS):
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 1.2 + 0.62 * len(entries)), width_ratios=(3, 2))
        _ratios(left, entries)
        _shares(right, entries)
        right.set_yticks(range(len(entries)), [])
        left.set_yticks(range(len(entries)), [f"{entry['workload']}\n{entry['shape']}" for entry in entries])
        handles, names = left.get_legend_handles_labels()
        own, own_names = right.get_legend_handles_labels()
        found = dict(zip([*own_names, *names], [*own, *handles], strict=True))
        figure.legend(found.values(), found.keys(), loc="lower center", ncols=len(found), frameon=False)
        figure.tight_layout(rect=(0, 0.07, 1, 1))
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _ratios(axes: Any, entries: list[dict[str, Any]]) -> None:
    peers = list(dict.fromkeys(peer for entry in entries for peer in ratios(entry)))
    height = 0.8 / max(len(peers), 1)
    for number, peer in enumerate(peers):
        places = [(row, ratios(entry)[peer]) for row, entry in enumerate(entries) if peer in ratios(entry)]
        rows = [row - 0.4 + height * (number + 0.5) for row, _ in places]
        lengths = [ratio for _, ratio in places]
        axes.barh(rows, [ratio - 1 for ratio in lengths], height, 1, color=_COLOURS.get(peer), label=peer)
        for row, ratio in zip(rows, lengths, strict=True):
            text = f"{ratio:.2g}×" if ratio < 10 else f"{ratio:.0f}×"
            axes.annotate(text, (ratio, row), (3 if ratio > 1 else -3, 0), textcoords="offset points", fontsize=8,
                          va="center", ha="left" if ratio > 1 else "right")  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.set_title(f"Step time ÷ that of {OURS} (below 1: the peer is faster)", fontsize=9, loc="left")


def _shares(axes: Any, entries: list[dict[str, Any]]) -> None:
    peers = [peer for peer in _COLOURS if any(peer in best(entry) for entry in entries)]
    height = 0.8 / len(peers)
    for number, peer in enumerate(peers):
        places = [(row, share(entry, best(entry)[peer][1])) for row, entry in enumerate(entries) if peer in best(entry)]
        rows = [row - 0.4 + height * (number + 0.5) for row, _ in places]
        axes.barh(rows, [part for _, part in places], height, color=_COLOURS[peer], label=peer)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.invert_yaxis()
    axes.set_title("Share of the FMA peak that the cores sustained", fontsize=9, loc="left")
