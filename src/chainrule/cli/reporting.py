"""The report on a training as a small table: the network's score beside scores that anyone can have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.cli.text import UNKNOWN_WIDTH
from chainrule.printable import printable
from chainrule.tabular import Report, summary


def reading(table: Path, quiet: bool) -> AbstractContextManager[object]:
    """A line that says that the table is being read, where someone is looking."""
    console = Console(stderr=True)
    return (
        console.status(Text(f"reading {printable(table.name)}")) if console.is_terminal and not quiet else nullcontext()
    )


def print_report(report: Report, output: Path) -> None:
    """Print the report on a training whose model is in the file `output`."""
    with page() as console:
        target, source = summary.title(report)
        say(console, Text.assemble((target, "bold"), f" {source}"))
        console.print()
        say(console, score_table(report))
        console.print()
        for line in remarks(report):
            say(console, line)
        console.print()
        name = printable(str(output))
        say(console, Text.assemble("Written to ", (name, "bold"), ". Next:"))
        console.print(f"    chainrule predict {name} TABLE -o predictions.csv", markup=False, soft_wrap=True)


@contextmanager
def page() -> Iterator[Console]:
    """A console whose text stands between blank lines in a terminal, and has no blanks around it elsewhere."""
    console = Console(highlight=False)
    if not console.width:  # COLUMNS=0, which means unknown
        console.width = UNKNOWN_WIDTH
    with console.capture() as captured:
        yield console
    text = captured.get()
    print(f"\n{text}" if console.is_terminal else re.sub(" +\n", "\n", text).removesuffix("\n"), flush=True)


def score_table(report: Report) -> Table:
    """One row for each model, one column for each measure."""
    names, *models = summary.score_table(report)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in names:
        table.add_column(Text(name), justify="right" if name else "left")
    for number, cells in enumerate(models):
        table.add_row(*map(Text, cells), style="" if number else "bold")
    return table


def remarks(report: Report) -> Iterator[Text]:
    """What the scores say, the facts needed to judge them, and what is odd about the data; a line each."""
    verdict = summary.verdict(report)
    if verdict:
        yield Text(verdict, "yellow")
    yield from map(Text, summary.facts(report))
    for note in summary.notes(report):
        yield Text.assemble(("Note: ", "yellow"), note)


def say(console: Console, part: RenderableType) -> None:
    """Print a paragraph or a table with the margin of everything else."""
    console.print(Padding(part, (0, 0, 0, 2), expand=False))
