"""A diagnosis in HTML: native MathML, pictures in SVG, inline CSS, light and dark, and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from chainrule.doctor.finding import Finding
from chainrule.doctor.measurements import Measurements
from chainrule.doctor.picture import SHARES, curves
from chainrule.explain.render.html import STYLE, page, to_board

SHOWN = ("loss", "delta", "a", "gradient", "update_ratio", "saturated", "dead")
"""The pictures, in their order; of shares that stay 0 there is none."""

OWN_STYLE = """
.chainrule table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6em 0; }
.chainrule th, .chainrule td { padding: .2em .8em; text-align: right; white-space: nowrap; }
.chainrule th:first-child, .chainrule td:first-child { text-align: left; padding-left: 0; }
.chainrule thead th { font-weight: normal; opacity: .75; }
.chainrule tbody tr { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.chainrule .wide { overflow-x: auto; }
.chainrule .finding { margin: 1.6em 0; padding: .1em 0 .1em 1em; border-left: 4px solid #c77700; }
.chainrule .finding h3 { font: 600 1.1em/1.4 system-ui, sans-serif; margin: 0; }
.chainrule .finding h3 span { font-weight: normal; opacity: .75; font-size: .85em; margin-left: .6em; }
.chainrule dl { display: grid; grid-template-columns: 6rem 1fr; gap: .3em 1em; margin: .4em 0; }
.chainrule dt { opacity: .75; }
.chainrule dd { margin: 0; }
.chainrule .text { white-space: pre-wrap; }
.chainrule .healthy { border-left: 4px solid #2a8a4a; padding-left: 1em; }
.chainrule figure { margin: 1.2em 0; overflow-x: auto; }
.chainrule figure svg { max-width: 100%; height: auto; }
@media (max-width: 40rem) { .chainrule dl { grid-template-columns: 1fr; } }
"""


def to_html(diagnosis: Measurements, findings: Sequence[Finding]) -> str:
    """See `Diagnosis.html`."""
    return (
        f'<section class="chainrule" aria-label="Diagnosis of a training">\n<style>{STYLE}{OWN_STYLE}</style>\n'
        + "\n".join(_parts(diagnosis, findings))
        + "\n</section>"
    )


def to_page(diagnosis: Measurements, findings: Sequence[Finding]) -> str:
    """A file of its own; nothing is loaded from elsewhere."""
    return page("Diagnosis of a training", to_html(diagnosis, findings))


def _parts(diagnosis: Measurements, findings: Sequence[Finding]) -> Iterator[str]:
    yield from map(_finding, findings)
    if not findings:
        yield '<p class="healthy">' + escape(diagnosis.all_clear) + "</p>"
    header, *rows = diagnosis.table()
    if len(diagnosis.steps):
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
        body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        yield f'<div class="wide">{table}</div>'
    yield f'<p class="remark">{escape(diagnosis.span)}</p>'
    for quantity in SHOWN:
        values = [values for _, values in diagnosis.series(quantity).values()]
        if values and not (quantity in SHARES and not np.concatenate(values).any()):
            yield f"<figure>{curves(diagnosis, quantity)}</figure>"


def _finding(finding: Finding) -> str:
    when = f"<span>{escape(finding.when)}</span>" if finding.when else ""
    entries = (("because", finding.explanation), ("threshold", finding.threshold), ("fix", finding.fix))
    listed = "\n".join(f'<dt>{title}</dt><dd class="text">{escape(text)}</dd>' for title, text in entries)
    return (
        f'<div class="finding">\n<h3>{escape(finding.name)}{when}</h3>\n'
        f'<p class="text">{escape(finding.evidence)}</p>\n<dl>\n{listed}\n</dl>\n{_derived(finding)}</div>'
    )


def _derived(finding: Finding) -> str:
    """The board, to unfold."""
    derivation = finding.derivation
    if derivation is None:
        return ""
    summary = "the derivation, for one weight" if finding.variable == "w" else "the derivation, for one unit"
    return f"<details><summary>{summary}</summary>\n{to_board(derivation)}\n</details>\n"
