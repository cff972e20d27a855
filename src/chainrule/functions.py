"""The derivative functions: grad, value_and_grad, per_example_grad, vjp, jvp, jacobian, hessian, hvp.

All take a function written in NumPy and return functions of the same arguments, or results at given arguments. They
nest to any order, because a derivative is recorded like any other function. Arguments may be nested dicts, lists and
tuples of float arrays; arguments that are not differentiated are passed on untouched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import count
from math import prod
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.execution.loop import first_of, loop
from chainrule.execution.program import Program, Specialization
from chainrule.graph import make_input
from chainrule.ops.value import Value, lift, refuse
from chainrule.recording import Recording, record
from chainrule.tracing import function_name, named_leaves, nodes_of, type_of
from chainrule.transforms.backprop import or_zeros, pull_back, require_float
from chainrule.transforms.pushforward import push_forward
from chainrule.tree import Tree
from chainrule.types import Array

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns f's value, one number, and its gradient.

    Args:
        f: returns a float scalar (shape ()).
        argnums: the position, or positions, of the arguments to differentiate.

    Returns:
        (*args, **kwargs) -> (value, gradient); the gradient has the structure, shapes and dtypes of the argument, or
        is a tuple of such if `argnums` is a sequence.

    Raises:
        ArgumentError: (from the function) the result is no float scalar, or an argument no float.
        TraceError: (from the function) `f` cannot be recorded.
    """

    @wraps(f)
    def function(*args: Tree, **kwargs: Any) -> tuple[Any, Tree]:
        recording = record(f, args, kwargs, _positions(argnums))
        loss = _scalar(recording)
        gradients = _pull_back(recording, [np.ones((), loss.dtype)])
        value, *leaves = recording.function([loss, *gradients])()
        return value, _one_or_all(recording.like_arguments(leaves), argnums)

    return function


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns the gradient of `f` alone; see `value_and_grad`."""
    both = value_and_grad(f, argnums)

    @wraps(f)
    def function(*args: Tree, **kwargs: Any) -> Tree:
        return both(*args, **kwargs)[1]

    return function


def per_example_grad(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns the gradient of `f` for each example of a batch, where `grad` gives that of their sum.

    It computes one example after another in one native loop, in the memory of a single example besides its result. Like
    a compiled function it is recorded once for each kind of arguments, so `f` must depend on its arguments alone.

    Args:
        f: (parameters, *example) -> the loss of one example, a float scalar.
        argnums: the position, or positions, of the arguments to differentiate, which all examples share. Every other
            argument is a batch: arrays whose first axis counts the examples, of which `f` gets one row each.

    Returns:
        (*args) -> a tree like the argument, its leaves with a new first axis [B, *shape]; a tuple of such if `argnums`
        is a sequence.

    Raises:
        ArgumentError: (from the function) as `grad`; or the batches differ in length, or there is none.
        TraceError: (from the function) it is used inside of a function that is recorded.
    """
    return wraps(f)(_PerExample(grad(f, argnums), _positions(argnums)))


class _PerExample(Program):
    """A function of one row of every argument but some, for each row."""

    def __init__(self, function: Function, shared: Sequence[int]) -> None:
        super().__init__(function)
        self._shared = frozenset(shared)

    def __reduce__(self) -> tuple[Any, ...]:
        return _PerExample, (self.function, tuple(self._shared))

    def _specialize(self, args: tuple[Tree, ...]) -> Specialization:
        examples = self._count(args)
        batches, shared = self._parted(args)

        def of_one_example(_: Tree, rows: Tree, shared: Tree) -> tuple[Tree, Tree]:
            by_position = rows | shared
            return (), self.function(*(by_position[position] for position in range(len(by_position))))

        of_one_example.__name__ = function_name(self.function)
        step = loop(of_one_example, (), first_of(batches), shared)
        steps, one_caller = step.steps(), threading.Lock()
        order = tree.leaves(self._parted(tree.rebuild(args, count())))

        def run(leaves: Sequence[Any]) -> list[Array]:
            with one_caller:
                return steps.run([leaves[number] for number in order], examples)[0]

        return Specialization(run, step.result)

    def _parted(self, args: tuple[Tree, ...]) -> tuple[dict[int, Tree], dict[int, Tree]]:
        """The batches and the arguments that all examples share, each by its position."""
        parts: tuple[dict[int, Tree], dict[int, Tree]] = ({}, {})
        for position, arg in enumerate(args):
            parts[position in self._shared][position] = arg
        return parts

    def _count(self, args: tuple[Tree, ...]) -> int:
        """How many examples the batches hold."""
        found = [
            (path, np.shape(leaf))
            for position, arg in enumerate(args)
            if position not in self._shared
            for path, leaf in tree.items(arg, f"argument {position}")
        ]
        lengths = {shape[:1] for _, shape in found}
        if len(lengths) != 1 or lengths == {()}:
            shapes = ", ".join(f"{path} {list(shape)}" for path, shape in found) or "none"
            raise ArgumentError(
                f"per_example_grad needs batches with one row for each example besides the parameters, got {shapes}"
            )
        return int(lengths.pop()[0])

    def _without_key(self, args: tuple[Tree, ...]) -> Tree:
        for position in range(len(args)):
            for path, leaf in named_leaves(self.function, args, position):
                type_of(leaf, path)
        refuse("per_example_grad cannot be recorded as a part of another function", "call it on arrays")


def vjp(f: Function, *args: Tree) -> tuple[Tree, Callable[[Tree], tuple[Tree, ...]]]:
    """The value of `f` and its pullback: cotangents of the result ↦ cotangents of the arguments (ȳ ↦ Jᵀȳ).

    Args:
        f: returns floats.
        args: nested float arrays; all are differentiated.

    Returns:
        (f(*args), pullback); pullback takes a tree like the result and returns a tuple with one tree per argument.
    """
    recording = record(f, args, {}, range(len(args)))
    cotangents = _inputs_like(recording.outputs, "cotangent")
    pulled = recording.function(_pull_back(recording, cotangents), cotangents)

    def pullback(cotangent: Tree) -> tuple[Tree, ...]:
        leaves = _leaves_like(recording.outputs, recording.traced.result, cotangent, "cotangent")
        return recording.like_arguments(pulled(*leaves))

    return recording.like_result(recording.function(recording.outputs)()), pullback


def jvp(f: Function, args: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, Tree]:
    """The value of `f` and its directional derivative along `tangents` (ẋ ↦ Jẋ), in one forward pass.

    Args:
        f: returns floats.
        args: a tuple of arguments, all differentiated.
        tangents: a tuple of the same structure.
    """
    args, tangents = as_arguments(args, "args"), as_arguments(tangents, "tangents")
    recording = record(f, args, {}, range(len(args)))
    directions = _inputs_like(recording.inputs, "tangent")
    pushed = _push_forward(recording, directions)
    leaves = _leaves_like(recording.inputs, args, tangents, "tangent")
    results = recording.function([*recording.outputs, *pushed], directions)(*leaves)
    count = len(recording.outputs)
    return recording.like_result(results[:count]), recording.like_result(results[count:])


def jacobian(f: Function, argnums: Argnums = 0, mode: str | None = None) -> Function:
    """A function that returns all derivatives of all elements of f's result.

    Args:
        f: returns floats.
        argnums: as for `grad`.
        mode: "forward" (one pass for each element of the arguments), "reverse" (one for each element of the
            result), or None for the one with fewer passes.

    Returns:
        (*args, **kwargs) -> for each leaf of the result, a tree like the argument whose leaves have the shape
        result.shape + argument.shape.
    """
    if mode not in (None, "forward", "reverse"):
        raise ArgumentError(f'mode must be "forward", "reverse" or None, got {mode!r}')

    @wraps(f)
    def function(*args: Tree, **kwargs: Any) -> Tree:
        recording = record(f, args, kwargs, _positions(argnums))
        for output in recording.outputs:
            require_float(output.node, recording.name)
        passes = {
            "forward": sum(value.size for value in recording.inputs),
            "reverse": sum(value.size for value in recording.outputs),
        }
        cheaper = mode or ("forward" if passes["forward"] <= passes["reverse"] else "reverse")
        blocks = _forward_blocks(recording) if cheaper == "forward" else _reverse_blocks(recording)
        return recording.like_result([_one_or_all(recording.like_arguments(row), argnums) for row in blocks])

    return function


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns the second derivatives of a scalar function: forward mode over reverse mode.

    Returns:
        (*args, **kwargs) -> a tree like the argument, of trees like the argument; a block has the shape
        first.shape + second.shape.
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")


def hvp(f: Function, args: Sequence[Tree], tangents: Sequence[Tree]) -> tuple[Tree, ...]:
    """The Hessian of a scalar function times a vector, at the cost of a few evaluations of `f`.

    Args:
        f: returns a float scalar.
        args: a tuple of arguments, all differentiated.
        tangents: the vector, a tuple of the same structure.

    Returns:
        A tuple of the same structure.
    """
    args = as_arguments(args, "args")
    gradient = grad(f, argnums=tuple(range(len(args))))
    product: tuple[Tree, ...] = jvp(gradient, args, tangents)[1]
    return product


def _positions(argnums: Argnums) -> tuple[int, ...]:
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not all(isinstance(position, int) for position in positions):
        raise ArgumentError(f"argnums must be the position of an argument, or several, got {argnums!r}")
    if len(set(positions)) < len(positions):
        raise ArgumentError(f"argnums names the same argument twice: {argnums!r}")
    return positions


def as_arguments(arguments: Sequence[Tree], name: str) -> tuple[Tree, ...]:
    """The arguments of a call as a tuple; ArgumentError for a single one that was given without its tuple."""
    if not isinstance(arguments, tuple | list):
        raise ArgumentError(f"{name} must be a tuple with one entry for each argument; write (x,) for a single one")
    return tuple(arguments)


def _one_or_all(trees: tuple[Tree, ...], argnums: Argnums) -> Tree:
    return trees[0] if isinstance(argnums, int) else trees


def _scalar(recording: Recording) -> Value:
    if len(recording.outputs) != 1 or recording.outputs[0].shape or not recording.outputs[0].node.type.is_float:
        types = ", ".join(str(output.node.type) for output in recording.outputs) or "nothing"
        raise ArgumentError(
            f"a gradient needs a function that returns one float number, but {recording.name} returned {types}; "
            "sum or average its result, or use jacobian"
        )
    return recording.outputs[0]


def _pull_back(recording: Recording, cotangents: Sequence[Any]) -> list[Value]:
    """The cotangents of the inputs, given those of the outputs."""
    for output in recording.outputs:
        require_float(output.node, recording.name)
    inputs = nodes_of(recording.inputs)
    backward_pass = pull_back(nodes_of(recording.outputs), nodes_of(map(lift, cotangents)), inputs)
    return or_zeros(backward_pass.results, inputs)


def _push_forward(recording: Recording, tangents: Sequence[Value]) -> list[Value]:
    """The tangents of the outputs, given those of the inputs."""
    outputs = nodes_of(recording.outputs)
    for output in outputs:
        require_float(output, recording.name)
    return or_zeros(push_forward(outputs, nodes_of(recording.inputs), nodes_of(tangents)), outputs)


def _inputs_like(values: Sequence[Value], name: str) -> list[Value]:
    return [Value(make_input(f"{name}{i}", value.node.type)) for i, value in enumerate(values)]


def _leaves_like(values: Sequence[Value], structure: Tree, given: Tree, name: str) -> list[Any]:
    """The leaves of `given`, checked against the structure, shapes and dtypes that are expected."""
    tree.require_same_structure(structure, given)
    leaves = []
    for value, (path, leaf) in zip(values, tree.items(given, name), strict=True):
        if not isinstance(leaf, Value):
            leaf = np.asarray(leaf, value.dtype) if np.isscalar(leaf) else leaf
        if type_of(leaf, path) != value.node.type:
            raise ArgumentError(f"{path} must have type {value.node.type}, got {type_of(leaf, path)}")
        leaves.append(leaf)
    return leaves


def _basis(values: Sequence[Value]) -> list[list[Any]]:
    """For every element of the values, arrays that are 1 there and 0 everywhere else."""
    rows = []
    for chosen, value in enumerate(values):
        for one in np.eye(value.size, dtype=value.dtype).reshape(value.size, *value.shape):
            rows.append([one if i == chosen else np.zeros(v.shape, v.dtype) for i, v in enumerate(values)])
    return rows


def _reverse_blocks(recording: Recording) -> list[list[Any]]:
    """The Jacobian, row by row: blocks[output][input]."""
    cotangents = _inputs_like(recording.outputs, "cotangent")
    pulled = recording.function(_pull_back(recording, cotangents), cotangents)
    rows = iter([pulled(*basis) for basis in _basis(recording.outputs)])
    return [
        _stacked([next(rows) for _ in range(output.size)], 0, output, recording.inputs) for output in recording.outputs
    ]


def _forward_blocks(recording: Recording) -> list[list[Any]]:
    """The Jacobian, column by column: blocks[output][input]."""
    tangents = _inputs_like(recording.inputs, "tangent")
    pushed = recording.function(_push_forward(recording, tangents), tangents)
    columns = iter([pushed(*basis) for basis in _basis(recording.inputs)])
    by_input = [
        _stacked([next(columns) for _ in range(value.size)], -1, value, recording.outputs) for value in recording.inputs
    ]
    return [list(blocks) for blocks in zip(*by_input, strict=True)]


def _stacked(passes: list[list[Any]], axis: int, unit: Value, values: Sequence[Value]) -> list[Any]:
    """Results of the passes over the elements of `unit`, as one array per value; `unit`'s axes come first or last."""
    blocks = []
    for i, value in enumerate(values):
        shape = (*unit.shape, *value.shape) if axis == 0 else (*value.shape, *unit.shape)
        results = [results[i] for results in passes]
        blocks.append(np.reshape(np.stack(results, axis), shape) if prod(shape) else np.zeros(shape, value.dtype))
    return blocks
