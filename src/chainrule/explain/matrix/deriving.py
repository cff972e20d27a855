"""The derivative of a function of arrays, shown in matrices: backwards, a line for every δ and every parameter.

The lines are written from back propagation through the recorded graph, by the registered rules. Each is evaluated as it
is written, from the engine's numbers for the names in it, and compared with the engine's numbers for what it derives;
and these are compared with central differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule import reference, tree
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.algebra.composite import COMPOSITES
from chainrule.explain.algebra.evaluate import evaluate
from chainrule.explain.algebra.from_graph import with_composites
from chainrule.explain.algebra.guards import with_comparisons
from chainrule.explain.algebra.rewrite import parts, rebuilt
from chainrule.explain.derivation import Derivation
from chainrule.explain.differences import difference
from chainrule.explain.expression import (
    Derivative,
    ElementwiseProduct,
    Expression,
    MatrixProduct,
    Negative,
    Sum,
    Symbol,
    Transpose,
)
from chainrule.explain.matrix.by_index import by_index
from chainrule.explain.matrix.expressions import ON_PAPER, collected, matrix_expression, on_paper
from chainrule.explain.notation.infix import write
from chainrule.explain.notation.names import superscript
from chainrule.explain.record import Check, Line, Rule
from chainrule.explain.source.variable_names import record_named, result_of
from chainrule.graph import CONSTANT, INPUT, Graph, Kind, Node, dependants, make_constant, topological_order
from chainrule.tracing import function_name, named_leaves
from chainrule.transforms.backprop import pull_back
from chainrule.transforms.rounding import with_bounds
from chainrule.tree import KeyPath
from chainrule.types import Array

TOLERANCE = 1e-6
"""Largest error of a line, relative to the largest element of what it derives."""

_ARITHMETIC = {"add", "subtract", "multiply", "divide", "negative", "power", "where", "cast"}
_MOVED = {"reshape", "broadcast", "transpose", "cast"}
_DIRECTIONS = 3
"""So many directions must disagree with differences before a derivative is called wrong."""


@dataclass(frozen=True)
class Recorded:
    """A function of arrays, recorded, with names.

    Attributes:
        inputs: the input nodes in order, with their names.
        output: a float of shape ().
        name: what the output is called.
        named: nodes between, with their names.
        arrays: what the inputs are, float64 where they are floats.
    """

    inputs: Mapping[Node, str]
    output: Node
    name: str
    named: Mapping[Node, str]
    arrays: Sequence[Array]


def derive_arrays(f: Callable[..., Any], args: Sequence[Any], wrt: str | int | None) -> Derivation:
    """The derivative of a function of arrays at a point; see `chainrule.derive`.

    Args:
        f: a traced function that returns one float number.
        args: its arguments, nested arrays, floats in float64.
        wrt: the name of an input, the position of an argument, or None for every float input.
    """
    traced, named = record_named(f, args, superscript)
    output = result_of(traced)
    paths = [path for position in range(len(args)) for path, _ in named_leaves(f, args, position)]
    inputs = {value.node: _leaf_name(path) for value, path in zip(traced.inputs, paths, strict=True)}
    name = named.pop(output, None) or function_name(f)
    recorded = Recorded(inputs, output, name, named, tree.leaves(args))
    floats = [name for node, name in inputs.items() if node.type.is_float]
    chosen = _chosen(wrt, floats, [len(tree.leaves(arg)) for arg in args], list(inputs.values()))
    return derive_recorded(recorded, chosen)


def _leaf_name(path: KeyPath) -> str:
    """parameters[0]['W'] is W¹, and x is x."""
    layers = [key + 1 for key in path.keys if isinstance(key, int)]
    names: list[str] = [path.name, *(str(key) for key in path.keys if not isinstance(key, int))]
    return names[-1] + "".join(superscript(str(n)) for n in layers)


def _chosen(wrt: str | int | None, floats: list[str], counts: list[int], names: list[str]) -> list[str]:
    if wrt is None:
        return floats
    if isinstance(wrt, int) and -len(counts) <= wrt < len(counts):
        start = sum(counts[: wrt % len(counts)])
        found = names[start : start + counts[wrt]]
    else:
        found = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else []
    if not found or not set(found) <= set(floats):
        raise ArgumentError(f"wrt must be some of {', '.join(floats)}, or the position of an argument, got {wrt!r}")
    return found


def derive_recorded(recorded: Recorded, wrt: Sequence[str]) -> Derivation:
    """The derivative of a recorded function by some of its inputs.

    Raises:
        ArgumentError: an operation on the way has no form in matrices.
        DerivationError: a line is not what the engine computes; this would be a defect of chainrule.
    """
    return _ArrayBoard(recorded, wrt).derivation()


class _ArrayBoard:
    """The names, adjoints and lines of one derivation.

    Two graphs stand side by side: the engine's, from which all numbers come, and the one that is shown, in which a
    composite function is one operation.
    """

    def __init__(self, recorded: Recorded, wrt: Sequence[str]) -> None:
        self._recorded, self._wrt = recorded, wrt
        self._inputs = {name: node for node, name in recorded.inputs.items()}
        sources = [self._inputs[name] for name in wrt]
        shown = with_composites([recorded.output, *recorded.named, *recorded.inputs])
        self._engine = {new: old for old, new in shown.items()}
        order = topological_order([shown[recorded.output]])
        self._names: dict[Node, Expression] = {node: Symbol(name) for node, name in recorded.inputs.items()}
        names = {shown[node]: name for node, name in recorded.named.items()}
        unnamed = _fallback(order, names, dependants(order, sources), self._engine)
        names |= unnamed
        self._between = {node: names[node] for node in order if node in names and node.op not in (INPUT, CONSTANT)}
        self._names |= {node: Symbol(name) for node, name in self._between.items()}
        self._output = shown[recorded.output]
        self._constants: dict[Expression, Array] = {}
        meanings = [*self._between, self._output]
        self.definitions = {
            self._between.get(node, recorded.name): matrix_expression(
                node, {n: s for n, s in self._names.items() if n is not node}, self._constants
            )
            for node in meanings
        }
        self._sources = sources
        pulled = pull_back([self._output], [make_constant(np.ones((), self._output.type.dtype))], sources)
        self._derived = [node for node in self._between if pulled.step(node) and node is not self._output]
        if any(self._between[node].startswith("z") for node in self._derived):
            self._derived = [n for n in self._derived if self._between[n].startswith("z") or n in unnamed]

    def symbol(self, name: str) -> Expression:
        """What the derivative with respect to a name is called: δ for a z, else ∂L/∂name."""
        return Symbol(f"δ{name[1:]}") if name.startswith("z") else Derivative(self._recorded.name, name)

    def derivation(self) -> Derivation:
        """Write and check the lines."""
        nodes = [*reversed(self._derived), *self._sources]
        names = {**self._between, **self._recorded.inputs}
        values = self._values(nodes, self._recorded.arrays)
        elsewhere = self._values(nodes, self._moved())
        _check_differences(self._recorded, self._sources, [values[self.symbol(names[n])] for n in self._sources])
        adjoints = _adjoints(self._output, nodes)
        known = dict(self._names)
        lines = [Line(Rule.SOUGHT, Derivative(self._recorded.name, ", ".join(self._wrt)))]
        for node in nodes:
            symbol = self.symbol(names[node])
            adjoint = adjoints[node]
            expression = with_comparisons(matrix_expression(adjoint, known, self._constants), self.definitions)
            check = self._check(symbol, expression, (values, elsewhere))
            note = f"{write(symbol)} = ∂{self._recorded.name}/∂{names[node]}" if isinstance(symbol, Symbol) else ""
            value, reason = values[symbol], self._reason(node, names[node], symbol)
            lines.append(Line(Rule.INTERMEDIATE, expression, note, check, value, reason, symbol))
            if (short := collected(expression)) != expression:
                lines.append(Line(Rule.COLLECT, short, check=self._check(symbol, short, (values, elsewhere))))
            plain, whose = self._without_sums_of_one(short, values)
            if whose:  # true of the numbers here, and not of others
                check = self._check(symbol, plain, (values,))
                lines.append(Line(Rule.ROWS_ADD_UP, plain, check=check, names=tuple(whose)))
            if adjoint.op is not CONSTANT:
                known.setdefault(adjoint, symbol)
        notes = ("relu′(0) = 0",) if any(node.op.name == "relu" for node in topological_order([self._output])) else ()
        return Derivation(
            self._recorded.name,
            self.definitions,
            ", ".join(self._wrt),
            "reverse",
            (),
            0,
            notes,
            tuple(lines),
            {},
        )

    def _without_sums_of_one(
        self, e: Expression, values: Mapping[Expression, Array]
    ) -> tuple[Expression, dict[str, None]]:
        """The expression without factors that are 1 because the rows of an input add up to 1, and whose rows do.

        Targets of a softmax are like this: ∂ℒ/∂u = −y + (y 1 1ᵀ) ⊙ softmax(u) becomes softmax(u) − y.
        """
        whose: dict[str, None] = {}

        def is_one(factor: Expression) -> bool:
            match factor:
                case MatrixProduct((Symbol(name), ones, Transpose(same))) if ones == same and ones in self._constants:
                    given = name in self._inputs and name not in self._wrt
                    if given and np.allclose(np.sum(values[Symbol(name)], axis=-1), 1, rtol=0, atol=1e-12):
                        whose[name] = None
                        return True
            return False

        def without(part: Expression) -> Expression:
            if isinstance(part, ElementwiseProduct):
                left = [without(factor) for factor in part.factors if not is_one(factor)]
                return ElementwiseProduct(tuple(left)) if len(left) > 1 else left[0] if left else part
            return rebuilt(part, [without(inner) for inner in parts(part)])

        plain = without(e)
        if whose and isinstance(plain, Sum):
            plain = Sum(tuple(sorted(plain.terms, key=lambda term: isinstance(term, Negative))))
        return plain, whose

    # Numbers

    def _values(self, nodes: Sequence[Node], arrays: Sequence[Array]) -> dict[Expression, Array]:
        """The engine's numbers for every name, and for the derivative with respect to every one of `nodes`."""
        originals = [self._engine.get(node, node) for node in nodes]
        adjoints = _adjoints(self._recorded.output, originals)
        between = [node for node in self._between if node in self._engine]
        outputs = [self._engine[node] for node in between] + [adjoints[node] for node in originals]
        results = reference.as_function(Graph(tuple(self._recorded.inputs), tuple(outputs)))(arrays)
        values: dict[Expression, Array] = dict(zip(map(Symbol, self._recorded.inputs.values()), arrays, strict=True))
        values |= dict(zip((self._names[node] for node in between), results, strict=False))
        names = {**self._between, **self._recorded.inputs}
        found = dict(zip(nodes, results[len(between) :], strict=True))
        return values | {self.symbol(names[node]): np.broadcast_to(x, node.type.shape) for node, x in found.items()}

    def _moved(self) -> list[Array]:
        """Another point: every float a little elsewhere."""
        random = np.random.default_rng(0)
        return [
            array + 0.1 * random.standard_normal(array.shape) if array.dtype.kind == "f" else array
            for array in map(np.asarray, self._recorded.arrays)
        ]

    def _check(self, symbol: Expression, e: Expression, points: Sequence[Mapping[Expression, Array]]) -> Check:
        """Evaluate a line as it is written, and compare it with the engine's derivative."""
        worst = 0.0
        for values in points:
            paper = {name: on_paper(value) for name, value in {**self._constants, **values}.items()}
            expected = paper[symbol]
            with np.errstate(all="ignore"):
                try:
                    written = np.asarray(evaluate(e, paper, ON_PAPER))
                    error = float(np.max(np.abs(written - expected), initial=0))
                except ValueError as mismatch:
                    raise DerivationError(f"{write(symbol)} = {write(e)}: the shapes do not fit, {mismatch}") from None
            size = float(np.max(np.abs(expected), initial=0))
            fits = written.shape == expected.shape or written.size == 1
            if np.isfinite(size) and not (fits and error <= TOLERANCE * size + 1e-12):
                raise DerivationError(
                    f"{write(symbol)} = {write(e)} is not what the engine computes: shape {written.shape} for "
                    f"{expected.shape}, largest difference {error:.3g} where the largest element is {size:.3g}"
                )
            worst = max(worst, error / size if size else 0.0)
        return Check(len(points), worst)

    # Why the transpose

    def _reason(self, node: Node, name: str, symbol: Expression) -> tuple[Line, ...]:
        """The derivation by index, if the name stands once, as a factor of a product of two in a derived name."""
        shown = {self._between[n]: n for n in self._derived}
        vectors = {symbol for n, symbol in self._names.items() if len(n.type.shape) == 1}
        vectors |= {symbol for symbol, array in self._constants.items() if array.ndim == 1}
        for target, above in shown.items():
            for term in _terms(self.definitions[target]):
                match term:
                    case MatrixProduct((left, right)) if Symbol(name) in (_bare(left), _bare(right)):
                        if all(isinstance(_bare(e), Symbol) for e in (left, right)) and _bare(left) != _bare(right):
                            duals = self.symbol(target), symbol
                            return by_index(self._names[above], left, right, Symbol(name), duals, frozenset(vectors))
        return ()


def _terms(e: Expression) -> tuple[Expression, ...]:
    return e.terms if isinstance(e, Sum) else (e,)


def _bare(e: Expression) -> Expression:
    return e.operand if isinstance(e, Transpose) else e


def _adjoints(output: Node, nodes: Sequence[Node]) -> dict[Node, Node]:
    """The node of the derivative of `output` by every one of `nodes`; a zero where no path leads."""
    results = pull_back([output], [make_constant(np.ones((), output.type.dtype))], nodes).results
    return {
        node: result if result is not None else make_constant(np.zeros((), node.type.dtype))
        for node, result in zip(nodes, results, strict=True)
    }


def _fallback(
    order: Sequence[Node], names: Mapping[Node, str], on_way: set[Node], engine: Mapping[Node, Node]
) -> dict[Node, str]:
    """Names u¹, u² … for what the author did not name: arguments of functions, and factors of matrix products."""
    wanted: dict[Node, None] = {}
    for node in order:
        is_function = node.op in COMPOSITES or (node.op.kind is Kind.ELEMENTWISE and node.op.name not in _ARITHMETIC)
        for operand in node.operands if is_function or node.op.name == "matmul" else ():
            while operand.op.name in _MOVED and operand not in names:
                (operand,) = operand.operands
            if operand in on_way and operand.op not in (INPUT, CONSTANT) and operand not in names and operand in engine:
                wanted[operand] = None
    taken = set(names.values())
    free = (name for number in range(1, 10_000) if (name := "u" + superscript(str(number))) not in taken)
    return {node: next(free) for node in order if node in wanted}


def _check_differences(recorded: Recorded, sources: Sequence[Node], gradients: Sequence[Array]) -> None:
    """Compare the engine's derivative in random directions with central differences of the engine's function.

    One direction that agrees is enough: a wrong derivative is wrong in all of them, while a direction that crosses many
    kinks may by chance look smooth.
    """
    run = reference.as_function(with_bounds(Graph(tuple(recorded.inputs), (recorded.output,))))
    random = np.random.default_rng(1)
    scale = float(np.sqrt(sum(np.sum(np.square(g)) for g in gradients)))
    for _ in range(_DIRECTIONS):
        directions = {source: random.standard_normal(source.type.shape) for source in sources}
        slope = difference(partial(_moved, run, recorded, directions), 0.0)
        expected = sum(float(np.sum(g * directions[source])) for source, g in zip(sources, gradients, strict=True))
        off = abs(float(slope.value) - expected)
        if not np.isfinite(slope.value) or off <= 1e-5 * scale + 10 * float(slope.noise):
            return
    raise DerivationError(
        f"the derivative in a random direction is {expected:.9g}, but the central difference is "
        f"{float(slope.value):.9g}"
    )


def _moved(
    run: Callable[[Sequence[Array]], Sequence[Array]], recorded: Recorded, directions: Mapping[Node, Array], t: Array
) -> tuple[Array, Array]:
    """The output, and a bound of its rounding, where the sources have moved by t in their directions."""
    moved = [
        array + float(t) * directions[node] if node in directions else array
        for node, array in zip(recorded.inputs, recorded.arrays, strict=True)
    ]
    floats = [array for array, node in zip(moved, recorded.inputs, strict=True) if node.type.is_float]
    value, bound = run([*moved, *(np.abs(array) * np.finfo(np.float64).eps for array in floats)])
    return value, bound
