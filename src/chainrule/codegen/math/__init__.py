"""Vector mathematics as LLVM IR: each function appends the instructions for one value, scalar or vector.

Operands are `float`, `double` or vectors of them with 2, 4, 8 or 16 lanes; the result has the type of the operand, and
each lane has the same bits as a scalar. Nothing is called and nothing branches, except that sin, cos and tan of large
angles take a slow path (`math.argument_reduction`). Signed zeros, infinities, NaN, subnormal numbers and overflow are
as in C99.
"""

from chainrule.codegen.math.double_double_logarithm import log2, log10
from chainrule.codegen.math.error_function import erf
from chainrule.codegen.math.exponential import exp, expm1
from chainrule.codegen.math.hyperbolic import cosh, sinh, tanh
from chainrule.codegen.math.integer_power import integer_power
from chainrule.codegen.math.logarithm import log, log1p
from chainrule.codegen.math.numbers import fma
from chainrule.codegen.math.power import power
from chainrule.codegen.math.trigonometric import arctan, cos, sin, tan

__all__ = [
    "arctan",
    "cos",
    "cosh",
    "erf",
    "exp",
    "expm1",
    "fma",
    "integer_power",
    "log",
    "log1p",
    "log2",
    "log10",
    "power",
    "sin",
    "sinh",
    "tan",
    "tanh",
]
