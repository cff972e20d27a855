"""aⁿ of integers, by squaring: aⁿ = (a²)^⌊n/2⌋, times a if n is odd. It wraps as multiplication does, as NumPy's."""

from __future__ import annotations

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.values import Val, constant, element


def integer_power(f: FunctionBuilder, a: Val, n: Val, known: int | None) -> Val:
    """aⁿ for integers of one type, n ≥ 0; `known` is n where it is the same number for all elements."""
    return _by_known(f, a, known) if known is not None else _by_bits(f, a, n)


def _by_known(f: FunctionBuilder, a: Val, n: int) -> Val:
    result = constant(a.type, 1)
    while n:
        result = f.mul(result, a) if n % 2 else result
        n //= 2
        a = f.mul(a, a) if n else a
    return result


def _by_bits(f: FunctionBuilder, a: Val, n: Val) -> Val:
    result, zero, one = constant(a.type, 1), constant(a.type, 0), constant(a.type, 1)
    for bit in range(int(element(a.type)[1:])):
        odd = f.icmp("ne", f.and_(f.lshr(n, constant(n.type, bit)), one), zero)
        result = f.select(odd, f.mul(result, a), result)
        a = f.mul(a, a)
    return result
