"""A derivation in HTML: native MathML, details to unfold, inline CSS, light and dark, and no script.

The fragment inherits the colours of the page that it stands in, a notebook say; the page brings its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from chainrule.explain.expression import Number, Relation, Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.notation.mathml import to_mathml
from chainrule.explain.record import DerivationRecord, Edge
from chainrule.explain.render.board import BoardStep, checked, edges_of, meanings, paths_told, routes, steps
from chainrule.explain.render.latex import to_latex

STYLE = """
.chainrule { font: 16px/1.6 system-ui, sans-serif; color: inherit; text-align: left; max-width: 60rem; }
.chainrule math { font-size: 1.1em; }
.chainrule p, .chainrule ol, .chainrule ul { margin: .4em 0; padding: 0; }
.chainrule ol, .chainrule ul { list-style: none; }
.chainrule .names li { display: inline-block; margin-right: 1.4em; }
.chainrule .steps li { display: grid; grid-template-columns: 13rem 1fr; gap: 0 1rem; align-items: baseline;
  padding: .3em .6em; border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.chainrule .steps li:last-child { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.chainrule .rule { color: var(--chainrule-accent, inherit); }
.chainrule .line { overflow-x: auto; overflow-y: hidden; padding: .1em 0; }
.chainrule .note, .chainrule .remark { opacity: .75; font-size: .9em; }
.chainrule .note { margin-left: 1.5em; white-space: nowrap; }
.chainrule summary { cursor: pointer; }
.chainrule details ul { margin-left: 1.2em; }
.chainrule pre { overflow-x: auto; font-size: .85em; background: none; color: inherit; }
@media (max-width: 40rem) { .chainrule .steps li { grid-template-columns: 1fr; } }
"""

PAGE_STYLE = """
:root { color-scheme: light dark; --chainrule-accent: #0b5a8a; background: #fcfcfa; color: #1c1c1e; }
@media (prefers-color-scheme: dark) { :root { --chainrule-accent: #8cc8f0; background: #17181b; color: #e8e8e6; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; }
h1 { font: 600 1.5rem/1.4 system-ui, sans-serif; }
h2 { font: 600 1.2rem/1.4 system-ui, sans-serif; }
figure { margin: 2rem 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
"""


def _parts(derivation: DerivationRecord) -> Iterator[str]:
    sought = to_mathml(derivation.lines[0].expression)
    yield f'<p class="sought">{sought}{" where" if derivation.definitions else ""}</p>'
    if derivation.definitions:
        definitions = (Relation("=", Symbol(name), form) for name, form in meanings(derivation).items())
        yield _listed("names", (f"<li>{to_mathml(definition, dots=True)}</li>" for definition in definitions))
    yield from _paths(derivation)
    rows = "\n".join(map(_row, steps(derivation)))
    yield f'<ol class="steps">\n{rows}\n</ol>'
    for remark in filter(None, (*derivation.notes, checked(derivation))):
        yield f'<p class="remark">{escape(remark)}</p>'
    yield f"<details><summary>LaTeX</summary><pre>{escape(to_latex(derivation))}</pre></details>"


def _listed(kind: str, items: Iterator[str]) -> str:
    return f'<ul class="{kind}">' + "".join(items) + "</ul>"


def _row(step: BoardStep) -> str:
    where = ", ".join(map(to_mathml, step.where))
    rule = to_mathml(step.left) if step.left else escape(step.rule) + (f" {where}" if where else "")
    note = f'<span class="note">{escape(step.note)}</span>' if step.note else ""
    line = f'<span aria-hidden="true">= </span>{to_mathml(step.expression, step.dots)}{note}'
    if step.value:
        line += f'<br/><span aria-hidden="true">= </span><span class="value">{escape(step.value)}</span>'
    if step.reason:
        reasons = "".join(map(_row, step.reason))
        line += f'<details class="reason"><summary>why</summary><ul class="steps">{reasons}</ul></details>'
    return f'<li><span class="rule">{rule}</span><div class="line">{line}</div></li>'


def _paths(derivation: DerivationRecord) -> Iterator[str]:
    told = escape(paths_told(derivation))
    if told and not derivation.paths:
        yield f'<p class="remark">{told}</p>'
    if not derivation.paths:
        return
    arrows = ", ".join(_arrows(route) + (f" ({count}×)" if count > 1 else "") for route, count in routes(derivation))
    edges = _listed("edges", (f"<li>{_edge(edge)}</li>" for edge in edges_of(derivation)))
    yield f'<details class="paths"><summary>{told}: {arrows}</summary>{edges}</details>'


def _arrows(route: tuple[str, ...]) -> str:
    return "→".join(escape(write(Symbol(name))) for name in route)


def _edge(edge: Edge) -> str:
    local = to_mathml(Relation("=", edge.derivative, edge.local))
    return local if edge.value is None else f"{local} = {to_mathml(Number(edge.value))}"


def to_board(derivation: DerivationRecord) -> str:
    """The board without its style, for a fragment that has it."""
    return "\n".join(_parts(derivation))


def to_html(derivation: DerivationRecord) -> str:
    """The board as a fragment, for a page or a notebook."""
    name = escape(write(derivation.lines[0].expression))
    return (
        f'<section class="chainrule" aria-label="{name}, step by step">\n'
        f"<style>{STYLE}</style>\n{to_board(derivation)}\n</section>"
    )


def to_page(derivation: DerivationRecord, picture: str) -> str:
    """A file of its own: the board, and a picture in SVG below it; nothing is loaded from elsewhere."""
    title = f"{write(derivation.lines[0].expression)}, step by step"
    return page(title, f"{to_html(derivation)}\n<figure>{picture}</figure>")


def page(title: str, body: str) -> str:
    """A file of its own around a fragment."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
