"""Indexing is NumPy's, entry by entry, and its derivative adds every element's cotangents where the element was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

import chainrule as cr
from chainrule import ops, reference
from chainrule.errors import ArgumentError, ChainruleError, TraceError
from chainrule.ops.shape import SLICE, UNSLICE
from chainrule.ops.value import apply
from chainrule.types import DTYPES

SHAPES = np_st.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


@st.composite
def mixed_indices(draw, shape):
    """Integers, slices, new axes, an ellipsis, masks and arrays of integers, in any mixture that NumPy accepts."""
    together = draw(np_st.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3))
    entries, axis = [], 0
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(["integer", "slice", "slice", "array", "list", "mask", "newaxis", "stop"]))
        if kind == "newaxis":
            entries.append(None)
            if sum(entry is None for entry in entries) > 2:
                break
            continue
        if kind == "stop":
            break
        if kind == "integer":
            entries.append(draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            entries.append(draw(st.slices(n)))
        elif kind == "array":
            dtype = draw(st.sampled_from(["int64", "int32", "uint8"]))
            low = 0 if dtype == "uint8" else -n
            entries.append(draw(np_st.arrays(dtype, together, elements=st.integers(low, n - 1))))
        elif kind == "list":
            entries.append(draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=1)))
        else:
            axes = draw(st.integers(1, min(2, len(shape) - axis)))
            entries.append(draw(np_st.arrays(bool, shape[axis : axis + axes])))
            axis += axes - 1
        axis += 1
    if draw(st.booleans()):
        entries.append(Ellipsis)
    return tuple(entries)


@st.composite
def arrays_and(draw, indices):
    shape = draw(SHAPES)
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape), draw(indices(shape))


def check_against_numpy(x, index):
    try:
        expected = x[index]
    except IndexError:  # arrays of the index do not broadcast
        with pytest.raises((ChainruleError, IndexError)):
            cr.trace(lambda x: x[index], x)
        return
    graph = cr.trace(lambda x: x[index], x)
    graph.verify()
    np.testing.assert_array_equal(reference.as_function(graph)([x])[0], expected)
    w = np.arange(1.0, np.size(expected) + 1).reshape(np.shape(expected))
    gradient = cr.grad(lambda x: np.sum(w * x[index]))(x)
    scattered = np.zeros_like(x)
    np.add.at(scattered, index, w)
    np.testing.assert_array_equal(gradient, scattered)
    _, tangent = cr.jvp(lambda x: x[index], (x,), (x * x,))
    np.testing.assert_array_equal(tangent, (x * x)[index])


@given(arrays_and(lambda shape: np_st.basic_indices(shape, allow_newaxis=True)))
def test_basic_indices(drawn):
    check_against_numpy(*drawn)


@given(arrays_and(np_st.integer_array_indices))
def test_arrays_of_integers(drawn):
    check_against_numpy(*drawn)


@given(arrays_and(mixed_indices))
def test_mixtures(drawn):
    check_against_numpy(*drawn)


@pytest.mark.parametrize(
    "index",
    [
        (slice(None, None, -1),),
        (slice(5, None, -2), slice(-1, -10, -1)),
        (slice(2, 1), slice(100, 200)),
        (Ellipsis, None, 0),
        (None, 1, None, Ellipsis, None),
        ([], 0),
        ([True, False, True],),
        (np.array([[True, False, True, False]] * 3),),
        (np.zeros((3, 4), bool),),
        (np.int64(1), np.array(2)),
        (np.array([0, 2]), None, np.array([1, 3])),
        (0, slice(None), np.array([1, 3])),
        (slice(None), np.array([[0], [3]]), np.array([0, 1])),
    ],
    ids=str,
)
def test_corners_of_numpys_indexing(index):
    x = np.arange(24.0).reshape(3, 4, 2)
    check_against_numpy(x, index)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (3, "index 3 is outside an axis of length 3"),
        (-4, "index -4 is outside an axis of length 3"),
        ([0, 3], "index 3 is outside"),
        (np.array([-4, 0]), "index -4 is outside"),
        ((0, 0, 0), r"too many indices for an array of shape \(3, 4\)"),
        ((Ellipsis, Ellipsis), "too many indices|one ellipsis"),
        (np.array([0.5]), "indices must be integers"),
        (np.ones(4, bool), "mask"),
        (np.ones(2, bool), "mask"),
        (np.ones((4, 3), bool), "mask"),
        (True, "True or False"),
        (np.False_, "True or False"),
    ],
    ids=str,
)
def test_what_numpy_refuses_is_refused_with_the_line(index, message):
    x = np.ones((3, 4))
    with pytest.raises(ArgumentError, match=message) as caught:
        cr.trace(lambda x: x[index], x)
    assert str(caught.value).startswith(__file__)


@pytest.mark.parametrize("index", [1.0, "a", slice("a", None), slice(0.5, None), np.array(0.5)])
def test_what_is_no_index_at_all_is_refused(index):
    with pytest.raises(ArgumentError, match=r"an index (in a slice )?must be an integer"):
        cr.trace(lambda x: x[index], np.ones(3))


# Slices with any start, stop and step, far beyond the axis too: what they mean is Python's

ENDS = (None, *range(-6, 7))
STEPS = (None, -5, -3, -2, -1, 1, 2, 3, 5)


def weights(shape):
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)


def assert_indexed_as_by_numpy(x, indices):
    """Values and gradients, by both executors; of indices that are recorded alike one is enough."""
    recorded = {}

    def note(x):
        for index in indices:
            recorded.setdefault(x[index].node, index)
        return x

    cr.trace(note, x)
    values = lambda x: [x[index] for index in recorded.values()]
    losses = [lambda x, index=index: np.sum(weights(x[index].shape) * x[index]) for index in recorded.values()]
    slopes = lambda x: [cr.grad(loss)(x) for loss in losses]
    added = [np.zeros_like(x) for _ in recorded]
    for array, index in zip(added, recorded.values(), strict=True):
        np.add.at(array, index, weights(x[index].shape))
    for function, expected in ((values, [x[index] for index in recorded.values()]), (slopes, added)):
        graph = cr.trace(function, x)
        graph.verify()
        for results in (reference.as_function(graph)([x]), cr.compile(function)(x)):
            for index, result, wanted in zip(recorded.values(), results, expected, strict=True):
                np.testing.assert_array_equal(result, wanted, str(index))
    alike = cr.trace(lambda x: [x[index] for index in indices], x)
    for index, result in zip(indices, reference.as_function(alike)([x]), strict=True):
        np.testing.assert_array_equal(result, x[index], str(index))


@pytest.mark.parametrize("length", range(5))
def test_every_slice_is_numpys(length):
    slices = [slice(start, stop, step) for start in ENDS for stop in ENDS for step in STEPS]
    assert_indexed_as_by_numpy(np.arange(1.0, length + 1), slices)


@pytest.mark.parametrize("seed", range(8))
def test_slices_of_several_axes_with_integers_new_axes_and_an_ellipsis_are_numpys(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(0, 5, rng.integers(1, 5)))

    def entry(length):
        if length and rng.random() < 0.2:
            return int(rng.integers(-length, length))
        choose = lambda options: options[rng.integers(len(options))]
        return slice(choose(ENDS), choose(ENDS), choose(STEPS))

    def index():
        count = int(rng.integers(0, len(shape) + 1))
        entries = [entry(n) for n in shape[:count]]
        if rng.random() < 0.4:
            at = int(rng.integers(0, count + 1))
            entries = [*entries[:at], ..., *(entry(n) for n in shape[len(shape) - count + at :])]
        for _ in range(rng.integers(0, 3)):
            entries.insert(int(rng.integers(0, len(entries) + 1)), None)
        return tuple(entries)

    assert_indexed_as_by_numpy(np.arange(1.0, np.prod(shape) + 1).reshape(shape), [index() for _ in range(40)])


def test_a_range_beyond_its_axis_is_no_slice():
    for ranges in [((-1, 0, -1),), ((0, 4, 1),), ((2, 2, -3),), ((3, 1, 1),)]:
        with pytest.raises(ArgumentError, match="leaves an axis of length 3"):
            cr.trace(lambda x, ranges=ranges: apply(SLICE, x, ranges=ranges), np.ones(3))
        with pytest.raises(ArgumentError, match="leaves an axis of length 3"):
            cr.trace(lambda x, ranges=ranges: apply(UNSLICE, x, shape=(3,), ranges=ranges), np.ones(ranges[0][1]))


# Traced indices


def test_traced_indices_count_from_both_ends():
    x, i = np.arange(12.0).reshape(4, 3), np.array([[3, -1], [0, -4]])
    graph = cr.trace(lambda x, i: x[i], x, i)
    np.testing.assert_array_equal(reference.as_function(graph)([x, i])[0], x[i])
    gradient = cr.grad(lambda x, i: np.sum(x[i] ** 2))(x, i)
    expected = np.zeros_like(x)
    np.add.at(expected, i, 2 * x[i])
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("bad", [4, -5])
def test_a_traced_index_out_of_range_is_refused_when_it_is_used_and_names_the_line(bad):
    graph = cr.trace(lambda x, i: x[i], np.ones(4), np.array([0]))
    with pytest.raises(ArgumentError, match="out of bounds") as caught:
        reference.as_function(graph)([np.ones(4), np.array([bad])])
    assert str(caught.value).startswith(__file__)


@pytest.mark.parametrize("labels", [[0, 3], [0, -4], [2, 99]])
def test_a_traced_index_beyond_its_axis_does_not_reach_into_the_next_row(labels):
    pick = lambda x, labels: x[np.arange(2), labels]
    x = np.arange(6.0).reshape(2, 3)
    run = reference.as_function(cr.trace(pick, x, np.array([0, 0])))
    np.testing.assert_array_equal(run([x, np.array([2, -3])])[0], [2, 3])
    for changed in (np.array(labels), np.array(labels[::-1])):
        with pytest.raises(ArgumentError, match="out of bounds"):
            run([x, changed])


def test_indices_that_depend_on_the_argument_pass_no_derivative():
    x = np.array([1.0, 3.0, 2.0])
    np.testing.assert_array_equal(cr.grad(lambda x: x[np.argmax(x)] ** 2)(x), [0, 6, 0])


@pytest.mark.parametrize(
    "use",
    [
        lambda x, i: x[i],
        lambda x, i: x[i[0]],
        lambda x, i: x[i, 0],
        lambda x, i: x[:, i],
        lambda x, i: x[i, np.array([0, 1, 1])],
        lambda x, i: np.take(x, i),
        lambda x, i: np.take(x, i, axis=1),
        lambda x, i: np.take(x, i > 0, axis=0),
        lambda x, i: np.take_along_axis(x, i[:, None], axis=0),
        lambda x, i: np.take_along_axis(x, i, axis=None),
        lambda x, i: np.take_along_axis(x, i[:, None] > 0, axis=0),
        lambda x, i: ops.scatter_add(x, i, length=3),
        lambda x, i: ops.scatter_add(x, i > 0, length=3),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_traced_indices_that_are_no_integers_are_refused_wherever_they_are_used(use, dtype):
    x, i = np.arange(6.0).reshape(3, 2), np.array([0.9, 1.7, -0.5], dtype)
    with pytest.raises(ArgumentError, match=r"indices must be integers.*astype\(np\.int64\)"):
        cr.trace(use, x, i)


@pytest.mark.parametrize("index", [np.zeros(0), (np.zeros(0), 0)])
def test_an_array_of_no_floats_is_no_index_but_an_empty_list_is(index):
    with pytest.raises(ArgumentError, match="indices must be integers"):
        cr.trace(lambda x: x[index], np.ones((3, 2)))
    check_against_numpy(np.ones((3, 2)), [])


def test_a_traced_mask_is_refused():
    with pytest.raises(TraceError, match="traced mask"):
        cr.trace(lambda x: x[x > 0], np.ones(3))


# Gathering and scattering


@pytest.mark.parametrize(
    ("shape", "indices", "axis"),
    [
        ((3, 2), [[1]], 1),
        ((3, 2), [[1]], 0),
        ((3, 2), [[1, 0, -1]], 1),
        ((3, 2), [[2, 0], [-1, 1]], 0),
        ((1, 2), [[1], [0], [1]], 1),
        ((2, 3, 2), [[[0], [2]]], 1),
        ((2, 3, 2), [[[0, 1]], [[2, 2]]], -2),
        ((3, 2), [5, 0, -1, 5], None),
        ((3,), [2, 2], 0),
        ((3, 2), np.zeros((0, 2), int), 0),
    ],
    ids=str,
)
def test_take_along_axis_broadcasts_its_indices(shape, indices, axis):
    x, indices = weights(shape), np.array(indices)
    expected = np.take_along_axis(x, indices, axis)
    w = weights(expected.shape)
    places = np.take_along_axis(np.arange(x.size).reshape(shape), indices, axis)
    gradient = np.bincount(places.ravel(), w.ravel(), x.size).reshape(shape)
    loss = lambda x, i: np.sum(w * np.take_along_axis(x, i, axis))
    take = lambda x: np.take_along_axis(x, indices, axis=axis)
    np.testing.assert_array_equal(cr.vjp(take, x)[0], expected)
    np.testing.assert_array_equal(cr.compile(take)(x), expected)
    for slope in (cr.grad(loss), cr.compile(cr.grad(loss))):
        np.testing.assert_array_equal(slope(x, indices), gradient)


def test_take_along_axis_takes_along_the_last_axis_unless_told():
    x, indices = weights((3, 2)), np.array([[1], [0], [1]])
    np.testing.assert_array_equal(cr.vjp(lambda x: np.take_along_axis(x, indices), x)[0], [[2], [3], [6]])


@pytest.mark.parametrize("indices", [[0, 1], [[[0]]]])
def test_take_along_axis_refuses_indices_with_other_axes(indices):
    for axis in (0, None) if np.ndim(indices) > 1 else (0,):
        with pytest.raises(ArgumentError, match=r"test_index\.py:\d+.*as many axes as the array"):
            cr.trace(lambda x, axis=axis: np.take_along_axis(x, np.array(indices), axis), np.ones((3, 2)))


@given(np_st.arrays("int64", np_st.array_shapes(max_dims=2, max_side=4), elements=st.integers(0, 4)))
def test_scatter_add_is_the_adjoint_of_take(indices):
    x, w = np.arange(1.0, 11).reshape(5, 2), np.arange(1.0, 2 * indices.size + 1).reshape(*indices.shape, 2)
    scattered = ops.scatter_add(w, indices, axis=0, length=5)
    assert np.sum(np.take(x, indices, axis=0) * w) == np.sum(x * scattered)


def test_scatter_add_refuses_indices_that_do_not_fit():
    with pytest.raises(ArgumentError, match="scatter_add needs indices of shape"):
        cr.trace(lambda x: ops.scatter_add(x, np.array([0, 1]), axis=0, length=3), np.ones(3))
    with pytest.raises(ArgumentError, match="indices must be integers"):
        cr.trace(lambda x: ops.scatter_add(x, np.array([0.0, 1, 2]), axis=0, length=3), np.ones(3))


@pytest.mark.parametrize(
    ("x", "indices", "how", "message"),
    [
        (np.ones(2), [0, 5], {"length": 3}, "index 5 is outside an axis of length 3"),
        (np.ones(2), [0, -4], {"length": 3}, "index -4 is outside an axis of length 3"),
        (np.ones(2), [0.0, 1.0], {"length": 3}, "indices must be integers"),
        (np.ones(3), [0, 1], {"length": 3}, "scatter_add needs indices of shape"),
        (np.ones(2), [0, 1], {"length": 3, "axis": 2}, "axis 2 does not exist"),
        (np.ones(2), [0, 1], {"length": 1.5}, "length must be an integer"),
        (np.ones(2), [0, 1], {"length": -1}, "length must be at least 0"),
    ],
)
def test_scatter_add_on_arrays_refuses_what_it_refuses_when_recorded(x, indices, how, message):
    with pytest.raises(ArgumentError, match=message):
        ops.scatter_add(x, np.array(indices), **how)
    with pytest.raises(ArgumentError, match=message):
        cr.trace(lambda x: ops.scatter_add(x, np.array(indices), **how), x)


def test_scatter_add_counts_negative_indices_from_the_end():
    x, indices = np.array([1.0, 2.0, 4.0]), np.array([-1, 0, 2])
    scatter = lambda x, i: ops.scatter_add(x, i, length=3)
    for function in (scatter, cr.compile(scatter), lambda x, i: cr.vjp(lambda x: scatter(x, i), x)[0]):
        np.testing.assert_array_equal(function(x, indices), [2, 0, 5])


# Dtypes of indices

INDEX_DTYPES = [dtype for dtype in DTYPES if dtype.kind in "iu"]
HOW_TO_INDEX = {
    "take": lambda x, i: np.take(x, i, axis=0),
    "one axis": lambda x, i: x[i],
    "take_along_axis": lambda x, i: np.take_along_axis(x, np.stack([i, i, i], axis=1), axis=0),
}


@pytest.mark.parametrize("how", HOW_TO_INDEX)
@pytest.mark.parametrize("dtype", INDEX_DTYPES, ids=str)
def test_indices_of_every_dtype_reach_all_of_a_longer_axis(dtype, how):
    x, f = np.arange(900.0).reshape(300, 3), HOW_TO_INDEX[how]
    limits = np.iinfo(dtype)
    i = np.array([0, 3, min(299, limits.max), max(-300, limits.min), 7], dtype)
    expected = f(x, i)
    known, traced = cr.compile(lambda x, j: (f(x, i), f(x, j)))(x, i)
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(traced, expected)
    np.testing.assert_array_equal(reference.as_function(cr.trace(f, x, i))([x, i])[0], expected)
    counts = np.zeros(x.shape)
    np.add.at(counts, i, 1.0)
    slope = cr.grad(lambda x: np.sum(f(x, i)))(x)
    np.testing.assert_array_equal(slope, counts)


@pytest.mark.parametrize("dtype", INDEX_DTYPES, ids=str)
def test_scatter_add_takes_indices_of_every_dtype_from_both_ends(dtype):
    i = np.array([0, 3, 3, 0 if dtype.kind == "u" else -1], dtype)
    x = np.arange(1.0, 5.0)
    expected = np.zeros(300)
    np.add.at(expected, i, x)
    known, traced = cr.compile(lambda x, j: (ops.scatter_add(x, i, length=300), ops.scatter_add(x, j, length=300)))(
        x, i
    )
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(traced, expected)
    np.testing.assert_array_equal(ops.scatter_add(x, i, length=300), expected)


@pytest.mark.parametrize("how", ["taken", "scattered"])
@pytest.mark.parametrize("dtype", INDEX_DTYPES, ids=str)
def test_the_largest_index_of_every_dtype_is_outside_of_a_short_axis(dtype, how):
    f = (lambda x, j: x[j]) if how == "taken" else (lambda x, j: ops.scatter_add(x[:2], j, length=3))
    x, i = np.arange(3.0), np.array([0, np.iinfo(dtype).max], dtype)
    with pytest.raises(ArgumentError):
        cr.compile(f)(x, i)
    with pytest.raises(ArgumentError):
        reference.as_function(cr.trace(f, x, i))([x, i])
    with pytest.raises(ArgumentError, match=f"index {i[1]} is outside an axis of length 3"):
        cr.trace(lambda x: f(x, i), x)
