"""The primitive operations, and the functions written in them that NumPy does not have.

Everything that NumPy has is called by its NumPy name: `np.sin(x)`, `x @ w`, `np.sum(x, axis=0)`.
"""

import chainrule.ops.matmul
import chainrule.ops.shape  # noqa: F401 (these two add no names: they teach NumPy's functions to trace)
from chainrule.graph import REGISTRY
from chainrule.ops.composite import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    normal,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from chainrule.ops.elementwise import erf, stop_gradient
from chainrule.ops.host_callback import host_callback
from chainrule.ops.index import scatter_add
from chainrule.ops.random import random_bits, random_key, uniform
from chainrule.ops.reduce import logsumexp
from chainrule.ops.sparse import sparse_matmul, sparse_outer
from chainrule.ops.value import Value, lift

OWN = frozenset(REGISTRY.values())
"""The library's own operations, all of which the engine has code for."""

__all__ = [
    "Value",
    "elu",
    "erf",
    "gelu",
    "host_callback",
    "leaky_relu",
    "lift",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "normal",
    "random_bits",
    "random_key",
    "relu",
    "scatter_add",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "sparse_matmul",
    "sparse_outer",
    "stop_gradient",
    "uniform",
]
