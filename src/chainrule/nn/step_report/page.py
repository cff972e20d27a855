"""The board as an HTML fragment: semantic tables, native MathML, nothing that runs, nothing from elsewhere.

It inherits the colours of the page that it stands in, be it light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chainrule.nn.step_report.formula import Formula
from chainrule.nn.step_report.mathml import formula_html
from chainrule.nn.step_report.numbers import number
from chainrule.nn.step_report.statement import Section, Statement
from chainrule.nn.step_report.text import formula_text, statement_text
from chainrule.types import Array

STYLE = """
.chainrule { font: 16px/1.6 system-ui, sans-serif; color: inherit; text-align: left; max-width: 60rem; }
.chainrule table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0 0 1em; }
.chainrule caption { text-align: left; font-weight: 600; padding-top: .5em; }
.chainrule th { font-weight: normal; white-space: nowrap; }
.chainrule th, .chainrule td { text-align: left; vertical-align: baseline; padding: .2em 1em .2em 0;
  border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.chainrule math { math-style: normal; font-size: 1.05em; }
.chainrule .units th, .chainrule .units td { text-align: right; }
.chainrule small { opacity: .75; }
.chainrule summary { cursor: pointer; }
.chainrule .wide { overflow-x: auto; }
"""
"""Every rule counts inside of the fragment alone."""


def section(title: str, parts: Sequence[str]) -> str:
    """A <section> of its own, with what it needs."""
    said = "\n".join(parts)
    return f'<section class="chainrule" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n{said}\n</section>'


def board_table(part: Section) -> str:
    """One part of the board as a table: what, its formula, its value."""
    rows = "".join(_row(statement) for line in part.lines for statement in line)
    caption = f"<caption>{escape(part.title.capitalize())}</caption>"
    return f'<div class="wide"><table>{caption}<tbody>{rows}</tbody></table></div>'


def _row(statement: Statement) -> str:
    if not statement.parts:
        return f'<tr><td colspan="3"><small>{_text(statement_text(statement).text)}</small></td></tr>'
    *forms, value = statement.parts
    name = f'<th scope="row">{formula_html(statement.left)}</th>'
    said = " = ".join(map(formula_html, forms))
    remark = f" <small>{_text(formula_text(statement.remark).text)}</small>" if statement.remark else ""
    sign = f"{statement.relation} " if statement.relation != "=" else ""
    return f"<tr>{name}<td>{said}</td><td>{sign}{_text(formula_text(value).text)}{remark}</td></tr>"


def units_table(
    title: str, columns: Sequence[tuple[Formula, Array]], order: Sequence[int], remarks: Sequence[str]
) -> str:
    """The numbers of a layer, a row for each unit of `order`."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("unit", *(formula_html(name) for name, _ in columns)))
    rows = "".join(
        f'<tr><th scope="row">{unit + 1}</th>'
        + "".join(f"<td>{number(values[unit])}</td>" for _, values in columns)
        + "</tr>"
        for unit in order
    )
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    said = "".join(f"<p>{_text(remark)}</p>" for remark in remarks)
    return f'<div class="wide units">{table}</div>{said}'


def path_list(said: str, paths: Sequence[tuple[str, Sequence[tuple[Formula, str, Formula]]]], rest: str) -> str:
    """Paths, each with its factors to unfold: edge, number and form; the first is open."""
    items = []
    for place, (summary, factors) in enumerate(paths):
        rows = "".join(
            f'<tr><th scope="row">{formula_html(edge)}</th><td>{_text(value)}</td><td>{formula_html(form)}</td></tr>'
            for edge, value, form in factors
        )
        opened = ' open="open"' if place == 0 else ""
        table = f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'
        items.append(f"<details{opened}><summary>{_text(summary)}</summary>{table}</details>")
    return f"<p>{_text(said)}</p>{''.join(items)}" + (f"<p>{_text(rest)}</p>" if rest else "")


def folded(summary: str, content: str) -> str:
    """What is shown when its summary is opened."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _text(text: str) -> str:
    return escape(text.strip())
