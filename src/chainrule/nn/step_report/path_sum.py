"""Why is ∂ℒ/∂W¹[1,2] what it is? The sum over all paths from the weight to the loss, one factor for every edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chainrule.explain.expression import Derivative
from chainrule.figures import counted
from chainrule.nn.step_report import page
from chainrule.nn.step_report.formula import Formula, Numbers
from chainrule.nn.step_report.numbers import number
from chainrule.nn.step_report.text import formula_text
from chainrule.terminal.lines import broken
from chainrule.terminal.styled import Role, StyledText, printed, styled

SHOWN_PATHS = 3
"""How many paths are kept for each unit, the largest; exactly so many of all paths are found."""


@dataclass(frozen=True)
class Factor:
    """One edge of a path: the local derivative there.

    Attributes:
        derivative: the derivative, as an expression.
        formula: what it is; empty where it has no short form.
        number: its number, as it is shown.
    """

    derivative: Derivative
    formula: Formula
    number: Numbers

    @property
    def value(self) -> float:
        """Its number."""
        return float(self.number.values)

    @property
    def edge(self) -> str:
        """The derivative, such as "∂a¹₁/∂z¹₁"."""
        return formula_text((self.derivative,)).text

    @property
    def form(self) -> str:
        """What it is, such as "1−a¹₁²" or "W²[1,1]"; "" where it has no short form."""
        return formula_text(self.formula).text

    @property
    def text(self) -> str:
        """The number as it is written."""
        return formula_text((self.number,)).text


@dataclass(frozen=True)
class PathProduct:
    """A path and the product of its factors, from the loss to the parameter.

    Attributes:
        nodes: what it leads through, from the loss to the parameter.
        factors: one for every edge.
        value: their product.
        example: the row of the batch, from 0.
    """

    nodes: tuple[str, ...]
    factors: tuple[Factor, ...]
    value: float
    example: int

    @property
    def product(self) -> str:
        """The factors in brackets, side by side."""
        return "".join(f"({factor.text})" for factor in self.factors)


@dataclass(frozen=True)
class Why:
    """A derivative as the sum over the paths to the loss.

    Attributes:
        name: of the parameter, such as "W¹[1,2]".
        value: ∂ℒ/∂ of it, from the engine.
        path_count: how many paths there are, over all examples; a zero on the way makes no path disappear.
        paths: those of the largest products, largest first.
        total: the sum over all paths, which `value` was compared with.
    """

    name: str
    value: float
    path_count: int
    paths: tuple[PathProduct, ...]
    total: float

    @property
    def rest(self) -> float:
        """What the paths that are not listed add up to."""
        return self.total - sum(path.value for path in self.paths)

    def text(self, ascii: bool = False, width: int = 80, colour: bool | None = None) -> str:  # noqa: A002
        """The paths as text; `colour` as in `StepExplanation.text`."""
        lines = {0: self._no_path, 1: self._one_path}.get(self.path_count, self._paths)
        return printed(lines(width, ascii), ascii, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The same as an HTML fragment: the factors of each path unfold."""
        several = len({path.example for path in self.paths}) > 1
        paths = [
            (
                f"{path.product} = {number(path.value)}, "
                + (f"example {path.example + 1}: " if several else "")
                + "→".join(reversed(path.nodes)),
                [((factor.derivative,), factor.text, factor.formula) for factor in path.factors],
            )
            for path in self.paths
        ]
        others = self.path_count - len(self.paths)
        rest = f"the other {others:,} together = {number(self.rest)}" if others else ""
        said = f"why {self.name}? the sum over {counted(self.path_count, 'path')} = {number(self.value)}"
        return page.section(f"why {self.name}", [page.path_list(said, paths, rest)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    @property
    def _asked(self) -> StyledText:
        return styled(f"why {self.name}?", Role.HEADING)

    def _no_path(self, width: int, ascii: bool) -> Iterator[StyledText]:  # noqa: A002
        said = self._asked + "  no path leads from it to ℒ: no example has this code"
        yield from broken([said], width)

    def _one_path(self, width: int, ascii: bool) -> Iterator[StyledText]:  # noqa: A002
        (path,) = self.paths
        said = self._asked + f"  {path.product} = {number(self.value)}"
        yield from broken([said, "one factor per edge of the path, each named"], width)
        yield from _named_factors(path, ascii)

    def _paths(self, width: int, ascii: bool) -> Iterator[StyledText]:  # noqa: A002
        yield self._asked + f"  the sum over {self.path_count:,} paths = {number(self.value)}"
        several = len({path.example for path in self.paths}) > 1
        for path in self.paths:
            where = f"example {path.example + 1}: " if several else ""
            steps = "→".join(reversed(path.nodes))
            said = broken([f"{path.product} = {number(path.value)}", f"{where}{steps}"], width - 4)
            yield from (f"  {'  ' if i else ''}" + line for i, line in enumerate(said))
        others = self.path_count - len(self.paths)
        if others:
            yield styled(f"  the other {others:,} together = {number(self.rest)}")
        yield styled("the largest, one factor per edge of the path, each named:")
        yield from _named_factors(self.paths[0], ascii)


def _named_factors(path: PathProduct, ascii: bool) -> Iterator[StyledText]:  # noqa: A002
    wide, long = (max(len(getattr(factor, key)) for factor in path.factors) for key in ("edge", "text"))
    for factor in path.factors:
        edge = styled(factor.edge, Role.SUBJECT) + " " * (wide - len(factor.edge))
        cut = "" if factor.value else "  the path is cut here"
        yield ("  " + edge + f"   {factor.text:>{long}}   " + formula_text(factor.formula, ascii) + cut).rstrip()
