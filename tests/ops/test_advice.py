"""Functions that cannot be traced are refused with what to write instead."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import TraceAttributeError, TraceError
from chainrule.ops.advice import ADVICE, FORMULAS, advice
from chainrule.ops.value import IMPLEMENTATIONS

X = np.array([0.3, 0.5, 0.7])


@pytest.mark.parametrize("name", [*FORMULAS, *ADVICE])
def test_advice_is_given_for_functions_that_exist_and_cannot_be_traced(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part)
    assert function not in IMPLEMENTATIONS


TINY, HUGE, INF = 5e-324, 1.7976931348623157e308, np.inf
SIGNED = [
    sign * x for x in (0.0, TINY, 1e-300, 1e-9, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 1e9, 1e300, INF) for sign in (1, -1)
]
INSIDE = [sign * x for x in (0.0, TINY, 1e-300, 1e-9, 0.3, 0.5, 1 - 2.0**-53, 1.0) for sign in (1, -1)]
VECTOR, MATRIX = (
    np.array([1.0, 1e300, -1e-300, 0.0, INF]),
    np.array([[1.0, -INF, 0.0], [1e300, 0.0, 2.0], [INF, 3.0, -0.0]]),
)
BASES = np.array([0.0, 0.0, 0.0, -2.0, -2.0, 1e-300, 1e300, 3.0, INF])

# for every formula: arguments at hard points, and the derivative of its sum by x at them
WITH_ARRAYS = {
    "average": (
        {"x": np.array([1.0, 1.0, -3.0]), "weights": np.array([0.0, 1e-30, 2e-30])},
        lambda x, w: w / np.sum(w),
    ),
    "cumsum": ({"x": VECTOR}, lambda x: np.arange(len(x), 0.0, -1.0)),
    "diff": ({"x": MATRIX[:, 1:]}, lambda x: np.array([[-1.0, 1.0]] * 3)),
    "float_power": (
        {"x": BASES, "y": np.array([0.0, 1.0, 2.0, 3.0, -1.0, 1.0, 0.5, -2.0, 2.0])},
        lambda x, y: np.where((x == 0) & (y == 0), 0, y * x ** np.where(y == 0, 1, y - 1)),
    ),
    "trace": ({"x": MATRIX}, lambda x: np.eye(3)),
    "tril": ({"x": MATRIX}, lambda x: np.tri(3)),
    "triu": ({"x": MATRIX}, lambda x: np.tri(3).T),
}
OF_NUMBERS = {
    "arctanh": (INSIDE, lambda x: 1 / ((1 - x) * (1 + x))),
    "ceil": (SIGNED, np.zeros_like),
    "exp2": ([x for x in SIGNED if abs(x) < INF], lambda x: np.log(2) * np.exp2(x)),
}
HARD_POINTS = WITH_ARRAYS | {name: ({"x": np.array(points)}, slope) for name, (points, slope) in OF_NUMBERS.items()}


def test_every_formula_is_evaluated_at_hard_points():
    assert HARD_POINTS.keys() == FORMULAS.keys()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_has_value_and_slope_of_the_function_and_its_dtype(name, dtype):
    arguments, slope = HARD_POINTS[name]
    arguments = {key: x.astype(dtype) for key, x in arguments.items()}
    function = {"average": lambda x, weights: np.average(x, weights=weights)}.get(name) or getattr(np, name)
    expected = function(*arguments.values())
    place = np.finfo(dtype).eps
    constants = {key: x for key, x in arguments.items() if key != "x"}
    formula = lambda x: eval(FORMULAS[name].text, {"np": np, "x": x, **constants})
    both = lambda x: (formula(x), cr.grad(lambda x: np.sum(formula(x)))(x))
    for evaluate in (both, cr.compile(both)):
        value, gradient = evaluate(arguments["x"])
        assert (value.shape, value.dtype) == (np.shape(expected), expected.dtype)
        np.testing.assert_allclose(value, expected, rtol=4 * place, atol=np.finfo(dtype).smallest_subnormal)
        tiny = np.finfo(dtype).tiny
        np.testing.assert_allclose(gradient, slope(*arguments.values()), rtol=8 * place, atol=tiny)


@pytest.mark.parametrize(
    "name", ["arccos", "arcsin", "arcsinh", "arctan2", "cumprod", "floor_divide", "remainder", "round"]
)
def test_where_no_short_formula_is_right_everywhere_none_is_given(name):
    assert "write it with those" in advice(name)


CALLS = {
    "average": ["x", "x, axis=0", "x, weights=w", "x, axis=0, weights=w[:, 0]", "x, weights=w, returned=True", "x, 0"],
    "ceil": ["x", "x, where=x > 2"],
    "cumsum": ["x", "x[0]", "x[0], 0", "x, axis=1", "x[0, :0]", "x[0], dtype=np.float32", "x.reshape(2, 1, 3)"],
    "diff": ["x", "x[0]", "x, axis=0", "x, n=2", "x, 2", "x[0], append=5.0", "x > 2"],
    "exp2": ["x", "x.astype(int)"],
    "float_power": ["x, w", "2.0, x", "x, 2"],
    "trace": ["x", "x.T", "x, offset=1", "x, 1", "x[:, :2]", "x.reshape(2, 1, 3)"],
    "tril": ["x", "x, k=1", "x, -1", "x[0]", "x.reshape(1, 2, 3)", "x > 2"],
    "triu": ["x", "x, k=1", "x, -1", "x[0]", "x.reshape(1, 2, 3)", "x > 2"],
}


@pytest.mark.parametrize(("name", "call"), [(name, call) for name, calls in CALLS.items() for call in calls])
def test_a_formula_is_given_only_for_a_call_that_it_fits(name, call):
    arrays = {"x": np.array([[4.0, 1.5, 7.0], [2.0, 9.0, 2.5]]), "w": np.array([[1.0, 2.0, 4.0], [3.0, 0.5, 1.0]])}
    of_numpy = {"np": np, "in_order": lambda *values, **named: dict(zip("xy", values, strict=False)) | named}
    with pytest.raises(TraceError) as refusal:
        cr.grad(lambda x: np.sum(eval(f"np.{name}({call})", of_numpy | arrays | {"x": x})))(arrays["x"])
    suggested = str(refusal.value).rpartition("; write ")[2]
    if suggested == FORMULAS[name].text:
        expected = eval(f"np.{name}({call})", of_numpy | arrays)
        value = eval(suggested, {"np": np, **eval(f"in_order({call})", of_numpy | arrays)})
        assert value.dtype == expected.dtype
        np.testing.assert_allclose(value, expected, rtol=1e-15)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_plainest_call_of_a_function_is_given_its_formula(name):
    arguments = {key: x for key, x in HARD_POINTS[name][0].items() if key != "weights"}
    weights = {key: x for key, x in HARD_POINTS[name][0].items() if key == "weights"}
    assert advice(name, [*arguments.values()], weights) == f"write {FORMULAS[name].text}"


def test_a_method_whose_call_is_not_known_is_given_no_formula():
    with pytest.raises(TraceAttributeError, match=r"x\.cumsum cannot be traced; docs/reference\.md lists"):
        cr.grad(lambda x: np.sum(x.cumsum(axis=1)))(np.ones((2, 3)))


def test_the_error_says_what_to_write():
    with pytest.raises(TraceError, match=r"test_advice\.py:\d+.*np\.cumsum cannot be traced; write np\.stack"):
        cr.grad(lambda x: np.sum(np.cumsum(x)))(X)
    with pytest.raises(TraceError, match=r"np\.remainder cannot be traced; docs/reference\.md lists"):
        cr.grad(lambda x: np.sum(x % 0.3))(X)
    with pytest.raises(TraceError, match=r"np\.linalg\.det cannot be traced; docs/reference\.md lists"):
        cr.grad(lambda x: np.linalg.det(np.outer(x, x)))(X)


def test_an_option_that_cannot_be_traced_is_named():
    with pytest.raises(TraceError, match=r"np\.sum with dtype= cannot be traced; it takes x, axis, keepdims"):
        cr.grad(lambda x: np.sum(x, dtype=float))(X)
    with pytest.raises(TraceError, match=r"np\.sum with so many arguments cannot be traced"):
        cr.grad(lambda x: np.sum(x, 0, None, None, False, 0, True))(X)


def test_attributes_of_arrays_are_refused_and_hasattr_says_no():
    with pytest.raises(TraceAttributeError, match=r"test_advice\.py:\d+.*x\.sort cannot be traced"):
        cr.grad(lambda x: x.sort())(X)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        cr.grad(lambda x: x.colour)(X)
    assert cr.grad(lambda x: np.sum(x) * (2.0 if hasattr(x, "strides") else 3.0))(X).tolist() == [3.0] * 3


@pytest.mark.parametrize("use", [lambda x: f"{x:.3f}", lambda x: round(x[0]), lambda x: math.sin(x[0])])
def test_numbers_that_are_not_known_are_refused_by_line(use):
    with pytest.raises(TraceError, match=r"test_advice\.py:\d+.*Python number"):
        cr.grad(use)(X)


@pytest.mark.parametrize("index", ["a", 1.5])
def test_what_is_no_index_is_refused(index):
    with pytest.raises(cr.errors.ArgumentError, match="an index must be an integer"):
        cr.grad(lambda x: x[index])(X)


def test_norms_of_vectors():
    for order in (None, 1, 2, np.inf):
        value, _ = cr.vjp(lambda x, order=order: np.linalg.norm(x, order), X)
        np.testing.assert_allclose(value, np.linalg.norm(X, order), rtol=1e-15)
    rows = np.arange(6.0).reshape(2, 3)
    value, _ = cr.vjp(lambda x: np.linalg.norm(x, 1, axis=1), rows)
    np.testing.assert_allclose(value, np.linalg.norm(rows, 1, axis=1))
    np.testing.assert_allclose(cr.vjp(np.linalg.norm, rows)[0], np.linalg.norm(rows))
    with pytest.raises(cr.errors.ArgumentError, match="order 2 cannot be traced"):
        cr.grad(lambda x: np.linalg.norm(x, 2))(rows)
