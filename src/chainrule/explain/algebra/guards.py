"""The engine's guards, left away on a board where they change nothing, or only at a point that a note leaves out.

1 if x = 0 else x                          is x for x ≠ 0        in the derivatives of xʸ
(½ if y = max(x, y) else 1) if x = max(x, y) else 0
    is 1 if x > y else ½ if x = y else 0   everywhere            in those of max, and the like of min
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from chainrule.explain.algebra.rewrite import ZERO, parts, rebuilt, symbols_of
from chainrule.explain.expression import Call, Choice, Expression, Number, Power, Relation, Symbol
from chainrule.explain.notation.infix import write


def without_guards(derivative: Expression, name: str, meaning: Expression) -> Expression:
    """A derivative of a name without guards of the engine; what the author wrote in its meaning stays."""
    own = set(_choices(meaning))
    called: dict[Expression, Expression] = {Symbol(name): meaning}

    def visit(e: Expression) -> Expression:
        match e:
            case Choice() if e in own:
                return e
            case Choice(condition, Number(1), no) if _is_zero(no, condition):
                return visit(no)
        e = _compared(e, called)
        return rebuilt(e, [visit(part) for part in parts(e)])

    return visit(derivative)


def with_comparisons(e: Expression, meanings: Mapping[str, Expression]) -> Expression:
    """An expression in which the derivatives of max and min compare their operands, not each with the result."""
    called: dict[Expression, Expression] = {Symbol(name): meaning for name, meaning in meanings.items()}

    def visit(e: Expression) -> Expression:
        e = _compared(e, called)
        return rebuilt(e, [visit(part) for part in parts(e)])

    return visit(e)


def _compared(e: Expression, called: Mapping[Expression, Expression]) -> Expression:
    """The guard of a derivative of max or min as a comparison of its two operands; anything else as it is."""
    match e:
        case Choice(Relation("=", a, top), Choice(Relation("=", b, same), both, alone), Number(0)) if top == same:
            if sign := _chosen(called.get(top, top), a, b):
                return Choice(Relation(sign, a, b), alone, Choice(Relation("=", a, b), both, ZERO))
    return e


def left_out(meaning: Expression, reaching: Container[str]) -> Iterator[str]:
    """Where the derivatives of a meaning by names that are reached are not written for want of a guard.

    That of aᵇ by b has ln a, and is written for a > 0; that by a alone has aᵇ⁻¹, and is written for a ≠ 0.
    """
    match meaning:
        case Power(base, exponent) if not isinstance(base, Number) and not _is_positive(base):
            if any(name in reaching for name in symbols_of(exponent)):
                yield f"the derivative of {write(meaning)} is written for {write(base)} > 0"
            elif symbols_of(exponent) and any(name in reaching for name in symbols_of(base)):
                yield f"the derivative of {write(meaning)} is written for {write(base)} ≠ 0"
    for part in parts(meaning):
        yield from left_out(part, reaching)


def _is_positive(e: Expression) -> bool:
    return isinstance(e, Call) and e.function in ("exp", "cosh", "σ", "softplus")


def _choices(e: Expression) -> Iterator[Choice]:
    if isinstance(e, Choice):
        yield e
    for part in parts(e):
        yield from _choices(part)


def _is_zero(e: Expression, condition: Expression) -> bool:
    """Whether a condition is that an expression is zero, perhaps together with another one."""
    match condition:
        case Relation("=", left, Number(0)):
            return left == e
        case Relation("∧", left, right):
            return _is_zero(e, left) and isinstance(right, Relation) and right.right == ZERO
    return False


def _chosen(top: Expression, a: Expression, b: Expression) -> str:
    """How a is to b where the function takes a: > for max and < for min of the two; "" for any other function."""
    signs = {"max": ">", "min": "<"}
    if not isinstance(top, Call) or top.function not in signs:
        return ""
    operands = [*_operands(a, top.function), *_operands(b, top.function)]
    return signs[top.function] if set(operands) == set(_operands(top, top.function)) else ""


def _operands(e: Expression, function: str) -> Iterator[Expression]:
    if isinstance(e, Call) and e.function == function:
        for argument in e.arguments:
            yield from _operands(argument, function)
    else:
        yield e
