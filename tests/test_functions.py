"""The derivative functions: against known derivatives, of trees, nested to any order, and what they refuse."""

from __future__ import annotations

import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError

A = np.array([[2.0, -1.0], [0.5, 3.0]])
X = np.array([0.3, -0.7])
Layer = namedtuple("Layer", ["W", "b"])


def assert_close(actual, expected, rtol=1e-13):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-15)


# Known derivatives


def test_the_derivative_of_the_readme():
    assert_close(cr.grad(lambda x: np.sin(x**2))(3.0), np.cos(9.0) * 6)


def test_the_gradient_of_a_quadratic_form_and_its_hessian():
    f = lambda x: x @ A @ x
    value, gradient = cr.value_and_grad(f)(X)
    assert_close(value, X @ A @ X)
    assert_close(gradient, (A + A.T) @ X)
    assert_close(cr.hessian(f)(X), A + A.T)
    assert_close(cr.hvp(f, (X,), (np.array([1.0, 2.0]),))[0], (A + A.T) @ [1.0, 2.0])


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_the_jacobian_of_a_linear_map_is_the_map(mode):
    assert_close(cr.jacobian(lambda x: A @ x, mode=mode)(X), A)
    assert_close(cr.jacobian(lambda x: np.sin(A) @ x, mode=mode)(X), np.sin(A))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("shape", "result"), [((), ()), ((2,), ()), ((2, 3), (3,)), ((), (2, 2)), ((0,), (3,)), ((3,), (0,))]
)
def test_jacobians_have_the_shape_of_the_result_and_then_of_the_argument(mode, shape, result):
    f = lambda x: np.broadcast_to(np.sum(x), result) * 2
    jacobian = cr.jacobian(f, mode=mode)(np.ones(shape))
    np.testing.assert_array_equal(jacobian, np.full(result + shape, 2.0))


def test_the_hessian_of_several_arguments_has_all_blocks():
    f = lambda x, y: np.sum(x**2) * y
    (xx, xy), (yx, yy) = cr.hessian(f, argnums=(0, 1))(X, 2.0)
    assert_close(xx, 4 * np.eye(2))
    assert_close(xy, 2 * X)
    assert_close(yx, 2 * X)
    assert_close(yy, 0)


def test_vjp_and_jvp_multiply_by_the_jacobian():
    f = lambda x: np.sin(A @ x)
    J = np.cos(A @ X)[:, None] * A
    v, w = np.array([0.2, -1.0]), np.array([3.0, 0.5])
    value, pullback = cr.vjp(f, X)
    assert_close(value, f(X))
    assert_close(pullback(w)[0], w @ J)
    assert_close(pullback(2 * w)[0], 2 * w @ J)
    value, tangent = cr.jvp(f, (X,), (v,))
    assert_close(value, f(X))
    assert_close(tangent, J @ v)


@pytest.mark.parametrize("order", range(7))
def test_any_order(order):
    f = np.sin
    for _ in range(order):
        f = cr.grad(f)
    expected = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order % 4]
    assert_close(f(0.4), expected(0.4))


def test_mixed_modes_agree_at_order_three():
    f = lambda x: np.exp(np.sin(x))
    forward = lambda f: lambda x: cr.jvp(f, (x,), (1.0,))[1]
    reverse = cr.grad
    back = lambda f: lambda x: cr.vjp(f, x)[1](1.0)[0]
    results = [
        a(b(c(f)))(0.4) for a in (forward, reverse, back) for b in (forward, reverse, back) for c in (forward, reverse)
    ]
    s, c = np.sin(0.4), np.cos(0.4)
    np.testing.assert_allclose(results, np.exp(s) * (c**3 - 3 * s * c - c), rtol=1e-13)


# Types


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_dtype_and_shape_of_the_argument(dtype):
    x = np.ones((2, 3), dtype)
    f = lambda x: np.sum(np.sin(x))
    value, gradient = cr.value_and_grad(f)(x)
    assert (value.dtype, gradient.dtype, gradient.shape) == (dtype, dtype, (2, 3))
    assert cr.hessian(f)(x).dtype == dtype
    assert cr.jacobian(np.sin)(x).shape == (2, 3, 2, 3)


def test_a_python_float_gives_a_number():
    value, gradient = cr.value_and_grad(lambda x: x * x)(3.0)
    assert isinstance(value, np.floating)
    assert isinstance(gradient, np.floating)
    assert (value, gradient) == (9, 6)


def test_gradients_of_both_dtypes_come_back_in_their_own():
    f = lambda a, b: np.sum(a * b)
    ga, gb = cr.grad(f, argnums=(0, 1))(np.ones(2, np.float32), np.full(2, 3.0))
    assert (ga.dtype, gb.dtype) == (np.float32, np.float64)
    assert_close(ga, [3, 3])


def test_an_argument_that_does_not_matter_has_gradient_zero():
    np.testing.assert_array_equal(cr.grad(lambda x, y: y * 2)(X, 3.0), [0, 0])
    np.testing.assert_array_equal(cr.jacobian(lambda x: np.ones(3))(X), np.zeros((3, 2)))
    _, tangent = cr.jvp(lambda x: np.ones(3), (X,), (X,))
    np.testing.assert_array_equal(tangent, np.zeros(3))
    assert cr.hessian(lambda x: np.sum(x))(X).tolist() == [[0, 0], [0, 0]]


def test_results_are_new_arrays():
    x = np.ones(2)
    value, pullback = cr.vjp(lambda x: x, x)
    (gradient,) = pullback(x)
    assert not np.shares_memory(value, x)
    assert not np.shares_memory(gradient, x)
    value[0] = gradient[0] = 5
    assert x[0] == 1


# Trees of arguments


def network(p, x):
    hidden = np.tanh(x @ p["layers"][0].W + p["layers"][0].b)
    return np.sum(hidden @ p["out"]["W"]) * p["scale"][0]


PARAMETERS = {
    "layers": [Layer(A, X)],
    "out": {"W": np.array([1.0, -2.0]), "unused": None},
    "scale": (np.float64(1.5), ()),
}


def test_gradients_have_the_structure_of_the_argument():
    gradient = cr.grad(network)(PARAMETERS, X)
    assert list(gradient) == ["layers", "out", "scale"]
    assert isinstance(gradient["layers"][0], Layer)
    assert gradient["out"]["unused"] is None
    assert isinstance(gradient["scale"], tuple)
    assert gradient["scale"][1] == ()
    h = np.tanh(X @ A + X)
    delta = 1.5 * (1 - h * h) * PARAMETERS["out"]["W"]
    assert_close(gradient["layers"][0].W, np.outer(X, delta))
    assert_close(gradient["layers"][0].b, delta)
    assert_close(gradient["out"]["W"], 1.5 * h)
    assert_close(gradient["scale"][0], h @ PARAMETERS["out"]["W"])


def test_several_argnums_in_their_order_and_counted_from_the_end():
    f = lambda a, b, c: a * b**2 * c**3
    assert_close(cr.grad(f, argnums=(2, 0))(2.0, 3.0, 5.0), (2 * 9 * 75, 9 * 125))
    assert_close(cr.grad(f, argnums=-1)(2.0, 3.0, 5.0), 2 * 9 * 75)
    assert_close(cr.grad(f, argnums=[1])(2.0, 3.0, 5.0), [2 * 6 * 125])


def test_other_arguments_are_passed_on_untouched():
    def f(x, power, *, name):
        assert name == "anything"
        return x**power if power % 2 else -(x**power)

    assert cr.grad(f)(2.0, 2, name="anything") == -4
    assert cr.grad(f)(2.0, 3, name="anything") == 12


def test_vjp_and_jvp_of_trees():
    f = lambda p: {"sum": p["a"] + p["b"], "parts": [p["a"] * 2, None]}
    p = {"a": X, "b": 2 * X}
    value, pullback = cr.vjp(f, p)
    assert value["parts"][1] is None
    (cotangent,) = pullback({"sum": X, "parts": [np.ones(2), None]})
    assert_close(cotangent["a"], X + 2)
    assert_close(cotangent["b"], X)
    _, tangent = cr.jvp(f, (p,), ({"a": np.ones(2), "b": X},))
    assert_close(tangent["sum"], 1 + X)
    assert_close(tangent["parts"][0], [2, 2])


def test_a_hessian_of_a_tree_is_a_tree_of_trees():
    hessian = cr.hessian(lambda p: np.sum(p["a"] ** 2) * p["b"])({"a": X, "b": 3.0})
    assert_close(hessian["a"]["a"], 6 * np.eye(2))
    assert_close(hessian["a"]["b"], 2 * X)
    assert_close(hessian["b"]["a"], 2 * X)
    assert_close(hessian["b"]["b"], 0)


def test_jacobians_of_several_results_and_arguments():
    f = lambda x, y: (x * y, [np.sum(x)])
    (by_x, by_y), [(sum_by_x, sum_by_y)] = cr.jacobian(f, argnums=(0, 1))(X, 2.0)
    assert_close(by_x, 2 * np.eye(2))
    assert_close(by_y, X)
    assert_close(sum_by_x, [1, 1])
    assert_close(sum_by_y, 0)


# Nesting


def test_perturbations_are_not_confused():
    """The inner derivative is 1 and not 2: the outer x is a constant for the inner function."""
    assert cr.grad(lambda x: x * cr.grad(lambda y: x + y)(1.0))(1.0) == 1
    forward = lambda f, x: cr.jvp(f, (x,), (1.0,))[1]
    assert forward(lambda x: x * forward(lambda y: x + y, 1.0), 1.0) == 1
    assert cr.grad(lambda x: x * forward(lambda y: x + y, 1.0))(1.0) == 1
    assert forward(lambda x: x * cr.grad(lambda y: x + y)(1.0), 1.0) == 1
    assert cr.grad(lambda x: x * cr.vjp(lambda y: x + y, 1.0)[1](1.0)[0])(1.0) == 1


def test_the_same_name_inside_and_outside_is_not_the_same_variable():
    f = lambda x: cr.grad(lambda x: x**3)(x) * x
    assert_close(cr.grad(f)(2.0), 9 * 4)


def test_inner_derivatives_of_closures_over_outer_values():
    f = lambda x, y: np.sum(cr.grad(lambda u: np.sum(np.sin(u * x)))(y) ** 2)
    expected = lambda x, y: np.sum(2 * x * np.cos(x * y) * (np.cos(x * y) - x * y * np.sin(x * y)))
    x, y = 0.7, np.array([0.2, 1.1])
    assert_close(cr.grad(f)(x, y), expected(x, y))


def test_a_closure_whose_result_depends_only_on_the_outer_value():
    assert cr.grad(lambda x: cr.grad(lambda y: y * x * x)(3.0))(5.0) == 10
    assert cr.grad(lambda x: cr.value_and_grad(lambda y: x * x)(3.0)[0])(5.0) == 10
    assert cr.grad(lambda x: cr.vjp(lambda y: x * x, 3.0)[0])(5.0) == 10


def test_jvp_of_vjp_and_vjp_of_jvp():
    f = lambda x: np.sum(np.exp(A @ x))
    hessian = A.T @ np.diag(np.exp(A @ X)) @ A
    v = np.array([1.0, -2.0])
    assert_close(cr.jvp(lambda x: cr.vjp(f, x)[1](1.0)[0], (X,), (v,))[1], hessian @ v)
    assert_close(cr.vjp(lambda x: cr.jvp(f, (x,), (v,))[1], X)[1](1.0)[0], hessian @ v)


def test_hessians_of_closures_inside_a_derivative():
    f = lambda s: np.sum(cr.hessian(lambda x: np.sum(np.sin(x * s)))(X))
    expected = np.sum(-2 * 1.3 * np.sin(1.3 * X) - 1.3**2 * X * np.cos(1.3 * X))
    assert_close(cr.grad(f)(1.3), expected)


def test_a_pullback_may_be_called_inside_another_trace():
    _, pullback = cr.vjp(lambda x: np.sin(x), X)
    assert_close(cr.grad(lambda w: np.sum(pullback(w)[0]))(np.ones(2)), np.cos(X))


def test_derivatives_can_be_traced_into_one_graph():
    graph = cr.trace(cr.value_and_grad(lambda x: np.sum(x**3)), X)
    graph.verify()
    value, gradient = reference.as_function(graph)([X])
    assert_close(value, np.sum(X**3))
    assert_close(gradient, 3 * X**2)


def test_a_step_of_gradient_descent_can_be_differentiated_by_its_learning_rate():
    loss = lambda x: np.sum((x - 1) ** 2)
    after = lambda rate: loss(X - rate * cr.grad(loss)(X))
    assert_close(cr.grad(after)(0.1), np.sum(-8 * (1 - 0.2) * (X - 1) ** 2 / 2))


# Refusals


@pytest.mark.parametrize("argument", [3, np.arange(3), True, np.ones(2, bool), [1.0, 2]])
def test_arguments_that_are_no_floats_are_refused_by_name(argument):
    with pytest.raises(ArgumentError, match=r"argument (x|x\[1\]) of f has type .* pass floats"):
        cr.grad(lambda x: 1.0)(argument)


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (lambda x: x, r"f64\[2\]"),
        (lambda x: x > 1, r"bool\[2\]"),
        (lambda x: (np.sum(x), 1.0), r"f64\[\], f64\[\]"),
        (lambda x: 3, "i64"),
        (lambda x: None, "returned nothing;"),
    ],
)
def test_results_that_are_no_single_float_are_refused(result, found):
    with pytest.raises(ArgumentError, match=f"needs a function that returns one float number.*{found}"):
        cr.grad(result)(X)


def test_results_that_are_no_floats_are_refused_by_every_function():
    f = lambda x: x > 0
    for call in (lambda: cr.vjp(f, X), lambda: cr.jvp(f, (X,), (X,)), lambda: cr.jacobian(f)(X)):
        with pytest.raises(ArgumentError, match="cannot be differentiated"):
            call()


@pytest.mark.parametrize("argnums", [1, -2, (0, 3)])
def test_argnums_that_do_not_exist_are_refused(argnums):
    with pytest.raises(ArgumentError, match=r"argnums names argument -?\d, but f got 1 argument"):
        cr.grad(lambda x: x, argnums=argnums)(1.0)


def test_no_argument_at_all_is_refused():
    with pytest.raises(ArgumentError, match="but f got 0 arguments"):
        cr.grad(lambda: 1.0)()


def test_an_unknown_mode_is_refused():
    with pytest.raises(ArgumentError, match='mode must be "forward", "reverse" or None'):
        cr.jacobian(np.sin, mode="backward")


@pytest.mark.parametrize("cotangent", [np.ones(3), np.ones((2, 1)), np.ones(2, np.float32), np.ones(2, int)])
def test_cotangents_and_tangents_of_another_type_are_refused(cotangent):
    _, pullback = cr.vjp(np.sin, X)
    with pytest.raises(ArgumentError, match=r"cotangent must have type f64\[2\]"):
        pullback(cotangent)
    with pytest.raises(ArgumentError, match=r"tangent\[0\] must have type f64\[2\]"):
        cr.jvp(np.sin, (X,), (cotangent,))


def test_cotangents_and_tangents_of_another_structure_are_refused():
    _, pullback = cr.vjp(lambda x: {"a": x, "b": x}, X)
    with pytest.raises(ArgumentError, match=r"the trees differ: .* at \['b'\]"):
        pullback({"a": X})
    with pytest.raises(ArgumentError, match="the trees differ"):
        cr.jvp(lambda x, y: x, (X, X), (X,))


@pytest.mark.parametrize("bad", ["text", 1j, np.array([object()]), np.array(["a"])])
def test_arguments_that_are_no_numbers_are_refused_by_name(bad):
    with pytest.raises(ArgumentError, match=r"argument p\['W'\] has dtype"):
        cr.grad(lambda p: 1.0)({"W": bad})


# Large graphs


def long_chain(x, length=5_000):
    for _ in range(length):
        x = np.sin(x) * 0.999 + 0.001 * x
    return x


def test_20_000_nodes_are_no_problem_for_any_part():
    graph = cr.trace(long_chain, 0.5)
    assert len(graph.nodes) > 20_000
    assert str(graph).count("\n") > 19_000
    derivative, derivation = cr.backprop(graph)
    derivative.verify()
    assert len(derivation.steps) <= len(graph.nodes)
    value, gradient = reference.as_function(derivative)([np.float64(0.5), np.float64(1)])
    x, slope = 0.5, 1.0
    for _ in range(5_000):
        x, slope = np.sin(x) * 0.999 + 0.001 * x, slope * (np.cos(x) * 0.999 + 0.001)
    np.testing.assert_allclose(value, x, rtol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-10)
    _, tangent = cr.jvp(long_chain, (0.5,), (1.0,))
    np.testing.assert_allclose(tangent, slope, rtol=1e-10)


def test_a_long_chain_is_forgotten_without_recursion():
    """Every node holds the one before it: when the last goes, all go, one inside the other."""

    def f(x):
        for _ in range(20_000):
            x = np.sin(x)
        return x

    graph = cr.trace(f, 0.5)
    first_result = weakref.ref(graph.nodes[1])
    del graph
    gc.collect()
    assert first_result() is None


def test_a_wide_graph_adds_thousands_of_paths():
    f = lambda x: sum(x * float(i) for i in range(3000))
    assert cr.grad(f)(1.0) == 2999 * 3000 / 2


@pytest.mark.parametrize("argnums", [(0, 0), "p", (0, 1.0)])
def test_argnums_that_name_no_arguments_or_one_twice_are_refused(argnums):
    with pytest.raises(ArgumentError, match="argnums"):
        cr.grad(lambda a, b: a * b, argnums=argnums)(1.0, 2.0)


def test_arguments_must_come_in_a_tuple():
    x = np.ones(2)
    for call in (lambda: cr.jvp(np.sin, x, x), lambda: cr.hvp(np.sum, x, x), lambda: cr.check_grads(np.sin, x)):
        with pytest.raises(ArgumentError, match=r"args must be a tuple .* write \(x,\)"):
            call()
    with pytest.raises(ArgumentError, match="tangents must be a tuple"):
        cr.jvp(np.sin, (x,), x)


def test_what_is_no_function_or_returns_nothing_is_refused():
    with pytest.raises(ArgumentError, match="only a function can be recorded, got 3"):
        cr.grad(3)(1.0)
    with pytest.raises(ArgumentError, match="returned nothing"):
        cr.grad(lambda x: None)(1.0)
