"""Optimisers, learning-rate schedules and gradient clipping, all of them traced functions of arrays.

One step by hand:

    optimizer = SGD(Cosine(0.1), momentum=0.9, clip_norm=1.0)
    state = optimizer.initialise(parameters)
    parameters, state = optimizer.update(parameters, gradients, state, step=0, total_steps=1000)
"""

from chainrule.optim.adam import Adam, AdamW
from chainrule.optim.adaptive import Adagrad, RMSprop
from chainrule.optim.clipping import clip_by_global_norm, clip_by_value, global_norm
from chainrule.optim.lbfgs import LBFGS
from chainrule.optim.minimizer import Ending, FullBatchMinimizer, Minimizer
from chainrule.optim.optimizer import Optimizer
from chainrule.optim.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Ending",
    "Exponential",
    "FullBatchMinimizer",
    "InverseScaling",
    "Minimizer",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "clip_by_global_norm",
    "clip_by_value",
    "global_norm",
]
