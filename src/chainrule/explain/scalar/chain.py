"""The chain rule written out, in three ways: over all paths, backwards (adjoints) and forwards (tangents).

paths      ∂f/∂s = Σ over the paths from s to f of the product of the derivatives along their edges
reverse    ∂f/∂v = Σ over the names t in which v stands of (∂f/∂t)(∂t/∂v), from f down to s
forward    ∂t/∂s = Σ over the names v in t of (∂t/∂v)(∂v/∂s), from s up to f
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from chainrule.explain.algebra.rewrite import ZERO
from chainrule.explain.expression import Derivative, Expression, Product, Sum
from chainrule.explain.record import Edge, Path
from chainrule.explain.scalar.computation import Computation

MOST_PATHS = 32
"""Paths that a board holds."""


def path_count(computation: Computation, wrt: str) -> int:
    """The number of paths from `wrt` to the function: of every name the sum over its edges, once each."""
    count = {wrt: 1}
    for name in computation.definitions:
        if name != wrt:
            count[name] = sum(
                len(computation.local(name, operand)) * count[operand]
                for operand in computation.operands(name)
                if count.get(operand)
            )
    return count.get(computation.function, 0)


def chains(computation: Computation, wrt: str) -> Iterator[tuple[str, ...]]:
    """The names along every way from the function down to `wrt`, and to defined names that `wrt` does not reach."""
    reaching = computation.reaching(wrt)

    def below(name: str) -> Iterator[tuple[str, ...]]:
        for operand in computation.operands(name):
            if operand == wrt:
                yield name, wrt
            elif operand in reaching:
                yield from ((name, *rest) for rest in below(operand))
            elif operand in computation.definitions:
                yield name, operand, wrt

    return below(computation.function)


def paths(computation: Computation, wrt: str) -> tuple[Path, ...]:
    """Every path from `wrt` to the function, edge by edge."""
    reaching = computation.reaching(wrt)
    found = []
    for names in chains(computation, wrt):
        if all(name in reaching for name in names):
            edges = [_edges(computation, target, source) for target, source in pairwise(names)]
            found += [Path(tuple(reversed(way))) for way in product(*edges)]
    return tuple(found)


def _edges(computation: Computation, target: str, source: str) -> list[Edge]:
    alone = computation.partial(target, source).total
    return [Edge(source, target, local, alone=alone) for local in computation.local(target, source)]


def over_paths(computation: Computation, wrt: str) -> tuple[Expression, Expression]:
    """The sum over all paths: with the derivatives named, and with what they are."""
    named, derived = [], []
    for names in chains(computation, wrt):
        steps = list(pairwise(names))
        named.append(_factors([computation.partial(target, source) for target, source in steps]))
        locals_ = [computation.local(t, s) if s in computation.operands(t) else (ZERO,) for t, s in steps]
        derived += [_factors(way) for way in product(*locals_)]
    return added(named), added(derived)


def backwards(computation: Computation, wrt: str) -> Iterator[tuple[Derivative, Expression]]:
    """The derivative of the function by every name that `wrt` reaches, from the last to `wrt`, in those before it."""
    function = computation.function
    reaching = computation.reaching(wrt)
    above = [name for name in computation.definitions if name in reaching and name != wrt]
    for name in [*reversed(above[:-1]), wrt]:
        terms: list[Expression] = []
        for target in reversed(above):
            if name in computation.operands(target):
                terms.append(_edge(computation, target, name, function))
        if terms:
            yield computation.total(function, name), added(terms)


def forwards(computation: Computation, wrt: str) -> Iterator[tuple[Derivative, Expression]]:
    """The derivative of every name between by `wrt`, in those of the names in its definition."""
    reaching = computation.reaching(wrt)
    for name in computation.definitions:
        if name not in reaching or name == wrt:
            continue
        terms: list[Expression] = []
        for operand in computation.operands(name):
            local = added(computation.local(name, operand))
            if operand == wrt:
                terms.append(_factors([local]))
            elif operand in reaching:
                terms.append(_factors([local, computation.total(operand, wrt)]))
        yield computation.total(name, wrt), added(terms)


def _edge(computation: Computation, target: str, source: str, function: str) -> Expression:
    local = computation.order.collected(added(computation.local(target, source)))
    return local if target == function else _factors([computation.total(function, target), local])


def _factors(factors: list[Expression] | tuple[Expression, ...]) -> Expression:
    return factors[0] if len(factors) == 1 else Product(tuple(factors), apart=True)


def added(terms: list[Expression] | tuple[Expression, ...]) -> Expression:
    """The sum of terms; of none 0."""
    return ZERO if not terms else terms[0] if len(terms) == 1 else Sum(tuple(terms))
