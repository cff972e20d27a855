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
from chainrule.explain.expression import Call, Expression, Indexed, Number, Power, Symbol
from chainrule.nn.activations import Activation
from chainrule.nn.losses import Loss
from chainrule.nn.step_report.formula import Formula, formula, in_brackets
from chainrule.nn.step_report.text import formula_text
from chainrule.types import Array

SYMBOLS = {"sigmoid": "σ"}
"""Functions that have a symbol; others go by their name."""


@dataclass(frozen=True)
class ClosedForm:
    """A form and what it means; both take pre-activation and activation, or target and output.

    Attributes:
        formula: (z or y, a), expressions -> the form.
        value: (z or y, a), numbers -> the same in numbers.
        is_sum: whether it needs brackets in a product.
    """

    formula: Callable[[Expression, Expression], Formula]
    value: Callable[[Any, Any], Any]
    is_sum: bool = False

    def factor(self, first: Expression, a: Expression) -> Formula:
        """The form as a factor of a product."""
        form = self.formula(first, a)
        return in_brackets(form) if self.is_sum else form


def _sigmoid(z: Any) -> Any:
    return np.exp(-np.logaddexp(0, -z))


def _softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _softmax_of(a: Expression) -> Expression:
    """Softmax of all outputs; of an output, the element of it."""
    match a:
        case Indexed(outputs, index):
            return Indexed(Call("softmax", (outputs,)), index)
    return Call("softmax", (a,))


def _sigmoid_of(z: Expression) -> Formula:
    return formula(Symbol(SYMBOLS["sigmoid"]), in_brackets(z))


_SLOPES = {
    "sigmoid": ClosedForm(lambda z, a: formula(a, "(", 1, "−", a, ")"), lambda z, a: a * (1 - a)),
    "tanh": ClosedForm(lambda z, a: formula(1, "−", Power(a, Number(2))), lambda z, a: 1 - a * a, is_sum=True),
    "relu": ClosedForm(lambda z, a: formula("[", z, ">", 0, "]"), lambda z, a: z > 0),
    "softplus": ClosedForm(lambda z, a: _sigmoid_of(z), lambda z, a: _sigmoid(z)),
}
_OUTPUT_SLOPES = {
    "half_squared": ClosedForm(lambda y, a: formula(a, "−", y), lambda y, a: a - y, is_sum=True),
    "mse": ClosedForm(lambda y, a: formula(2, "(", a, "−", y, ")"), lambda y, a: 2 * (a - y)),
    "binary_cross_entropy": ClosedForm(
        lambda y, a: formula(_sigmoid_of(a), "−", y), lambda y, a: _sigmoid(a) - y, is_sum=True
    ),
    "cross_entropy": ClosedForm(
        lambda y, a: formula(_softmax_of(a), "−", y), lambda y, a: _softmax(a) - y, is_sum=True
    ),
}
_MEAN_OVER_OUTPUTS = ("mse", "binary_cross_entropy")  # their forms hold for a single output


def activation_name(activation: str | Activation) -> str:
    """The symbol or the name of an activation."""
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "g")
    return SYMBOLS.get(name, "g" if name == "<lambda>" else name)


def slope_form(activation: str | Activation, z: Array, a: Array, slope: Array) -> ClosedForm | None:
    """The usual form of g′(z), compared with the `slope` that the rules gave; None if there is none."""
    form = _SLOPES.get(activation) if isinstance(activation, str) else None
    return None if form is None else _agreeing(form, z, a, slope, ("z", "a"), f"g′ of {activation}")


def output_form(loss: Loss, y: Array, a: Array, derivative: Array) -> ClosedForm | None:
    """The usual form of the derivative of one example's loss by its outputs [N × k], or None."""
    form = _OUTPUT_SLOPES.get(loss.name)
    if form is None or (loss.name in _MEAN_OVER_OUTPUTS and a.shape[1] > 1):
        return None
    if loss.task == "classes" and y.ndim == 1:
        y = np.eye(a.shape[1])[y]
    return _agreeing(form, y.astype(a.dtype), a, derivative * len(a), ("y", "a"), f"the derivative of {loss.name}")


def _agreeing(
    form: ClosedForm, first: Array, a: Array, numbers: Array, names: tuple[str, str], what: str
) -> ClosedForm:
    with np.errstate(all="ignore"):
        expected = form.value(first.astype(np.float64), a.astype(np.float64))
    tolerance = 1e-4 if numbers.dtype == np.float32 else 1e-9
    if not np.allclose(numbers, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
        written = formula_text(form.formula(*map(Symbol, names))).text
        raise GradientError(f"{what} is written {written}, but the rules gave other numbers")
    return form
