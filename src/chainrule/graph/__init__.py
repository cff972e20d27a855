"""The intermediate representation: operations, nodes, and graphs of them."""

from chainrule.graph.graph import Graph, dependants, topological_order
from chainrule.graph.node import CONSTANT, INPUT, FrozenArray, Node, make_constant, make_input, make_node
from chainrule.graph.op import NO_TRAITS, DerivativeRule, EachOperand, Kind, Op, Trait
from chainrule.graph.origin import Origin, current_origin, inherit
from chainrule.graph.rebuild import rebuild, with_outputs
from chainrule.graph.registry import REGISTRY, register

__all__ = [
    "CONSTANT",
    "INPUT",
    "NO_TRAITS",
    "REGISTRY",
    "DerivativeRule",
    "EachOperand",
    "FrozenArray",
    "Graph",
    "Kind",
    "Node",
    "Op",
    "Origin",
    "Trait",
    "current_origin",
    "dependants",
    "inherit",
    "make_constant",
    "make_input",
    "make_node",
    "rebuild",
    "register",
    "topological_order",
    "with_outputs",
]
