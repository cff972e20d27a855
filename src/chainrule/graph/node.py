"""A node of the graph: an operation, its operands and its static attributes. It is data and has no behaviour.

Nodes are hash-consed: making the same node twice gives the same object, so a common subexpression exists once and
equality is identity. The table holds nodes weakly; a graph nobody uses any more disappears.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from chainrule.graph.op import Kind, Op
from chainrule.graph.origin import Origin, current_origin
from chainrule.graph.registry import register
from chainrule.types import Array, ArrayType, as_array

Attributes: TypeAlias = tuple[tuple[str, Any], ...]

_INTERN_ELEMENTS = 64  # constants up to this size are compared by value, larger ones by identity


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Node:
    """One application of an operation; make it with `make_node`."""

    op: Op
    operands: tuple[Node, ...]
    attributes: Attributes
    type: ArrayType
    origin: Origin | None

    @property
    def keywords(self) -> dict[str, Any]:
        """The attributes as keyword arguments for the functions of the op."""
        return dict(self.attributes)

    def __repr__(self) -> str:
        return f"<node {self.op.name}: {self.type}>"


_interned: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()


def make_node(op: Op, operands: tuple[Node, ...], **attributes: Any) -> Node:
    """The node that applies `op`; the existing one if it was made before.

    Raises:
        ArgumentError: if the operands' types do not fit the operation.
    """
    key = (op, operands, tuple(sorted(attributes.items())) if attributes else ())
    node = _interned.get(key)
    if node is None:
        result = op.infer(*(operand.type for operand in operands), **attributes)
        node = _interned[key] = Node(*key, result, current_origin())
    return node


class FrozenArray:
    """A read-only array that can be an attribute: hashable, small ones equal if their bits are."""

    __slots__ = ("array", "identity")

    def __init__(self, value: object) -> None:
        array = as_array(value)
        if array.flags.writeable or not array.flags.owndata:  # the caller may change it later; the graph must not
            array = array.copy()
            array.flags.writeable = False
        self.array: Array = array
        small = array.size <= _INTERN_ELEMENTS
        self.identity = (array.dtype, array.shape, array.tobytes()) if small else id(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenArray) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        return f"FrozenArray({self.array!r})"


class Slot:
    """What makes an input itself: two inputs of one name and type are still two inputs."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _no_meaning(**attributes: Any) -> Array:
    raise AssertionError("an input has no meaning of its own: an executor supplies its value")


INPUT = register(Op("input", Kind.SOURCE, "{name}", lambda slot, like: like, _no_meaning, ()))
CONSTANT = register(
    Op(
        "constant",
        Kind.SOURCE,
        "{value}",
        infer=lambda value: ArrayType(value.array.shape, value.array.dtype),
        numpy=lambda value: value.array,
        rules=(),
    )
)


def make_input(name: str, type_: ArrayType) -> Node:
    """A new input, different from every other."""
    return make_node(INPUT, (), slot=Slot(name), like=type_)


def make_constant(value: object) -> Node:
    """A node that holds an array; writable arrays are copied."""
    return make_node(CONSTANT, (), value=FrozenArray(value))
