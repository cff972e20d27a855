"""Products with a sparse matrix, of which only the entries that are not 0 are kept, row after row (CSR).

Entry k is `values[k]` in column `columns[k]`; the entries of row r are those from `starts[r]` to `starts[r + 1]`. A
column may come several times in a row, in any order: its values add up. `rows` chooses rows of the matrix, so a
mini-batch is nothing but other `rows`. With X the chosen rows as a dense matrix, the two operations are X W and Xᵀ g,
and each is the derivative of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, Trait, register
from chainrule.ops.convert import cast, common_dtype
from chainrule.ops.value import ArrayLike, Value, apply, refuse
from chainrule.types import Array, ArrayType, as_array


def _require_matrix(
    name: str, values: ArrayType, columns: ArrayType, starts: ArrayType, rows: ArrayType, other: ArrayType, width: int
) -> None:
    for what, type_ in (("columns", columns), ("starts", starts), ("rows", rows)):
        if type_.dtype.kind not in "iu" or len(type_.shape) != 1:
            raise ArgumentError(f"{name}: {what} must be integers with one axis, got {type_}")
    if values.shape != columns.shape or starts.shape == (0,):
        raise ArgumentError(f"{name}: values {values}, columns {columns} and starts {starts} do not make a matrix")
    if not (values.is_float and values.dtype == other.dtype and len(other.shape) == 2):
        raise ArgumentError(f"{name}: values and the dense matrix must be floats of one dtype, got {values}, {other}")
    if (starts.shape == (1,) and rows.shape != (0,)) or (width == 0 and values.shape != (0,)):
        raise ArgumentError(f"{name}: a matrix with {starts.shape[0] - 1} rows and {width} columns holds nothing")


def _matmul_type(values: ArrayType, columns: ArrayType, starts: ArrayType, rows: ArrayType, W: ArrayType) -> ArrayType:
    _require_matrix("sparse_matmul", values, columns, starts, rows, W, W.shape[0] if W.shape else 0)
    return ArrayType((*rows.shape, W.shape[1]), W.dtype)


def _outer_type(
    values: ArrayType, columns: ArrayType, starts: ArrayType, rows: ArrayType, g: ArrayType, length: int
) -> ArrayType:
    _require_matrix("sparse_outer", values, columns, starts, rows, g, length)
    if g.shape[0] != rows.shape[0]:
        raise ArgumentError(f"sparse_outer: {rows.shape[0]} rows are chosen, but g has {g.shape[0]}")
    return ArrayType((length, g.shape[1]), g.dtype)


def _matmul_array(values: Array, columns: Array, starts: Array, rows: Array, W: Array) -> Array:
    result = np.zeros((len(rows), W.shape[1]), W.dtype)
    for b, entries in enumerate(_entries(columns, starts, rows, len(W))):
        result[b] = values[entries] @ W[columns[entries]]
    return result


def _outer_array(values: Array, columns: Array, starts: Array, rows: Array, g: Array, length: int) -> Array:
    result = np.zeros((length, g.shape[1]), g.dtype)
    for b, entries in enumerate(_entries(columns, starts, rows, length)):
        np.add.at(result, columns[entries], values[entries, None] * g[b])
    return result


def _entries(columns: Array, starts: Array, rows: Array, width: int) -> Iterator[slice]:
    """Where the entries of each chosen row lie; IndexError if they do not exist or their columns do not."""
    for row in rows.tolist():
        if not 0 <= row < len(starts) - 1:
            raise IndexError(f"row {row} is outside of a matrix with {len(starts) - 1} rows")
        start, stop = int(starts[row]), int(starts[row + 1])
        if not 0 <= start <= stop <= len(columns):
            raise IndexError(f"row {row} goes from entry {start} to {stop} of {len(columns)}")
        chosen = columns[start:stop]
        if chosen.size and not (chosen.min() >= 0 and chosen.max() < width):
            raise IndexError(f"row {row} has a column outside of 0 … {width - 1}")
        yield slice(start, stop)


def _no_rule(g: Any, y: Any, *operands: Any, **attributes: Any) -> Any:
    refuse(
        "the numbers of a sparse matrix cannot be differentiated",
        "use a dense matrix, or ops.stop_gradient on its values",
    )


SPARSE_MATMUL = register(
    Op(
        "sparse_matmul",
        Kind.CONTRACTION,
        "sparse({0}, {1}, {2})[{3}] @ {4}",
        infer=_matmul_type,
        numpy=_matmul_array,
        rules=(
            _no_rule,
            None,
            None,
            None,
            lambda g, y, values, columns, starts, rows, W: sparse_outer(
                values, columns, starts, rows, g, length=W.shape[0]
            ),
        ),
        traits=Trait.SPARSE,
    )
)
SPARSE_OUTER = register(
    Op(
        "sparse_outer",
        Kind.CONTRACTION,
        "sparse({0}, {1}, {2})[{3}]ᵀ @ {4}",
        infer=_outer_type,
        numpy=_outer_array,
        rules=(
            _no_rule,
            None,
            None,
            None,
            lambda g, y, values, columns, starts, rows, x, length: sparse_matmul(values, columns, starts, rows, g),
        ),
        traits=Trait.SPARSE | Trait.SCATTERS,
    )
)


def sparse_matmul(values: ArrayLike, columns: ArrayLike, starts: ArrayLike, rows: ArrayLike, W: ArrayLike) -> Any:
    """Chosen rows of a sparse matrix times a dense one: Σₖ values[k]·W[columns[k]] over the entries k of each row.

    Args:
        values: the entries [nnz], floats. They cannot be differentiated.
        columns: their columns, integers [nnz] in 0 … n−1.
        starts: where rows begin, integers [N + 1]; the last row ends at starts[N].
        rows: the chosen rows, integers [B] in 0 … N−1.
        W: [n × m].

    Returns:
        [B × m], in the common dtype of `values` and `W`. Each element is one chain of sums in the order of the entries.

    Raises:
        ArgumentError: shapes or dtypes do not fit; (when computed) an entry or a row lies outside.
    """
    return _checked(SPARSE_MATMUL, values, columns, starts, rows, W)


def sparse_outer(
    values: ArrayLike, columns: ArrayLike, starts: ArrayLike, rows: ArrayLike, g: ArrayLike, *, length: int
) -> Any:
    """Zeros [length × m] with values[k]·g[b] added at row columns[k], for every entry k of row rows[b] and every b.

    It is the adjoint of `sparse_matmul` in W [length × m]; g is [B × m], the other arguments are those described there.
    """
    return _checked(SPARSE_OUTER, values, columns, starts, rows, g, length=length)


def _checked(
    op: Op, values: ArrayLike, columns: ArrayLike, starts: ArrayLike, rows: ArrayLike, x: ArrayLike, **how: Any
) -> Any:
    """Apply one of the two operations; what a graph would refuse is refused for plain arrays too."""
    given = [y if isinstance(y, Value) else as_array(y) for y in (values, columns, starts, rows, x)]
    dtype = common_dtype(given[0], given[-1])
    operands = [cast(given[0], dtype), *given[1:-1], cast(given[-1], dtype)]
    op.infer(*(ArrayType(operand.shape, operand.dtype) for operand in operands), **how)
    try:
        return apply(op, *operands, **how)
    except IndexError as error:
        raise ArgumentError(str(error)) from error
