"""A function of arrays as one of numbers, with an input for every element.

So there is a board for what has no form in matrices: slices, choices of elements, arrays of more than two axes; and for
derivatives of derivatives. The graph of arrays is gone through once, with arrays of traced numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.composite import COMPOSITES, LOG_SOFTMAX, SOFTMAX
from chainrule.explain.algebra.from_graph import with_composites
from chainrule.explain.notation.names import subscript
from chainrule.explain.source.variable_names import record_named, result_of
from chainrule.graph import CONSTANT, Kind, Node, make_input, topological_order
from chainrule.ops.elementwise import ADD, MAXIMUM, MINIMUM
from chainrule.ops.value import Value, apply, lift
from chainrule.types import Array, ArrayType

MOST_ELEMENTS, LONGEST_AXIS = 64, 9
"""Of an input: a board of more cannot be read, and the places of a longer axis have two digits."""

_NUMBER = ArrayType((), np.dtype(np.float64))
_ADDED = partial(apply, ADD)
_FOLDED = {"sum": _ADDED, "max": partial(apply, MAXIMUM), "min": partial(apply, MINIMUM)}
_ELEMENT = re.compile(r"(?P<array>[^\[\],]+)\[(?P<places>[\d, ]+)\]")


def names_of_elements(text: str) -> str:
    """ "W[1,2]" is W₁₂: places count from 1."""
    return _ELEMENT.sub(lambda found: found["array"].strip() + _subscript(re.findall(r"\d+", found["places"])), text)


class Elements:
    """A function of arrays, recorded in numbers at a point; arrays of integers are no variables.

    Attributes:
        output: the node of the result.
        inputs: the nodes of the elements, with their names.
        named: nodes between, with the names of the author's variables and their places.
        point: the numbers of the elements.

    Raises:
        ArgumentError: an array is too large, or an operation has no form in numbers.
    """

    def __init__(self, f: Callable[..., Any], at: Mapping[str, Any]) -> None:
        self._f = f
        self._arrays = {name: np.asarray(value) for name, value in at.items()}
        self._moving = {name: array for name, array in self._arrays.items() if array.dtype.kind == "f"}
        traced, named = record_named(f, list(self._arrays.values()))
        variables = {name: _inputs(name, array.shape) for name, array in self._moving.items()}
        given = {
            value.node: variables.get(name, array)
            for value, (name, array) in zip(traced.inputs, self._arrays.items(), strict=True)
        }
        nodes = [value.node for array in variables.values() for value in array.flat]
        self.inputs = {node: str(node.keywords["slot"]) for node in nodes}
        numbers = (float(x) for array in self._moving.values() for x in array.flat)
        self.point = dict(zip(self.inputs.values(), numbers, strict=True))
        result = result_of(traced)
        elements = _in_numbers([result, *named], given)
        self.output: Node = elements[result].item().node
        self.named: dict[Node, str] = {}
        for node, name in named.items():
            if elements[node].dtype == object:
                for value, each in zip(elements[node].flat, _names(name, node.type.shape), strict=True):
                    if value.node.op is not CONSTANT:
                        self.named.setdefault(value.node, each)

    def function(self, *numbers: Any) -> Any:
        """What the author's function makes of the elements, by the engine and not by what is recorded here."""
        rest = iter(numbers)
        parts = {name: [next(rest) for _ in range(array.size)] for name, array in self._moving.items()}
        whole = {name: np.reshape(np.stack(part), self._moving[name].shape) for name, part in parts.items()}
        return self._f(*(whole.get(name, array) for name, array in self._arrays.items()))


def _names(name: str, shape: Sequence[int]) -> list[str]:
    """The names of all elements of an array, row by row; of a single number its own."""
    if not shape:
        return [name]
    return [name + _subscript([place + 1 for place in places]) for places in np.ndindex(*shape)]


def _subscript(places: Sequence[Any]) -> str:
    return subscript("".join(map(str, places)))


def _in_numbers(nodes: Sequence[Node], arrays: Mapping[Node, Array]) -> dict[Node, Array]:
    """The elements of nodes as traced numbers: object arrays of values, or arrays as they are where nothing is a float.

    Args:
        nodes: what is wanted.
        arrays: for every input of the graph its elements, made by `_inputs`, or its array.

    Raises:
        ArgumentError: an operation has no form in numbers; names the line.
    """
    known: dict[Node, Array] = dict(arrays)
    shown = with_composites([*nodes, *arrays])
    for node in topological_order([shown[node] for node in nodes], known):
        known[node] = _elements(node, [known[operand] for operand in node.operands])
    return {node: known[shown[node]] for node in nodes}


def _inputs(name: str, shape: Sequence[int]) -> Array:
    """A new input for every element of an array."""
    if np.prod(shape, dtype=int) > MOST_ELEMENTS or (len(shape) > 1 and max(shape) > LONGEST_AXIS):
        raise ArgumentError(
            f"{name} has shape {list(shape)}; a board by elements takes at most {MOST_ELEMENTS} of them, and "
            f"{LONGEST_AXIS} along each of several axes"
        )
    return _objects([Value(make_input(each, _NUMBER)) for each in _names(name, shape)], shape)


def _elements(node: Node, operands: list[Array]) -> Array:
    op, keywords = node.op, node.keywords
    if op is CONSTANT:
        array = keywords["value"].array
        return _objects(map(lift, array.ravel()), array.shape) if node.type.is_float else array
    if not any(operand.dtype == object for operand in operands):
        return np.asarray(op.numpy(*operands, **keywords))
    if op in (SOFTMAX, LOG_SOFTMAX):
        return _softmax(operands[0], logarithm=op is LOG_SOFTMAX)
    if op in COMPOSITES:
        return _each(op.numpy, 1)(*operands)
    if op.kind is Kind.ELEMENTWISE:
        return _each(partial(apply, op, **keywords), len(operands))(*operands)
    if op.is_view:
        return _array(op.numpy(*operands, **keywords))
    if op.kind is Kind.REDUCTION and op.name in _FOLDED:
        return _folded(_FOLDED[op.name], operands[0], keywords["axis"])
    if op.name == "logsumexp":
        return _each(np.log, 1)(_folded(_ADDED, _each(np.exp, 1)(operands[0]), keywords["axis"]))
    if op.name == "matmul":
        return _array(operands[0] @ operands[1])
    raise ArgumentError(f"{node.origin}: {op.name} has no form in numbers; derive what comes before it")


def _softmax(x: Array, logarithm: bool) -> Array:
    """Along the last axis, without the largest element that the engine subtracts from all first."""
    exponentials = _each(np.exp, 1)(x)
    total = _folded(_ADDED, exponentials, x.ndim - 1)[..., None]
    return _array(x - _each(np.log, 1)(total) if logarithm else exponentials / total)


def _each(function: Callable[..., Any], count: int) -> Callable[..., Array]:
    made = np.frompyfunc(function, count, 1)
    return lambda *arrays: _array(made(*arrays))


def _folded(function: Callable[..., Any], array: Array, axis: int | tuple[int, ...]) -> Array:
    """Elements along axes put together, one after another."""
    pair = np.frompyfunc(function, 2, 1)
    for each in sorted(axis if isinstance(axis, tuple) else (axis,), reverse=True):
        array = _array(pair.reduce(array, axis=each))
    return array


def _array(result: Any) -> Array:
    """NumPy gives a single object in place of an array without axes."""
    return result if isinstance(result, np.ndarray) else _objects([result], ())


def _objects(values: Any, shape: Sequence[int]) -> Array:
    array = np.empty(int(np.prod(shape, dtype=int)), object)
    for place, value in enumerate(values):
        array[place] = value
    return array.reshape(tuple(shape))
