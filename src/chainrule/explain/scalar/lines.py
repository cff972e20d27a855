"""The lines of a board, from the chain rule to the result; each is checked when it is added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from chainrule.explain.algebra.rewrite import LARGEST, ZERO, derivatives_of, parts, size, substituted, symbols_of
from chainrule.explain.expression import Derivative, Expression, Number, Product, Sum
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Line, Rule, Style
from chainrule.explain.scalar.chain import backwards, forwards, over_paths
from chainrule.explain.scalar.computation import Computation
from chainrule.explain.scalar.numerical_check import Checker

_LONGEST_LINE = 130
"""Characters of a line from which names have been eliminated; where it would be longer, the names stay."""


class Board:
    """The lines that stand already, each of which was checked when it was added."""

    def __init__(self, computation: Computation, checker: Checker, sought: Derivative) -> None:
        self.computation, self.checker, self.sought = computation, checker, sought
        self.lines = [Line(Rule.SOUGHT, sought)]
        self.steps: dict[Derivative, Expression] = {}
        self._above = checker.sought

    @property
    def last(self) -> Expression:
        """The expression of the last line."""
        return self.lines[-1].expression

    def add(self, rule: Rule, expression: Expression, names: Sequence[str] = ()) -> None:
        """A line that equals the line above; none if it says the same, or if only in it a number became too large.

        Where the line above still names derivatives, the infinity is that of a derivative.
        """
        was_so = _overflows(self.last) or derivatives_of(self.last)
        if expression != self.last and (was_so or not _overflows(expression)):
            line = Line(rule, expression, names=tuple(names))
            check, self._above = self.checker.compare(line.action, expression, self._above)
            self.lines.append(replace(line, check=check))

    def step(self, derivative: Derivative, expression: Expression) -> None:
        """A line of its own: what a derivative between is."""
        check, _ = self.checker.compare(write(derivative), expression, self.checker.value(derivative))
        self.lines.append(Line(Rule.INTERMEDIATE, expression, check=check, left=derivative))
        self.steps[derivative] = expression

    def finish(self) -> None:
        """From local derivatives to the result."""
        order = self.computation.order
        short = order.collected(order.without_zeros(self.last))
        if _count(short) < _count(self.last) and not _has_zero(self.last):
            self.add(Rule.COLLECT, short)
        needed = self._needed()
        names = [name for name in order if name in needed]
        closed = self.computation.closed(self.last)
        if names and size(closed) <= LARGEST and len(write(closed, dots=True)) <= _LONGEST_LINE:
            self.add(Rule.ELIMINATE, closed, names)
        if _has_zero(self.last):
            self.add(Rule.DROP_ZERO_TERMS, order.without_zeros(self.last))
        elif not self._needed() or isinstance(self.last, Sum):
            self.add(Rule.MULTIPLY_OUT, order.multiplied_out(self.last))
        self.add(Rule.COLLECT, order.collected(self.last) if isinstance(self.last, Sum) else self.last)
        self.add(Rule.RECOGNISE_SIGMOID, order.with_sigmoids(self.last))

    def _needed(self) -> set[str]:
        """The defined names in the last line, and those in their definitions."""
        needed: set[str] = set()
        pending = [*symbols_of(self.last)]
        while pending:
            name = pending.pop()
            if name in self.computation.definitions and name not in needed:
                needed.add(name)
                pending += self.computation.operands(name)
        return needed


def _overflows(e: Expression) -> bool:
    return (isinstance(e, Number) and not math.isfinite(e.value)) or any(map(_overflows, parts(e)))


def by_paths(board: Board, wrt: str) -> None:
    """The chain rule as a sum over all paths, with the local derivatives, as far as it can be written out."""
    named, derived = over_paths(board.computation, wrt)
    if not isinstance(named, Derivative):
        board.add(Rule.CHAIN_RULE, named)
    board.add(Rule.LOCAL_DERIVATIVES, derived)
    board.finish()


def by_steps(board: Board, wrt: str, style: Style) -> None:
    """The chain rule once over each edge, backwards (adjoints) or forwards (tangents), and what it comes to."""
    computation = board.computation
    steps = list((backwards if style == "reverse" else forwards)(computation, wrt))
    known: dict[Expression, Expression] = {}
    for derivative, expression in steps[:-1]:
        board.step(derivative, expression)
        if all(d in known for d in derivatives_of(expression)):
            inserted = substituted(expression, known)
            if size(inserted) <= LARGEST:
                known[derivative] = computation.order.collected(inserted)
    last = steps[-1][1]
    board.add(Rule.CHAIN_RULE, last)
    if all(d in known for d in derivatives_of(last)):
        inserted = substituted(last, known)
        if size(inserted) <= LARGEST and len(write(inserted)) <= _LONGEST_LINE:
            board.add(Rule.INSERT, inserted)
            board.finish()


def _count(e: Expression) -> int:
    return len(e.terms) if isinstance(e, Sum) else 1


def _has_zero(e: Expression) -> bool:
    terms = e.terms if isinstance(e, Sum) else (e,)
    return any(isinstance(term, Product) and ZERO in term.factors for term in terms) and len(terms) > 1
