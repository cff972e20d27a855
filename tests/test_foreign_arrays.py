"""Arrays of other kinds: masks are never ignored, bfloat16 is widened, what NumPy cannot read is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim, reference
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.types import as_array

MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
COMPLETE = np.ma.array([1.0, 2.0, 3.0])
CHOICE = np.ma.array([True, True, False], mask=[False, True, False])
LABELS = np.ma.array([0, 1, 1], mask=[False, True, False])
X = np.ma.array(np.ones((3, 2)), mask=np.eye(3, 2))
ONES, ROWS, CLASSES = np.ones(3), np.ones((3, 2)), np.array([0, 1, 1])


def squares(x):
    return np.sum(x * x)


def times(w, x):
    return (w * x) ** 2


def network():
    return nn.Network(2, [nn.Dense(2)], "cross_entropy")


def with_constant(f):
    return lambda: cr.compile(f)(ONES)


REFUSALS = {
    "grad": (lambda: cr.grad(squares)(MASKED), "argument x"),
    "value_and_grad": (lambda: cr.value_and_grad(squares)(MASKED), "argument x"),
    "hessian": (lambda: cr.hessian(squares)(MASKED), "argument x"),
    "jacobian": (lambda: cr.jacobian(np.sin)(MASKED), "argument x"),
    "a tangent": (lambda: cr.jvp(squares, (ONES,), (MASKED,)), r"argument tangent\[0\]"),
    "a cotangent": (lambda: cr.vjp(np.sin, ONES)[1](MASKED), "argument cotangent"),
    "per_example_grad": (lambda: cr.per_example_grad(lambda w, x: np.sum(w * x))(ONES, X.T), "argument x"),
    "check_grads": (lambda: cr.check_grads(squares, (MASKED,)), "argument x"),
    "trace": (lambda: cr.trace(squares, MASKED), "argument x"),
    "compile": (lambda: cr.compile(squares)(MASKED), "argument x"),
    "compile, with a name": (lambda: cr.compile(squares)(x=MASKED), "argument x"),
    "compile, nested": (lambda: cr.compile(lambda p: p["a"] + 1)({"a": MASKED}), r"argument p\['a'\]"),
    "the masked number": (lambda: cr.compile(lambda x: x + 1)(np.ma.masked), "argument x"),
    "nothing is masked": (lambda: cr.compile(squares)(COMPLETE), "argument x"),
    "reference": (lambda: reference.as_function(cr.trace(squares, ONES))([MASKED]), "x"),
    "derive": (lambda: cr.derive(squares, at={"x": MASKED}), "at"),
    "a constant": (with_constant(lambda x: np.sum(x * MASKED)), "value"),
    "a constant in @": (with_constant(lambda x: MASKED @ x), "value"),
    "a constant in where": (with_constant(lambda x: np.where(CHOICE, x, 0)), "value"),
    "a constant in stack": (with_constant(lambda x: np.stack([x, MASKED])), "value"),
    "indices": (with_constant(lambda x: x[LABELS]), "the index"),
    "a choice of elements": (with_constant(lambda x: x[CHOICE]), "the index"),
    "take": (with_constant(lambda x: np.take(x, LABELS)), "indices"),
    "an op by itself": (lambda: ops.softmax(MASKED), "value"),
    "host_callback": (lambda: ops.host_callback(lambda row: None, MASKED), "host_callback: arrays"),
    "an optimiser's parameter": (lambda: optim.Adam(0.1).initialise({"W": MASKED}), r"the parameter \['W'\]"),
    "parameters of fit": (lambda: cr.fit(times, MASKED, np.ones((4, 3))), "a parameter"),
    "data of fit": (lambda: cr.fit(times, 1.0, MASKED), "data"),
    "one of the data of fit": (lambda: cr.fit(lambda w, x, y: (w * x - y) ** 2, 1.0, (ONES, MASKED)), r"data\[1\]"),
    "validation of fit": (lambda: cr.fit(times, 1.0, ONES, validation=MASKED), "validation"),
    "weights of fit": (lambda: cr.fit(times, 1.0, ONES, sample_weight=MASKED), "sample weights of the data"),
    "X": (lambda: network().fit(X, CLASSES), "X"),
    "X as a list of rows": (lambda: network().fit(list(X), CLASSES), "X"),
    "y": (lambda: network().fit(ROWS, LABELS), "targets"),
    "sample_weight": (lambda: network().fit(ROWS, CLASSES, sample_weight=MASKED), "sample weights of X"),
    "validation": (lambda: network().fit(ROWS, CLASSES, validation=(X, CLASSES)), "validation X"),
    "order": (lambda: network().fit(ROWS, CLASSES, epochs=1, order=[LABELS]), "order, epoch 1,"),
    "predict": (lambda: network().predict(X), "X"),
    "predict_proba": (lambda: network().predict_proba(X), "X"),
    "predictor": (lambda: network().predictor(3)(X.astype(np.float32)), "x"),
    "evaluate": (lambda: network().evaluate(X, CLASSES), "X"),
    "forward": (lambda: network().forward(X), "x"),
    "the target of one example": (lambda: network().backpropagate(ROWS[0], LABELS[1]), "targets"),
    "explain_step": (lambda: network().explain_step(X, CLASSES), "x"),
    "set_parameters": (lambda: network().set_parameters(weights=[X[:2]]), "W1"),
    "parameters": (lambda: setattr(network(), "parameters", [{"W": X[:2], "b": ONES[:2]}]), "a parameter"),
    "first weights": (lambda: nn.Network(2, [nn.Dense(2, weights=X[:2])]), "weights"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "name"), REFUSALS.values(), ids=REFUSALS)
def test_a_mask_is_never_ignored(call, name):
    with pytest.raises(ArgumentError, match=rf"(^|: ){name} is a masked array, .* fill it with \.filled\(number\)"):
        call()


def test_a_masked_array_that_takes_over_the_operator_is_refused_too():
    with pytest.raises(ChainruleError, match="keep other code and masked arrays out of the function"):
        cr.grad(lambda x: np.sum(MASKED * x))(ONES)


def test_smaller_floats_are_widened_without_loss():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for small in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
        exact = np.array([0.5, -1.75, 3.0])
        x = exact.astype(small)
        assert as_array(x).dtype == np.float32
        np.testing.assert_array_equal(as_array(x), exact)
        np.testing.assert_array_equal(cr.grad(squares)(x), 2 * exact)
        np.testing.assert_array_equal(cr.compile(lambda y: y * x)(exact), exact**2)  # noqa: B023
        np.testing.assert_array_equal(cr.jvp(squares, (x,), (x,)), [exact @ exact, 2 * exact @ exact])
    given = ROWS.astype(ml_dtypes.bfloat16)
    fitted = [network().fit(rows, CLASSES.astype(rows.dtype), epochs=2) for rows in (given, ROWS.astype(np.float32))]
    np.testing.assert_array_equal(fitted[0].predict_proba(given), fitted[1].predict_proba(ROWS))


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (TypeError("Got unsupported ScalarType BFloat16"), "ScalarType BFloat16"),
        (TypeError("can't convert cuda:0 device type tensor to numpy"), "cuda:0"),
        (RuntimeError("Can't call numpy() on Tensor that requires grad."), "requires grad"),
    ],
)
def test_a_tensor_that_numpy_cannot_read_is_refused_by_name(error, complaint):
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise error

    for call, name in (
        (lambda: cr.compile(squares)(Tensor()), "argument x"),
        (lambda: cr.grad(squares)(Tensor()), "argument x"),
        (lambda: network().fit(Tensor(), CLASSES), "X"),
        (lambda: network().fit(ROWS, Tensor()), "targets"),
        (lambda: cr.fit(times, 1.0, Tensor()), "data"),
    ):
        with pytest.raises(ArgumentError, match=rf"{name} cannot be read as a NumPy array .*{complaint}.*\.float\(\)"):
            call()
