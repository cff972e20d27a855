"""What every thread does in a step: kernels in their order, barriers between phases, and checks that may end the step.

The verifier reads these actions and the code generator emits them one after another, so what is proved of a plan is
proved of the code: neither works out for itself where barriers belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from chainrule.plan.kernels import Action, Barrier, EarlyExit, Kernel


def actions(kernels: Sequence[Kernel], guard: Kernel | None) -> tuple[Action, ...]:
    """The actions of a step of sorted kernels.

    The guard, and whether a host callback failed, is checked as soon as every thread knows it: at once if each
    has computed the guard itself, otherwise after the next barrier. A step ends with a barrier: a thread that
    went on to the next step would overwrite what others still read or check.
    """
    made: list[Action] = []
    for _, phase in groupby(kernels, key=lambda kernel: kernel.phase):
        known_later: list[Action] = []
        for kernel in phase:
            made.append(kernel)
            if kernel is guard or kernel.is_host_callback:
                (known_later if kernel.divided else made).append(EarlyExit(kernel))
        made += [Barrier(), *known_later]
    return tuple(made) if made and isinstance(made[-1], Barrier) else (*made, Barrier())
