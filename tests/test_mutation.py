"""Break every derivative rule in every small way, and see that the gradient check of its operation notices.

A rule is Python source: its syntax tree is changed in one place at a time, compiled, and put in place of the rule's
code while the cases of the operations that use it are checked. A mutant that passes all of them has survived; it
shows a hole in the table of cases (or is the same function written differently, which has to be said below).
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from types import CodeType, FunctionType

import numpy as np

import chainrule as cr
from chainrule.graph import REGISTRY, EachOperand, Op
from numerical_derivatives import gradient
from op_cases import CASES, KINKS, SMOOTH

# Mutants that compute the same, in the words of their report, and why.
EQUIVALENT = {
    "_sum_over_copies: stretched = (i + new for i, length in enumerate(x.shape) if length == 1 != shape[i + new])": (
        "a generator is unpacked like a tuple"
    ),
    "matmul: lambda g, y, a, b: g @ np.swapaxes(b, -2, -1)": "swapping knows no order",
    "matmul: lambda g, y, a, b: np.swapaxes(a, -2, -1) @ g": "swapping knows no order",
    "matmul: lambda g, y, a, b: g @ np.moveaxis(b, -1, -2)": "moving the last axis before its neighbour is swapping",
    "matmul: lambda g, y, a, b: np.moveaxis(a, -1, -2) @ g": "moving the last axis before its neighbour is swapping",
    "transpose: lambda g, y, x, axes: np.transpose(g, np.argsort(axes))": "an array of axes serves like a tuple",
    "_power_base: n = known_number(a)": "a base that is known is never differentiated; the formula for any b follows",
    "_power_base: return g * (n * a ** (n - 1)) if n else np.zeros_like(b)": "a and b have one type",
    "_to_extremes: extreme = (x == _alongside(y, x, axis)).astype(y.dtype)": "x and y have one dtype",
}

SWAPS = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.GtE],
    ast.In: [ast.NotIn],
    ast.BitAnd: [ast.BitOr],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
NAMES = {
    "cos": ["sin"],
    "sin": ["cos"],
    "cosh": ["sinh"],
    "sinh": ["cosh"],
    "exp": ["log", "expm1"],
    "log": ["exp", "log1p"],
    "sign": ["abs"],
    "sum": ["max", "mean"],
    "swapaxes": ["moveaxis"],
    "zeros_like": ["ones_like"],
    "SLICE": ["UNSLICE"],
    "UNSLICE": ["SLICE"],
}


# The rules and the functions that they call


def rules_of(op: Op) -> list[FunctionType]:
    rules = [op.rules[0]] if isinstance(op.rules, EachOperand) else op.rules
    return [rule.func if isinstance(rule, partial) else rule for rule in rules if rule is not None]


def with_callees(function: FunctionType) -> Iterator[FunctionType]:
    """A rule and the private functions of its module that it calls: those that are mathematics, not interface."""
    yield function
    for name in function.__code__.co_names:
        callee = function.__globals__.get(name)
        if isinstance(callee, FunctionType) and name.startswith("_") and callee.__module__ == function.__module__:
            yield from with_callees(callee)


@cache
def functions_under_test() -> dict[FunctionType, set[str]]:
    """Every function that is part of some rule, with the names of the operations that it belongs to."""
    users: dict[FunctionType, set[str]] = {}
    for op in REGISTRY.values():
        for rule in rules_of(op):
            for function in with_callees(rule):
                users.setdefault(function, set()).add(op.name)
    return users


def syntax_tree(function: FunctionType) -> ast.Lambda | ast.FunctionDef:
    """The part of the module's source that the function was compiled from."""
    code = function.__code__
    places = [p for p in code.co_positions() if None not in p and p[2:] != (0, 0) and p[0] > code.co_firstlineno - 1]
    start, end = (
        min((line, column) for line, _, column, _ in places),
        max((line, column) for _, line, _, column in places),
    )
    found = [
        node
        for node in ast.walk(module_tree(inspect.getsourcefile(function)))
        if isinstance(node, ast.Lambda | ast.FunctionDef)
        and (node.lineno, node.col_offset) <= start
        and end <= (node.end_lineno, node.end_col_offset)
        and isinstance(node, ast.Lambda) == (function.__name__ == "<lambda>")
    ]
    return found[-1]  # the innermost


@cache
def module_tree(path: str) -> ast.Module:
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


# Mutants


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Other nodes that could stand in the place of this one."""
    match node:
        case ast.BinOp(left, operator, right):
            for swapped in SWAPS.get(type(operator), []):
                yield ast.BinOp(left, swapped(), right)
            yield left
            yield right
            if not isinstance(operator, ast.Add | ast.Mult):
                yield ast.BinOp(right, operator, left)
        case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.Compare(left, [operator], [right]):
            for swapped in SWAPS.get(type(operator), []):
                yield ast.Compare(left, [swapped()], [right])
        case ast.IfExp(test, body, otherwise):
            yield ast.IfExp(test, otherwise, body)
            yield body
            yield otherwise
        case ast.BoolOp(_, values):
            yield from values
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Attribute(value, name) if name in NAMES:
            for other in NAMES[name]:
                yield ast.Attribute(value, other, ast.Load())
        case ast.Name("g" | "y" | "x" | "a" | "b" as name, ast.Load()):
            for other in {"a": "b", "b": "a", "x": "y", "y": "x"}.get(name, ""):
                yield ast.Name(other, ast.Load())
        case ast.Name(name) if name in NAMES:
            for other in NAMES[name]:
                yield ast.Name(other, ast.Load())
        case ast.Call(function, arguments, keywords):
            yield from call_variants(function, arguments, keywords)


def call_variants(function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Iterator[ast.AST]:
    name = ast.unparse(function)
    if arguments and name != "slice":
        yield arguments[0]  # the call left out
    if isinstance(function, ast.Attribute) and name.split(".")[0] != "np":
        yield function.value  # the method left out
    if len(arguments) == 3:
        yield ast.Call(function, [arguments[0], arguments[2], arguments[1]], keywords)
    for i, keyword in enumerate(keywords):
        if keyword.arg == "axis":
            yield ast.Call(function, arguments, [*keywords[:i], *keywords[i + 1 :]])
            wrong = ast.keyword("axis", ast.Constant(0))
            yield ast.Call(function, arguments, [*keywords[:i], wrong, *keywords[i + 1 :]])


class ReplaceOne(ast.NodeTransformer):
    """Replaces the node with a given number by a given node."""

    def __init__(self, number: int, new: ast.AST) -> None:
        self.countdown, self.new = number, new

    def visit(self, node: ast.AST) -> ast.AST:
        self.countdown -= 1
        if self.countdown == -1:
            return self.new
        return super().visit(node)


def nodes_in_order(tree: ast.AST) -> list[ast.AST]:
    """The nodes in the order in which a transformer visits them."""
    return [tree, *(found for child in ast.iter_child_nodes(tree) for found in nodes_in_order(child))]


@dataclass(frozen=True)
class Mutant:
    function: FunctionType
    report: str
    code: CodeType


def mutants(function: FunctionType) -> Iterator[Mutant]:
    original = body_only(syntax_tree(function))
    seen = {ast.dump(original)}
    for number, node in enumerate(nodes_in_order(original)):
        for new in variants(node):
            changed = ReplaceOne(number, new).visit(copy.deepcopy(original))
            if ast.dump(changed) not in seen:
                seen.add(ast.dump(changed))
                report = f"{name_of(function)}: {changed_line(original, changed)}"
                yield Mutant(function, report, compiled(changed, function))


def changed_line(original: ast.AST, changed: ast.AST) -> str:
    lines = zip(text(original).splitlines(), text(changed).splitlines(), strict=True)
    return next(new.strip() for old, new in lines if new != old)


def body_only(tree: ast.Lambda | ast.FunctionDef) -> ast.Lambda | ast.FunctionDef:
    """The tree without decorators and annotations, which compute nothing."""
    tree = copy.deepcopy(tree)
    if isinstance(tree, ast.FunctionDef):
        tree.decorator_list, tree.returns = [], None
        for argument in ast.walk(tree.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
    return tree


def compiled(tree: ast.Lambda | ast.FunctionDef, function: FunctionType) -> CodeType:
    module = ast.Module([tree if isinstance(tree, ast.FunctionDef) else ast.Expr(tree)], [])
    source = compile(ast.fix_missing_locations(module), function.__code__.co_filename, "exec")
    return next(constant for constant in source.co_consts if isinstance(constant, CodeType))


def name_of(function: FunctionType) -> str:
    if function.__name__ != "<lambda>":
        return function.__name__
    return ", ".join(sorted(functions_under_test()[function]))


def text(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))


# The check


@dataclass(frozen=True)
class Check:
    """A derivative computed by chainrule beside the one it must be."""

    actual: Callable[[], list[np.ndarray]]
    expected: list[np.ndarray]

    def passes(self) -> bool:
        try:
            actual = self.actual()
        except Exception:
            return False
        return all(
            a.shape == e.shape
            and a.dtype == e.dtype
            and np.allclose(a, e, rtol=1e-6, atol=1e-10 * np.max(np.abs(e[np.isfinite(e)]), initial=0), equal_nan=True)
            for a, e in zip(actual, self.expected, strict=True)
        )


def check_of_case(case, dtype) -> Check | None:
    arguments = case.arguments(dtype)
    value = case.numpy(*arguments)
    if value.dtype.kind != "f" or not any(x.dtype.kind == "f" for x in arguments):
        return None
    w = (np.random.default_rng(1).integers(-512, 512, value.shape) / 256).astype(value.dtype)
    positions = tuple(i for i, x in enumerate(arguments) if x.dtype.kind == "f")
    loss = cr.grad(lambda *x: np.sum(w * case.traced(*x)), positions)
    if dtype == np.float32:  # its numbers are the business of other tests; here its type
        return Check(
            lambda: [np.zeros_like(g) for g in loss(*arguments)], [np.zeros_like(arguments[i]) for i in positions]
        )
    numerical = gradient(lambda *x: case.function(SMOOTH, *x), arguments, w, analytic=case.analytic)
    return Check(lambda: list(loss(*arguments)), [g for g in numerical if g is not None])


def check_of_kink(kink) -> Check:
    point = np.array(kink.point, float)
    weights = np.arange(1, point.size + 1.0).reshape(point.shape)
    value = np.asarray(kink.function(point))
    w = weights if value.shape == point.shape else np.float64(1)
    return Check(lambda: [cr.grad(lambda x: np.sum(w * kink.function(x)))(point)], [w * np.array(kink.gradient, float)])


@cache
def checks_of(op: str) -> list[Check]:
    cases = [case for case in CASES if case.op == op]
    checks = [check_of_case(case, dtype) for dtype in (np.float64, np.float32) for case in cases]
    return [check for check in checks if check is not None]


@cache
def checks_of_kinks() -> list[Check]:
    return [check_of_kink(kink) for kink in KINKS]


def is_caught(mutant: Mutant, ops: set[str]) -> bool:
    original = mutant.function.__code__
    checks = [check for op in sorted(ops) for check in checks_of(op)] + checks_of_kinks()
    mutant.function.__code__ = mutant.code
    try:
        return not all(check.passes() for check in checks)
    finally:
        mutant.function.__code__ = original


# The tests


def test_the_unbroken_rules_pass_every_check():
    for op in REGISTRY:
        assert all(check.passes() for check in checks_of(op)), op
    assert all(check.passes() for check in checks_of_kinks())


def test_every_rule_is_found_in_the_source():
    for function in functions_under_test():
        tree = body_only(syntax_tree(function))
        names = [argument.arg for argument in (*tree.args.posonlyargs, *tree.args.args)]
        assert names == list(function.__code__.co_varnames[: function.__code__.co_argcount])
        again = compiled(tree, function)
        assert again.co_names == function.__code__.co_names
        assert numbers_in(again) == numbers_in(function.__code__)


def numbers_in(code: CodeType) -> list[object]:
    return [constant for constant in code.co_consts if not isinstance(constant, CodeType)]


def test_98_of_100_broken_rules_are_caught():
    alive, count = [], 0
    for function, ops in functions_under_test().items():
        for mutant in mutants(function):
            count += 1
            if not is_caught(mutant, ops):
                alive.append(mutant.report)
    unexplained = [report for report in alive if report not in EQUIVALENT]
    assert count > 300
    assert len(unexplained) <= 0.02 * count, f"{len(alive)} of {count} mutants survive:\n" + "\n".join(unexplained)
    assert set(EQUIVALENT) <= set(alive), "a mutant that is called equivalent is caught, or does not exist"
