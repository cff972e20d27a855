"""The formulas of a board in MathML: its names, ∂ℒ/∂W¹, W²ᵀ, a¹², and the signs between them; words stay words."""

from __future__ import annotations

import re
from html import escape

from chainrule.explain.expression import Derivative, Expression, Number, Power, Symbol
from chainrule.explain.render.mathml import NAMESPACE, MathML
from chainrule.nn.step_report.layout import SQUARED

_NAME = r"(?:[A-Za-z_]{2,}|[A-Za-zα-ωŷℒ])\u0302?[⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾]*[₀₁₂₃₄₅₆₇₈₉]*(?:\[\d+(?:,\d+)*\])?"
_TOKEN = re.compile(
    rf"∂(?P<of>{_NAME})/∂(?P<by>{_NAME})|(?P<name>{_NAME})(?P<raised>[ᵀ′{SQUARED}]?)"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+−]?\d+)?)|(?P<sign>[^\s\w]|Σ)"
)
_WORDS = re.compile(r"(?<![^\s(])[A-Za-z]{2,}(?![^\s.])")


def formula_html(text: str) -> str:
    """A formula of the board as <math> elements, with the words between them as text."""
    parts: list[str] = []
    start = 0
    for word in _WORDS.finditer(text):
        parts += [_math(text[start : word.start()]), word[0]]
        start = word.end()
    parts.append(_math(text[start:]))
    return " ".join(filter(None, parts))


def _math(text: str) -> str:
    tokens = [_element(token) for token in _TOKEN.finditer(text)]
    return f'<math xmlns="{NAMESPACE}"><mrow>{"".join(tokens)}</mrow></math>' if tokens else ""


def _element(token: re.Match[str]) -> str:
    if token["sign"]:
        return f"<mo>{escape(token['sign'])}</mo>"
    if token["number"]:
        return f"<mn>{token['number']}</mn>"
    return MathML().write(_expression(token))


def _expression(token: re.Match[str]) -> Expression:
    if token["of"]:
        return Derivative(token["of"], token["by"])
    if token["raised"] == SQUARED:
        return Power(Symbol(token["name"]), Number(2))
    return Symbol(token["name"] + token["raised"])
