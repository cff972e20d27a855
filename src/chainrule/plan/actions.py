"""What every thread does in a step: kernels in their order, meetings between epochs, and checks that may end the step.

The verifier reads these actions and the code generator writes them down one after another, so what is proved of a plan
is proved of the code: neither works out for itself where threads meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from chainrule.plan.kernels import Action, Check, Kernel, Meet


def actions(kernels: Sequence[Kernel], guard: Kernel | None) -> tuple[Action, ...]:
    """The actions of a step of sorted kernels.

    The guard, and whether a call to the outside failed, is checked as soon as every thread knows it: at once if each
    has computed the guard itself, otherwise when they have met. The threads meet at the end of the step: one that went
    on to the next would overwrite what others still read or check.
    """
    made: list[Action] = []
    for _, epoch in groupby(kernels, key=lambda kernel: kernel.epoch):
        known_later: list[Action] = []
        for kernel in epoch:
            made.append(kernel)
            if kernel is guard or kernel.is_host_callback:
                (known_later if kernel.divided else made).append(Check(kernel))
        made += [Meet(), *known_later]
    return tuple(made) if made and isinstance(made[-1], Meet) else (*made, Meet())
