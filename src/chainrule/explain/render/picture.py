"""The graph of a derivation as a picture: forward with what every node stands for, backward with the local derivatives.

Both halves stand on the same places, so that one sees every derivative below the value that it belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from html import escape

from chainrule.explain.expression import Derivative, Number, Symbol
from chainrule.explain.notation.infix import write
from chainrule.explain.record import DerivationRecord, Edge
from chainrule.explain.render import svg
from chainrule.explain.render.board import edges_of, names_on, paths_told
from chainrule.explain.render.layers import Layout, arrange
from chainrule.explain.scalar.computation import depends_alone

NAME, SMALL, HEADING = 15.0, 12.0, 14.0
"""Sizes of fonts."""
BOX, APART, PASS = 46.0, 30.0, 40.0
"""The height of a node, the space to the next, and what an edge takes that passes a layer."""
MARGIN, GAP, ROW, LEAD = 24.0, 56.0, 15.0, 5.0
"""Around the picture, the least space between layers, the height of a row of a label, and the space around it."""
WIDEST = 290.0
"""A longer text is shortened; pointing at it shows all."""
TIP = 8.0
"""The length of the head of an arrow."""


@dataclass(frozen=True)
class Wire:
    """An arrow of the picture; `edge` is the edge of the derivation that it stands for, if it is on a path."""

    source: str
    target: str
    edge: Edge | None


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        across = (self.width + other.width) / 2 - abs(self.x - other.x)
        along = (self.height + other.height) / 2 - abs(self.y - other.y)
        return max(0.0, across) * max(0.0, along)


def names_in(expression: object) -> Iterator[str]:
    """The names in an expression as often as they stand there, from left to right."""
    if isinstance(expression, Symbol):
        yield expression.name
    elif isinstance(expression, tuple):
        for part in expression:
            yield from names_in(part)
    elif is_dataclass(expression):
        for field in fields(expression):
            yield from names_in(getattr(expression, field.name))


def nodes_of(derivation: DerivationRecord) -> list[str]:
    """Inputs and defined names, every one after those that it is made of."""
    nodes: dict[str, None] = {}
    for name, expression in derivation.definitions.items():
        nodes |= dict.fromkeys(names_in(expression))
        nodes.pop(name, None)
        nodes[name] = None
    return list(nodes | dict.fromkeys(name for path in derivation.paths for name in names_on(path)))


def wires_of(derivation: DerivationRecord) -> list[Wire]:
    """All arrows: two where the same operand is used twice and both ways count."""
    definitions = derivation.definitions.items()
    pairs = {(source, name): None for name, form in definitions for source in names_in(form) if source != name}
    pairs |= {(edge.source, edge.target): None for edge in edges_of(derivation)}
    wires: list[Wire] = []
    for source, target in pairs:
        edges = [edge for edge in edges_of(derivation) if (edge.source, edge.target) == (source, target)]
        for edge in edges:
            wires += [Wire(source, target, edge)] * (_times(derivation, edge) if len(edges) == 1 else 1)
        if not edges:
            wires.append(Wire(source, target, None))
    return wires


def _times(derivation: DerivationRecord, edge: Edge) -> int:
    """How many equal edges there are: as many as the operand stands in the definition, if paths come more than once."""
    repeated = [path for path, times in Counter(derivation.paths).items() if times > 1 and edge in path.edges]
    expression = derivation.definitions.get(edge.target)
    return list(names_in(expression)).count(edge.source) if repeated and expression is not None else 1


@dataclass(frozen=True)
class Span:
    """The part of an arrow between two layers, from left to right."""

    x0: float
    y0: float
    x1: float
    y1: float

    def at(self, x: float) -> float:
        """The height at x: a cubic that is level at both ends, as it is drawn."""
        low, high = 0.0, 1.0
        for _ in range(12):  # x grows with t: by halves, to a fraction of a pixel
            t = (low + high) / 2
            low, high = (t, high) if self.x0 + (self.x1 - self.x0) * _eased(t, 0.5) < x else (low, t)
        return self.y0 + (self.y1 - self.y0) * _eased(low, 0.0)

    def course(self) -> str:
        """The curve, for a path that stands at its beginning."""
        middle = (self.x0 + self.x1) / 2
        corners = (middle, self.y0, middle, self.y1, self.x1, self.y1)
        return "C" + " ".join(map(svg.number, corners))


def _eased(t: float, handle: float) -> float:
    """A cubic from 0 to 1 with its two middle points at `handle` and 1 − `handle`."""
    return 3 * t * (1 - t) ** 2 * handle + 3 * t * t * (1 - t) * (1 - handle) + t**3


class Picture:
    """The places of everything, for both halves."""

    def __init__(self, derivation: DerivationRecord):
        self.derivation = derivation
        self.nodes, self.wires = nodes_of(derivation), wires_of(derivation)
        pairs = [(wire.source, wire.target) for wire in self.wires]
        self.labels = [_label(wire.edge) if wire.edge else () for wire in self.wires]
        self.takes = [ROW * max(1, len(label)) + LEAD for label in self.labels]
        self.heights = {name: self._height(name) for name in self.nodes}
        self.layout: Layout = arrange({name: height + APART for name, height in self.heights.items()}, pairs, PASS)
        self.lit = {name for edge in edges_of(derivation) for name in (edge.source, edge.target)}
        self.texts = {name: (self._forward(name), self._backward(name)) for name in self.nodes}
        self.widths = {name: max(map(_width, self.texts[name])) + MARGIN for name in self.nodes}
        self.label_gaps = self._label_gaps()
        self.left, self.right = self._columns()
        self.spans = self._spans()
        self.places = self._places()

    def _height(self, name: str) -> float:
        """Enough for the labels of the arrows on its busier side."""
        wires = list(zip(self.wires, self.takes, strict=True))
        right = sum(height for wire, height in wires if wire.source == name)
        left = sum(height for wire, height in wires if wire.target == name)
        return max(BOX, right + 10, left + 10)

    def _forward(self, name: str) -> tuple[str, str]:
        if name in self.derivation.definitions:
            return write(Symbol(name)), "= " + write(self.derivation.definitions[name], dots=True)
        value = self.derivation.point.get(name)
        return write(Symbol(name)), "input" if value is None else "= " + write(Number(value))

    def _backward(self, name: str) -> tuple[str, str]:
        function, wrt, value = self.derivation.function, self.derivation.wrt, self.derivation.value
        if name not in self.lit:
            return write(Symbol(name)), ""
        sought, definitions = self.derivation.lines[0].expression, self.derivation.definitions
        total = isinstance(sought, Derivative) and sought.total
        alone = depends_alone(definitions, function, wrt)  # then it is a function of one variable
        told = write(Derivative(function, name, total and (not alone or depends_alone(definitions, function, name))))
        if name == function:
            return told, "= 1"
        return told, "= " + _six(value) if name == wrt and value is not None else ""

    def _label_gaps(self) -> list[int]:
        """For every arrow, after which layer its label stands: where fewest others do."""
        layer, taken = self.layout.layer, Counter[int]()
        gaps = []
        for wire, label in zip(self.wires, self.labels, strict=True):
            gap = min(reversed(range(layer[wire.source], layer[wire.target])), key=taken.__getitem__)
            taken[gap] += bool(label)
            gaps.append(gap)
        return gaps

    def _columns(self) -> tuple[list[float], list[float]]:
        """The left and the right end of every layer."""
        left: list[float] = []
        right: list[float] = []
        x = MARGIN
        for at in range(1 + max(self.layout.layer.values(), default=0)):
            left.append(x)
            right.append(x + max(self.widths[name] for name in self.nodes if self.layout.layer[name] == at))
            labels = [label for label, gap in zip(self.labels, self.label_gaps, strict=True) if gap == at]
            x = right[-1] + GAP + max(map(_label_width, labels), default=0.0)
        return left, right

    def box(self, name: str) -> Box:
        """The rectangle of a node, in the middle of its layer."""
        at = self.layout.layer[name]
        return Box((self.left[at] + self.right[at]) / 2, self.layout.y[name], self.widths[name], self.heights[name])

    def _ports(self) -> tuple[dict[int, float], dict[int, float]]:
        """The heights at which every arrow leaves its source and meets its target: apart, in the order of the ends."""
        starts: dict[int, float] = {}
        ends: dict[int, float] = {}
        for name in self.nodes:
            for found, here, there in ((starts, "source", "target"), (ends, "target", "source")):
                numbers = [n for n, wire in enumerate(self.wires) if getattr(wire, here) == name]
                numbers.sort(key=lambda n, there=there: (self._next_height(n, there), n))  # type: ignore[misc]
                top = self.layout.y[name] - sum(self.takes[n] for n in numbers) / 2
                for n in numbers:
                    found[n] = top + self.takes[n] / 2
                    top += self.takes[n]
        return starts, ends

    def _next_height(self, number: int, end: str) -> float:
        route = self.layout.routes[number]
        if route:
            return route[0 if end == "target" else -1]
        return self.layout.y[getattr(self.wires[number], end)]

    def _spans(self) -> list[list[Span]]:
        """For every arrow its parts between the layers."""
        starts, ends = self._ports()
        spans = []
        for number, wire in enumerate(self.wires):
            first, last = self.layout.layer[wire.source], self.layout.layer[wire.target]
            heights = [starts[number], *self.layout.routes[number], ends[number]]
            spans.append(
                [
                    Span(self.right[at] + TIP, heights[at - first], self.left[at + 1] - TIP, heights[at - first + 1])
                    for at in range(first, last)
                ]
            )
        return spans

    def _places(self) -> list[Box | None]:
        """Where the labels stand: on their arrows, clear of each other and of other arrows as far as can be."""
        placed: list[Box | None] = []
        for number, label in enumerate(self.labels):
            placed.append(self._place(number, [box for box in placed if box]) if label else None)
        return placed

    def _place(self, number: int, taken: list[Box]) -> Box:
        width, height = _label_width(self.labels[number]) + 8, self.takes[number] - 1
        ways = [
            (
                place,
                [other for n, spans in enumerate(self.spans) for other in spans if n != number and other.x0 == span.x0],
            )
            for span in self.spans[number]
            if span.x1 - span.x0 >= width
            for place in _along(span, width, height)
        ]

        def cost(way: tuple[Box, list[Span]]) -> float:
            place, others = way
            across = [place.x + place.width * part / 2 for part in PARTS]
            hit = sum(abs(other.at(x) - place.y) < place.height / 2 + 1.5 for other in others for x in across)
            return 10 * sum(map(place.overlap, taken)) + 60 * hit

        return min(ways, key=cost)[0]

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return self.right[-1] + MARGIN

    @property
    def height(self) -> float:
        """Of one half, without its heading."""
        heights = [y + (self.heights[name] + APART) / 2 for name, y in self.layout.y.items()]
        return max([*heights, *(y + PASS / 2 for route in self.layout.routes for y in route)])

    def draw(self, backward: bool) -> Iterator[str]:
        """The elements of one half: arrows, then nodes, then labels, which cover what lies below."""
        for wire, spans in zip(self.wires, self.spans, strict=True):
            yield from self._arrow(wire, spans, backward)
        for name in self.nodes:
            yield from self._node(name, backward)
        for wire, label, place in zip(self.wires, self.labels, self.places, strict=True):
            if backward and wire.edge and place:
                yield f"<g><title>{escape(_told(wire.edge))}</title>"
                height = place.height - 1
                yield svg.rectangle(place.x - place.width / 2, place.y - height / 2, place.width, height, "ground", 3)
                for number, row in enumerate(label):
                    yield svg.text(row, place.x, place.y + 4 + ROW * (number - (len(label) - 1) / 2), SMALL, "lit")
                yield "</g>"

    def _arrow(self, wire: Wire, spans: list[Span], backward: bool) -> Iterator[str]:
        source, target = self.box(wire.source), self.box(wire.target)
        x0, x1 = source.x + source.width / 2, target.x - target.width / 2
        y0, y1 = spans[0].y0, spans[-1].y1
        kind = " lit" if backward and wire.edge else ""
        course = f"M{svg.number(x0 + TIP * backward)} {svg.number(y0)}"
        course += "".join(f"H{svg.number(span.x0)}{span.course()}" for span in spans)
        yield svg.path(f"{course}H{svg.number(x1 - TIP * (not backward))}", f"wire{kind}")
        tip, y, back = (x0, y0, TIP + 1) if backward else (x1, y1, -TIP - 1)
        corners = (tip + back, y - 4, tip + back, y + 4)
        yield svg.path(f"M{svg.number(tip)} {svg.number(y)}L" + " ".join(map(svg.number, corners)) + "Z", f"tip{kind}")

    def _node(self, name: str, backward: bool) -> Iterator[str]:
        box, (first, second) = self.box(name), self.texts[name][backward]
        lit = name in self.lit
        yield "<g>"
        yield f"<title>{escape(f'{first} {second}'.strip())}</title>"
        left, top = box.x - box.width / 2, box.y - box.height / 2
        yield svg.rectangle(left, top, box.width, box.height, "box lit" if lit and backward else "box", 7)
        kind = "" if not backward or lit else "quiet"
        yield svg.text(svg.shortened(first, NAME, WIDEST), box.x, box.y + (-3 if second else 5), NAME, kind)
        if second:
            yield svg.text(svg.shortened(second, SMALL, WIDEST), box.x, box.y + 15, SMALL, "quiet")
        yield "</g>"


def _along(span: Span, width: float, height: float) -> list[Box]:
    """Places for a label on an arrow, from the middle outwards."""
    middle, room = (span.x0 + span.x1) / 2, (span.x1 - span.x0 - width) / 2
    return [Box(middle + room * part, span.at(middle + room * part), width, height) for part in PARTS]


PARTS = (0.0, *(sign * step / 8 for step in range(1, 9) for sign in (-1, 1)))
"""Places along what there is room for, from the middle outwards."""


def _width(texts: tuple[str, str]) -> float:
    return min(WIDEST, max(svg.width_of(texts[0], NAME), svg.width_of(texts[1], SMALL)))


def _told(edge: Edge) -> str:
    return f"{write(edge.derivative)} = {write(edge.local)}"


def _label(edge: Edge) -> tuple[str, ...]:
    """∂target/∂source = local, shortened if it is long, and below it the value, unless that is what `local` says."""
    told = svg.shortened(_told(edge), SMALL, WIDEST)
    return (told,) if edge.value is None or not any(names_in(edge.local)) else (told, f"= {_six(edge.value)}")


def _label_width(label: tuple[str, ...]) -> float:
    return max((svg.width_of(row, SMALL) for row in label), default=0.0)


def _six(value: float) -> str:
    """A value with six digits."""
    return write(Number(float(f"{value:.6g}")))


def to_svg(derivation: DerivationRecord) -> str:
    """The graph of a derivation; it holds its own styles, light and dark, and loads nothing.

    Above the computation, from the inputs on the left to the function on the right; below, if there are paths, the same
    graph with the arrows turned round and ∂target/∂source beside every edge that lies on a path.
    """
    picture = Picture(derivation)
    sought = write(derivation.lines[0].expression)
    halves = [("Forward: what every name stands for", False)]
    if derivation.paths:
        halves.append((f"Backward: from {derivation.function} to {derivation.wrt}, one factor per edge", True))
    width = max(picture.width, *(MARGIN * 2 + svg.width_of(told, HEADING) for told, _ in halves))
    body: list[str] = []
    y = MARGIN
    for number, (told, backward) in enumerate(halves):
        if number:
            body.append(svg.path(f"M{svg.number(MARGIN)} {svg.number(y)}H{svg.number(width - MARGIN)}", "rule"))
            y += MARGIN
        body.append(svg.text(told, MARGIN, y + HEADING, HEADING, "quiet", "start"))
        shift = f"translate({svg.number((width - picture.width) / 2)} {svg.number(y + HEADING + 4)})"
        body += [f'<g transform="{shift}">', *picture.draw(backward), "</g>"]
        y += HEADING + 4 + picture.height
    title = f"The graph of {derivation.function} and {sought}"
    arrows = "; ".join("→".join(map(write, map(Symbol, names_on(path)))) for path in derivation.paths)
    meant = "; ".join(" ".join(picture.texts[name][False]) for name in picture.nodes)
    description = f"{paths_told(derivation)}: {arrows}" if arrows else paths_told(derivation) or meant
    return svg.document(width, y + 8, title, description, body)
