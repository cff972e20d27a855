"""Rules about how far weights move and what becomes of the loss: rates, frozen layers, nothing learned."""

from __future__ import annotations

import numpy as np

from chainrule.doctor.finding import Finding
from chainrule.doctor.measurements import LayerSeries, Measurements
from chainrule.doctor.windows import FEWEST_STEPS, known, largest, median, span
from chainrule.types import Array

RATIOS, SUSTAINED = (1e-4, 1e-2), 0.9
"""‖ΔW‖/‖W‖ that nobody need think about, and the share of the measured steps that must lie outside on one side."""

LARGEST_RATIO, GROWN = 0.1, 2.0
"""A rate explodes if some ‖ΔW‖/‖W‖ was above the first, and the loss has grown so many times."""

GIVEN_BACK = 0.5
"""The share of what the loss had fallen by that counts as lost again."""

LEARNED, NEAR, PACE, FEWEST_EPOCHS = 0.01, 0.05, 0.002, 2
"""A training learns nothing if the loss gets no farther below that of a constant output than the first share of it, is
no farther above than the second, and falls by less than the third in the last of so many epochs."""


def exploding_rate(diagnosis: Measurements) -> Finding | None:
    """Steps so long that the loss grows."""
    ratios = {
        layer.number: largest(layer.update_ratio, layer.final_update_ratio)
        for layer in diagnosis.layers
        if len(layer.update_ratio)
    }
    worst = max(ratios, key=lambda number: ratios[number], default=None)
    if worst is None or not _explodes(diagnosis, ratios[worst]):
        return None
    start, end = _ends(diagnosis)
    course = f"the loss went from {start:.3g} to {end:.3g}" if len(diagnosis.losses) > 1 else "the loss"
    if diagnosis.diverged:
        course += " and was not finite in the end" if len(diagnosis.losses) > 1 else " was not finite soon after"
    return Finding(
        "exploding rate",
        (worst,),
        span(diagnosis),
        f"‖ΔW‖ was up to {ratios[worst]:.2g} of ‖W‖ in layer {worst}; {course}",
        f"‖ΔW‖/‖W‖ above {LARGEST_RATIO}, or {RATIOS[1]} at the end, while the loss grows {GROWN:g}-fold, loses half "
        "of what it had won, or ends infinite",
        "ℒ(W + ΔW) = ℒ − η‖∂W‖² + ½ η² ∂Wᵀ H ∂W: beyond η = 2/λₘₐₓ of H the last term wins, and every step climbs",
        "divide the learning rate by 10; clip the gradient (clip_norm=1.0)",
    )


def _explodes(diagnosis: Measurements, ratio: float) -> bool:
    """Whether the loss went up by steps of which the longest that was measured is this share of the weights."""
    start, end = _ends(diagnosis)
    grown = end > GROWN * start
    overflowed = diagnosis.diverged and (diagnosis.not_finite is None or diagnosis.not_finite.grew)
    if ratio > LARGEST_RATIO and (overflowed or grown or _gave_back(diagnosis, start, end)):
        return True
    long = any(median(layer.final_update_ratio) > RATIOS[1] for layer in diagnosis.layers)
    return (overflowed and grown) or (long and (grown or _gave_back(diagnosis, start, end)))


def _ends(diagnosis: Measurements) -> tuple[float, float]:
    """The loss at first, and at the end: the median of the final measurement, or of the last measured steps.

    Of a training that did not end well the last finished epoch tells more, if it was worse.
    """
    losses = diagnosis.losses
    if not len(losses):
        return float("nan"), float("nan")
    last = diagnosis.final_losses if len(diagnosis.final_losses) else losses[-max(len(losses) // 4, 1) :]
    end = float(np.median(last))
    return float(losses[0]), max([end, *diagnosis.epoch_losses[-1:]]) if diagnosis.diverged else end


def _gave_back(diagnosis: Measurements, start: float, end: float) -> bool:
    """Whether the loss is far above the lowest that an epoch had."""
    if not len(diagnosis.epoch_losses):
        return False
    low = float(np.min(diagnosis.epoch_losses))
    return end > GROWN * low and end - low > GIVEN_BACK * (start - low)


def frozen(diagnosis: Measurements) -> Finding | None:
    """Layers whose weights do not change by a bit, though there is a gradient."""
    still = [layer for layer in diagnosis.layers if _is_still(layer)]
    if not still:
        return None
    every = len(still) == sum("update" in layer for layer in diagnosis.layers)
    return Finding(
        "frozen layer",
        tuple(layer.number for layer in still),
        span(diagnosis),
        f"W stays the same to the last bit: {'; '.join(layer.title for layer in still)}",
        "‖ΔW‖ exactly 0 at every measured step while ‖∂W‖ is not",
        "W ← W + ΔW with ΔW = 0: the optimiser gets no gradient of it, its rate is 0, or rounding to W loses ΔW",
        "the learning rate is 0 or far too small for W; give a larger one"
        if every
        else "if it is not meant, let transform_gradients pass the gradient of this layer; if it is, all is well",
    )


def _is_still(layer: LayerSeries) -> bool:
    """Whether a layer never moved, though it was asked to."""
    update = known(layer.series.get("update", np.empty(0)))
    return len(update) >= FEWEST_STEPS and not update.any() and bool(known(layer["gradient"]).any())


def nothing_learned(diagnosis: Measurements) -> Finding | None:
    """A network that is no better than one whose outputs do not look at the inputs."""
    constant, losses = diagnosis.constant_loss, diagnosis.epoch_losses
    if constant is None or len(losses) < FEWEST_EPOCHS or not constant > 0:
        return None
    if not (1 - LEARNED) * constant < np.min(losses) < (1 + NEAR) * constant:
        return None  # far above it a network has not even got that far: its steps are too small, or too large
    if losses[-2] - losses[-1] > PACE * constant:
        return None
    return Finding(
        "nothing learned",
        (),
        span(diagnosis),
        f"the mean loss of an epoch is {losses[-1]:.4g} in the end and was never below {np.min(losses):.4g}; outputs "
        f"that are the same for every example would give {constant:.4g}",
        f"not {LEARNED:.0%} below the loss of the best constant outputs, after {FEWEST_EPOCHS} epochs or more",
        "ℒ falls below it only where outputs follow the inputs; if these say nothing of the targets, or the network\n"
        "cannot use them, the shares of the classes, or the mean, are the best answer",
        "first the data: do rows of inputs and targets belong together, and have inputs mean 0 and variance 1?\n"
        "then the rate: try one ten times as large and one ten times as small",
    )


def update_ratio(diagnosis: Measurements) -> Finding | None:
    """Weights that hardly move, or that move too far to settle."""
    low, high = RATIOS
    moving = [layer for layer in diagnosis.layers if len(known(layer.update_ratio)) >= FEWEST_STEPS]
    small = [layer for layer in moving if np.mean(known(layer.update_ratio) < low) >= SUSTAINED]
    large = [layer for layer in moving if layer not in small and _too_far(layer, high)]
    if not small and not large:
        return None
    outside = sorted((*small, *large), key=lambda layer: layer.number)
    return Finding(
        "update ratio",
        tuple(layer.number for layer in outside),
        span(diagnosis) if small else span(diagnosis, late=True),
        "the median of ‖ΔW‖/‖W‖ is "
        + "; ".join(f"{median(_typical(layer, large)):.1e} in {layer.title}" for layer in outside),
        f"below {low:g} at {SUSTAINED:.0%} of the measured steps, or above {high:g} at the end; 1e-3 is usual "
        "(Karpathy 2015)",
        "W ← W + ΔW: W turns over about once in ‖W‖/‖ΔW‖ steps",
        "; ".join(filter(None, (_faster(small, moving), _slower(large, moving)))),
    )


def _too_far(layer: LayerSeries, high: float) -> bool:
    """Whether a layer moves too far at nearly all measured steps, or at the end."""
    return any(
        len(part) >= FEWEST_STEPS and np.mean(part > high) >= SUSTAINED
        for part in (known(layer.update_ratio), known(layer.final_update_ratio))
    )


def _typical(layer: LayerSeries, large: list[LayerSeries]) -> Array:
    return layer.final_update_ratio if layer in large and len(layer.final_update_ratio) else layer.update_ratio


def _faster(small: list[LayerSeries], moving: list[LayerSeries]) -> str:
    if not small:
        return ""
    if len(small) == len(moving):
        return "raise the learning rate"
    return f"{_named(small)} alone hardly moves: do not raise the rate of all, but look why its gradient is so small"


def _slower(large: list[LayerSeries], moving: list[LayerSeries]) -> str:
    if not large:
        return ""
    if len(large) == len(moving):
        return "lower the learning rate"
    return f"{_named(large)} alone moves too far: start it from larger weights, or lower the learning rate"


def _named(layers: list[LayerSeries]) -> str:
    return ", ".join(f"layer {layer.number}" for layer in layers)
