"""From graph to plan: which kernels there are, what they keep in memory, and when they run."""

from chainrule.plan.build import make_plan
from chainrule.plan.kernels import ONE_CALL, Action, Barrier, Buffer, EarlyExit, Kernel, Place, Plan, Store, Usage

__all__ = [
    "ONE_CALL",
    "Action",
    "Barrier",
    "Buffer",
    "EarlyExit",
    "Kernel",
    "Place",
    "Plan",
    "Store",
    "Usage",
    "make_plan",
]
