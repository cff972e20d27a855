"""Feed-forward networks that are fast, small and transparent.

    import numpy as np, chainrule as cr
    cr.grad(lambda x: np.sin(x**2))(3.0)      # cos(x²)·2x

Names are imported when they are first used, so that a command or a script pays only for what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.lazy_import import lazy_import
from chainrule.version import __version__ as __version__

if TYPE_CHECKING:
    from chainrule import doctor, nn, ops, optim, tabular, train
    from chainrule.checking import check_grads
    from chainrule.compiling import compile  # noqa: A004
    from chainrule.explain.deriving import derive
    from chainrule.functions import grad, hessian, hvp, jacobian, jvp, per_example_grad, value_and_grad, vjp
    from chainrule.nn import load
    from chainrule.tracing import trace
    from chainrule.train.fit import fit
    from chainrule.transforms.backprop import backprop

__all__ = [
    "backprop",
    "check_grads",
    "compile",
    "derive",
    "doctor",
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
    "per_example_grad",
    "tabular",
    "trace",
    "train",
    "value_and_grad",
    "vjp",
]

_MODULES = ("doctor", "nn", "ops", "optim", "tabular", "train")
__getattr__, __dir__ = lazy_import(
    __name__,
    {
        **{name: name for name in _MODULES},
        "backprop": "transforms.backprop",
        "check_grads": "checking",
        "compile": "compiling",
        "derive": "explain.deriving",
        "fit": "train",
        "grad": "functions",
        "hessian": "functions",
        "hvp": "functions",
        "jacobian": "functions",
        "jvp": "functions",
        "load": "nn",
        "per_example_grad": "functions",
        "trace": "tracing",
        "value_and_grad": "functions",
        "vjp": "functions",
    },
)
