"""Each stage of planning on its own: preparing, indices, dividing, memory."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import ops, reference
from chainrule.graph import Kind
from chainrule.plan import Place, make_plan
from chainrule.plan.access import axis_groups, operand_indices
from chainrule.plan.canonicalise import canonicalise
from chainrule.plan.divide import COLUMNS, candidates, part
from chainrule.plan.kernels import Buffer, Kernel, Store
from chainrule.plan.layout import LINE, base_of, natural, scratch
from chainrule.plan.memory import live_ranges, place_scratch
from engine_runs import traced
from op_cases import CASES
from random_programs import programs

# Preparing


@given(programs())
def test_canonicalising_keeps_the_meaning_and_is_done_after_once(program):
    arguments = program.arguments()
    graph = traced(lambda *x: (program(*x), x[0], program(*x), program(*x), program(*x), 1.5), *arguments)
    canonical = canonicalise(graph)
    canonical.verify()
    assert canonical.inputs == graph.inputs
    assert len(set(canonical.outputs)) == len(graph.outputs)
    assert all(output.operands for output in canonical.outputs)
    for actual, wanted in zip(
        reference.as_function(canonical)(arguments), reference.as_function(graph)(arguments), strict=True
    ):
        assert actual.tobytes() == wanted.tobytes()
    assert canonicalise(canonical).outputs == canonical.outputs


@pytest.mark.parametrize(
    "shape", [(10_000,), (8191,), (8192,), (10_007,), (100, 100), (2, 50, 100), (1, 9000)], ids=str
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64], ids=lambda dtype: dtype.__name__)
def test_large_sums_are_made_in_two_steps_and_rounded_once(shape, dtype):
    x = (np.random.default_rng(0).normal(size=shape) * 100).astype(dtype)
    graph = traced(np.sum, x)
    canonical = canonicalise(graph)
    (result,) = reference.as_function(canonical)([x])
    (wanted,) = reference.as_function(graph)([x])
    assert (result.shape, result.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(result, wanted, rtol=2 * np.finfo(np.float32).eps if dtype is np.float32 else 1e-13)
    assert canonicalise(canonical).outputs == canonical.outputs


# Indices


def brute_force(node, element):
    """For each operand the elements that element `element` of a node depends on, found by changing them one by one."""
    rng = np.random.default_rng(0)
    operands = []
    for operand in node.operands:
        shape, dtype = operand.type.shape, operand.type.dtype
        if dtype.kind == "f":
            operands.append(rng.uniform(0.5, 2.0, shape).astype(dtype))
        else:
            operands.append(np.zeros(shape, dtype))
    with np.errstate(all="ignore"):
        before = node.op.numpy(*operands, **node.keywords)[element]
        found = []
        for position, operand in enumerate(operands):
            needed = set()
            for place in np.ndindex(operand.shape):
                changed = [np.array(x) for x in operands]
                changed[position][place] = 7.25 if operand.dtype.kind == "f" else 1
                if not np.array_equal(node.op.numpy(*changed, **node.keywords)[element], before):
                    needed.add(place)
            found.append(needed)
    return found


# A changed element of a sparse matrix's starts or columns makes it none; tests/ops/test_sparse.py covers them.
SMALL = [case for case in CASES if "sparse" not in case.op and all(0 < x.size <= 12 for x in case.arguments())]


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_an_element_depends_on_no_others_than_its_indices_say(case):
    graph = traced(case.traced, *case.arguments())
    for node in graph.nodes:
        if not node.operands or 0 in node.type.shape or node.op.name == "random_bits":
            continue
        axes = tuple(range(len(node.type.shape)))
        said = operand_indices(node, axes)
        assert [operand for operand, _ in said] == list(node.operands)
        for element in np.ndindex(node.type.shape):
            for needed, (operand, at) in zip(brute_force(node, element), said, strict=True):
                assert len(at) == len(operand.type.shape)
                for place in needed:
                    assert all(axis is None or place[i] == element[axis] for i, axis in enumerate(at)), node


def test_indices_say_as_much_as_they_can():
    x = np.ones((2, 3, 4))
    graph = traced(lambda x: (x.T, x.reshape(2, 12), x[:, ::-1], np.sum(x, axis=1), x * 2, x[None]), x)
    by_name = {node.op.name: node for node in graph.nodes if node.operands and node.type.shape}
    indices = {name: operand_indices(node, natural(node))[0][1] for name, node in by_name.items()}
    assert indices["transpose"] == (2, 1, 0)
    assert indices["slice"] == (0, None, 2)
    assert indices["sum"] == (0, None, 1)
    assert indices["multiply"] == (0, 1, 2)


@given(st.lists(st.integers(1, 6), max_size=4), st.data())
def test_groups_of_axes_have_equal_sizes_and_hold_every_axis_once(old, data):
    order = data.draw(st.permutations(old))
    new = [int(np.prod(order[:2])), *order[2:]] if len(order) > 1 and data.draw(st.booleans()) else order
    groups = axis_groups(tuple(new), tuple(old))
    for a, b in groups:
        assert np.prod([new[i] for i in a]) == np.prod([old[i] for i in b])
    assert [i for a, _ in groups for i in a] == [i for i, n in enumerate(new) if n != 1]
    assert [i for _, b in groups for i in b] == [i for i, n in enumerate(old) if n != 1]


# Dividing


LENGTHS = (*range(40), 63, 64, 65, 127, 128, 129, 1000, 1001, 4096, 99_991)


@pytest.mark.parametrize("grain", [1, 16, COLUMNS])
@pytest.mark.parametrize("threads", [1, 2, 3, 4, 5, 7, 8, 16, 61])
def test_the_parts_of_an_axis_cover_it_once(threads, grain):
    for length in LENGTHS:
        parts = [part(length, grain, thread, threads) for thread in range(threads)]
        assert parts[0][0] == 0
        assert parts[-1][1] == length
        assert all(before[1] == after[0] for before, after in pairwise(parts))
        sizes = [high - low for low, high in parts]
        assert min(sizes) >= 0
        assert max(sizes) - min(sizes) <= 2 * grain
        assert all(low % grain == 0 for low, _ in parts if low < length)


def test_the_numbers_of_threads_begin_with_one_and_end_with_all():
    for available in range(1, 70):
        numbers = candidates(available)
        assert (numbers[0], numbers[-1]) == (1, available)
        assert list(numbers) == sorted(set(numbers))


# Memory


def node_of(shape, dtype=np.float32):
    return traced(lambda x: x * 2, np.zeros(shape, dtype)).outputs[0]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5), st.integers(0, 3)), max_size=8))
def test_buffers_that_live_together_lie_apart_and_none_is_larger_than_it_must_be(drawn):
    buffers = [scratch(node_of((rows, columns)), (0, 1)) for rows, columns, _, _ in drawn]
    lives = {buffer: (first, first + more) for buffer, (*_, first, more) in zip(buffers, drawn, strict=True)}
    shared, private = place_scratch(buffers, lives)
    assert private == 0
    for a, b in product(buffers, buffers):
        together = a is not b and lives[a][0] <= lives[b][1] and lives[b][0] <= lives[a][1]
        assert not together or a.slot + a.bytes <= b.slot or b.slot + b.bytes <= a.slot
    for buffer in buffers:
        assert buffer.slot % LINE == 0
        assert buffer.slot + buffer.bytes <= shared
    everything = sum(-(-buffer.bytes // (2 * LINE)) * 2 * LINE for buffer in buffers)
    at_once = [sum(b.bytes for b in buffers if lives[b][0] <= phase <= lives[b][1]) for phase in range(9)]
    assert max(at_once, default=0) <= shared <= everything


def test_private_buffers_lie_one_after_another():
    buffers = [scratch(node_of(()), ()) for _ in range(3)]
    for buffer in buffers:
        buffer.place = Place.PRIVATE
    shared, private = place_scratch(buffers, dict.fromkeys(buffers, (0, 0)))
    assert shared == 0
    assert len({buffer.slot for buffer in buffers}) == 3
    assert private >= max(buffer.slot + buffer.bytes for buffer in buffers)


def test_a_buffer_lives_from_its_writer_to_its_last_reader():
    node = node_of((3,))
    buffer = scratch(node, (0,))
    kernels = [Kernel(i, node, (3,), (0,), phase=phase) for i, phase in enumerate((0, 2, 3))]
    kernels[0].stores = [Store(node, buffer, (0,))]
    lives = live_ranges(kernels, {kernels[0]: [], kernels[1]: [node], kernels[2]: []}, {node: buffer})
    assert lives == {buffer: (0, 2)}


@given(
    st.lists(st.integers(0, 70), min_size=1, max_size=3), st.sampled_from([np.float32, np.float64, np.bool_, np.int64])
)
def test_rows_of_scratch_memory_begin_at_cache_lines_and_do_not_overlap(shape, dtype):
    node = node_of(shape, np.float32) if dtype is not np.bool_ else traced(lambda x: x > 0, np.zeros(shape)).outputs[0]
    for order in (tuple(range(len(shape))), tuple(reversed(range(len(shape))))):
        buffer = scratch(node, order)
        places = {sum(i * s for i, s in zip(at, buffer.strides, strict=True)) for at in np.ndindex(*shape)}
        assert len(places) == np.prod(shape)
        assert max(places, default=0) < buffer.elements
        assert all(buffer.strides[axis] * buffer.itemsize % LINE == 0 for axis in order[:-1])
        assert buffer.holds_vectors(order[-1], LINE // buffer.itemsize)
        row = buffer.strides[order[-2]] if len(order) > 1 else buffer.elements
        assert shape[order[-1]] == 0 or not buffer.holds_vectors(order[-1], row + 1)


def test_a_chain_of_transposes_has_one_base():
    x = np.ones((2, 3, 4))
    graph = traced(lambda x: np.transpose(np.transpose(np.sin(x), (2, 0, 1)), (1, 0, 2)) + 1, x)
    view = next(node for node in graph.nodes if node.op.is_view and node.type.shape != (2, 3, 4))
    base, axes = base_of(view)
    assert base.op.kind is Kind.ELEMENTWISE
    assert tuple(base.type.shape[axis] for axis in axes) == view.type.shape


@pytest.mark.parametrize(
    ("shape", "columns", "copied"),
    [((512, 1024), 512, True), ((512, 1024), 16, False), ((128, 256), 512, False)],
    ids=["far and reused", "far", "near"],
)
def test_a_left_factor_that_lies_across_is_copied_where_its_columns_would_be_fetched_again_and_again(
    shape, columns, copied
):
    """As aᵀδ, the gradient of a wide layer: a tile of it would read far rows in every round."""
    x, d = np.ones(shape, np.float32), np.ones((shape[0], columns), np.float32)
    plan = make_plan(traced(lambda x, d: np.tanh(x).T @ np.tanh(d), x, d))
    (product_,) = (kernel.anchor for kernel in plan.kernels if kernel.anchor.op.name == "matmul")
    base, axes = base_of(product_.operands[0])
    assert (plan.buffers[base].strides[axes[-1]] == 1) == copied


@given(programs())
def test_the_caller_owns_what_it_gives_and_gets(program):
    plan = make_plan(traced(program, *program.arguments()))
    inputs = [plan.buffers[node] for node in plan.graph.inputs]
    assert all(isinstance(buffer, Buffer) and buffer.place is Place.ARGUMENT for buffer in inputs)
    assert [buffer.slot for buffer in inputs] == list(range(len(inputs)))
    assert [buffer.node for buffer in plan.results] == list(plan.graph.outputs)
    assert all(buffer.order == natural(buffer.node) and not buffer.padded for buffer in (*inputs, *plan.results))


# Rectifiers


def test_a_rectifier_keeps_nothing_beside_its_values():
    """relu′ is chosen by the sign of relu, which the product reads anyway; nan, −0 and infinities choose as before."""

    def step(x, W, g):
        a = ops.relu(x)
        return a @ W, np.where(x <= 0, 0, g @ W.T)

    x = np.array([[np.nan, 0.0, -0.0, np.inf, -np.inf], [1.0, -1.0, 1e-45, -1e-45, 3.0]], np.float32)
    W, g = np.ones((5, 4), np.float32), np.ones((2, 4), np.float32)
    graph = traced(lambda x, W, g: step(x * 2.0, W, g), x, W, g)
    canonical = canonicalise(graph)
    canonical.verify()
    plan = make_plan(graph)
    assert all(buffer.node.type.dtype.kind != "b" for buffer in plan.buffers.values())
    assert canonicalise(canonical).outputs == canonical.outputs
    with np.errstate(all="ignore"):
        for actual, wanted in zip(
            reference.as_function(canonical)([x, W, g]), reference.as_function(graph)([x, W, g]), strict=True
        ):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("other", [lambda x: np.where(x <= 0, 1, x), lambda x: np.where(x < 0, 0, x)])
def test_what_is_no_rectifier_keeps_its_condition(other):
    graph = traced(lambda x, y: (other(x), np.where(x <= 0, 0, y)), np.ones(3), np.ones(3))
    assert canonicalise(graph).outputs == graph.outputs
