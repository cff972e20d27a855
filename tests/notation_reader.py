"""Reads mathematics as people do, from what each format writes, and gives its value: an oracle for brackets.

A power belongs to what it touches; a root without a bar takes what it touches, with its powers; a function without
brackets takes the next name; factors that stand side by side are a product; a slash divides by the next factor, with
all that stands tightly beside it. Names have one letter. All formats are made one line of signs first.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET

import numpy as np

FUNCTIONS = {
    "arctan": np.arctan,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "max": np.maximum,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
}
RAISED = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˣʸᶻ]"
TOKEN = re.compile(rf" *({'|'.join(FUNCTIONS)}|\d+\.?\d*|.)")


def of_text(text, values):
    """The value of mathematics on one line, in Unicode."""
    grouped = re.sub(f"{RAISED}+", lambda found: f"^{{{unicodedata.normalize('NFKC', found[0])}}}", text)
    for sign in set(re.findall("[½⅓⅔¼¾⅕⅙⅛⅜]", grouped)):
        grouped = grouped.replace(sign, f"{{{unicodedata.numeric(sign)!r}}}")
    return _Reader(grouped, values).value()


def of_latex(text, values):
    """The value of LaTeX."""
    text = text.replace(r"\left|", "⟨").replace(r"\right|", "⟩").replace(r"\left", "").replace(r"\right", "")
    signs = {r"\cdot": "·", r"\sigma": "σ", r"\frac": "⁄", r"\sqrt": "√", r"\,": " ", r"\operatorname": "", "-": "−"}
    for command, sign in signs.items():
        text = text.replace(command, sign)
    return _Reader(text.replace("\\", ""), values).value()


def of_mathml(text, values):
    """The value of a <math> element."""
    return _Reader(_line(ET.fromstring(text)), values).value()


def _line(element):
    tag, parts = element.tag.partition("}")[2], [_line(child) for child in element]
    match tag:
        case "mfrac":
            return f"⁄{{{parts[0]}}}{{{parts[1]}}}"
        case "msup":
            return f"{parts[0]}^{{{parts[1]}}}"
        case "msqrt":
            return f"√{{{''.join(parts)}}}"
    bars = [child for child in element if child.get("stretchy")]
    if bars:
        return f"⟨{''.join(parts[1:-1])}⟩"
    return (element.text or "").strip("\u2061\u2062") + "".join(parts)


class _Reader:
    def __init__(self, text, values):
        self.tokens = [*TOKEN.findall(text.strip()), ""]
        self.values = values

    def value(self):
        result = self.sum()
        assert self.tokens == [""], self.tokens
        return result

    def take(self, *signs):
        if self.tokens[0] in signs:
            return self.tokens.pop(0)
        return ""

    def sum(self):
        total = -self.product() if self.take("−", "-") else self.product()
        while sign := self.take("+", "−", "-"):
            term = self.product()
            total = total + term if sign == "+" else total - term
        return total

    def product(self):
        total = self.beside()
        while sign := self.take("·", "/"):
            factor = self.beside()
            total = total * factor if sign == "·" else total / factor
        return total

    def beside(self):
        total = self.power()
        while self.tokens[0] and self.tokens[0] not in "+−-·/)}⟩,|":
            total = total * self.power()
        return total

    def power(self):
        base = self.atom()
        while self.take("^"):
            base = base ** (-self.atom() if self.take("−", "-") else self.atom())
        return base

    def atom(self):
        token = self.tokens.pop(0)
        if token in FUNCTIONS:
            if self.take("{"):  # LaTeX's operator names
                self.take("}")
            return FUNCTIONS[token](*self.arguments()) if self.tokens[0] == "(" else FUNCTIONS[token](self.power())
        match token:
            case "√":
                return np.sqrt(self.power())
            case "⁄":
                over = self.atom()
                return over / self.atom()
            case "e":
                return np.e
        closing = {"(": ")", "{": "}", "⟨": "⟩", "|": "|"}.get(token)
        if closing is None:
            return self.values[token] if token in self.values else np.float64(token)
        inner = self.sum()
        assert self.take(closing), self.tokens
        return abs(inner) if token in "⟨|" else inner

    def arguments(self):
        self.take("(")
        found = [self.sum()]
        while self.take(","):
            found.append(self.sum())
        assert self.take(")"), self.tokens
        return found
