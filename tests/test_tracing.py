"""What can be recorded, what cannot, and that every refusal names the user's line and the way out."""

from __future__ import annotations

import inspect
import math
import operator
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError, ChainruleError, GraphError, TraceError
from chainrule.tracing import is_tracing

THREE = np.array([1.0, 2.0, 3.0])
SQUARE = np.eye(3)


def conditional(x):
    return x if x > 0 else -x


def loop(x):
    while x < 100:
        x = x * 2
    return x


def boolean(x):
    return bool(x)


def conjunction(x):
    return x > 0 and x < 1


def chained_comparison(x):
    return 0 < x < 1


def membership(x):
    return x in [1.0, 2.0]


def sorting(x):
    return sorted([x, -x])[0]


def floating(x):
    return float(x) * 2


def integer(x):
    return int(x)


def complex_number(x):
    return complex(x)


def rounded(x):
    return round(float(x))


def item(x):
    return x.item()


def to_list(x):
    return x.tolist()


def python_math(x):
    return math.sin(x)


def as_index(x):
    return [1, 2, 3][x]


def as_range(x):
    return sum(range(x))


def inverse(x):
    return np.linalg.inv(x)


def numpy_array(x):
    return np.array([x, x])


def as_numpy_array(x):
    return np.asarray(x)


def array_method_of_another(x):
    return THREE.dot(np.asarray(x))


def item_assignment(x):
    x[0] = 1.0
    return x


def in_place_addition(x):
    x += 1
    return x


def in_place_multiplication(x):
    x *= 2
    return x


def into_an_array(x):
    out = np.zeros(3)
    out += x
    return out


def into_elements(x):
    out = np.zeros(3)
    out[0] = x[0]
    return out


def out_argument(x):
    return np.sin(x, out=np.zeros(3))


def traced_mask(x):
    return x[x > 1]


def ufunc_reduce(x):
    return np.add.reduce(x)


def ufunc_accumulate(x):
    return np.add.accumulate(x)


def ufunc_outer(x):
    return np.multiply.outer(x, x)


def unknown_ufunc(x):
    return np.gcd(x, 2)


def unknown_function(x):
    return np.convolve(x, x)


def unknown_keyword(x):
    return np.sum(x, where=[True, False, True])


def unknown_ufunc_keyword(x):
    return np.sin(x, where=[True, False, True])


def order_of_memory(x):
    return np.reshape(x, (1, 3), order="A")


def returns_text(x):
    return "text"


def returns_object(x):
    return {"a": x, "b": [object()]}


X = np.float64(0.5)
# function, argument, a word of what was wrong, a word of the fix
UNTRACEABLE = [
    (conditional, X, "condition", "np.where"),
    (loop, X, "condition", "np.where"),
    (boolean, X, "condition", "np.where"),
    (conjunction, X, "condition", "np.where"),
    (chained_comparison, X, "condition", "np.where"),
    (membership, X, "condition", "np.where"),
    (sorting, X, "condition", "np.where"),
    (floating, X, "Python number", "np.stack"),
    (integer, X, "Python number", "np.stack"),
    (complex_number, X, "Python number", "np.stack"),
    (rounded, X, "Python number", "np.stack"),
    (item, X, "Python number", "np.stack"),
    (to_list, THREE, "Python number", "np.stack"),
    (python_math, X, "Python number", "np.sin, not math.sin"),
    (as_index, np.int64(1), "index or length", "np.take"),
    (as_range, np.int64(1), "index or length", "Python int"),
    (inverse, SQUARE, "np.linalg.inv cannot be traced", "compute it outside the function"),
    (numpy_array, THREE, "NumPy array", "np.stack"),
    (as_numpy_array, THREE, "NumPy array", "np.stack"),
    (array_method_of_another, THREE, "NumPy array", "np.stack"),
    (item_assignment, THREE, "changed in place", "np.where(mask, new, old)"),
    (in_place_addition, THREE, "changed in place", "x = x + y"),
    (in_place_multiplication, THREE, "changed in place", "x = x + y"),
    (into_an_array, THREE, "changed in place", "x = x + y"),
    (into_elements, THREE, "Python number", "np.stack instead of filling an array"),
    (out_argument, THREE, "changed in place", "leave out=… away"),
    (traced_mask, THREE, "mask", "np.where(mask, x, 0)"),
    (ufunc_reduce, THREE, "np.add.reduce cannot be traced", "np.sum"),
    (ufunc_accumulate, THREE, "np.add.accumulate cannot be traced", "np.sum"),
    (ufunc_outer, THREE, "np.multiply.outer cannot be traced", "np.sum"),
    (unknown_ufunc, np.int64(4), "np.gcd cannot be traced", "docs/reference.md lists"),
    (unknown_function, THREE, "np.convolve cannot be traced", "docs/reference.md lists"),
    (unknown_keyword, THREE, "np.sum with where= cannot be traced", "it takes x, axis, keepdims"),
    (unknown_ufunc_keyword, THREE, "np.sin with where= cannot be traced", "it takes operands"),
    (order_of_memory, THREE, "does not lie in memory", 'order must be "C" or "F"'),
]


def lines_of(function):
    lines, start = inspect.getsourcelines(function)
    return range(start, start + len(lines))


@pytest.mark.parametrize(
    ("function", "argument", "problem", "fix"), UNTRACEABLE, ids=lambda v: getattr(v, "__name__", "")
)
def test_what_cannot_be_traced_is_refused_with_file_line_problem_and_fix(function, argument, problem, fix):
    with pytest.raises(ChainruleError) as caught:
        cr.trace(function, argument)
    assert isinstance(caught.value, TraceError if function is not order_of_memory else ArgumentError)
    message = str(caught.value)
    file, line = message.split(": ")[0].split(", in ")[0].rsplit(":", 1)
    assert Path(file) == Path(__file__)
    assert int(line) in lines_of(function)
    assert problem in message
    assert fix in message


def test_the_same_refusal_comes_from_the_derivative_functions():
    for transform in (cr.grad, cr.value_and_grad, cr.jacobian, cr.hessian):
        with pytest.raises(TraceError, match="in conditional: a Python condition"):
            transform(conditional)(0.5)
    with pytest.raises(TraceError, match="in conditional"):
        cr.jvp(conditional, (0.5,), (1.0,))
    with pytest.raises(TraceError, match="in conditional"):
        cr.vjp(conditional, 0.5)


@pytest.mark.parametrize("function", [returns_text, returns_object])
def test_a_result_that_is_no_array_is_refused(function):
    with pytest.raises(TraceError, match="must return arrays") as caught:
        cr.trace(function, 1.0)
    assert ("at ['b'][0]" in str(caught.value)) == (function is returns_object)


def test_shapes_that_do_not_fit_name_the_line():
    def f(x):
        return x + np.ones(4)

    with pytest.raises(ArgumentError, match="cannot be broadcast together") as caught:
        cr.trace(f, THREE)
    assert str(caught.value).startswith(f"{__file__}:{lines_of(f)[1]}: ")


def test_an_error_of_the_users_own_passes_through():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        cr.grad(f)(1.0)


# What can be recorded although it looks like mutation


def test_a_running_total_of_single_numbers_is_recorded():
    def f(x):
        total = 0.0
        product = np.float64(1)
        for element in x:
            total += element
            product *= element
        return total - product

    np.testing.assert_array_equal(cr.grad(f)(THREE), 1 - 6 / THREE)


AUGMENTED = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv, "//=": operator.ifloordiv,
    "%=": operator.imod, "**=": operator.ipow, "@=": operator.imatmul, "<<=": operator.ilshift, ">>=": operator.irshift,
    "&=": operator.iand, "|=": operator.ior, "^=": operator.ixor,
}  # fmt: skip


@pytest.mark.parametrize("name", AUGMENTED)
@pytest.mark.parametrize("x", [np.array(3.0), np.array(3), np.array(True), THREE], ids=str)
def test_an_argument_is_not_changed_in_place(name, x):
    with pytest.raises(TraceError, match=r"changed in place; write x = x \+ y"):
        cr.trace(lambda x: AUGMENTED[name](x, x), x)


@pytest.mark.parametrize("name", ["+=", "-=", "*=", "/=", "**="])
def test_a_computed_number_gets_a_new_name_as_in_numpy(name):
    def f(x):
        total = other = np.sum(x)
        total = AUGMENTED[name](total, 3.0)
        return total + 10 * other

    np.testing.assert_allclose(cr.compile(f)(THREE), f(THREE), rtol=1e-15)


def test_out_is_refused_for_single_numbers_too():
    def f(x):
        total = np.sum(x)
        np.add(total, 1, out=total)
        return total

    with pytest.raises(TypeError):
        f(THREE)
    with pytest.raises(TraceError, match="leave out=… away"):
        cr.trace(f, THREE)


def test_conditions_on_shapes_and_outside_numbers_are_ordinary_python():
    def f(x, flag=True):
        return np.sum(x) if len(x) == 3 and x.ndim == 1 and x.size > 2 and flag else x

    assert cr.trace(f, THREE).outputs[0].type.shape == ()


def test_iterating_and_unpacking_a_traced_array():
    def f(x):
        a, b, c = x
        return a * b + c

    np.testing.assert_array_equal(cr.grad(f)(THREE), [2, 1, 1])


def test_iterating_over_a_traced_number_is_a_type_error_as_in_numpy():
    with pytest.raises(TypeError):
        cr.trace(lambda x: list(x), 1.0)


def test_methods_and_properties_follow_numpy():
    x = np.arange(6.0).reshape(2, 3)
    functions = [
        lambda x: x.T,
        lambda x: x.sum(axis=0),
        lambda x: x.mean(),
        lambda x: x.prod(axis=1),
        lambda x: x.var(),
        lambda x: x.std(axis=0),
        lambda x: x.max(axis=1, keepdims=True),
        lambda x: x.min(),
        lambda x: x.argmax(axis=1),
        lambda x: x.argmin(),
        lambda x: x.clip(1, 3),
        lambda x: x.take(np.array([1, 2])),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, -1)),
        lambda x: x.transpose(),
        lambda x: x.transpose(1, 0),
        lambda x: x.transpose((1, 0)),
        lambda x: x.swapaxes(0, 1),
        lambda x: x.ravel(),
        lambda x: x.flatten(),
        lambda x: x.squeeze(),
        lambda x: x.dot(x.T),
        lambda x: x.astype(np.float32),
        lambda x: x.copy(),
        lambda x: abs(x),
        lambda x: -x + +x,
        lambda x: 2 - x,
        lambda x: 1 / (x + 1),
        lambda x: 2**x,
        lambda x: x[::-1, None],
        lambda x: np.asarray(x.shape) * x.ndim + x.size,
        lambda x: x @ np.ones(3),
        lambda x: np.ones(2) @ x,
        lambda x: ~(x > 1) & (x != 3) | (x <= 0),
    ]
    for f in functions:
        expected = np.asarray(f(x))
        graph = cr.trace(f, x)
        (result,) = reference.as_function(graph)([x])
        np.testing.assert_allclose(result, expected, rtol=1e-15, err_msg=inspect.getsource(f))
        assert result.dtype == expected.dtype


@pytest.mark.parametrize("number", [2, 2.5, True, np.float32(2), np.int32(3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.uint8])
def test_numbers_adapt_to_arrays_as_in_numpy_2(number, dtype):
    x = np.array([1, 2, 3], dtype)
    for f in (lambda x: x + number, lambda x: number * x, lambda x: x / number, lambda x: np.maximum(x, number)):
        assert cr.trace(f, x).outputs[0].type.dtype == f(x).dtype


# Graphs


def test_the_signature_is_the_users():
    def loss(W, inputs, *rest, scale=1.0):
        return np.sum(W["hidden"][0] * inputs) * rest[0] * scale

    graph = cr.trace(loss, {"hidden": [THREE]}, THREE, 2.0, scale=3.0)
    names = [str(node.keywords["slot"]) for node in graph.inputs]
    assert names == ["W['hidden'][0]", "inputs", "arg2"]
    assert graph.name == "loss"
    assert str(graph).startswith("loss(W['hidden'][0]: f64[3], inputs: f64[3], arg2: f64[]) -> f64[]")


def test_only_types_matter_not_numbers():
    graph = cr.trace(lambda x: np.sin(x) * x, np.zeros(3))
    (result,) = reference.as_function(graph)([THREE])
    np.testing.assert_array_equal(result, np.sin(THREE) * THREE)


def test_an_argument_that_is_not_needed_stays_in_the_signature():
    graph = cr.trace(lambda x, y: 2 * x, THREE, np.ones((2, 2)))
    assert [node.type.shape for node in graph.inputs] == [(3,), (2, 2)]
    np.testing.assert_array_equal(reference.as_function(graph)([THREE, np.ones((2, 2))])[0], 2 * THREE)


def test_several_outputs_keep_their_order_and_may_be_constants_or_inputs():
    graph = cr.trace(lambda x: (x, {"a": 1.5, "b": [x * 2, x]}), THREE)
    results = reference.as_function(graph)([THREE])
    for result, expected in zip(results, [THREE, 1.5, 2 * THREE, THREE], strict=True):
        np.testing.assert_array_equal(result, expected)


def test_callable_objects_and_builtins_can_be_traced():
    class Model:
        def __call__(self, x):
            return x * 2

    assert cr.trace(Model(), THREE).name == "Model"
    assert cr.trace(np.sin, THREE).name == "sin"
    assert cr.trace(abs, THREE).name == "abs"


# Values that leave their trace


def test_a_leaked_value_is_refused_by_name():
    kept = []

    def leaky(x):
        kept.append(x * 2)
        return x

    cr.trace(leaky, THREE)
    with pytest.raises(GraphError, match=r"x, which belongs to another trace: .* return it from that function"):
        cr.trace(lambda y: y + kept[0], THREE)
    with pytest.raises(GraphError, match="belongs to another trace"):
        cr.grad(lambda y: np.sum(y * kept[0]))(THREE)
    with pytest.raises(GraphError, match="belongs to another trace"):
        cr.vjp(lambda y: y * kept[0], THREE)
    with pytest.raises(GraphError, match="belongs to another trace"):
        cr.jvp(lambda y: y * kept[0], (THREE,), (THREE,))


def test_a_leaked_value_leaks_no_number():
    kept = []
    cr.grad(lambda x: kept.append(x) or x * 2)(1.0)
    with pytest.raises(TraceError, match="Python number"):
        float(kept[0])


def test_a_failed_trace_leaves_nothing_behind():
    with pytest.raises(TraceError):
        cr.trace(conditional, 0.5)
    assert not is_tracing()
    assert cr.grad(lambda x: x * x)(3.0) == 6
