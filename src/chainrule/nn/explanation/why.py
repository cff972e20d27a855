"""Why is ∂ℒ/∂W¹[1,2] what it is? The sum over all paths from the weight to the loss, one factor for every edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, GradientError
from chainrule.nn.dense import Dense
from chainrule.nn.embedding import Embedding
from chainrule.nn.explanation.local_rules import LocalRule
from chainrule.nn.explanation.notation import broken, finished, given, indices, name, number, parameter_name
from chainrule.nn.normalisation import BatchNorm, LayerNorm
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.nn.explanation.step import StepExplanation

SHOWN_PATHS = 3
"""How many paths are kept for each unit, the largest; exactly so many of all paths are found."""
_NAMED = re.compile(
    r"(?P<letter>W|b|x|scale|γ|shift|β|tables?)(?P<layer>\d*)(\((?P<table>\d+)\))?\[(?P<indices>\d+(,\d+)?)\]"
)
_TO_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾", "0123456789()")
_LEAVES = {"γ": "scale", "β": "shift", "table": "tables"}
"""Other names of the parameters of normalisation and embedding."""


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
        from chainrule.nn.explanation.colour import PATHS_STYLES, painted

        lines = {0: self._no_path, 1: self._one_path}.get(self.path_count, self._paths)(width)
        return painted(finished("\n".join(lines), ascii), PATHS_STYLES, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The same as an HTML fragment: the factors of each path unfold."""
        from chainrule.nn.explanation import page

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
        count = f"{self.path_count:,} path" + ("s" if self.path_count != 1 else "")
        said = f"why {self.name}? the sum over {count} = {number(self.value)}"
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


@dataclass(frozen=True)
class _Stage:
    """The edges between one row of units and the next one below, for one example.

    Attributes:
        above: names a unit of the upper row.
        below: names a unit of the lower one.
        local: [n] where each unit has one edge, else [upper × lower].
        form: (upper unit, lower unit) -> what the local derivative is.
        given: whether the numbers are parameters.
    """

    above: Callable[[int], str]
    below: Callable[[int], str]
    local: Array
    form: Callable[[int, int], str]
    given: bool = False

    def factor(self, above: int, below: int) -> Factor:
        value = self.local[above] if self.local.ndim == 1 else self.local[above, below]
        edge = f"∂{self.above(above)}/∂{self.below(below)}"
        return Factor(edge, float(value), self.form(above, below), given(value) if self.given else number(value))


class _Paths:
    """The largest products over paths from the loss to each unit of a row, going down row by row.

    Attributes:
        products: [units × kept].
        ways: the units that each path went through, [units × kept × rows].
        totals: the sums over all paths, [units].
        counts: the numbers of paths, [units] of Python integers.
    """

    def __init__(self, start: Array) -> None:
        self.products = start.astype(np.float64)[:, None]
        self.ways = np.arange(len(start))[:, None, None]
        self.totals = start.astype(np.float64)
        self.counts = np.ones(len(start), object)

    def down(self, stage: _Stage) -> None:
        """Go on along the edges of a stage."""
        local = stage.local.astype(np.float64)
        if local.ndim == 1:
            self.products, self.totals = self.products * local[:, None], self.totals * local
            self.ways = np.concatenate([self.ways, self.ways[:, :, -1:]], axis=2)
            return
        candidates = (self.products[:, :, None] * local[:, None, :]).reshape(-1, local.shape[1])
        best = np.argsort(-np.abs(candidates), axis=0, kind="stable")[:SHOWN_PATHS]
        self.products = np.take_along_axis(candidates, best, axis=0).T
        ways = self.ways.reshape(-1, self.ways.shape[2])[best.T]
        here = np.broadcast_to(np.arange(local.shape[1])[:, None, None], (*best.T.shape, 1))
        self.ways = np.concatenate([ways, here], axis=2)
        self.totals = self.totals @ local
        self.counts = np.full(local.shape[1], self.counts.sum(), object)


@dataclass(frozen=True)
class _Wanted:
    """What is asked about: an element of W, b, scale, shift or a table of a layer, or x[j]; counted from 0."""

    letter: str
    layer: int
    indices: tuple[int, ...]
    table: int = 0

    @property
    def name(self) -> str:
        if self.letter != "tables":
            return name(self.letter, self.layer) + indices(*self.indices)
        return parameter_name(f"[{self.layer - 1}]['tables'][{self.table}]") + indices(*self.indices)


@dataclass(frozen=True)
class _End:
    """The last edge of every path, from zˡ to the parameter itself.

    Attributes:
        unit: of zˡ; for an input that of a⁰, with no edge more.
        local: the derivative of this unit by the parameter, for each example [N].
        present: for which examples there is such an edge [N].
        form: what the derivative is.
        text: how its number is written.
    """

    unit: int
    local: Array
    present: Array
    form: str
    text: Callable[[float], str] = number


def why(explanation: StepExplanation, asked: str) -> Why:
    """The sum over paths for a parameter such as "W1[1,2]"; see `StepExplanation.why`."""
    wanted = _parsed(explanation, asked)
    end = _end(explanation, wanted)
    value, arriving = _value_and_arriving(explanation, wanted, end)
    shares = np.where(end.present, arriving * end.local, 0)
    found: list[PathProduct] = []
    count = 0
    present = np.flatnonzero(end.present)
    for example in present[np.argsort(-np.abs(shares[present]), kind="stable")[:SHOWN_PATHS]]:
        paths, here = _paths_of(explanation, wanted, end, int(example), float(shares[example]))
        found, count = found + paths, here
    found.sort(key=lambda path: -abs(path.value))
    total = float(np.sum(shares, dtype=np.float64))
    _require_equal(explanation, wanted.name, value, total, float(np.sum(np.abs(shares))))
    return Why(wanted.name, value, count * len(present), tuple(found[:SHOWN_PATHS]), total)


def _parsed(explanation: StepExplanation, asked: str) -> _Wanted:
    found = _NAMED.fullmatch(asked.translate(_TO_DIGITS).replace(" ", ""))
    if found is None:
        raise ArgumentError(
            "why takes a parameter or an input such as 'W1[1,2]', 'b1[2]', 'x[1]', 'scale2[1]' and 'shift2[1]' of a "
            f"normalisation, or 'tables1(1)[3,2]' of an embedding, got {asked!r}"
        )
    letter, layer = _LEAVES.get(found["letter"], found["letter"]), int(found["layer"] or 0)
    wanted = _Wanted(
        letter, layer, tuple(int(i) - 1 for i in found["indices"].split(",")), int(found["table"] or 1) - 1
    )
    if letter == "x":
        if explanation.example_count > 1:
            raise ArgumentError("why of an input needs a single example; explain one row of the batch")
        shape: tuple[int, ...] = (explanation.rules[0].below.shape[1],)
    else:
        arrays = _arrays(explanation, letter)
        if (layer, wanted.table) not in arrays or (found["table"] and letter != "tables"):
            several = letter == "tables"
            known = ", ".join(f"{letter}{n}" + (f"({k + 1})" if several else "") for n, k in arrays) or "none"
            raise ArgumentError(f"there is no {asked.split('[')[0]} in this network; there is: {known}")
        shape = arrays[layer, wanted.table].shape
    if len(shape) != len(wanted.indices) or not all(0 <= i < n for i, n in zip(wanted.indices, shape, strict=True)):
        raise ArgumentError(f"{asked}: {asked.split('[')[0]} has shape {list(shape)}, and indices count from 1")
    return wanted


def _arrays(explanation: StepExplanation, letter: str) -> dict[tuple[int, int], Array]:
    """The derivatives by the parameters of a name in layers that are seen inside, by (layer, table)."""
    found: dict[tuple[int, int], Array] = {}
    for layer, (rule, gradient) in enumerate(zip(explanation.rules, explanation.grad.parameters, strict=True), 1):
        if isinstance(rule.layer, Dense | BatchNorm | LayerNorm | Embedding) and letter in gradient:
            tables = gradient[letter] if letter == "tables" else [gradient[letter]]
            found |= {(layer, k): array for k, array in enumerate(tables)}
    return found


def _value_and_arriving(explanation: StepExplanation, wanted: _Wanted, end: _End) -> tuple[float, Array]:
    """The engine's derivative, and what arrives at the unit below which the parameter is, for each example [N]."""
    if wanted.letter == "x":
        return float(np.atleast_2d(explanation.grad.x)[0, end.unit]), explanation.rules[0].below_bar[:, end.unit]
    gradient = _arrays(explanation, wanted.letter)[wanted.layer, wanted.table]
    return float(gradient[wanted.indices]), explanation.rules[wanted.layer - 1].delta[:, end.unit]


def _end(explanation: StepExplanation, wanted: _Wanted) -> _End:
    """The last edge, down to what is asked about."""
    unit, *others = wanted.indices
    count = explanation.example_count
    every, ones = np.ones(count, bool), np.ones(count)
    if wanted.letter == "x":
        return _End(unit, ones, every, "", lambda value: "1")
    rule = explanation.rules[wanted.layer - 1]
    match wanted.letter:
        case "W":
            (j,) = others
            form = explanation.unit_name("a", wanted.layer - 1, j)
            return _End(unit, rule.below[:, j], every, form, given if wanted.layer == 1 else number)
        case "scale":
            form = f"{explanation.unit_name('a', wanted.layer - 1, unit)}, normalised"
            return _End(unit, rule.by_scale()[:, unit], every, form)
        case "tables":
            return _looked_up(rule, wanted.table, unit, others[0])
        case _:  # b and shift are added
            return _End(unit, ones, every, "", lambda value: "1")


def _looked_up(rule: LocalRule, table: int, code: int, place: int) -> _End:
    """A vector of an embedding is there for the examples that have its code."""
    layer = rule.layer
    assert isinstance(layer, Embedding)
    assert layer.columns is not None
    assert not isinstance(layer.dimension, int)
    passed = rule.below.shape[1] - len(layer.columns)
    unit = passed + sum(layer.dimension[:table]) + place
    has_code = rule.below[:, layer.columns[table]] == code
    return _End(unit, np.ones(len(rule.below)), has_code, f"code {code}", lambda value: "1")


def _paths_of(
    explanation: StepExplanation, wanted: _Wanted, end: _End, example: int, share: float
) -> tuple[list[PathProduct], int]:
    """The largest paths of one example, and how many it has; their sum is checked against its share."""
    stages = list(_stages(explanation, wanted, example))
    start = explanation.output_derivative[example]
    paths = _Paths(start)
    for stage in stages:
        paths.down(stage)
    unit = end.unit
    last = _last_factor(explanation, wanted, end, example)
    scale = 1.0 if last is None else last.value
    magnitude = float(np.max(np.abs(paths.products[unit]))) * abs(scale)
    _require_equal(explanation, wanted.name, share, float(paths.totals[unit]) * scale, magnitude)
    top = len(explanation.rules)
    found = []
    for product, way in zip(paths.products[unit], paths.ways[unit], strict=True):
        output = explanation.unit_name("a", top, int(way[0]))
        first = Factor(
            f"∂ℒ/∂{output}",
            float(start[way[0]]),
            explanation.output_form(int(way[0])),
            number(start[way[0]]),
        )
        steps = [stage.factor(int(a), int(b)) for stage, a, b in zip(stages, way[:-1], way[1:], strict=True)]
        nodes = ["ℒ", output, *(stage.below(int(b)) for stage, b in zip(stages, way[1:], strict=True))]
        ends = [] if last is None else [last]
        if last is not None:
            nodes.append(wanted.name)
        found.append(PathProduct(tuple(nodes), (first, *steps, *ends), float(product) * scale, example))
    return found, int(paths.counts[unit])


def _stages(explanation: StepExplanation, wanted: _Wanted, example: int) -> Iterator[_Stage]:
    """The rows of edges from aᴸ down to zˡ, or to x."""
    for number_of_layer in range(len(explanation.rules), max(wanted.layer, 1) - 1, -1):
        rule = explanation.rules[number_of_layer - 1]
        z, a, below = (
            _namer(explanation, letter, layer)
            for letter, layer in (("z", number_of_layer), ("a", number_of_layer), ("a", number_of_layer - 1))
        )
        if rule.activated:
            form = _slope_namer(explanation, number_of_layer)
            if rule.slope is not None:
                yield _Stage(a, z, rule.slope[example], form)
            else:
                yield _Stage(a, z, rule.activation_jacobian(example), _no_form)
        if number_of_layer > wanted.layer:
            above = z if rule.activated else a
            if isinstance(rule.layer, Dense):
                yield _Stage(above, below, rule.parameters["W"], _weight_namer(number_of_layer), given=True)
            elif rule.through is not None:
                yield _Stage(above, below, rule.through[example], _layer_namer(rule.layer))
            else:
                yield _Stage(above, below, rule.sum_jacobian(example), _layer_namer(rule.layer))


def _last_factor(explanation: StepExplanation, wanted: _Wanted, end: _End, example: int) -> Factor | None:
    """The edge from zˡ to the parameter itself; none for an input."""
    if wanted.letter == "x":
        return None
    letter = "z" if explanation.rules[wanted.layer - 1].activated else "a"
    edge = f"∂{explanation.unit_name(letter, wanted.layer, end.unit)}/∂{wanted.name}"
    value = end.local[example]
    return Factor(edge, float(value), end.form, end.text(value))


def _namer(explanation: StepExplanation, letter: str, layer: int) -> Callable[[int], str]:
    return lambda unit: explanation.unit_name(letter, layer, unit)


def _slope_namer(explanation: StepExplanation, layer: int) -> Callable[[int, int], str]:
    return lambda above, below: explanation.slope_form(layer, above)


def _weight_namer(layer: int) -> Callable[[int, int], str]:
    return lambda above, below: name("W", layer) + indices(above, below)


def _layer_namer(layer: Any) -> Callable[[int, int], str]:
    return lambda above, below: type(layer).__name__


def _no_form(above: int, below: int) -> str:
    return ""


def _require_equal(explanation: StepExplanation, what: str, value: float, total: float, magnitude: float) -> None:
    """Raise GradientError unless the sum over paths is the engine's number, up to rounding."""
    if not (np.isfinite(value) and np.isfinite(total)):
        return
    if abs(value - total) > explanation.tolerance * max(magnitude, abs(value)):
        raise GradientError(
            f"∂ℒ/∂{what} is {value!r}, but its paths add up to {total!r}: a defect of chainrule, or a layer of "
            "your own whose rows are not independent"
        )


__all__ = ["Factor", "PathProduct", "Why", "why"]
