"""Every error that chainrule raises on purpose.

A message names what was wrong (argument, column, row, layer, source line), what was expected, and the fix.
Errors that replace a builtin one also derive from it, so `except ValueError` keeps working.
"""


class ChainruleError(Exception):
    """The base of all errors raised by chainrule."""


class ArgumentError(ChainruleError, ValueError):
    """An argument has a value, shape or dtype that cannot be used."""


class TraceError(ChainruleError, TypeError):
    """A Python function did something that cannot be recorded in a graph; names the user's file and line."""


class TraceAttributeError(TraceError, AttributeError):
    """A traced value lacks an attribute that arrays have; an AttributeError, so that hasattr says no."""


class GraphError(ChainruleError):
    """A graph breaks one of its own invariants, or a traced value is used outside of its trace."""


class PlanError(ChainruleError):
    """A plan breaks one of its own invariants: a defect of chainrule."""


class CompileError(ChainruleError, NotImplementedError):
    """A graph that the engine cannot compile; names the operation."""


class ChainruleWarning(UserWarning):
    """The base of all warnings given by chainrule: something works, but not as it should."""


class FallbackWarning(ChainruleWarning):
    """Something could not be compiled and is computed with NumPy."""


class GradientError(ChainruleError, AssertionError):
    """A derivative does not agree with its numerical check."""


class DerivationError(ChainruleError, AssertionError):
    """A line of a derivation does not equal the line above: a defect of chainrule; names the line and both values."""


class DivergenceError(ChainruleError, ArithmeticError):
    """Training met a loss that is not finite; names the step and the layer."""


class TableError(ChainruleError, ValueError):
    """A table cannot be read or used; names the file, line, column and fix."""


class ModelFileError(ChainruleError, ValueError):
    """A model or checkpoint file is damaged, altered, or not one of ours."""


class MissingExtraError(ChainruleError, ImportError):
    """An optional dependency is not installed; names the extra that brings it."""
