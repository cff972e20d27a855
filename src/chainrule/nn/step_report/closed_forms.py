"""How local derivatives are written where they have a usual form.

Nothing is derived here: the numbers come from the rules of the operations, and a form is only used, and only
accepted, where it gives the very same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import GradientError
from chainrule.nn.activations import Activation
from chainrule.nn.losses import Loss
from chainrule.nn.step_report.layout import SQUARED
from chainrule.types import Array

SYMBOLS = {"sigmoid": "σ"}
"""Functions that have a symbol; others go by their name."""


@dataclass(frozen=True)
class ClosedForm:
    """A form and what it means.

    Attributes:
        form: with {z}, {a} and {y} for the names of pre-activation, activation and target; {i} for the index of a unit.
        value: (z or y, a) -> the same in numbers.
        is_sum: whether it needs brackets in a product.
    """

    form: str
    value: Callable[[Any, Any], Any]
    is_sum: bool = False

    def bracketed(self, **names: str) -> str:
        """The form as a factor of a product."""
        text = self.form.format(**names)
        return f"({text})" if self.is_sum else text


def _sigmoid(z: Any) -> Any:
    return np.exp(-np.logaddexp(0, -z))


def _softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


_SLOPES = {
    "sigmoid": ClosedForm("{a}(1−{a})", lambda z, a: a * (1 - a)),
    "tanh": ClosedForm("1−{a}" + SQUARED, lambda z, a: 1 - a * a, is_sum=True),
    "relu": ClosedForm("[{z} > 0]", lambda z, a: z > 0),
    "softplus": ClosedForm("σ({z})", lambda z, a: _sigmoid(z)),
}
_OUTPUT_SLOPES = {
    "half_squared": ClosedForm("{a}−{y}", lambda y, a: a - y, is_sum=True),
    "mse": ClosedForm("2({a}−{y})", lambda y, a: 2 * (a - y)),
    "binary_cross_entropy": ClosedForm("σ({a})−{y}", lambda y, a: _sigmoid(a) - y, is_sum=True),
    "cross_entropy": ClosedForm("softmax({a}){i}−{y}", lambda y, a: _softmax(a) - y, is_sum=True),
}
_MEAN_OVER_OUTPUTS = ("mse", "binary_cross_entropy")  # their forms hold for a single output


def activation_name(activation: str | Activation) -> str:
    """The symbol or the name of an activation."""
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "g")
    return SYMBOLS.get(name, "g" if name == "<lambda>" else name)


def slope_formula(activation: str | Activation, z: Array, a: Array, slope: Array) -> ClosedForm | None:
    """The usual form of g′(z), compared with the `slope` that the rules gave; None if there is none."""
    formula = _SLOPES.get(activation) if isinstance(activation, str) else None
    return None if formula is None else _agreeing(formula, z, a, slope, f"g′ of {activation}")


def output_formula(loss: Loss, y: Array, a: Array, derivative: Array) -> ClosedForm | None:
    """The usual form of the derivative of one example's loss by its outputs [N × k], or None."""
    formula = _OUTPUT_SLOPES.get(loss.name)
    if formula is None or (loss.name in _MEAN_OVER_OUTPUTS and a.shape[1] > 1):
        return None
    if loss.task == "classes" and y.ndim == 1:
        y = np.eye(a.shape[1])[y]
    return _agreeing(formula, y.astype(a.dtype), a, derivative * len(a), f"the derivative of {loss.name}")


def _agreeing(formula: ClosedForm, first: Array, a: Array, numbers: Array, what: str) -> ClosedForm:
    with np.errstate(all="ignore"):
        expected = formula.value(first.astype(np.float64), a.astype(np.float64))
    tolerance = 1e-4 if numbers.dtype == np.float32 else 1e-9
    if not np.allclose(numbers, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise GradientError(f"{what} is written {formula.form}, but the rules gave other numbers")
    return formula
