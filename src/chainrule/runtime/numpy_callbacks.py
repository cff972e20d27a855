"""User-defined operations, which the engine has no code for: host callbacks let NumPy compute them inside a program.

Each becomes a `chainrule.ops.host_callback`. Its operands are concatenated into one array with room for the result at
its end; the function reads the operands there, and writes the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, CompileError, FallbackWarning
from chainrule.graph import Graph, Node, Op, make_constant, make_node, rebuild
from chainrule.graph.node import Attributes
from chainrule.ops import OWN
from chainrule.ops.convert import BROADCAST, CAST
from chainrule.ops.host_callback import HOST_CALLBACK, HostFunction
from chainrule.ops.shape import RESHAPE, SLICE
from chainrule.types import Array, ArrayType
from chainrule.warning import warn

_told: set[str] = set()  # the operations of which a warning has told


@dataclass(frozen=True)
class NumPyCallback:
    """The host callback that stands for an operation.

    Attributes:
        op: what it computes.
        attributes: with which ones.
        operands: what the operands are.
        result: what the result is.
    """

    op: Op
    attributes: Attributes
    operands: tuple[ArrayType, ...]
    result: ArrayType

    def __call__(self, row: Array) -> None:
        """Compute the last numbers of a row [n] from the ones before.

        Raises:
            ArgumentError: the operation gives another shape than it says.
        """
        arrays: list[Array] = []
        start = 0
        for type_ in self.operands:
            end = start + type_.size
            arrays.append(row[start:end].reshape(type_.shape).astype(type_.dtype))
            start = end
        with np.errstate(all="ignore"):
            result = np.asarray(self.op.numpy(*arrays, **dict(self.attributes)))
        if result.shape != self.result.shape:
            raise ArgumentError(
                f"{self.op.name} gave shape {result.shape}, but its record's `infer` says {self.result.shape}"
            )
        row[start:] = result.astype(self.result.dtype, copy=False).ravel()


def with_numpy_callbacks(graph: Graph) -> Graph:
    """The graph with a host callback in place of every operation that the engine has no code for.

    Raises:
        CompileError: such an operation is of floats and of integers of 64 bits together.
    """
    others = {node.op for node in graph.nodes if node.op not in OWN}
    if not others:
        return graph
    from chainrule.codegen.kernels import has_code  # a program whose code is kept needs no generator

    lacking = {op for op in others if not has_code(op)}
    return rebuild(graph, lambda _, node: _call(node) if node.op in lacking else node) if lacking else graph


def _call(node: Node) -> Node:
    _tell(node.op)
    types = tuple(operand.type for operand in node.operands)
    dtype, count = _common(node), node.type.size
    zeros = make_node(BROADCAST, (make_constant(dtype.type(0)),), shape=(count,))
    row = [_cast(operand, dtype) for operand in node.operands]
    function = HostFunction(NumPyCallback(node.op, node.attributes, types, node.type))
    called = make_node(HOST_CALLBACK, (make_constant(np.True_), *row, zeros), function=function)
    result = make_node(SLICE, (called,), ranges=((called.type.size - count, count, 1),))
    return _cast(make_node(RESHAPE, (result,), shape=node.type.shape), node.type.dtype)


def _cast(node: Node, dtype: np.dtype[Any]) -> Node:
    return node if node.type.dtype == dtype else make_node(CAST, (node,), dtype=dtype)


def _common(node: Node) -> np.dtype[Any]:
    """The dtype of the array: one that holds the operands and the result without loss."""
    dtypes = {node.type.dtype, *(operand.type.dtype for operand in node.operands)}
    if dtypes == {np.dtype(np.float32)}:
        return np.dtype(np.float32)
    if all(dtype.kind != "f" for dtype in dtypes):
        return np.dtype(np.int64)
    if all(dtype.kind == "f" or dtype.itemsize <= 4 for dtype in dtypes):
        return np.dtype(np.float64)
    raise CompileError(
        f"{node.op.name} has no machine code, and no row of numbers holds floats and integers of 64 bits"
    )


def _tell(op: Op) -> None:
    if op.name not in _told:
        _told.add(op.name)
        warn(
            f"{op.name} has no machine code: NumPy computes it in the middle of the compiled program, which waits; "
            "docs/adding-an-op.md tells how to write it for the engine",
            FallbackWarning,
        )
