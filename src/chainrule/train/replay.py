"""A training step made again, operation by operation, to find where a number that is not finite came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainrule import tree
from chainrule.execution import Program
from chainrule.ops.value import lift
from chainrule.tracing import trace_call
from chainrule.train.step import Carry, Fixed, Made, PerStep, Step
from chainrule.train.weights import Weights
from chainrule.tree import Tree

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite, Replay


def replay(
    step: Step, carry: Carry, micro_batches: Iterable[PerStep], fixed: Fixed, titles: Sequence[str]
) -> NotFinite:
    """Where an update first meets a number that is not finite; the reference executor makes it again.

    Args:
        step: what makes a step.
        carry: what the update begins with.
        micro_batches: of the update, one after another.
        fixed: the same for all of them.
        titles: the names of the layers.
    """
    from chainrule.doctor.not_finite import NotFinite, explain, in_double

    for per_step in micro_batches:
        wide = partial(_computation, step, in_double(carry), per_step, fixed, titles)
        found = explain(_computation(step, carry, per_step, fixed, titles), wide)
        if found.reproduced:
            return found
        if per_step["part"]:
            carry, _ = Program(step.training_step)(carry, per_step, fixed)
    return NotFinite(False)


def _computation(step: Step, carry: Carry, per_step: PerStep, fixed: Fixed, titles: Sequence[str]) -> Replay:
    """A step at these arguments, as it was traced."""
    from chainrule.doctor.not_finite import Replay

    made: list[Made] = []

    def named(
        parameters: Tree,
        optimizer: Tree,
        state: Tree,
        sums: Tree,
        key: Any,
        step_number: Any,
        part: Any,
        batch: Any,
        total_steps: Any,
        sample_weight: Any,
        data: Any,
    ) -> tuple[Any, Any, Tree]:
        """The step as a function whose parameters are what messages call its inputs."""
        carry = Carry(weights=Weights(parameters, optimizer, state), sums=sums)
        own = PerStep(key=key, number=step_number, part=part, rows=batch)
        made.append(step.make(carry, own, Fixed(total=total_steps, sample_weight=sample_weight, data=data)))
        return made[0].loss, made[0].loss_sum, made[0].carry

    arguments = (*carry["weights"], carry["sums"], *per_step.values(), *fixed.values())
    traced = trace_call(named, arguments, {}, range(len(arguments)))
    new = made[0].carry
    changed = new["weights"]._asdict() | {"the sum of gradients": new["sums"]}
    paths = [str(path) for name, part in changed.items() for path, _ in tree.items(part, name)]
    layers = [
        (title, (lift(layer.z).node, lift(layer.a).node)) for title, layer in zip(titles, made[0].layers, strict=True)
    ]
    outcomes = list(zip(["the loss", "the sum of losses", *paths], traced.graph.outputs, strict=True))
    return Replay(traced.graph, tree.leaves(arguments), outcomes, made[0].backward_pass, layers)
