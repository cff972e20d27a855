"""Broadcasting, reductions, products and movements give what NumPy gives on random shapes, and so do their adjoints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

import chainrule as cr
from chainrule import ops, reference
from chainrule.errors import ArgumentError

SHAPES = np_st.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
PAIRS = np_st.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4, max_side=3)


def filled(shape, start=1.0):
    return np.asarray(np.arange(start, start + math.prod(shape))).reshape(shape)


def summed_back(cotangent, shape):
    """A cotangent of a broadcast array, added up to the shape that was broadcast; by NumPy's own iterator."""
    result = np.zeros(shape)
    target = np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), cotangent.shape)
    np.add.at(result.reshape(-1), target.reshape(-1), cotangent.reshape(-1))
    return result


def check_linear(f, *arrays):
    """Value, shape and adjoint identity of a function that is linear in each of its arguments."""
    expected = np.asarray(f(*arrays))
    graph = cr.trace(f, *arrays)
    graph.verify()
    result = reference.as_function(graph)(list(arrays))[0]
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-13)
    w = filled(expected.shape)
    value, pullback = cr.vjp(f, *arrays)
    for x, gradient in zip(arrays, pullback(w), strict=True):
        assert gradient.shape == x.shape
        np.testing.assert_allclose(np.sum(gradient * x), np.sum(w * value), rtol=1e-12, atol=1e-9)


# Broadcasting


@given(PAIRS)
def test_operands_are_broadcast_and_cotangents_summed_back(pair):
    a, b = (filled(shape) for shape in pair.input_shapes)
    value, pullback = cr.vjp(lambda a, b: a * b, a, b)
    np.testing.assert_array_equal(value, a * b)
    w = filled(pair.result_shape, 3.0)
    for gradient, x, other in zip(pullback(w), (a, b), (b, a), strict=True):
        np.testing.assert_array_equal(gradient, summed_back(w * other, x.shape))


@given(PAIRS)
def test_broadcast_to_and_broadcast_arrays(pair):
    a, b = (filled(shape) for shape in pair.input_shapes)
    check_linear(lambda a: np.broadcast_to(a, pair.result_shape), a)
    both = cr.trace(lambda a, b: np.broadcast_arrays(a, b), a, b)
    for result, expected in zip(reference.as_function(both)([a, b]), np.broadcast_arrays(a, b), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_a_number_is_one_constant_however_large_the_array():
    graph = cr.trace(lambda x: x * 2.0 + 2.0, np.ones((1000, 1000)))
    constants = [node for node in graph.nodes if node.op.name == "constant"]
    assert [node.type.size for node in constants] == [1]


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((2, 3), (2,)), ((4, 1), (3, 2, 2))])
def test_shapes_that_do_not_fit_are_named(shapes):
    with pytest.raises(ArgumentError) as caught:
        cr.trace(lambda a, b: a + b, *(np.ones(shape) for shape in shapes))
    assert all(str(shape) in str(caught.value) for shape in shapes)


# Reductions


@st.composite
def reductions(draw):
    x = filled(draw(np_st.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4)))
    axes = (
        st.lists(st.integers(-x.ndim, x.ndim - 1), unique_by=lambda a: a % x.ndim).map(tuple) if x.ndim else st.just(())
    )
    single = st.integers(-x.ndim, x.ndim - 1) if x.ndim else st.none()
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return rng.permuted(x.reshape(-1)).reshape(x.shape), draw(st.one_of(st.none(), single, axes)), draw(st.booleans())


@given(reductions())
def test_sums_and_means(drawn):
    x, axis, kept = drawn
    check_linear(lambda x: np.sum(x, axis=axis, keepdims=kept), x)
    check_linear(lambda x: np.mean(x, axis=axis, keepdims=kept), x)


@given(reductions())
def test_extremes_pass_the_cotangent_to_the_extreme_element(drawn):
    x, axis, kept = drawn
    for function in (np.max, np.min):
        f = lambda x, function=function: function(x, axis=axis, keepdims=kept)
        expected = np.asarray(f(x))
        np.testing.assert_array_equal(reference.as_function(cr.trace(f, x))([x])[0], expected)
        gradient = cr.grad(lambda x, f=f: np.sum(f(x)))(x)
        all_kept = function(x, axis=axis, keepdims=True)
        np.testing.assert_array_equal(gradient, x == all_kept)


@given(reductions())
def test_products_and_logsumexp(drawn):
    x, axis, kept = drawn
    x = x / x.size
    f = lambda x: np.prod(x, axis=axis, keepdims=kept)
    np.testing.assert_allclose(reference.as_function(cr.trace(f, x))([x])[0], f(x), rtol=1e-13)
    np.testing.assert_allclose(cr.grad(lambda x: np.sum(f(x)))(x), np.prod(x, axis=axis, keepdims=True) / x, rtol=1e-12)
    softmax = cr.grad(lambda x: np.sum(ops.logsumexp(x, axis=axis, keepdims=kept)))(x)
    exp = np.exp(x)
    np.testing.assert_allclose(softmax, exp / np.sum(exp, axis=axis, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("function", [np.max, np.min, np.argmax])
def test_there_is_no_extreme_of_nothing(function):
    with pytest.raises(ArgumentError, match="at least one element"):
        cr.trace(lambda x: function(x, axis=0), np.ones((0, 3)))


@pytest.mark.parametrize("axis", [2, -3, (0, 2)])
def test_axes_that_do_not_exist_are_refused(axis):
    with pytest.raises(ArgumentError, match="does not exist in an array with 2 axes"):
        cr.trace(lambda x: np.sum(x, axis=axis), np.ones((2, 3)))


def test_an_axis_named_twice_is_refused():
    with pytest.raises(ArgumentError, match="names the same axis twice"):
        cr.trace(lambda x: np.sum(x, axis=(0, -2)), np.ones((2, 3)))


@pytest.mark.parametrize(("shape", "axis"), [((2_500_000, 4), 0), ((4, 2_500_000), 1)])
def test_float32_sums_do_not_lose_what_they_add(shape, axis):
    x = np.full(shape, 0.1, np.float32)
    (totals,) = reference.as_function(cr.trace(lambda x: np.sum(x, axis=axis), x))([x])
    assert totals.dtype == np.float32
    assert np.max(np.abs(totals / 250_000.00372529 - 1)) < 2e-7  # 0.1 in float32 is 0.10000000149


def test_sums_of_integers_and_truths_are_counts():
    for x in (np.ones(300, bool), np.full(300, 200, np.uint8), np.full(300, 2**30, np.int32)):
        (total,) = reference.as_function(cr.trace(np.sum, x))([x])
        assert (total, total.dtype) == (int(np.sum(x.astype(np.int64))), np.sum(x).dtype)


# Matrix products


@given(np_st.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3))
def test_matrix_products_of_all_shapes(shapes):
    a, b = (filled(shape) for shape in shapes.input_shapes)
    check_linear(lambda a, b: a @ b, a, b)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 3), (4, 2), r"the last axis of the first \(3\) and axis -2 of the second \(4\) differ"),
        ((3,), (4,), r"and axis 0 of the second \(4\) differ"),
        ((2, 2, 3), (5, 3, 2), "cannot be broadcast"),
        ((), (3,), "at least one axis"),
    ],
)
def test_matrices_that_cannot_be_multiplied_are_refused(a, b, message):
    with pytest.raises(ArgumentError, match=message):
        cr.trace(lambda a, b: a @ b, np.ones(a), np.ones(b))


def test_dot_of_stacks_contracts_the_axes_that_numpy_does():
    x, y = np.arange(12.0).reshape(2, 3, 2), np.arange(4.0).reshape(2, 2)
    assert np.array_equal(cr.compile(np.dot)(x, y), np.dot(x, y))


# Movements


@given(SHAPES, st.randoms(use_true_random=False))
def test_transposes_and_moved_axes(shape, random):
    x = filled(shape)
    axes = list(range(x.ndim))
    random.shuffle(axes)
    check_linear(lambda x: np.transpose(x, axes), x)
    check_linear(lambda x: x.T, x)
    if x.ndim:
        source, target = random.randrange(-x.ndim, x.ndim), random.randrange(-x.ndim, x.ndim)
        check_linear(lambda x: np.moveaxis(x, source, target), x)
        check_linear(lambda x: np.swapaxes(x, source, target), x)
        check_linear(lambda x: np.flip(x, source), x)


@given(SHAPES, st.randoms(use_true_random=False))
def test_reshapes_and_new_axes(shape, random):
    x = filled(shape)
    check_linear(np.ravel, x)
    if x.size:
        check_linear(lambda x: np.reshape(x, (-1, 1)), x)
    new = random.randrange(-x.ndim - 1, x.ndim + 1)
    check_linear(lambda x: np.expand_dims(x, new), x)
    check_linear(lambda x: np.squeeze(np.expand_dims(x, new), new), x)
    check_linear(np.squeeze, x)


@given(SHAPES.filter(len), st.randoms(use_true_random=False))
def test_joined_and_split_arrays(shape, random):
    x, axis = filled(shape), random.randrange(-len(shape), len(shape))
    longer = list(shape)
    longer[axis] += 2
    y = filled(tuple(longer), 100.0)
    joined = lambda x, y: np.concatenate([x, y, x], axis=axis)
    expected = joined(x, y)
    _, pullback = cr.vjp(joined, x, y)
    w = filled(expected.shape)
    first, second, third = np.split(w, [x.shape[axis], x.shape[axis] + y.shape[axis]], axis=axis)
    np.testing.assert_array_equal(pullback(w)[0], first + third)
    np.testing.assert_array_equal(pullback(w)[1], second)
    check_linear(lambda x: np.stack([x, 2 * x], axis=axis), x)


def test_shapes_that_cannot_be_made_are_refused():
    x = np.ones((2, 3))
    refused = {
        "cannot take shape": lambda x: np.reshape(x, (4, 2)),
        "only drop axes of length 1": lambda x: np.squeeze(x, 0),
        "needs every axis": lambda x: np.transpose(x, (0, 0)),
        "cannot be split": lambda x: np.split(x, 2, axis=1),
        "cannot be concatenated": lambda x: np.concatenate([x, np.ones((2, 2))]),
        "cannot be broadcast": lambda x: np.broadcast_to(x, (3, 3)),
    }
    for message, f in refused.items():
        with pytest.raises(ArgumentError, match=message):
            cr.trace(f, x)
    for shape in ((-1, -1), (-2, -3), (-2, 3)):
        for x in (np.ones(6), np.ones(1)):
            with pytest.raises(ArgumentError, match="cannot take shape"):
                cr.trace(lambda x, shape=shape: np.reshape(x, shape), x)
