"""A function as named steps: what a board shows above its first line, and the graph that the chain rule walks.

Every name stands for an expression of names above it. Between a name and the names in its expression there are edges;
the derivative along an edge comes from the registered rules of the operations in between, by back propagation through
this one expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.evaluate import ON_BOARD, evaluate
from chainrule.explain.algebra.from_graph import expression_of
from chainrule.explain.algebra.guards import without_guards
from chainrule.explain.algebra.rewrite import ONE, ZERO, Order, eliminated, parts, rebuilt, symbols_of
from chainrule.explain.expression import Call, Derivative, Expression, Negative, Number, Symbol
from chainrule.explain.notation.names import subscript
from chainrule.graph import Node, make_constant, make_input
from chainrule.ops.value import Value, lift
from chainrule.transforms.backprop import pull_back
from chainrule.types import ArrayType

_NUMBER = ArrayType((), np.dtype(np.float64))


@dataclass(frozen=True)
class Computation:
    """A function as named steps.

    Attributes:
        function: the name of the result.
        definitions: what every name but the inputs stands for, in the order of the computation.
        inputs: the names that stand for themselves, in the author's order.
    """

    function: str
    definitions: Mapping[str, Expression]
    inputs: tuple[str, ...]

    @staticmethod
    def of(definitions: Mapping[str, Expression], inputs: tuple[str, ...] = ()) -> Computation:
        """The computation that definitions, the function first, describe.

        A function of more than a name gets a name for its argument, so that every function is an edge of its own.

        Args:
            definitions: in any order; those that the function does not need are left out.
            inputs: names that come first among the inputs, whether the function needs them or not.

        Raises:
            ArgumentError: a name is defined by itself.
        """
        function = next(iter(definitions))
        divided = _divided(definitions)
        order = _computed_order(function, divided)
        free = [name for name in _first_seen(function, divided) if name not in divided]
        return Computation(function, {name: divided[name] for name in order}, tuple(dict.fromkeys([*inputs, *free])))

    @cached_property
    def order(self) -> Order:
        """The author's order of all names."""
        return Order([*_first_seen(self.function, self.definitions), *self.inputs])

    def operands(self, name: str) -> tuple[str, ...]:
        """The names in what a name stands for, in order; none for an input."""
        return self._operands.get(name, ())

    @cached_property
    def _operands(self) -> dict[str, tuple[str, ...]]:
        return {name: symbols_of(meaning) for name, meaning in self.definitions.items()}

    def reaching(self, wrt: str) -> frozenset[str]:
        """The names that depend on a name, itself included."""
        if wrt not in self._reaching:
            found = {wrt}
            for name in self.definitions:
                if found.intersection(self.operands(name)):
                    found.add(name)
            self._reaching[wrt] = frozenset(found)
        return self._reaching[wrt]

    @cached_property
    def _reaching(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _locals(self) -> dict[tuple[str, str], tuple[Expression, ...]]:
        return {}

    def local(self, target: str, source: str) -> tuple[Expression, ...]:
        """∂target/∂source along every edge between the two: one for each place where a defined name stands.

        An input has one edge to a name, however often it stands there.
        """
        key = target, source
        if key not in self._locals:
            self._locals[key] = self._derived(target, source)
        return self._locals[key]

    def _derived(self, target: str, source: str) -> tuple[Expression, ...]:
        meaning, places = self.definitions[target], [Symbol(source)]
        if source in self.definitions:
            meaning, places = _places(meaning, source)
        inputs = {Symbol(name): make_input(name, _NUMBER) for name in symbols_of(meaning)}
        value = evaluate(meaning, {symbol: Value(node) for symbol, node in inputs.items()}, ON_BOARD)
        output = lift(np.float64(value) if isinstance(value, int | float) else value).node
        names: dict[Node, Expression] = {} if output in inputs.values() else {output: Symbol(target)}
        names |= {node: Symbol(source) if symbol in places else symbol for symbol, node in inputs.items()}
        seed = make_constant(np.float64(1))
        results = pull_back([output], [seed], [inputs[place] for place in places]).results
        found = (ZERO if r is None else self.order.one(expression_of(r, {seed: ONE} | names)) for r in results)
        unguarded = (without_guards(e, target, self.definitions[target]) for e in found)
        return tuple(self.order.in_one_case(self.order.one(e)) for e in unguarded)

    def partial(self, of: str, by: str) -> Derivative:
        """The derivative along an edge; with d for ∂ in a function of one variable, where only `by` stands in `of`."""
        return Derivative(of, by, total=len(self.inputs) == 1 and {*self.operands(of)} <= {by})

    def total(self, of: str, by: str) -> Derivative:
        """The derivative of a name by another, through all names.

        With d in place of ∂ if that acts both directly and through others, or as in `partial`.
        """
        alone = len(self.inputs) == 1 and depends_alone(self.definitions, of, by)
        return Derivative(of, by, total=alone or self.acts_twice(of, by))

    def acts_twice(self, of: str, by: str) -> bool:
        """Whether a name acts on another both directly and through others."""
        through = any(by != name and name in self.reaching(by) for name in self.operands(of))
        return by in self.operands(of) and through

    def closed(self, e: Expression) -> Expression:
        """An expression in the inputs alone."""
        return eliminated(e, self.definitions)

    def values(self, inputs: Mapping[str, Any], fixed: Mapping[str, Any] | None = None) -> dict[Expression, Any]:
        """The value of every name.

        Args:
            inputs: numbers or arrays, by name.
            fixed: values of names in place of what their definitions give.
        """
        found: dict[Expression, Any] = {Symbol(name): value for name, value in inputs.items()}
        found |= {Symbol(name): value for name, value in (fixed or {}).items()}
        for name, meaning in self.definitions.items():
            if Symbol(name) not in found:
                found[Symbol(name)] = evaluate(meaning, found)
        return found


def depends_alone(definitions: Mapping[str, Expression], of: str, by: str) -> bool:
    """Whether a name is a function of another one alone: all that it is computed from is computed from that."""
    seen, pending = {by}, [of]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        if name not in definitions:
            return False
        seen.add(name)
        pending += symbols_of(definitions[name])
    return True


def _places(e: Expression, name: str) -> tuple[Expression, list[Symbol]]:
    """The expression with a name of its own for every place where `name` stands, and these names."""
    found: list[Symbol] = []

    def visit(part: Expression) -> Expression:
        if part == Symbol(name):
            found.append(Symbol(f"{name} at place {len(found) + 1}"))
            return found[-1]
        return rebuilt(part, [visit(inner) for inner in parts(part)])

    return visit(e), found


def _divided(definitions: Mapping[str, Expression]) -> dict[str, Expression]:
    """The definitions with a name for every argument of a function that is more than a name."""
    used = set(definitions).union(*map(symbols_of, definitions.values()))
    fresh = iter(f"u{subscript(str(number))}" for number in count(1))
    divided: dict[str, Expression] = {}
    known: dict[Expression, Symbol] = {}

    def visit(e: Expression) -> Expression:
        new = [visit(part) for part in parts(e)]
        if isinstance(e, Call):
            new = [argument if _is_simple(argument) else named(argument) for argument in new]
        return rebuilt(e, new)

    def named(argument: Expression) -> Symbol:
        if argument not in known:
            known[argument] = Symbol(next(name for name in fresh if name not in used))
            divided[known[argument].name] = argument
        return known[argument]

    for name, meaning in definitions.items():
        known |= {} if _is_simple(meaning) else {meaning: Symbol(name)}
    for name, meaning in definitions.items():
        divided[name] = visit(meaning)
    return divided


def _is_simple(e: Expression) -> bool:
    return isinstance(e.operand if isinstance(e, Negative) else e, Symbol | Number) or not symbols_of(e)


def _first_seen(function: str, definitions: Mapping[str, Expression]) -> Iterator[str]:
    """All names that a function needs, each definition's before those of the definitions in it."""
    seen, pending = {function: None}, [function]
    while pending:
        name = pending.pop(0)
        for operand in symbols_of(definitions[name]) if name in definitions else ():
            if operand not in seen:
                seen[operand] = None
                pending.append(operand)
    return iter(seen)


def _computed_order(function: str, definitions: Mapping[str, Expression]) -> list[str]:
    """The defined names that a function needs, each after the names in its definition."""
    order: list[str] = []
    entered: set[str] = set()
    pending = [function]
    while pending:
        name = pending[-1]
        if name in entered or name not in definitions:
            pending.pop()
            if name in definitions and name not in order:
                order.append(name)
            continue
        entered.add(name)
        for operand in reversed(symbols_of(definitions[name])):
            if operand in entered and operand not in order:
                raise ArgumentError(f"{operand} is defined by itself: its value needs {name}, which needs {operand}")
            pending.append(operand)
    return order
