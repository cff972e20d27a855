"""The table of elementwise operations: one line each emits the instructions for a scalar or a vector.

This is all of an operation's machine code; tests compare the table with the registry. Operands arrive with one number
of lanes. Booleans are i1 here and bytes in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from chainrule.codegen import math
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.values import Val, constant, element, lanes
from chainrule.graph import Node
from chainrule.ops.value import Value, known_number

_UINT64 = np.dtype(np.uint64)
Emitter: TypeAlias = Callable[..., Val]  # (function, node, *operands) -> value

_ELEMENTS = {
    np.dtype(name): element
    for name, element in (
        ("float32", "float"), ("float64", "double"), ("int8", "i8"), ("int16", "i16"), ("int32", "i32"),
        ("int64", "i64"), ("uint8", "i8"), ("uint16", "i16"), ("uint32", "i32"), ("uint64", "i64"), ("bool", "i1"),
    )
}  # fmt: skip


def element_of(dtype: np.dtype[Any]) -> str:
    """The LLVM type of an element in a register."""
    return _ELEMENTS[dtype]


def in_memory(dtype: np.dtype[Any]) -> str:
    """The LLVM type of an element in memory."""
    return "i8" if dtype.kind == "b" else _ELEMENTS[dtype]


def _dtype(node: Node) -> np.dtype[Any]:
    return node.operands[0].type.dtype


def _by_kind(floats: str, integers: str, booleans: str) -> Emitter:
    def emit(f: FunctionBuilder, node: Node, a: Val, b: Val) -> Val:
        kind = _dtype(node).kind
        return f._binary(floats if kind == "f" else booleans if kind == "b" else integers, a, b)

    return emit


def _compare(predicate: str) -> Emitter:
    def emit(f: FunctionBuilder, node: Node, a: Val, b: Val) -> Val:
        dtype = _dtype(node)
        if dtype.kind == "f":
            return f.fcmp("une" if predicate == "ne" else "o" + predicate, a, b)
        sign = "" if predicate in ("eq", "ne") else "s" if dtype.kind == "i" else "u"
        return f.icmp(sign + predicate, a, b)

    return emit


def _extreme(name: str) -> Emitter:
    def emit(f: FunctionBuilder, node: Node, a: Val, b: Val) -> Val:
        return extreme(f, name, _dtype(node), a, b)

    return emit


def extreme(f: FunctionBuilder, name: str, dtype: np.dtype[Any], a: Val, b: Val) -> Val:
    """The larger ("max") or smaller ("min") of two numbers; NaN if one of them is."""
    if dtype.kind == "b":
        return f.or_(a, b) if name == "max" else f.and_(a, b)
    if dtype.kind != "f":
        return f.intrinsic(f"{'s' if dtype.kind == 'i' else 'u'}{name}", a, b)
    chosen = f.select(f.fcmp("ogt" if name == "max" else "olt", a, b), a, b)
    return f.select(f.fcmp("uno", a, a), a, chosen)


def _negative(f: FunctionBuilder, node: Node, x: Val) -> Val:
    return f.fneg(x) if _dtype(node).kind == "f" else f.sub(constant(x.type, 0), x)


def _abs(f: FunctionBuilder, node: Node, x: Val) -> Val:
    kind = _dtype(node).kind
    if kind == "f":
        return f.intrinsic("fabs", x)
    if kind in "bu":
        return x
    return f.select(f.icmp("slt", x, constant(x.type, 0)), f.sub(constant(x.type, 0), x), x)


def _sign(f: FunctionBuilder, node: Node, x: Val) -> Val:
    kind, zero, one = _dtype(node).kind, constant(x.type, 0), constant(x.type, 1)
    if kind == "b":
        return x
    if kind == "u":
        return f.select(f.icmp("eq", x, zero), zero, one)
    if kind == "i":
        return f.select(f.icmp("slt", x, zero), constant(x.type, -1), f.select(f.icmp("eq", x, zero), zero, one))
    other = f.fsub(x, x)  # 0 for both zeros, NaN for NaN
    signed = f.select(f.fcmp("olt", x, zero), constant(x.type, -1.0), other)
    return f.select(f.fcmp("ogt", x, zero), one, signed)


def _floor(f: FunctionBuilder, node: Node, x: Val) -> Val:
    return f.intrinsic("floor", x) if _dtype(node).kind == "f" else x


def _power(f: FunctionBuilder, node: Node, a: Val, b: Val) -> Val:
    exponent = known_number(Value(node.operands[1]))
    if node.type.dtype.kind != "f":
        return math.integer_power(f, a, b, None if exponent is None else int(exponent))
    if exponent == 2:
        return f.fmul(a, a)
    if exponent == 0.5:  # as NumPy: √x, with its −0 and its NaN for −∞
        return f.intrinsic("sqrt", a)
    if exponent == -1:
        return f.fdiv(constant(a.type, 1.0), a)
    return _mathematics("power")(f, node, a, b)


def convert(f: FunctionBuilder, x: Val, source: np.dtype[Any], target: np.dtype[Any]) -> Val:
    """A number in another dtype; a float without a place among the integers gives an unspecified one."""
    to = element_of(target)
    if source == target or (element(x.type) == to and "b" not in (source.kind, target.kind)):
        return x
    if target.kind == "b":
        zero = constant(x.type, 0)
        return f.fcmp("une", x, zero) if source.kind == "f" else f.icmp("ne", x, zero)
    if source.kind == target.kind == "f":
        return f.cast("fpext" if target.itemsize > source.itemsize else "fptrunc", x, to)
    if target.kind == "f":
        return f.cast("sitofp" if source.kind == "i" else "uitofp", x, to)
    if source.kind == "f":
        return _to_integer(f, x, target)
    if source.kind == "b" or target.itemsize > source.itemsize:
        return f.cast("sext" if source.kind == "i" else "zext", x, to)
    return f.cast("trunc", x, to)


def _to_integer(f: FunctionBuilder, x: Val, target: np.dtype[Any]) -> Val:
    """Towards zero, by way of int64, whose conversion is one instruction."""
    limit, zero = constant(x.type, 2.0**63), constant(x.type, 0.0)
    fits = f.fcmp("olt", f.intrinsic("fabs", x), limit)
    wide = f.cast("fptosi", f.select(fits, x, zero), "i64")
    least = constant(wide.type, -(2**63))
    if target == _UINT64:
        rest = f.fsub(x, limit)
        upper = f.cast("fptosi", f.select(f.fcmp("olt", f.intrinsic("fabs", rest), limit), rest, zero), "i64")
        return f.select(fits, wide, f.xor(upper, least))
    wide = f.select(fits, wide, least)
    return wide if target.itemsize == 8 else f.cast("trunc", wide, element_of(target))


def _mathematics(name: str) -> Emitter:
    """A function of the mathematics modules: in the loop for vectors, called for single numbers, which saves code."""
    write = getattr(math, name)

    def emit(f: FunctionBuilder, node: Node, *operands: Val) -> Val:
        type_ = operands[0].type
        if lanes(type_) > 1:
            result: Val = write(f, *operands)
            return result
        shared = f"{name}_{type_}"
        if shared not in f.module.functions:
            parameters = [(letter, type_) for letter, _ in zip("ab", operands, strict=False)]
            g = FunctionBuilder(f.module, shared, parameters, result=type_, exported=False)
            g.finish(write(g, *g.parameters))
        return f.call(shared, *operands, result=type_)

    return emit


EMITTERS: dict[str, Emitter] = {
    "cast": lambda f, node, x: convert(f, x, _dtype(node), node.type.dtype),
    "add": _by_kind("fadd", "add", "or"),
    "subtract": _by_kind("fsub", "sub", "xor"),
    "multiply": _by_kind("fmul", "mul", "and"),
    "divide": lambda f, node, a, b: f.fdiv(a, b),
    "negative": _negative,
    "power": _power,
    "exp": _mathematics("exp"),
    "expm1": _mathematics("expm1"),
    "log": _mathematics("log"),
    "log1p": _mathematics("log1p"),
    "log2": _mathematics("log2"),
    "log10": _mathematics("log10"),
    "sqrt": lambda f, node, x: f.intrinsic("sqrt", x),
    "sin": _mathematics("sin"),
    "cos": _mathematics("cos"),
    "tan": _mathematics("tan"),
    "arctan": _mathematics("arctan"),
    "tanh": _mathematics("tanh"),
    "sinh": _mathematics("sinh"),
    "cosh": _mathematics("cosh"),
    "erf": _mathematics("erf"),
    "abs": _abs,
    "sign": _sign,
    "floor": _floor,
    "stop_gradient": lambda f, node, x: x,
    "maximum": _extreme("max"),
    "minimum": _extreme("min"),
    "less": _compare("lt"),
    "less_equal": _compare("le"),
    "equal": _compare("eq"),
    "not_equal": _compare("ne"),
    "and": lambda f, node, a, b: f.and_(a, b),
    "or": lambda f, node, a, b: f.or_(a, b),
    "not": lambda f, node, x: f.xor(x, constant(x.type, True)),
    "where": lambda f, node, condition, a, b: f.select(condition, a, b),
}
