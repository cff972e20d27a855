"""What is wrong with a training, told from what was measured: one detector for each kind of fault.

A detector is a function of the diagnosis that gives a finding or None. A fault often has others for a consequence, as
dead units have small updates below them; `DETECTORS` therefore says by which other findings that of a detector is
explained, and those are not told. All look at the steps that were measured in every detail only, which lie closer
together early in a training, and at the final measurement: so a cheap and a full diagnosis find the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from chainrule.doctor.finding import Finding
from chainrule.doctor.measurements import LayerSeries, Measurements
from chainrule.doctor.moving import exploding_rate, frozen, nothing_learned, update_ratio
from chainrule.doctor.windows import (
    FEWEST_STEPS,
    known,
    last_step,
    late,
    late_from,
    median,
    ratio,
    span,
)
from chainrule.types import Array

VANISHED, SHRINK = 1e-3, 0.6
"""δ vanishes if ‖δ‖ of the first layer is below the first share of the last one's, and below the second a layer."""

EXPLODED = 1e3
"""δ explodes if ‖δ‖ of the first layer is so many times that of the last one."""

DEAD_SHARE = 0.4
"""Of the units of a layer: some relus always die, and as many as this in a high learning rate (Karpathy 2015)."""

SATURATED_SHARE = 0.5
"""Of units and examples."""

SURPRISED, UNEVEN = 3.0, 2.0
"""Times the entropy of the classes, and times ln C, that a first loss may be: logits of variance 1 or 2, as common
starts give them, make less than 2 ln C."""

FORMS = {
    "": "",
    "linear": "z",
    "tanh": "tanh(z)",
    "sigmoid": "sigmoid(z)",
    "relu": "relu(z)",
    "leaky_relu": "where(z > 0, z, 0.01*z)",
    "elu": "where(z > 0, z, exp(z) - 1)",
    "selu": "1.0507*where(z > 0, z, 1.6733*(exp(z) - 1))",
    "gelu": "z*(1 + erf(z/sqrt(2)))/2",
    "silu": "z*sigmoid(z)",
    "mish": "z*tanh(softplus(z))",
    "softplus": "softplus(z)",
}
"""How `chainrule.derive` reads the activations: all but softmax, which is no function of one unit."""

Detector = Callable[[Measurements], Finding | None]


def find(diagnosis: Measurements) -> tuple[Finding, ...]:
    """The findings, causes before consequences."""
    found: dict[str, Finding] = {}
    diagnosis = diagnosis.in_every_detail
    for detector, explained_by in DETECTORS:
        finding = None if found.keys() & set(explained_by) else detector(diagnosis)
        if finding is not None:
            found[finding.name] = finding
    return tuple(found.values())


def not_finite(diagnosis: Measurements) -> Finding | None:
    """A number that is not finite ended the training."""
    if not diagnosis.diverged:
        return None
    cause = diagnosis.not_finite
    step = None if cause is None or not cause.step else (cause.step, cause.step)
    return Finding(
        "not finite",
        (),
        step,
        "the training met a loss or a weight that is not finite" if cause is None else str(cause),
        "no infinity and no NaN in a loss or a weight",
        "one NaN reaches every weight: ∂ℒ/∂W sums over examples and units, and NaN + x = NaN",
        cause.fix if cause is not None and cause.fix else "lower the learning rate, or clip the gradient",
    )


def unreached(diagnosis: Measurements) -> Finding | None:
    """Parameters that no path leads to from the loss, or only paths with a factor that is 0."""
    named = {
        layer.number: f"no path leads to {', '.join(layer.unreached)}" for layer in diagnosis.layers if layer.unreached
    }
    for layer in diagnosis.layers:
        if _without_gradient(diagnosis, layer):
            named.setdefault(layer.number, "every path to W has a factor that is exactly 0")
    if not named:
        return None
    titles = {layer.number: layer.title for layer in diagnosis.layers}
    return Finding(
        "no path",
        tuple(named),
        span(diagnosis),
        "; ".join(f"{titles[number]}: {text}" for number, text in named.items()),
        "‖∂W‖ exactly 0 at every measured step, or at the end though ∂ℒ/∂a of the last layer is not",
        "∂ℒ/∂W sums over the paths from W to ℒ the products of the factors along them: no path, no terms;\n"
        "comparisons, rounding, sign and stop_gradient cut paths",
        "use a function with a derivative there (tanh for sign, sigmoid for a step), or take the layer out",
    )


def _without_gradient(diagnosis: Measurements, layer: LayerSeries) -> bool:
    """Whether ∂W is 0 at every measured step; or at the end, though the loss asks for a change."""
    if "gradient" not in layer:
        return False
    asked = diagnosis.layers[-1].final.get("cotangent", np.empty(0))
    whole, final = known(layer["gradient"]), known(layer.final.get("gradient", np.empty(0)))
    return any(
        len(gradient) >= FEWEST_STEPS and not gradient.any() and counts
        for gradient, counts in ((whole, True), (final, asked.any()))
    )


def symmetry(diagnosis: Measurements) -> Finding | None:
    """Units that stay equal."""
    layers = [layer for layer in diagnosis.layers if layer.equal_units > layer.units / 2 and layer.units > 1]
    if not layers:
        return None
    named = "; ".join(f"{layer.equal_units} of {layer.units} in {layer.title}" for layer in layers)
    return Finding(
        "symmetry",
        _numbers_of(layers),
        span(diagnosis),
        f"units with exactly the weights of another one at the end: {named}",
        "more than half of a layer's units",
        "units that start equal stay equal: equal z, equal a, equal δ = (Wᵀδ) ⊙ g′(z), so equal updates δaᵀ;\n"
        "with all W = 0 even δ of the layers below is 0, since Wᵀδ = 0",
        'start from random weights: leave weights= out, or weights="glorot" or "he"',
        "ℒ = δ*z; z = w*a + b",
        "w",
    )


def dead_units(diagnosis: Measurements) -> Finding | None:
    """Units of a relu that are 0 for all examples."""
    if len(diagnosis.steps) < FEWEST_STEPS:
        return None
    dead, began = {}, last_step(diagnosis)
    for layer in diagnosis.layers:
        if layer.last_active is not None:
            last = layer.last_active[layer.last_active < late_from(diagnosis)]
            if len(last) > DEAD_SHARE * layer.units:
                seen = f", some of them seen above 0 up to step {np.max(last):,}" if np.max(last) else ""
                dead[layer.number] = f"{len(last)} of {layer.units} units of {layer.title}{seen}"
                began = min(began, int(np.max(last)) + 1)
    if not dead:
        return None
    return Finding(
        "dead relu",
        tuple(dead),
        (began, last_step(diagnosis)),
        f"0 for every example of every batch that was measured at the end: {'; '.join(dead.values())}",
        f"more than {DEAD_SHARE:.0%} of the units, at the end (Karpathy 2015)",
        "z < 0 for all examples: a = 0 and relu′(z) = 0, so δ = (Wᵀδ) ⊙ 0 and ∂W = δaᵀ = 0: the unit cannot come back"
        + _slopes(diagnosis, tuple(dead)),
        'lower the learning rate, start from biases="zeros" and weights="he", or use "leaky_relu" or "gelu"',
        *_unit(diagnosis, next(iter(dead))),
    )


def saturation(diagnosis: Measurements) -> Finding | None:
    """Units of tanh or sigmoid on their flat ends."""
    shares = {}
    for layer in diagnosis.layers:
        if "saturated" in layer and len(diagnosis.steps) >= FEWEST_STEPS:
            share = median(late(diagnosis, layer, "saturated"))
            if share > SATURATED_SHARE:
                shares[layer.number] = f"{share:.0%} in {layer.title}"
    if not shares:
        return None
    return Finding(
        "saturation",
        tuple(shares),
        span(diagnosis, late=True),
        f"units and examples at the flat ends of g: {'; '.join(shares.values())}",
        f"more than {SATURATED_SHARE:.0%} with g′ below a twentieth of its largest value, at the end "
        "(Glorot and Bengio 2010)",
        "δ = (Wᵀδ) ⊙ g′(z), and g′(z) is 1 − a² for tanh and a(1 − a) for sigmoid: near 0 where |z| is large"
        + _slopes(diagnosis, tuple(shares)),
        'scale the inputs, start from weights="glorot", lower the learning rate, or put nn.BatchNorm() before g',
        *_unit(diagnosis, next(iter(shares))),
    )


def vanishing(diagnosis: Measurements) -> Finding | None:
    """δ that shrinks from layer to layer on its way down."""
    return _changing(diagnosis, vanishing=True)


def exploding(diagnosis: Measurements) -> Finding | None:
    """δ that grows from layer to layer on its way down."""
    return _changing(diagnosis, vanishing=False)


def _changing(diagnosis: Measurements, vanishing: bool) -> Finding | None:
    layers = [layer for layer in diagnosis.layers if "W" in layer and "delta" in layer]
    if len(layers) < 2 or not len(diagnosis.steps):
        return None
    window, when = _of_several_rows(diagnosis, layers), span(diagnosis)
    if all("delta" in layer.final for layer in layers) and not _changes(window, vanishing):
        window, when = [layer.final for layer in layers], span(diagnosis, late=True)
    if not _changes(window, vanishing):
        return None
    first, last = layers[0], layers[-1]
    total, each = _shrink(window)
    parts = []
    for (upper, above), (lower, below) in pairwise(list(zip(layers, window, strict=True))[::-1]):
        gain = median(ratio(below["cotangent"], above["delta"]))
        slope = median(ratio(below["delta"], below["cotangent"]))
        parts.append(f"layer {upper.number} to {lower.number}: Wᵀ {gain:.2g} · g′ {slope:.2g} = {gain * slope:.2g}")
    return Finding(
        "vanishing δ" if vanishing else "exploding δ",
        tuple(layer.number for layer in layers),
        when,
        f"‖δ‖ of layer {first.number} is {total:.2g} of that of layer {last.number}, {each:.2g} a layer",
        f"below {VANISHED:g} and below {SHRINK} a layer (Glorot and Bengio 2010)"
        if vanishing
        else f"above {EXPLODED:g} (Pascanu, Mikolov and Bengio 2013)",
        "δˡ⁻¹ = (Wˡᵀδˡ) ⊙ g′(zˡ⁻¹), as factors of ‖δ‖:\n" + "\n".join(parts),
        'start from weights="he" (relu) or "glorot" (tanh), take fewer layers, or nn.Residual and nn.BatchNorm'
        if vanishing
        else 'start from weights="he" or "glorot", put nn.BatchNorm() between, or clip the gradient (clip_norm=1.0)',
        *_unit(diagnosis, first.number),
    )


def _of_several_rows(diagnosis: Measurements, layers: Sequence[LayerSeries]) -> list[Mapping[str, Array]]:
    """The series of layers without the steps in which the normalisation of a single row left no δ below it."""
    if not batch_of_one_row(diagnosis):
        return [layer.series for layer in layers]
    told = layers[0]["delta"] != 0
    return [{name: values[told] for name, values in layer.series.items()} for layer in layers]


def _shrink(window: Sequence[Mapping[str, Array]]) -> tuple[float, float]:
    """‖δ‖ of the first layer over that of the last one, and the same for each step down."""
    total = median(ratio(window[0]["delta"], window[-1]["delta"]))
    return total, total ** (1 / (len(window) - 1))


def _changes(window: Sequence[Mapping[str, Array]], vanishing: bool) -> bool:
    total, each = _shrink(window)
    return 0 <= total < VANISHED and each < SHRINK if vanishing else total > EXPLODED


def _unit(diagnosis: Measurements, number: int) -> tuple[str, str]:
    """What back propagation derives at a unit of a layer: the z of a unit above, by its own z."""
    form = FORMS.get(diagnosis.layers[number - 1].activation, "")
    return (f"u = w*a + b; a = {form}", "z") if form else ("", "")


def _slopes(diagnosis: Measurements, numbers: Sequence[int]) -> str:
    """What g′ leaves of ‖∂ℒ/∂a‖ in layers, at the end: all with g′ = 1 everywhere; "" if unknown."""
    told = []
    for layer in (diagnosis.layers[number - 1] for number in numbers):
        slope = median(ratio(late(diagnosis, layer, "delta"), late(diagnosis, layer, "cotangent")))
        if not np.isnan(slope):  # as where all layers above are dead too
            told.append(f"{slope:.2g} in {layer.title}")
    return f"\nhere g′ leaves of ‖Wᵀδ‖ a share of {'; '.join(told)}" if told else ""


def loss_at_start(diagnosis: Measurements) -> Finding | None:
    """A classifier that is surely wrong before it has learned anything."""
    chance = diagnosis.chance_loss
    if chance is None or not len(diagnosis.steps) or diagnosis.steps[0] != 1:
        return None
    start = float(diagnosis.losses[0])
    entropy = chance if diagnosis.constant_loss is None else diagnosis.constant_loss
    if not start > max(SURPRISED * entropy, UNEVEN * chance):
        return None
    return Finding(
        "loss at start",
        (len(diagnosis.layers),),
        (1, 1),
        f"the first loss is {start:.3g}; the shares of the classes as probabilities would give their entropy, "
        f"{entropy:.3g}, and equal probabilities ln C = {chance:.3g}",
        f"above {SURPRISED:g} times the entropy and above {UNEVEN:g} ln C at step 1; a low one is no fault, as of a "
        "network that has learned before",
        "ℒ = −ln p of the right class, and without knowledge p is its share, or 1/C:\n"
        "more means large logits z for wrong classes",
        "start the last layer from smaller weights, and scale the inputs to mean 0 and variance 1",
    )


def batch_of_one_row(diagnosis: Measurements) -> Finding | None:
    """Batch normalisation of a single row, which gives the same whatever the row."""
    layers = [layer for layer in diagnosis.layers if layer.fewest_rows > diagnosis.smallest_batch > 0]
    if not layers:
        return None
    return Finding(
        "batch of one row",
        _numbers_of(layers),
        None,
        f"the last batch of an epoch has {diagnosis.smallest_batch} row: {'; '.join(layer.title for layer in layers)}",
        f"fewer than {layers[0].fewest_rows} rows",
        "z = (a − mean)/√(variance + ε)·scale + shift with a = mean: z = shift whatever the row, so\n"
        "the layers below get no gradient; the running averages leave the batch out",
        "choose a batch_size that leaves no single row, or leave one row out",
    )


_STOPS_LEARNING = (
    "not finite",
    "exploding rate",
    "frozen layer",
    "no path",
    "symmetry",
    "dead relu",
    "saturation",
    "vanishing δ",
    "exploding δ",
)

DETECTORS: Sequence[tuple[Detector, Sequence[str]]] = (
    (not_finite, ()),
    (exploding_rate, ()),
    (symmetry, ()),
    (dead_units, ("symmetry",)),
    (saturation, ()),
    (unreached, ("symmetry", "dead relu", "saturation")),
    (vanishing, ("no path", "symmetry", "dead relu", "saturation")),
    (exploding, ("exploding rate",)),
    (loss_at_start, ("saturation",)),
    (batch_of_one_row, ()),
    (frozen, ("not finite", "symmetry")),
    (nothing_learned, _STOPS_LEARNING),
    (update_ratio, (*_STOPS_LEARNING, "nothing learned")),
)
"""The detectors, causes first, each with the names of the findings that explain its own."""


def _numbers_of(layers: Sequence[LayerSeries]) -> tuple[int, ...]:
    return tuple(layer.number for layer in layers)
