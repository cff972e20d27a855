"""From graph to plan: which loops are fused to kernels, where buffers lie in memory, and when each kernel runs."""

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
