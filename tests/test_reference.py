"""The reference executor: NumPy, node by node, on whatever arrays people have, and never on anything else."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError, GraphError
from chainrule.graph import Graph


def unusual(x):
    """The same numbers, laid out in memory as people's arrays are."""
    twice = np.repeat(x, 2, axis=0)
    misaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    read_only = x.copy()
    read_only.flags.writeable = False
    return {
        "strided": twice[::2],
        "negative strides": x[::-1, ::-1].copy()[::-1, ::-1],
        "Fortran order": np.asfortranarray(x),
        "transposed": x.T.copy().T,
        "byte-swapped": x.astype(x.dtype.newbyteorder()),
        "misaligned": misaligned,
        "read-only": read_only,
        "field of records": np.rec.fromarrays([x, x], names="a,b")["a"],
        "list": x.tolist(),
    }


@pytest.mark.parametrize("layout", unusual(np.ones((2, 2))))
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (0, 3)])
def test_every_layout_gives_the_bits_of_a_contiguous_copy_and_is_not_written_to(layout, shape):
    x = np.random.default_rng(0).normal(size=shape)
    if layout == "list" and not x.size:
        pytest.skip("a list does not know the shape of nothing")
    g = lambda x: (np.tanh(x) * x, np.sum(x, axis=0), x[::-1] * 2, x @ np.ones((3, 2))[: x.shape[1]])
    array = unusual(x)[layout]
    before = np.array(array, copy=True)
    run = reference.as_function(cr.trace(g, x))
    for result, expected in zip(run([array]), run([np.ascontiguousarray(x)]), strict=True):
        assert result.tobytes() == expected.tobytes()
    gradient = lambda x: cr.grad(lambda x: sum(np.sum(y) for y in g(x)))(x)
    if layout != "list":
        assert gradient(array).tobytes() == gradient(x).tobytes()
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("layout", ["strided", "byte-swapped", "negative strides", "read-only"])
def test_every_layout_of_float32_stays_float32(layout):
    x = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    gradient = cr.grad(lambda x: np.sum(x**2))(unusual(x)[layout])
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, 2 * x)


@given(
    np_st.arrays(
        st.sampled_from([np.float32, np.float64]),
        np_st.array_shapes(max_dims=2, max_side=4),
        elements=st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -2.0, 2.0**-126]),
    )
)
def test_unusual_numbers_go_through_silently_as_in_numpy(x):
    g = lambda x: (x / x, np.log(x), np.sqrt(x), np.exp(x), x - x, np.maximum(x, 0), np.sign(x), x * 0)
    with np.errstate(all="ignore"):
        expected = g(x)
    for result, wanted in zip(reference.as_function(cr.trace(g, x))([x]), expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
        np.testing.assert_array_equal(np.signbit(result[~np.isnan(result)]), np.signbit(wanted[~np.isnan(wanted)]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([object()]), "has dtype object"),
        (np.array(["text"]), "has dtype <U4"),
        (np.array([1j]), "has dtype complex128"),
        ([[1.0], [1.0, 2.0]], "is ragged"),
        (np.array(["2020-01-01"], "M8[D]"), "has dtype datetime64"),
        ([2**70], "has dtype object"),
        (np.ones(3), r"was traced for x of type f64\[1\], got f64\[3\]"),
        (np.ones(1, np.float32), r"was traced for x of type f64\[1\], got f32\[1\]"),
        (None, "has dtype object"),
    ],
    ids=lambda v: str(getattr(v, "dtype", "")) if not isinstance(v, str) else v,
)
def test_arrays_that_cannot_be_used_are_refused_by_name(value, message):
    run = reference.as_function(cr.trace(lambda x: x * 2, np.ones(1)))
    with pytest.raises(ArgumentError, match=message) as caught:
        run([value])
    assert "x " in str(caught.value)


@pytest.mark.parametrize("arrays", [[], [np.ones(1), np.ones(1)]])
def test_the_wrong_number_of_arrays_is_refused(arrays):
    run = reference.as_function(cr.trace(lambda x: x * 2, np.ones(1)))
    with pytest.raises(ArgumentError, match=f"takes 1 array, got {len(arrays)}"):
        run(arrays)


def test_a_graph_with_values_of_another_trace_cannot_be_prepared():
    kept = []
    cr.trace(lambda x: kept.append(x) or x, 1.0)
    with pytest.raises(GraphError, match="belongs to another trace"):
        reference.as_function(Graph((), (kept[0].node,)))


def test_results_share_no_memory_with_arguments_constants_or_each_other():
    captured = np.arange(3.0)
    graph = cr.trace(lambda x: (x, x[::-1], x.reshape(3, 1), captured, x), captured)
    run = reference.as_function(graph)
    x = np.arange(3.0)
    results = run([x])
    for i, result in enumerate(results):
        assert result.flags.writeable
        assert not np.shares_memory(result, x)
        assert not any(np.shares_memory(result, other) for other in results[:i])
    results[3][:] = 99
    np.testing.assert_array_equal(run([x])[3], captured)


def test_a_prepared_graph_runs_again_and_again():
    run = reference.as_function(cr.trace(lambda x: x * 2, 1.0))
    assert [float(run([np.float64(i)])[0]) for i in range(3)] == [0, 2, 4]


def test_values_are_dropped_after_their_last_use():
    """A chain of 50 arrays of 8 MB needs memory for a few, not for 50."""

    def chain(x):
        for i in range(50):
            x = np.sin(x) + i
        return np.sum(x)

    x = np.ones(1_000_000)
    run = reference.as_function(cr.trace(chain, x))
    tracemalloc.start()
    run([x])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * x.nbytes


def test_the_specification_does_not_depend_on_numpys_error_settings():
    run = reference.as_function(cr.trace(lambda x: np.log(x), 1.0))
    with np.errstate(all="raise"):
        assert run([np.float64(0)])[0] == -np.inf


def test_the_value_of_every_node():
    graph = cr.trace(lambda x: np.log(x) * 2, np.array([1.0, 0.0]))
    values = reference.every_value(graph, [np.array([1.0, 0.0])])
    assert set(values) == set(graph.nodes)
    by_name = {node.op.name: values[node] for node in graph.nodes}
    np.testing.assert_array_equal(by_name["log"], [0, -np.inf])
    np.testing.assert_array_equal(values[graph.outputs[0]], [0, -np.inf])
