"""Curves of a diagnosis, as pictures."""

from __future__ import annotations

import numpy as np

from chainrule.doctor.measurements import Measurements
from chainrule.errors import ArgumentError
from chainrule.explain.curves import curves_svg

TITLES = {
    "loss": "ℒ, the mean loss of the batch",
    "delta": "‖δ‖, what reaches z of a layer from the loss",
    "a": "‖a‖, the outputs of a layer",
    "cotangent": "‖∂ℒ/∂a‖, what reaches a of a layer from the loss",
    "gradient": "‖∂W‖, the gradient of the weights",
    "W": "‖W‖, the weights",
    "update": "‖ΔW‖, what a step adds to the weights",
    "update_ratio": "‖ΔW‖/‖W‖, of what share of themselves the weights move in a step",
    "saturated": "saturated: the share of units and examples at the flat ends of g",
    "dead": "silent: the share of units that are 0 for every example of the batch",
}
"""What the pictures of the quantities are called."""
SHARES = ("saturated", "dead")


def curves(diagnosis: Measurements, quantity: str) -> str:
    """See `Diagnosis.svg`."""
    series = diagnosis.series(quantity)
    if not series:
        raise ArgumentError(f"quantity {quantity!r} was measured of no layer")
    steps = np.unique(np.concatenate([steps for steps, _ in series.values()]))
    placed = {}
    for name, (known, values) in series.items():
        column = np.full(len(steps), np.nan)
        column[np.searchsorted(steps, known)] = values
        placed[name] = column.tolist()
    return curves_svg(TITLES[quantity], placed, quantity not in SHARES, steps.tolist())
