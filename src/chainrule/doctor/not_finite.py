"""Where the first number that is not finite came from: one computation replayed operation by operation.

The replay walks back from the outcome that is not finite, at each node to an operand that is not finite either, element
by element, until all operands of a node are finite there: that operation made it.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from chainrule import reference
from chainrule.errors import ArgumentError, ChainruleError, ModelFileError
from chainrule.graph import CONSTANT, INPUT, Graph, Kind, Node, topological_order
from chainrule.ops.convert import BROADCAST, CAST
from chainrule.ops.elementwise import WHERE
from chainrule.ops.matmul import MATMUL
from chainrule.ops.value import lift
from chainrule.tracing import trace_call
from chainrule.transforms import pull_back
from chainrule.transforms.backward_pass import BackwardPass, BackwardStep, Contribution
from chainrule.tree import Tree, leaves, map_leaves
from chainrule.types import Array, as_array

Element = tuple[int, ...]

_SHOWN = 2  # operations of an operand that are written out
_FIXES = {
    "log": "log of 0 is −∞: compute it fused, from logits (nn's cross-entropies, logsumexp, softplus), or keep its "
    "operand above 0",
    "divide": "a divisor is 0: keep it above 0, as epsilon does in a normalisation",
    "exp": "exp overflows: subtract the largest operand first, as logsumexp and softmax do, or lower the learning rate",
    "sqrt": "keep the operand of sqrt above 0, as epsilon does in a normalisation",
}
_FIX = "the numbers grew too large: lower the learning rate, clip the gradient (clip_norm=1.0), or scale the inputs"
_DOUBLE_WHERE = (
    "the value is masked, but 0·∞ is not 0: mask the operand too, the double where:\n"
    "np.where(mask, {op}(np.where(mask, x, 1)), 0)"
)


@dataclass(frozen=True)
class NotFinite:
    """Where the first number that is not finite came from.

    Attributes:
        reproduced: whether the replay met it; if not, all below is empty.
        phase: "forward pass", "backward pass" or "update".
        op: the operation that made it from finite operands.
        element: which element of its result.
        value: that element: "inf", "-inf" or "nan".
        written: the operation as it is written on paper.
        operands: each operand as written, and its element or, for sums and products over many, its range.
        rule: for the backward pass, whose derivative rule this is.
        place: the layer; "" outside of layers.
        source: the user's line, as file:line; "" if none is known.
        line: its text.
        outcome: what became not finite in the end, the loss or a parameter.
        double: the same element when the step is computed in float64.
        fix: what to do.
        step: the number of the training step, from 1; 0 outside of training.
    """

    reproduced: bool
    phase: str = ""
    op: str = ""
    element: Element = ()
    value: str = ""
    written: str = ""
    operands: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    place: str = ""
    source: str = ""
    line: str = ""
    outcome: str = ""
    double: str = ""
    fix: str = ""
    step: int = 0

    @property
    def grew(self) -> bool:
        """Whether numbers that grew too large may be the cause: no operation with a fix of its own was found."""
        return not self.reproduced or self.fix in (_FIX, _FIXES["exp"])

    def __repr__(self) -> str:
        return f"NotFinite({str(self).splitlines()[0]})"

    def __str__(self) -> str:
        when = f"step {self.step:,}: " if self.step else ""
        if not self.reproduced:
            return f"{when}not reproduced: the replay with NumPy is finite everywhere"
        where = f", {self.place}" if self.place else ""
        what = f"element {list(self.element)}" if self.element else "the result"
        lines = [f"{when}{self.op} in the {self.phase}{where}: {what} is {self.value}"]
        lines.append(f"  {self.written}" + "".join(f"\n    {name} = {value}" for name, value in self.operands))
        for title, text in (
            ("rule", self.rule),
            ("line", f"{self.source}  {self.line}" if self.source else ""),
            ("float64", self.double),
            ("reaches", self.outcome),
        ):
            if text:
                lines.append(f"  {title:<8} {text}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> NotFinite:
        """What `to_json` gave."""
        try:
            operands = tuple((str(name), str(value)) for name, value in record["operands"])
            return cls(**{**record, "element": tuple(map(int, record["element"])), "operands": operands})
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"the record of a number that is not finite is damaged: {error!r}") from error


@dataclass(frozen=True, eq=False)
class Replay:
    """A computation to be repeated node by node, with its arrays.

    Attributes:
        graph: all of it.
        arrays: for the inputs of the graph.
        outcomes: what must be finite, with their names, the first to look at first.
        backward_pass: back propagation from the outcomes.
        layers: the names of layers, and the nodes that they compute.
    """

    graph: Graph
    arrays: Sequence[Array]
    outcomes: Sequence[tuple[str, Node]]
    backward_pass: BackwardPass
    layers: Sequence[tuple[str, Sequence[Node]]] = ()


def first_not_finite(f: Callable[..., Any], *arguments: Tree) -> NotFinite | None:
    """Where a function, or its derivatives with respect to its float arguments, first meet a number that is not finite.

    Args:
        f: a traced function; if it returns an array, the sum is differentiated.
        arguments: arrays, or trees of them.

    Returns:
        What it was; None if all is finite.

    Raises:
        ArgumentError: a result is not a float.
    """
    single = _of_function(f, arguments)
    found = explain(single, lambda: _of_function(f, in_double(arguments)))
    return found if found.reproduced else None


def in_double(arguments: Tree) -> Tree:
    """The arguments with float32 made float64."""

    def wide(leaf: Any) -> Any:
        array = as_array(leaf)
        return array.astype(np.float64) if array.dtype == np.float32 else array

    return map_leaves(wide, arguments)


def _of_function(f: Callable[..., Any], arguments: Sequence[Tree]) -> Replay:
    traced = trace_call(f, arguments, {}, range(len(arguments)))
    outputs = [value.node for value in traced.outputs]
    if not all(node.type.is_float for node in outputs):
        raise ArgumentError(f"{traced.name} must return floats, as its derivatives are looked at too")
    inputs = [value.node for value in traced.inputs]
    floats = [node for node in inputs if node.type.is_float]
    seeds = [lift(np.ones(node.type.shape, node.type.dtype)).node for node in outputs]
    backward_pass = pull_back(outputs, seeds, floats)
    named = [(traced.name, node) for node in outputs]
    named += [
        (f"the derivative with respect to {node.keywords['slot']}", result)
        for node, result in zip(floats, backward_pass.results, strict=True)
        if result is not None
    ]
    graph = Graph(tuple(inputs), tuple(node for _, node in named), traced.name)
    return Replay(graph, [as_array(leaf) for leaf in leaves(arguments)], named, backward_pass)


def explain(single: Replay, double: Callable[[], Replay]) -> NotFinite:
    """Replay a computation, and tell where the first number that is not finite came from.

    Args:
        single: what is replayed.
        double: gives the same in float64; called only if there is something to compare.
    """
    values = reference.every_value(single.graph, single.arrays)
    bad = next(((name, node) for name, node in single.outcomes if not _finite(values[node])), None)
    if bad is None:
        return NotFinite(False)
    outcome, node = bad
    node, element = _origin(values, node, _first(values[node]))
    found = _described(single, values, node, element)
    return replace(found, outcome=f"{outcome}, which is not finite", double=_in_double(single, double, node, element))


def _finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _first(array: Array) -> Element:
    """The first element that is not finite."""
    return tuple(int(i) for i in np.unravel_index(np.argmin(np.isfinite(array)), array.shape))


def _origin(values: Mapping[Node, Array], node: Node, element: Element) -> tuple[Node, Element]:
    """Back from an element that is not finite to the operation whose operands were finite."""
    while True:
        for operand, chosen in _sources(values, node, element):
            array = values[operand]
            if operand.op in (INPUT, CONSTANT) or array.dtype.kind != "f":
                continue
            bad = ~np.isfinite(array) & chosen
            if bad.any():
                element = tuple(int(i) for i in np.unravel_index(np.argmax(bad), array.shape))
                node = operand
                break
        else:
            return node, element


def _sources(values: Mapping[Node, Array], node: Node, element: Element) -> list[tuple[Node, Array]]:
    """The operands of a node, each with the elements that may matter to one element of the result, bool."""
    operands = list(node.operands)
    shapes = [operand.type.shape for operand in operands]
    if node.op.kind is Kind.ELEMENTWISE:
        if node.op is WHERE:
            operands = [operands[1] if values[operands[0]][element] else operands[2]]
        return [(operand, _only(operand.type.shape, element)) for operand in operands]
    if node.op.is_view:
        floats = [operand.type.is_float for operand in operands]
        sizes = np.cumsum([0, *(operand.type.size if f else 0 for operand, f in zip(operands, floats, strict=True))])
        numbered = [
            np.arange(start, start + operand.type.size).reshape(operand.type.shape) if f else values[operand]
            for operand, f, start in zip(operands, floats, sizes, strict=False)
        ]
        origin = int(node.op.numpy(*numbered, **node.keywords)[element])
        return [
            (operand, (array == origin) if f else np.zeros(operand.type.shape, bool))
            for operand, f, array in zip(operands, floats, numbered, strict=True)
        ]
    if node.op is MATMUL and all(len(shape) == 2 for shape in shapes):
        row, column = np.zeros(shapes[0], bool), np.zeros(shapes[1], bool)
        row[element[0]], column[:, element[1]] = True, True
        return list(zip(operands, (row, column), strict=True))
    axis = node.keywords.get("axis")
    if node.op.kind is Kind.REDUCTION and isinstance(axis, tuple):
        kept = iter(element)
        chosen = np.zeros(shapes[0], bool)
        chosen[tuple(slice(None) if i in axis else next(kept) for i in range(len(shapes[0])))] = True
        return [(operands[0], chosen)]
    return [(operand, np.ones(shape, bool)) for operand, shape in zip(operands, shapes, strict=True)]


def _only(shape: Element, element: Element) -> Array:
    chosen = np.zeros(shape, bool)
    chosen[element] = True
    return chosen


def _described(single: Replay, values: Mapping[Node, Array], node: Node, element: Element) -> NotFinite:
    forward = set(topological_order(single.backward_pass.outputs))
    owner = None if node in forward else _owner(single.backward_pass, forward, node)
    backward = owner is not None
    operands = []
    for operand, chosen in _sources(values, node, element):
        taken = values[operand][chosen]
        operands.append((_written(operand, _SHOWN), _number(taken)))
    origin = node.origin
    of_layer = owner[0].node if owner else node
    place = next((name for name, nodes in single.layers if of_layer in set(topological_order(nodes))), "")
    return NotFinite(
        True,
        "forward pass" if node in forward else "backward pass" if backward else "update",
        node.op.name,
        element,
        _number(values[node][element]),
        _written(node, _SHOWN),
        tuple(operands),
        _rule(owner) if owner else "",
        place if node in forward or backward else "",
        str(origin) if origin else "",
        linecache.getline(origin.file, origin.line).strip() if origin else "",
        fix=_fix(values, node, element, owner),
    )


def _owner(
    backward_pass: BackwardPass, forward: set[Node], node: Node
) -> tuple[BackwardStep, Contribution | None] | None:
    """The application of the chain rule that made a node: by which rule, or None for the sum of cotangents."""
    known = set(forward) | set(backward_pass.seeds)
    for step in backward_pass.steps:
        for made, contribution in ((step.cotangent, None), *((c.result, c) for c in step.contributions)):
            new = topological_order([made], known)
            if node in new:
                return step, contribution
            known.update(new)
    return None


def _rule(owner: tuple[BackwardStep, Contribution | None]) -> str:
    step, contribution = owner
    if contribution is None:
        return f"the cotangents that arrive at {step.node.op.name}, added"
    which = f", for operand {contribution.position + 1}" if len(step.node.operands) > 1 else ""
    return f"the derivative rule of {step.node.op.name}{which}"


def _fix(
    values: Mapping[Node, Array], node: Node, element: Element, owner: tuple[BackwardStep, Contribution | None] | None
) -> str:
    if owner is not None and owner[1] is not None:
        step = owner[0]
        cotangent = values[step.cotangent]
        if cotangent.shape == np.shape(values[node]) and cotangent[element] == 0:
            return _DOUBLE_WHERE.format(op=f"np.{step.node.op.name}")
    return _FIXES.get(node.op.name, _FIX)


def _in_double(single: Replay, double: Callable[[], Replay], node: Node, element: Element) -> str:
    """The same element of the same operation, computed in float64: found by its place among those of its line."""
    same = [other for other in single.graph.nodes if _like(other) == _like(node)]
    try:
        wide = double()
    except ChainruleError:  # a user-defined function that insists on its dtype
        return ""
    candidates = [other for other in wide.graph.nodes if _like(other) == _like(node)]
    if len(candidates) != len(same):
        return ""
    values = reference.every_value(wide.graph, wide.arrays)
    array = values[candidates[same.index(node)]]
    return _number(array[element]) if array.shape == node.type.shape else ""


def _like(node: Node) -> tuple[Any, ...]:
    return node.op, node.origin, node.type.shape


def _number(values: Any) -> str:
    """A number with nine digits, or the range of several."""
    array = np.asarray(values)
    if array.size == 1:
        return f"{array.reshape(-1)[0]:.9g}"
    return f"{array.size} numbers from {np.min(array):.9g} to {np.max(array):.9g}" if array.size else "nothing"


def _written(node: Node, depth: int) -> str:
    """The node as on paper, down to a depth; broadcasts and conversions of dtype are not written."""
    while node.op in (BROADCAST, CAST):
        (node,) = node.operands
    if node.op is INPUT:
        return str(node.keywords["slot"])
    if node.op is CONSTANT:
        array = node.keywords["value"].array
        return f"{array.flat[0]:.6g}" if array.size and np.all(array == array.flat[0]) else "constant"
    if not depth:
        return "…"
    operands = [_written(operand, depth - 1) for operand in node.operands]
    operands = [f"({text})" if " " in text or "·" in text or "/" in text else text for text in operands]
    if "{*}" in node.op.formula:
        return node.op.formula.replace("{*}", ", ".join(operands))
    return node.op.formula.format(*operands)
