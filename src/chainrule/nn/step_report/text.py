"""Formulas and boards of a step as text: on lines of a width, in Unicode or in ASCII."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.explain.expression import (
    Derivative,
    Expression,
    Indexed,
    MatrixProduct,
    Power,
    Symbol,
    Transpose,
)
from chainrule.explain.notation import infix
from chainrule.explain.notation.names import subscript, superscript
from chainrule.nn.step_report.formula import Formula, Numbers, Piece, Sign, Word
from chainrule.nn.step_report.numbers import array, given
from chainrule.nn.step_report.statement import Section, Statement
from chainrule.terminal.ascii import in_ascii
from chainrule.terminal.lines import broken
from chainrule.terminal.styled import Role, StyledText, joined, printed, styled

MARGIN = 10
"""Characters before a line, for the title of its part."""
_SPACED = {"+": " + ", "⊙": " ⊙ ", ">": " > ", "Σ": "Σ ", ",": ", ", ":": ": ", "=": " = "}
"""Signs that do not stand close to what is beside them."""


def board_text(sections: Sequence[Section], width: int, ascii: bool, colour: bool | None) -> str:  # noqa: A002
    """The sections as text; a statement goes to a new line where `width` characters would not hold it."""
    lines = []
    for section in sections:
        title = section.title
        for statements in section.lines:
            said = [statement_text(statement, ascii) for statement in statements]
            for line in broken(said, width - MARGIN):
                lines.append((styled(title, Role.HEADING) + " " * (MARGIN - len(title)) + line).rstrip())
                title = ""
    return printed(lines, ascii, colour)


def statement_text(statement: Statement, ascii: bool = False) -> StyledText:  # noqa: A002
    """left = formula = value remark."""
    left, *parts = (formula_text(part, ascii) for part in (statement.left, *statement.parts))
    if parts:
        left = styled(left.text, Role.SUBJECT)
    relation = in_ascii(statement.relation) if ascii else statement.relation
    said = joined((left, *parts), f" {relation} ")
    return said + " " + formula_text(statement.remark, ascii) if statement.remark else said


def formula_text(formula: Formula, ascii: bool = False) -> StyledText:  # noqa: A002
    """The pieces one after the other, words between spaces."""
    text = styled("")
    for before, piece in zip((None, *formula), formula, strict=False):
        apart = Word in (type(before), type(piece)) and piece != Sign(")")
        if apart and text and text.text[-1] not in " (":
            text += " "
        text += _piece_text(piece, ascii)
    return text


def _piece_text(piece: Piece, ascii: bool) -> StyledText:  # noqa: A002
    role: Role | None = None
    match piece:
        case Sign(symbol):
            text = _SPACED.get(symbol, symbol)
        case Word(text, role):
            pass
        case Numbers(values, is_given):
            text = given(values) if is_given else array(np.asarray(values))
        case _:
            text = _expression_text(piece, ascii)
    return styled(in_ascii(text) if ascii else text, role)


def _expression_text(expression: Expression, ascii: bool) -> str:  # noqa: A002
    """A name as it is; ¹ is the number of its layer, and so a power is told from it in ASCII."""

    def write(part: Expression) -> str:
        return _expression_text(part, ascii)

    match expression:
        case Symbol(name):
            return name
        case Indexed(base, (index,)):
            return write(base) + subscript(str(index))
        case Indexed(base, indices):
            return f"{write(base)}[{','.join(map(str, indices))}]"
        case Derivative(of, by):
            return f"∂{of}/∂{by}"
        case Power(base, exponent):
            return write(base) + (f"^{write(exponent)}" if ascii else superscript(write(exponent)))
        case Transpose(Derivative() as operand):
            return f"({write(operand)})ᵀ"
        case Transpose(operand):
            return f"{write(operand)}ᵀ"
        case MatrixProduct(factors):
            return ("*" if ascii else "").join(map(write, factors))
    return infix.write(expression, infix.ASCII if ascii else infix.UNICODE)
