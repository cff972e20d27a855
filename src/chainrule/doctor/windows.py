"""Over which measured steps a rule looks, and what is typical there.

A fault that lasts is one of the network that the training leaves behind. It is looked for at the end: in the final
measurement, or, where there is none, among the steps of the later half of the training, counted in steps.
"""

from __future__ import annotations

import numpy as np

from chainrule.doctor.measurements import LayerSeries, Measurements
from chainrule.types import Array

FEWEST_STEPS = 4
"""Measured steps without which nothing is said of what lasts."""


def last_step(diagnosis: Measurements) -> int:
    """The number of the last step, measured or not."""
    return max(diagnosis.made, int(diagnosis.steps[-1]))


def late(diagnosis: Measurements, layer: LayerSeries, name: str) -> Array:
    """What was measured of a layer at the end; see the module's text."""
    if len(layer.final.get(name, ())):
        return layer.final[name]
    return known(layer[name][diagnosis.steps > last_step(diagnosis) / 2]) if name in layer else np.empty(0)


def late_from(diagnosis: Measurements) -> int:
    """The first step that counts as the end: the one after the last if there is a final measurement."""
    if len(diagnosis.final_losses):
        return last_step(diagnosis) + 1
    return int(diagnosis.steps[diagnosis.steps > last_step(diagnosis) / 2][0])


def span(diagnosis: Measurements, late: bool = False) -> tuple[int, int] | None:
    """The first and the last step of the training, or of what counts as its end; None if none was measured."""
    if not len(diagnosis.steps):
        return None
    end = last_step(diagnosis)
    return (min(late_from(diagnosis), end) if late else int(diagnosis.steps[0])), end


def known(values: Array) -> Array:
    """The values that were measured."""
    return values[~np.isnan(values)]


def median(values: Array) -> float:
    """The median of what was measured; NaN of nothing."""
    measured = known(values)
    return float(np.median(measured)) if len(measured) else float("nan")


def largest(*several: Array) -> float:
    """The largest finite value of all; 0 of none."""
    values = np.concatenate([np.empty(0), *several])
    return float(np.max(values[np.isfinite(values)], initial=0.0))


def ratio(a: Array, b: Array) -> Array:
    """a / b, NaN or infinite where b is 0."""
    with np.errstate(all="ignore"):
        return np.asarray(a / b)
