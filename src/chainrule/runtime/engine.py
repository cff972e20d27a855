"""The engine as an executor: graphs become machine code. The functions are those of `execution.interface.Executor`."""

from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.runtime.calls import as_function, bind
from chainrule.runtime.steps import Steps

__all__ = ["as_function", "bind", "make_steps"]


def make_steps(graph: Graph, usage: Usage) -> Steps:
    """See `Executor.make_steps`."""
    return Steps(graph, usage)
