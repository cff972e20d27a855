r"""A derivation in LaTeX: an align* environment that plain pdflatex sets with amsmath and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.explain.expression import Symbol
from chainrule.explain.notation.latex import Latex, text
from chainrule.explain.record import DerivationRecord
from chainrule.explain.render.board import BoardStep, meanings, paths_told, routes, steps


def rows(derivation: DerivationRecord) -> Iterator[tuple[str, str, str]]:
    """The rows of the board: left of the equals sign, from there on, and the words beside, all in LaTeX."""
    writer = Latex()
    for number, (name, expression) in enumerate(meanings(derivation).items()):
        yield writer.write(Symbol(name)), f"= {Latex(dots=True).write(expression)}", "" if number else "where"
    for number, (route, count) in enumerate(routes(derivation)):
        yield (
            "",
            _arrows(route) + (rf"\quad ({count}\times)" if count > 1 else ""),
            "" if number else text(paths_told(derivation)),
        )
    if not derivation.paths and paths_told(derivation):
        yield "", "", text(paths_told(derivation))
    left = writer.write(derivation.lines[0].expression)
    for step in steps(derivation):
        yield from _step(step, left)
        if not step.left or step.value:  # the next line goes on from this one, or has a left side of its own
            left = ""


def _step(step: BoardStep, left: str) -> Iterator[tuple[str, str, str]]:
    where = f" ${where}$" if (where := r",\ ".join(map(Latex().write, step.where))) else ""
    rule = "" if step.left else text(step.rule) + where
    note = f"({text(step.note).strip()})" if step.note else ""
    shown = Latex().write(step.left) if step.left else left
    yield shown, f"= {Latex(step.dots).write(step.expression)}", f"{rule} {note}".strip()
    if step.value:
        yield "", rf"= \text{{{text(step.value)}}}", ""
    for reason in step.reason:
        yield from (("", rf"\quad {left} {right}", words) for left, right, words in _step(reason, ""))


def _arrows(route: tuple[str, ...]) -> str:
    return r" \to ".join(Latex().write(Symbol(name)) for name in route)


def to_latex(derivation: DerivationRecord) -> str:
    """The board as an align* environment with the rules beside it, and the notes below; it needs only amsmath."""
    body = " \\\\\n".join(
        f"{left} & {right}" + (rf" && \text{{{beside}}}" if beside else "") for left, right, beside in rows(derivation)
    )
    notes = "\n\n".join(map(text, derivation.notes))
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}" + (f"\n\n{notes}" if notes else "")


def to_document(derivation: DerivationRecord) -> str:
    """A whole file for pdflatex."""
    return (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
        f"{to_latex(derivation)}\n"
        "\\end{document}\n"
    )
