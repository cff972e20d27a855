"""What is wrong with a training, told from what was measured: one rule for each kind of fault.

A rule is a function of the diagnosis that gives a finding or None. A fault often has others for a consequence, as
dead units have small updates below them; `RULES` therefore says by which other findings a rule's own is explained, and
those are not told. All look at the steps that were measured in every detail only, which lie closer together early in a
training: so a cheap and a full diagnosis find the same. Medians are taken over all of them or over the later half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chainrule.doctor.diagnosis import Diagnosis, Finding, LayerSeries
from chainrule.types import Array

VANISHED, SHRINK = 1e-3, 0.6
"""δ vanishes if ‖δ‖ of the first layer is below the first share of the last one's, and below the second a layer."""

EXPLODED = 1e3
"""δ explodes if ‖δ‖ of the first layer is so many times that of the last one."""

DEAD_SHARE = 0.4
"""Of the units of a layer: some relus always die, and as many as this in a high learning rate (Karpathy 2015)."""

SATURATED_SHARE = 0.5
"""Of units and examples."""

RATIOS, SUSTAINED = (1e-4, 1e-2), 0.9
"""‖ΔW‖/‖W‖ that nobody need think about, and the share of the measured steps that must lie outside on one side."""

LARGEST_RATIO, GROWN = 0.1, 2.0
"""A rate explodes if some ‖ΔW‖/‖W‖ was above the first, and the loss has grown so many times."""

SURPRISED = 3.0
"""Times ln C that a first loss may be: logits of variance 1 or 2, as common starts give them, make less than 2."""

FEWEST_STEPS = 4
"""Measured steps without which nothing is said of what lasts."""

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

Rule = Callable[[Diagnosis], Finding | None]


def find(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """The findings, causes before consequences."""
    found: dict[str, Finding] = {}
    diagnosis = diagnosis.in_every_detail
    for rule, explained_by in RULES:
        finding = None if found.keys() & set(explained_by) else rule(diagnosis)
        if finding is not None:
            found[finding.name] = finding
    return tuple(found.values())


def not_finite(diagnosis: Diagnosis) -> Finding | None:
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


def unreached(diagnosis: Diagnosis) -> Finding | None:
    """Parameters that no path leads to from the loss, or only paths with a factor that is 0."""
    named = {
        layer.number: f"no path leads to {', '.join(layer.unreached)}" for layer in diagnosis.layers if layer.unreached
    }
    for layer in diagnosis.layers:
        gradient = _known(layer.series.get("gradient", np.empty(0)))
        if len(gradient) >= FEWEST_STEPS and not gradient.any():
            named.setdefault(layer.number, "every path to W has a factor that is exactly 0")
    if not named:
        return None
    titles = {layer.number: layer.title for layer in diagnosis.layers}
    return Finding(
        "no path",
        tuple(named),
        _span(diagnosis),
        "; ".join(f"{titles[number]}: {text}" for number, text in named.items()),
        "‖∂W‖ exactly 0 at every measured step",
        "∂ℒ/∂W sums over the paths from W to ℒ the products of the factors along them: no path, no terms;\n"
        "comparisons, rounding, sign and stop_gradient cut paths",
        "use a function with a derivative there (tanh for sign, sigmoid for a step), or take the layer out",
    )


def symmetry(diagnosis: Diagnosis) -> Finding | None:
    """Units that stay equal."""
    layers = [layer for layer in diagnosis.layers if layer.equal_units > layer.units / 2 and layer.units > 1]
    if not layers:
        return None
    named = "; ".join(f"{layer.equal_units} of {layer.units} in {layer.title}" for layer in layers)
    return Finding(
        "symmetry",
        _numbers_of(layers),
        _span(diagnosis),
        f"units with exactly the weights of another one at the end: {named}",
        "more than half of a layer's units",
        "units that start equal stay equal: equal z, equal a, equal δ = (Wᵀδ) ⊙ g′(z), so equal updates δaᵀ;\n"
        "with all W = 0 even δ of the layers below is 0, since Wᵀδ = 0",
        'start from random weights: leave weights= out, or weights="glorot" or "he"',
        "ℒ = δ*z; z = w*a + b",
        "w",
    )


def exploding_rate(diagnosis: Diagnosis) -> Finding | None:
    """Steps so long that the loss grows."""
    ratios = {layer.number: _largest(layer.update_ratio) for layer in diagnosis.layers if len(layer.update_ratio)}
    worst = max(ratios, key=lambda number: ratios[number], default=None)
    if worst is None or not ratios[worst] > LARGEST_RATIO:
        return None
    start, end = _ends(diagnosis.losses)
    if not (diagnosis.diverged or end > GROWN * start):
        return None
    course = f"the loss went from {start:.3g} to {end:.3g}" if len(diagnosis.losses) > 1 else "the loss"
    if diagnosis.diverged:
        course += " and was not finite in the end" if len(diagnosis.losses) > 1 else " was not finite soon after"
    return Finding(
        "exploding rate",
        (worst,),
        _span(diagnosis),
        f"‖ΔW‖ was up to {ratios[worst]:.2g} of ‖W‖ in layer {worst}; {course}",
        f"‖ΔW‖/‖W‖ above {LARGEST_RATIO} while the loss grows {GROWN:g}-fold or ends infinite",
        "ℒ(W + ΔW) = ℒ − η‖∂W‖² + ½ η² ∂Wᵀ H ∂W: beyond η = 2/λₘₐₓ of H the last term wins, and every step climbs",
        "divide the learning rate by 10; clip the gradient (clip_norm=1.0)",
    )


def dead_units(diagnosis: Diagnosis) -> Finding | None:
    """Units of a relu that are 0 for all examples."""
    if len(diagnosis.steps) < FEWEST_STEPS:
        return None
    late = int(diagnosis.steps[len(diagnosis.steps) // 2])
    dead = {}
    for layer in diagnosis.layers:
        if layer.last_active is not None:
            count = int(np.sum(layer.last_active < late))
            if count > DEAD_SHARE * layer.units:
                dead[layer.number] = f"{count} of {layer.units} units of {layer.title}"
    if not dead:
        return None
    return Finding(
        "dead relu",
        tuple(dead),
        (late, int(diagnosis.steps[-1])),
        f"0 for every example of every measured batch: {'; '.join(dead.values())}",
        f"more than {DEAD_SHARE:.0%} of the units, over the later half of the measured steps (Karpathy 2015)",
        "z < 0 for all examples: a = 0 and relu′(z) = 0, so δ = (Wᵀδ) ⊙ 0 and ∂W = δaᵀ = 0: the unit cannot come back"
        + _slopes(diagnosis, tuple(dead)),
        'lower the learning rate, start from biases="zeros" and weights="he", or use "leaky_relu" or "gelu"',
        *_unit(diagnosis, next(iter(dead))),
    )


def saturation(diagnosis: Diagnosis) -> Finding | None:
    """Units of tanh or sigmoid on their flat ends."""
    shares = {}
    for layer in diagnosis.layers:
        if "saturated" in layer and len(diagnosis.steps) >= FEWEST_STEPS:
            share = _median(_later(layer["saturated"]))
            if share > SATURATED_SHARE:
                shares[layer.number] = f"{share:.0%} in {layer.title}"
    if not shares:
        return None
    return Finding(
        "saturation",
        tuple(shares),
        _late_span(diagnosis),
        f"units and examples at the flat ends of g: {'; '.join(shares.values())}",
        f"more than {SATURATED_SHARE:.0%} with g′ below a twentieth of its largest value, over the later half of the "
        "measured steps (Glorot and Bengio 2010)",
        "δ = (Wᵀδ) ⊙ g′(z), and g′(z) is 1 − a² for tanh and a(1 − a) for sigmoid: near 0 where |z| is large"
        + _slopes(diagnosis, tuple(shares)),
        'scale the inputs, start from weights="glorot", lower the learning rate, or put nn.BatchNorm() before g',
        *_unit(diagnosis, next(iter(shares))),
    )


def vanishing(diagnosis: Diagnosis) -> Finding | None:
    """δ that shrinks from layer to layer on its way down."""
    return _changing(diagnosis, vanishing=True)


def exploding(diagnosis: Diagnosis) -> Finding | None:
    """δ that grows from layer to layer on its way down."""
    return _changing(diagnosis, vanishing=False)


def _changing(diagnosis: Diagnosis, vanishing: bool) -> Finding | None:
    layers = [layer for layer in diagnosis.layers if "W" in layer and "delta" in layer]
    if len(layers) < 2 or not len(diagnosis.steps):
        return None
    first, last = layers[0], layers[-1]
    total = _median(_ratio(first["delta"], last["delta"]))
    hops = len(layers) - 1
    each = total ** (1 / hops)
    if not (0 <= total < VANISHED and each < SHRINK if vanishing else total > EXPLODED):
        return None
    parts = []
    for upper, lower in zip(layers[:0:-1], layers[-2::-1], strict=True):
        gain = _median(_ratio(lower["cotangent"], upper["delta"]))
        slope = _median(_ratio(lower["delta"], lower["cotangent"]))
        parts.append(f"layer {upper.number} to {lower.number}: Wᵀ {gain:.2g} · g′ {slope:.2g} = {gain * slope:.2g}")
    return Finding(
        "vanishing δ" if vanishing else "exploding δ",
        tuple(layer.number for layer in layers),
        _span(diagnosis),
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


def _unit(diagnosis: Diagnosis, number: int) -> tuple[str, str]:
    """What back propagation derives at a unit of a layer: the z of a unit above, by its own z."""
    form = FORMS.get(diagnosis.layers[number - 1].activation, "")
    return (f"u = w*a + b; a = {form}", "z") if form else ("", "")


def _slopes(diagnosis: Diagnosis, numbers: Sequence[int]) -> str:
    """What g′ leaves of ‖∂ℒ/∂a‖ in layers, over the later half: all with g′ = 1 everywhere; "" if unknown."""
    told = []
    for layer in (diagnosis.layers[number - 1] for number in numbers):
        slope = _median(_later(_ratio(layer["delta"], layer["cotangent"])))
        if not np.isnan(slope):  # as where all layers above are dead too
            told.append(f"{slope:.2g} in {layer.title}")
    return f"\nhere g′ leaves of ‖Wᵀδ‖ a share of {'; '.join(told)}" if told else ""


def loss_at_start(diagnosis: Diagnosis) -> Finding | None:
    """A classifier that is surely wrong before it has learned anything."""
    chance = diagnosis.chance_loss
    if chance is None or not len(diagnosis.steps) or diagnosis.steps[0] != 1:
        return None
    start = float(diagnosis.losses[0])
    if not start > SURPRISED * chance:
        return None
    return Finding(
        "loss at start",
        (len(diagnosis.layers),),
        (1, 1),
        f"the first loss is {start:.3g}; equal probabilities for all classes would give ln C = {chance:.3g}",
        f"above {SURPRISED:g} ln C at step 1; a low one is no fault, as of a network that has learned before",
        "ℒ = −ln p of the right class, and p = 1/C without knowledge: more means large logits z for wrong classes",
        "start the last layer from smaller weights, and scale the inputs to mean 0 and variance 1",
    )


def update_ratio(diagnosis: Diagnosis) -> Finding | None:
    """Weights that hardly move, or that move too far to settle."""
    low, high = RATIOS
    outside = {}
    for layer in diagnosis.layers:
        known = _known(layer.update_ratio)
        if len(known) >= FEWEST_STEPS and max(np.mean(known < low), np.mean(known > high)) >= SUSTAINED:
            outside[layer.number] = f"{np.median(known):.1e} in {layer.title}"
    if not outside:
        return None
    return Finding(
        "update ratio",
        tuple(outside),
        _span(diagnosis),
        f"the median of ‖ΔW‖/‖W‖ is {'; '.join(outside.values())}",
        f"below {low:g} or above {high:g} at {SUSTAINED:.0%} of the measured steps; 1e-3 is usual (Karpathy 2015)",
        "W ← W + ΔW: W turns over about once in ‖W‖/‖ΔW‖ steps",
        "too small: raise the learning rate; too large: lower it",
    )


RULES: Sequence[tuple[Rule, Sequence[str]]] = (
    (not_finite, ()),
    (exploding_rate, ()),
    (symmetry, ()),
    (dead_units, ("symmetry",)),
    (saturation, ()),
    (unreached, ("symmetry", "dead relu", "saturation")),
    (vanishing, ("no path", "symmetry", "dead relu", "saturation")),
    (exploding, ("exploding rate",)),
    (loss_at_start, ("saturation",)),
    (
        update_ratio,
        (
            "not finite",
            "exploding rate",
            "no path",
            "symmetry",
            "dead relu",
            "saturation",
            "vanishing δ",
            "exploding δ",
        ),
    ),
)
"""The rules, causes first, each with the names of the findings that explain its own."""


def _numbers_of(layers: Sequence[LayerSeries]) -> tuple[int, ...]:
    return tuple(layer.number for layer in layers)


def _known(values: Array) -> Array:
    return values[~np.isnan(values)]


def _median(values: Array) -> float:
    known = _known(values)
    return float(np.median(known)) if len(known) else float("nan")


def _largest(values: Array) -> float:
    return float(np.max(values[np.isfinite(values)], initial=0.0))


def _later(values: Array) -> Array:
    known = _known(values)
    return known[len(known) // 2 :]


def _ratio(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(a / b)


def _ends(losses: Array) -> tuple[float, float]:
    """The loss at first, and its median over the last quarter of the measured steps."""
    if not len(losses):
        return float("nan"), float("nan")
    return float(losses[0]), float(np.median(losses[-max(len(losses) // 4, 1) :]))


def _span(diagnosis: Diagnosis) -> tuple[int, int] | None:
    return (int(diagnosis.steps[0]), int(diagnosis.steps[-1])) if len(diagnosis.steps) else None


def _late_span(diagnosis: Diagnosis) -> tuple[int, int]:
    return int(diagnosis.steps[len(diagnosis.steps) // 2]), int(diagnosis.steps[-1])
