"""What must hold for every program, on random ones: values, adjoints, derivatives, derivations, rewrites, printing."""

from __future__ import annotations

import numpy as np
from hypothesis import given

import chainrule as cr
from chainrule import reference
from chainrule.graph import Graph
from chainrule.ops.value import Value
from chainrule.transforms.simplify import simplify
from numerical_derivatives import gradient
from random_programs import programs


def normal(rng, like):
    return np.asarray(rng.normal(size=np.shape(like)))


def pieces(program):
    arguments = program.arguments()
    return arguments, cr.trace(program, *arguments), np.random.default_rng(program.seed + 1)


@given(programs())
def test_the_graph_computes_what_the_program_computes(program):
    arguments, graph, _ = pieces(program)
    graph.verify()
    (result,) = reference.as_function(graph)(arguments)
    expected = np.asarray(program(*arguments))
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-13 * np.max(np.abs(expected)))


@given(programs())
def test_forward_and_reverse_mode_are_adjoint(program):
    arguments, _, rng = pieces(program)
    v = [normal(rng, x) for x in arguments]
    y, pullback = cr.vjp(program, *arguments)
    w = normal(rng, y)
    _, tangent = cr.jvp(program, arguments, v)
    pulled = pullback(w)
    forward = np.sum(tangent * w)
    backward = sum(np.sum(a * b) for a, b in zip(v, pulled, strict=True))
    scale = np.sum(np.abs(tangent * w)) + sum(np.sum(np.abs(a * b)) for a, b in zip(v, pulled, strict=True))
    assert abs(forward - backward) <= 1e-12 * scale + 1e-300


@given(programs(lines=6))
def test_gradients_agree_with_central_differences(program):
    arguments, graph, rng = pieces(program)
    w = np.asarray(rng.normal(size=graph.outputs[0].type.shape))
    pulled = cr.vjp(program, *arguments)[1](w)
    expected = gradient(program, arguments, w)
    largest = max(np.max(np.abs(e)) for e in expected)
    for actual, wanted in zip(pulled, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-6, atol=1e-8 * largest + 1e-11)


@given(programs(largest_shape=2, lines=5))
def test_second_derivatives_agree_in_all_modes_and_with_differences(program):
    arguments, _, rng = pieces(program)
    loss = lambda *x: np.sum(np.sin(program(*x)))
    everything = tuple(range(len(arguments)))
    v = tuple(normal(rng, x) for x in arguments)
    gradients = cr.grad(loss, everything)
    along = lambda *x: sum(np.sum(a * g) for a, g in zip(v, gradients(*x), strict=True))
    reverse = cr.grad(along, everything)(*arguments)
    forward = cr.hvp(loss, arguments, v)
    expected = gradient(along, arguments, 1.0)
    largest = max(np.max(np.abs(e)) for e in expected)
    for r, f, e in zip(reverse, forward, expected, strict=True):
        np.testing.assert_allclose(r, e, rtol=1e-5, atol=1e-7 * largest + 1e-9)
        np.testing.assert_allclose(f, r, rtol=1e-9, atol=1e-11 * largest + 1e-13)


@given(programs())
def test_every_step_of_a_derivation_is_a_sum_of_paths(program):
    arguments, graph, rng = pieces(program)
    derivative, derivation = cr.backprop(graph)
    derivative.verify()
    assert len(derivation.steps) <= len(graph.nodes)
    assert len({step.node for step in derivation.steps}) == len(derivation.steps)
    assert {step.node for step in derivation.steps} <= set(graph.nodes)
    nodes = [node for step in derivation.steps for node in (step.cotangent, *step.terms)]
    seeds = [normal(rng, np.empty(output.type.shape)) for output in graph.outputs]
    everything = Graph(derivative.inputs, tuple(nodes))
    values = iter(reference.as_function(everything)([*arguments, *seeds]))
    for step in derivation.steps:
        assert step.cotangent.type == step.node.type
        cotangent = next(values)
        terms = [next(values) for _ in step.terms]
        np.testing.assert_allclose(
            sum(terms), cotangent, rtol=1e-13, atol=1e-13 * max(np.max(np.abs(t)) for t in terms)
        )


@given(programs())
def test_every_term_arrived_from_a_step_before_or_from_the_seed(program):
    _, graph, _ = pieces(program)
    _, derivation = cr.backprop(graph)
    sent = {output: [seed] for output, seed in zip(derivation.outputs, derivation.seeds, strict=True)}
    for step in derivation.steps:
        assert list(step.terms) == sent[step.node]
        for contribution in step.contributions:
            assert step.node.operands[contribution.position] is contribution.operand
            assert contribution.result.type == contribution.operand.type
            sent.setdefault(contribution.operand, []).append(contribution.result)


@given(programs())
def test_printing_shows_every_node_once_and_never_fails(program):
    _, graph, _ = pieces(program)
    derivative, _ = cr.backprop(graph)
    for shown in (graph, derivative):
        lines = str(shown).splitlines()
        names = [line.split(" = ")[0].strip() for line in lines[1:-1]]
        assert names == [f"%{i}" for i in range(1, len(names) + 1)]
        assert len(names) <= len(shown.nodes)


@given(programs())
def test_simplification_keeps_every_bit_and_is_done_after_once(program):
    arguments, graph, rng = pieces(program)
    derivative, _ = cr.backprop(graph)
    simple = simplify(derivative)
    simple.verify()
    assert len(simple.nodes) <= len(derivative.nodes)
    assert simplify(simple).outputs == simple.outputs
    given_ = [*arguments, *(normal(rng, np.empty(output.type.shape)) for output in graph.outputs)]
    for a, b in zip(reference.as_function(derivative)(given_), reference.as_function(simple)(given_), strict=True):
        assert a.tobytes() == b.tobytes()


@given(programs())
def test_tracing_twice_gives_the_same_nodes(program):
    _, graph, _ = pieces(program)
    again = program(*map(Value, graph.inputs))
    assert again.node is graph.outputs[0]
