"""From graph to plan: which kernels there are, what they keep in memory, and when they run."""

from chainrule.plan.build import make_plan
from chainrule.plan.kernels import Action, Barrier, Buffer, EarlyExit, Kernel, Place, Plan, Store

__all__ = [
    "Action",
    "Barrier",
    "Buffer",
    "EarlyExit",
    "Kernel",
    "Place",
    "Plan",
    "Store",
    "make_plan",
]
