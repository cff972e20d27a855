"""Curves over the steps of a training run, one for each layer, as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from chainrule.errors import ArgumentError
from chainrule.explain.notation.names import superscript
from chainrule.explain.render import svg
from chainrule.explain.render.layers import spread

LEFT, TOP, WIDTH, HEIGHT, BELOW = 64.0, 48.0, 560.0, 300.0, 48.0
"""The field that the curves are drawn in, and the space around it."""
SMALL, HEADING = 12.0, 15.0
"""Sizes of fonts."""
COLOURS = (
    ("#0072b2", "#56b4e9"),
    ("#b34700", "#f0a04b"),
    ("#007a5a", "#3cc9a0"),
    ("#a0407d", "#dd8fbf"),
    ("#5c5c00", "#e0d34a"),
    ("#4a4a9e", "#a3a3f0"),
    ("#7a1f1f", "#f08a8a"),
    ("#30586b", "#a8cbdb"),
)
"""In the light and in the dark, after Okabe and Ito, told apart by people of every colour vision."""
DASHES = ("", "6 3", "2 3", "8 3 2 3")
"""When the colours begin anew, the lines are broken."""
ROW = 18.0
"""The height of a name in the legend."""
TICKS = 6
"""About how many lines lie behind the curves."""
NARROW = 1.2
"""Powers of ten within which a logarithmic axis tells 2 and 5 times a power too."""
MANY_TICKS = 2e4
"""Where the last step is more times the first, only powers of ten are written below a logarithmic axis."""


def curves_svg(
    title: str, series: Mapping[str, Sequence[float]], log: bool = True, steps: Sequence[int] | None = None
) -> str:
    """Lines over the steps, with a legend in the order of their last values.

    Values that are not finite leave gaps; so do, on a logarithmic axis, zero and what is negative. Where nothing at all
    can be drawn, the picture says so.

    Args:
        title: said above.
        series: the values of every curve by its name, one for each step; curves may differ in length.
        log: whether the axis of the values is logarithmic.
        steps: the steps that the values belong to, in ascending order, as many as the longest curve has; by default 0,
            1, 2, …. Where the last is ten times the first or more, their axis is logarithmic: most happens early.

    Raises:
        ArgumentError: `series` is empty, or `steps` has another length than the longest curve.
    """
    if not series:
        raise ArgumentError("series: expected at least one curve, a name with its values; there is none")
    curves = {name: [_scaled(float(value), log) for value in values] for name, values in series.items()}
    heights = [height for curve in curves.values() for height in curve if not math.isnan(height)]
    ticks, longest = _ticks(heights or [0.0], log), max(map(len, curves.values()))
    if steps is not None and len(steps) != longest:
        raise ArgumentError(f"steps: expected {longest}, as many as the longest curve has values, got {len(steps)}")
    axis = Axis.of(range(longest) if steps is None else steps)
    legend, end = _legend(curves, ticks)
    body = [svg.text(title, LEFT, 28, HEADING, "", "start"), *_field(ticks, axis, log), *legend]
    body += _lines(curves, ticks, axis)
    if not heights:
        reason = "no value is finite and positive" if log else "no value is finite"
        body.append(svg.text(reason, LEFT + WIDTH / 2, TOP + HEIGHT / 4, HEADING, "quiet"))
    right = LEFT + WIDTH + 62 + max(svg.width_of(name, SMALL) for name in series)
    width = max(right, LEFT + svg.width_of(title, HEADING) + 24)
    described = f"over {longest} {'step' if longest == 1 else 'steps'}: {', '.join(series)}"
    theme = [row for number, pair in enumerate(COLOURS) for row in _colour(number, *pair)]
    return svg.document(width, max(TOP + HEIGHT + BELOW, end + 24), title, described, body, theme)


@dataclass(frozen=True)
class Axis:
    """The steps, from left to right.

    Attributes:
        steps: those that there are values for.
        log: whether tenfold steps are equally far apart.
    """

    steps: Sequence[int]
    log: bool

    @classmethod
    def of(cls, steps: Sequence[int]) -> Axis:
        """Logarithmic if the last step is ten times the first or more."""
        return cls(steps, len(steps) > 1 and 0 < 10 * steps[0] <= steps[-1])

    def x(self, step: float) -> float:
        """Where a step is."""
        first, last = (self.steps[0], self.steps[-1]) if self.steps else (0, 0)
        if first == last:
            return LEFT + WIDTH / 2
        if self.log:
            return LEFT + WIDTH * math.log(step / first) / math.log(last / first)
        return LEFT + WIDTH * ((step - first) / (last - first))

    @property
    def ticks(self) -> list[int]:
        """Round steps, few enough to be written beside each other."""
        first, last = (self.steps[0], self.steps[-1]) if self.steps else (0, 0)
        if first == last:
            return [first]
        if not self.log:
            ticks = _ticks([float(first), float(last)], log=False)
            return sorted({round(tick) for tick in ticks if first <= tick <= last and tick == round(tick)})
        digits = (1, 2, 5) if last / first < MANY_TICKS else (1,)
        powers = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
        return [n for n in (digit * 10**power for power in powers for digit in digits) if first <= n <= last]


def _colour(number: int, light: str, dark: str) -> list[tuple[str, str, str, str]]:
    return [(f".wire.c{number}", "stroke", light, dark), (f".dot.c{number}", "fill", light, dark)]


def _scaled(value: float, log: bool) -> float:
    """The height of a value on the axis; NaN if it has none."""
    if not math.isfinite(value) or (log and value <= 0):
        return math.nan
    return math.log10(value) if log else value


def _ticks(heights: Sequence[float], log: bool) -> list[float]:
    """Round heights from below the least to above the greatest, about six of them."""
    low, high = min(heights), max(heights)
    if low == high:
        low, high = (low - 1, high + 1) if log else (low - abs(low) / 2, high + (abs(high) or 2) / 2)
    if log and high - low < NARROW:
        powers = range(math.floor(low), math.ceil(high) + 1)
        ticks = [power + math.log10(digit) for power in powers for digit in (1, 2, 5)]
        first = max((tick for tick in ticks if tick <= low + 1e-9), default=low)
        last = min((tick for tick in ticks if tick >= high - 1e-9), default=high)
        return [tick for tick in ticks if first <= tick <= last]
    rough = max((high - low) / TICKS, abs(high) * 1e-12)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    if log:
        step = float(math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, last + 1)]


def _told(height: float, log: bool) -> str:
    if log:
        power = math.floor(height + 1e-9)
        digit, ten = round(10 ** (height - power)), f"10{superscript(f'{power}'.replace('-', '−'))}"
        return ten if digit == 1 else f"{digit}·{ten}"
    return f"{height:.6g}".replace("-", "−")


def _y(height: float, ticks: Sequence[float]) -> float:
    return TOP + HEIGHT * (ticks[-1] - height) / (ticks[-1] - ticks[0])


def _field(ticks: Sequence[float], axis: Axis, log: bool) -> Iterator[str]:
    """The lines behind the curves, with the values and the steps that they stand for."""
    plain = any(tick % 1 for tick in ticks) and ticks[0] >= -3 and ticks[-1] <= 4
    for tick in ticks:
        y = svg.number(_y(tick, ticks))
        yield svg.path(f"M{svg.number(LEFT)} {y}H{svg.number(LEFT + WIDTH)}", "rule")
        told = _told(10**tick if log and plain else tick, log and not plain)
        yield svg.text(told, LEFT - 8, _y(tick, ticks) + 4, SMALL, "quiet", "end")
    for step in axis.ticks:
        yield svg.text(f"{step:,}", axis.x(step), TOP + HEIGHT + 18, SMALL, "quiet")
    yield svg.text("step", LEFT + WIDTH / 2, TOP + HEIGHT + 38, SMALL, "quiet")


def _lines(curves: Mapping[str, Sequence[float]], ticks: Sequence[float], axis: Axis) -> Iterator[str]:
    """Every curve: a line for every run of values, a dot where there is but one."""
    for number, heights in enumerate(curves.values()):
        kind = f"c{number % len(COLOURS)}"
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        yield f'<g stroke-dasharray="{dash}">' if dash else "<g>"
        for run in _runs(heights, axis):
            points = [f"{svg.number(axis.x(step))} {svg.number(_y(height, ticks))}" for step, height in run]
            if len(points) > 1:
                yield svg.path("M" + "L".join(points), f"wire {kind}")
            else:
                yield svg.path(f"M{points[0]}m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0Z", f"dot {kind}")
        yield "</g>"


def _runs(heights: Sequence[float], axis: Axis) -> Iterator[list[tuple[int, float]]]:
    """The stretches without a gap; of more steps than pixels, the first, least, greatest and last of each pixel."""
    for gap, run in groupby(zip(axis.steps, heights, strict=False), key=lambda point: math.isnan(point[1])):
        if gap:
            continue
        points = list(run)
        if len(heights) > 2 * WIDTH:
            pixels = [list(pixel) for _, pixel in groupby(points, key=lambda point: int(axis.x(point[0])))]
            ends = [{p[0], min(p, key=lambda x: x[1]), max(p, key=lambda x: x[1]), p[-1]} for p in pixels]
            points = [point for kept in ends for point in sorted(kept)]
        yield points


def _legend(curves: Mapping[str, Sequence[float]], ticks: Sequence[float]) -> tuple[list[str], float]:
    """The names to the right, near the last values and clear of each other; and where they end."""
    last = {name: next((h for h in reversed(curve) if not math.isnan(h)), ticks[0]) for name, curve in curves.items()}
    names = sorted(curves, key=last.__getitem__, reverse=True)
    places = spread([_y(last[name], ticks) for name in names], [ROW] * len(names))
    shift = max(0.0, TOP - places[0])
    body = []
    for name, place in zip(names, places, strict=True):
        number, y, x = list(curves).index(name), place + shift, LEFT + WIDTH + 12
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        line = svg.path(f"M{svg.number(x)} {svg.number(y)}h20", f"wire c{number % len(COLOURS)}")
        body += [f'<g stroke-dasharray="{dash}">{line}</g>' if dash else line]
        body += [svg.text(name, x + 26, y + 4, SMALL, "", "start")]
    return body, places[-1] + shift
