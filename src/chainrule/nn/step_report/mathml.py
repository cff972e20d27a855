"""Formulas of a step's board in HTML: MathML, with the words between them as text."""

from __future__ import annotations

from html import escape
from itertools import groupby

import numpy as np

from chainrule.explain.notation.mathml import NAMESPACE, MathML
from chainrule.nn.step_report.formula import Formula, Numbers, Piece, Sign, Word
from chainrule.nn.step_report.numbers import array, given


def formula_html(formula: Formula) -> str:
    """The pieces as <math> elements, with the words between them as text."""
    parts = []
    for is_word, pieces in groupby(formula, lambda piece: isinstance(piece, Word)):
        written = map(_element, pieces)
        parts.append(
            " ".join(written) if is_word else f'<math xmlns="{NAMESPACE}"><mrow>{"".join(written)}</mrow></math>'
        )
    return " ".join(parts)


def _element(piece: Piece) -> str:
    match piece:
        case Word(text):
            return escape(text)
        case Sign(symbol):
            return f"<mo>{escape(symbol)}</mo>"
        case Numbers(values, is_given):
            return _number(given(values) if is_given else array(np.asarray(values)))
        case _:
            return MathML().write(piece)


def _number(text: str) -> str:
    digits = text.removeprefix("−")
    sign = "<mo>−</mo>" if digits != text else ""
    return f"{sign}<mn>{digits}</mn>"
