"""Graphs and traced functions that are computed: once, or step after step, by the engine or by the reference.

`choice` decides who computes a graph. `program` is a traced function that is called, and `loop` one whose results are
arguments of its next call; both are traced once for every combination of argument types.
"""

from chainrule.execution.choice import as_function, bind, make_steps
from chainrule.execution.interface import Stepper, Updates
from chainrule.execution.loop import Loop, loop
from chainrule.execution.program import Program

__all__ = ["Loop", "Program", "Stepper", "Updates", "as_function", "bind", "loop", "make_steps"]
