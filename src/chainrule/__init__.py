"""Feed-forward networks that are fast, small and transparent.

    import numpy as np, chainrule as cr
    cr.grad(lambda x: np.sin(x**2))(3.0)      # cos(x²)·2x
"""

from chainrule import nn, ops, optim, train
from chainrule.checking import check_grads
from chainrule.functions import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from chainrule.nn import load
from chainrule.tracing import trace
from chainrule.train import fit
from chainrule.transforms.backprop import backprop

__version__ = "0.1.0"

__all__ = [
    "backprop",
    "check_grads",
    "fit",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "nn",
    "ops",
    "optim",
    "trace",
    "train",
    "value_and_grad",
    "vjp",
]
