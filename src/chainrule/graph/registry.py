"""The closed set of primitive operations, by name."""

from __future__ import annotations

from chainrule.errors import GraphError
from chainrule.graph.op import Op

REGISTRY: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Add an operation to the registry; a second one of the same name is an error."""
    if op.name in REGISTRY:
        raise GraphError(f"an operation named {op.name!r} exists already; names are unique")
    REGISTRY[op.name] = op
    return op
