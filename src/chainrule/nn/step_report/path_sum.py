"""Why is ∂ℒ/∂W¹[1,2] what it is? The sum over all paths from the weight to the loss, one factor for every edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chainrule.figures import counted
from chainrule.nn.step_report import page
from chainrule.nn.step_report.colour import PATHS_STYLES, painted
from chainrule.nn.step_report.layout import broken, finished
from chainrule.nn.step_report.numbers import number

SHOWN_PATHS = 3
"""How many paths are kept for each unit, the largest; exactly so many of all paths are found."""


@dataclass(frozen=True)
class Factor:
    """One edge of a path: the local derivative there.

    Attributes:
        edge: the derivative, such as "∂a¹₁/∂z¹₁".
        value: its number.
        form: what it is, such as "1−a¹₁²" or "W²[1,1]"; "" where it has no short form.
        text: the number as it is written.
    """

    edge: str
    value: float
    form: str
    text: str


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
        lines = {0: self._no_path, 1: self._one_path}.get(self.path_count, self._paths)(width)
        return painted(finished("\n".join(lines), ascii), PATHS_STYLES, colour)

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
                [(factor.edge, factor.text, factor.form) for factor in path.factors],
            )
            for path in self.paths
        ]
        others = self.path_count - len(self.paths)
        rest = f"the other {others:,} together = {number(self.rest)}" if others else ""
        said = f"why {self.name}? the sum over {counted(self.path_count, 'path')} = {number(self.value)}"
        return page.section(f"why {self.name}", [page.path_list(said, paths, rest)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def _no_path(self, width: int) -> Iterator[str]:
        yield from broken([f"why {self.name}?  no path leads from it to ℒ: no example has this code"], width)

    def _one_path(self, width: int) -> Iterator[str]:
        (path,) = self.paths
        said = f"why {self.name}?  {path.product} = {number(self.value)}"
        yield from broken([said, "one factor per edge of the path, each named"], width)
        yield from _named_factors(path)

    def _paths(self, width: int) -> Iterator[str]:
        yield f"why {self.name}?  the sum over {self.path_count:,} paths = {number(self.value)}"
        several = len({path.example for path in self.paths}) > 1
        for path in self.paths:
            where = f"example {path.example + 1}: " if several else ""
            steps = "→".join(reversed(path.nodes))
            said = broken([f"{path.product} = {number(path.value)}", f"{where}{steps}"], width - 4)
            yield from (f"  {'  ' if i else ''}{line}" for i, line in enumerate(said))
        others = self.path_count - len(self.paths)
        if others:
            yield f"  the other {others:,} together = {number(self.rest)}"
        yield "the largest, one factor per edge of the path, each named:"
        yield from _named_factors(self.paths[0])


def _named_factors(path: PathProduct) -> Iterator[str]:
    edges, texts = ([getattr(factor, key) for factor in path.factors] for key in ("edge", "text"))
    wide, long = max(map(len, edges)), max(map(len, texts))
    for factor in path.factors:
        cut = "" if factor.value else "  the path is cut here"
        yield f"  {factor.edge:<{wide}}   {factor.text:>{long}}   {factor.form}{cut}".rstrip()
