"""Builds the functions of LLVM IR as text: one method for each instruction in use, loops, and loop-invariant code
motion.

It exists because speed of compiling is a feature: making and printing an instruction takes about 1.5 µs here and 18 µs
with llvmlite's object model (docs/decisions/0013). LLVM parses and verifies the text, so a wrong type cannot pass.

Loops are levels. Code is written to the innermost open level unless `at(level)` names an outer one: the instruction
is then hoisted out of the loop that is open there, so it is computed once and not in every iteration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chainrule.codegen.module import Module
from chainrule.codegen.values import Val, constant, element, lanes, like, vector


class _Level:
    """The code of one loop level: instructions, and the nested code of inner loops."""

    def __init__(self, block: str) -> None:
        self.lines: list[str] = []
        self.block = block  # the block in which the next instruction of this level stands


class _At:
    """A context in which a function emits to another level; a class, since it is entered for every instruction."""

    __slots__ = ("before", "function", "level")

    def __init__(self, function: FunctionBuilder, level: _Level) -> None:
        self.function, self.level = function, level

    def __enter__(self) -> None:
        self.before, self.function._writing = self.function._writing, self.level

    def __exit__(self, *error: object) -> None:
        self.function._writing = self.before


class OpenLoop:
    """An open loop: its induction variable and its loop-carried values."""

    def __init__(self, function: FunctionBuilder, index: Val, level: int) -> None:
        self.index, self.level = index, level
        self._function = function
        self._phis: list[tuple[Val, Val]] = []
        self._next: dict[str, Val] = {}

    def carry(self, start: Val) -> Val:
        """A loop-carried value (a phi node) that is `start` in the first iteration."""
        phi = self._function.fresh(start.type)
        self._phis.append((phi, start))
        return phi

    def next(self, phi: Val, value: Val) -> None:
        """Set what the carried value is in the next iteration, and after the last."""
        self._next[phi.name] = value

    def result(self, phi: Val) -> Val:
        """The carried value after the loop, once the loop is closed."""
        return Val(phi.name + ".end", phi.type)


class FunctionBuilder:
    """Builds the body of one function."""

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: Sequence[tuple[str, str]],
        *,
        result: str = "void",
        attributes: str = "nounwind",
        exported: bool = True,
    ) -> None:
        self.module, self.name, self.result = module, name, result
        self.parameters = [Val(f"%{parameter}", type_) for parameter, type_ in parameters]
        self._head = (
            f"define {'' if exported else 'internal '}{result} @{name}"
            f"({', '.join(map(str, self.parameters))}) {attributes} {{"
        )
        self._count = 0
        self.levels = [_Level("entry")]
        self._writing = self.levels[0]

    # Values and places

    def fresh(self, type_: str) -> Val:
        """A new name."""
        self._count += 1
        return Val(f"%v{self._count}", type_)

    @property
    def level(self) -> int:
        """The number of the innermost open level; 0 is outside of all loops."""
        return len(self.levels) - 1

    def at(self, level: int) -> _At:
        """Emit to an outer level: hoisted out of the loop that is open there."""
        return _At(self, self.levels[level])

    def emit(self, line: str) -> None:
        """Emit a line without a result."""
        self._writing.lines.append("  " + line)

    def value(self, type_: str, instruction: str) -> Val:
        """Emit one instruction and return its value."""
        self._count += 1
        name = f"%v{self._count}"
        self._writing.lines.append(f"  {name} = {instruction}")
        return Val(name, type_)

    # Arithmetic: both operands of one type, scalar or vector

    def _binary(self, operation: str, a: Val, b: Val) -> Val:
        return self.value(a.type, f"{operation} {a.type} {a.name}, {b.name}")

    def fadd(self, a: Val, b: Val) -> Val:
        """a + b."""
        return self._binary("fadd", a, b)

    def fsub(self, a: Val, b: Val) -> Val:
        """a − b."""
        return self._binary("fsub", a, b)

    def fmul(self, a: Val, b: Val) -> Val:
        """a·b."""
        return self._binary("fmul", a, b)

    def fdiv(self, a: Val, b: Val) -> Val:
        """a / b, rounded correctly."""
        return self._binary("fdiv", a, b)

    def fneg(self, a: Val) -> Val:
        """−a, which turns the sign of zeros and NaNs too."""
        return self.value(a.type, f"fneg {a.type} {a.name}")

    def add(self, a: Val, b: Val) -> Val:
        """Sum of integers; it wraps."""
        return self._binary("add", a, b)

    def sub(self, a: Val, b: Val) -> Val:
        """Difference of integers; it wraps."""
        return self._binary("sub", a, b)

    def mul(self, a: Val, b: Val) -> Val:
        """Product of integers; it wraps."""
        return self._binary("mul", a, b)

    def udiv(self, a: Val, b: Val) -> Val:
        """Quotient of unsigned integers; b must not be 0."""
        return self._binary("udiv", a, b)

    def urem(self, a: Val, b: Val) -> Val:
        """Remainder of unsigned integers; b must not be 0."""
        return self._binary("urem", a, b)

    def and_(self, a: Val, b: Val) -> Val:
        """Bitwise and."""
        return self._binary("and", a, b)

    def or_(self, a: Val, b: Val) -> Val:
        """Bitwise or."""
        return self._binary("or", a, b)

    def xor(self, a: Val, b: Val) -> Val:
        """Bitwise exclusive or."""
        return self._binary("xor", a, b)

    def shl(self, a: Val, b: Val) -> Val:
        """Shift to the left."""
        return self._binary("shl", a, b)

    def lshr(self, a: Val, b: Val) -> Val:
        """Logical shift to the right."""
        return self._binary("lshr", a, b)

    def ashr(self, a: Val, b: Val) -> Val:
        """Arithmetic shift to the right."""
        return self._binary("ashr", a, b)

    def fcmp(self, predicate: str, a: Val, b: Val) -> Val:
        """Compare floats: oeq, une, olt, ole, ogt, oge, uno …"""
        return self.value(like(a.type, "i1"), f"fcmp {predicate} {a.type} {a.name}, {b.name}")

    def icmp(self, predicate: str, a: Val, b: Val) -> Val:
        """Compare integers: eq, ne, slt, sle, ult …"""
        return self.value(like(a.type, "i1"), f"icmp {predicate} {a.type} {a.name}, {b.name}")

    def select(self, condition: Val, a: Val, b: Val) -> Val:
        """`a` where the condition holds, else `b`."""
        return self.value(a.type, f"select {condition}, {a}, {b}")

    def cast(self, operation: str, a: Val, element_: str) -> Val:
        """Convert elements: fpext, fptrunc, sitofp, uitofp, fptosi, fptoui, zext, sext, trunc, bitcast."""
        type_ = like(a.type, element_)
        return self.value(type_, f"{operation} {a} to {type_}")

    def intrinsic(self, name: str, *operands: Val, result: str | None = None) -> Val:
        """Call `llvm.<name>` for the type of the first operand; the result has this type unless another is given."""
        first = operands[0].type
        suffix = (f"v{lanes(first)}" if lanes(first) > 1 else "") + {"float": "f32", "double": "f64"}.get(
            element(first), element(first)
        )
        full, type_ = f"llvm.{name}.{suffix}", result or first
        self.module.declare(full, type_, [operand.type for operand in operands])
        return self.value(type_, f"call {type_} @{full}({', '.join(map(str, operands))})")

    def call(self, name: str, *arguments: Val, result: str = "void") -> Val:
        """Call a function of this module."""
        text = f"call {result} @{name}({', '.join(map(str, arguments))})"
        if result == "void":
            self.emit(text)
            return Val("", "void")
        return self.value(result, text)

    def call_pointer(self, function: Val, *arguments: Val) -> None:
        """Call a function without result by its address."""
        self.emit(f"call void {function.name}({', '.join(map(str, arguments))})")

    # Vectors

    def splat(self, a: Val, count: int) -> Val:
        """`a` in every lane."""
        if count == 1:
            return a
        type_ = vector(a.type, count)
        if not a.name.startswith("%"):
            return Val(f"splat ({a.type} {a.name})", type_)
        one = self.value(type_, f"insertelement {type_} poison, {a}, i64 0")
        return self.value(type_, f"shufflevector {type_} {one.name}, {type_} poison, <{count} x i32> zeroinitializer")

    def lane(self, a: Val, index: int) -> Val:
        """One element of a vector."""
        return a if lanes(a.type) == 1 else self.value(element(a.type), f"extractelement {a}, i64 {index}")

    def insert(self, a: Val, x: Val, index: int) -> Val:
        """The vector with one element replaced."""
        return self.value(a.type, f"insertelement {a}, {x}, i64 {index}")

    def shuffle(self, a: Val, b: Val, order: Sequence[int]) -> Val:
        """Elements of two vectors of one type; those of `b` count from the lanes of `a`."""
        mask = ", ".join(f"i32 {index}" for index in order)
        return self.value(vector(element(a.type), len(order)), f"shufflevector {a}, {b}, <{len(order)} x i32> <{mask}>")

    def lane_numbers(self, type_: str, count: int) -> Val:
        """0, 1, 2 … as a vector of integers; the number 0 for one lane."""
        if count == 1:
            return constant(type_, 0)
        return Val("<" + ", ".join(f"{type_} {i}" for i in range(count)) + ">", vector(type_, count))

    # Memory

    def offset(self, pointer: Val, element_: str, index: Val) -> Val:
        """The address of element `index` (i64) behind a pointer."""
        return self.value("ptr", f"getelementptr inbounds {element_}, {pointer}, {index}")

    def load(self, pointer: Val, type_: str, align: int = 1) -> Val:
        """Read a scalar or a vector."""
        return self.value(type_, f"load {type_}, {pointer}, align {align}")

    def store(self, value: Val, pointer: Val, align: int = 1) -> None:
        """Write a scalar or a vector."""
        self.emit(f"store {value}, {pointer}, align {align}")

    def prefetch(self, pointer: Val, to_write: bool = False) -> None:
        """Prefetch a cache line that is going to be read, or read and written; a hint, so any address will do."""
        self.module.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        self.emit(f"call void @llvm.prefetch.p0({pointer}, i32 {int(to_write)}, i32 3, i32 1)")

    def local(self, element_: str, count: int) -> Val:
        """Stack memory (alloca), 64-byte aligned; allocated once, in whatever loop it is used."""
        with self.at(0):
            return self.value("ptr", f"alloca [{count} x {element_}], align 64")

    # Control

    @contextmanager
    def loop(self, start: Val, stop: Val, step: int = 1) -> Iterator[OpenLoop]:
        """for index in range(start, stop, step), with an i64 index; it may run no iteration at all."""
        self._count += 1
        tag = f"loop{self._count}"
        outer, index = self._writing, self.fresh("i64")
        loop = OpenLoop(self, index, len(self.levels))
        inner = _Level(f"{tag}.body")
        self.levels.append(inner)
        self._writing = inner
        yield loop
        self.levels.pop()
        self._writing = outer
        self._close(loop, tag, outer, inner, start, stop, step)

    def _close(self, loop: OpenLoop, tag: str, outer: _Level, inner: _Level, start: Val, stop: Val, step: int) -> None:
        index, following = loop.index, Val(f"{loop.index.name}.next", "i64")
        outer.lines.append(f"  {index.name}.any = icmp slt {start}, {stop.name}")
        outer.lines.append(f"  br i1 {index.name}.any, label %{tag}.body, label %{tag}.end")
        outer.lines.append(f"{tag}.body:")
        outer.lines.append(
            f"  {index.name} = phi i64 [ {start.name}, %{outer.block} ], [ {following.name}, %{inner.block} ]"
        )
        for phi, first in loop._phis:
            next_ = loop._next[phi.name]
            outer.lines.append(
                f"  {phi.name} = phi {phi.type} [ {first.name}, %{outer.block} ], [ {next_.name}, %{inner.block} ]"
            )
        outer.lines.extend(inner.lines)
        # `expect` hides the sum from LLVM's loop strength reduction: a fifth of the time of compiling, spent on giving
        # each row of a tile a pointer that is moved in every round (docs/decisions/0017).
        self.module.declare("llvm.expect.i64", "i64", ["i64", "i64"])
        outer.lines.append(f"  {index.name}.sum = add nuw nsw {index}, {step}")
        outer.lines.append(f"  {following.name} = call i64 @llvm.expect.i64(i64 {index.name}.sum, i64 {step})")
        outer.lines.append(f"  {index.name}.more = icmp slt {following}, {stop.name}")
        outer.lines.append(f"  br i1 {index.name}.more, label %{tag}.body, label %{tag}.end")
        outer.lines.append(f"{tag}.end:")
        for phi, first in loop._phis:
            next_ = loop._next[phi.name]
            outer.lines.append(
                f"  {phi.name}.end = phi {phi.type} [ {first.name}, %{outer.block} ], [ {next_.name}, %{inner.block} ]"
            )
        outer.block = f"{tag}.end"

    @contextmanager
    def when(self, condition: Val) -> Iterator[None]:
        """Run what is written inside only if the condition (i1) holds; values made inside must not be used outside."""
        self._count += 1
        tag = f"when{self._count}"
        outer = self._writing
        inner = _Level(tag)
        self.levels.append(inner)
        self._writing = inner
        yield
        self.levels.pop()
        self._writing = outer
        # what was hoisted out of the branch stands before it
        outer.lines.append(f"  br {condition}, label %{tag}, label %{tag}.end")
        outer.lines.extend((f"{tag}:", *inner.lines, f"  br label %{tag}.end", f"{tag}.end:"))
        outer.block = f"{tag}.end"

    def label(self, name: str) -> None:
        """Begin a basic block; the one before it must have ended in a branch."""
        self._writing.lines.append(f"{name}:")
        self._writing.block = name

    def finish(self, value: Val | None = None) -> None:
        """Return, and add the function to the module."""
        self.emit(f"ret {value}" if value else "ret void")
        self.module.functions[self.name] = "\n".join((self._head, "entry:", *self.levels[0].lines, "}"))
