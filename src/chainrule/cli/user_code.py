"""A function from a file of the user's, and example arguments for it."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ChainruleError
from chainrule.readable import require_readable
from chainrule.tree import Tree
from chainrule.types import DTYPES, ArrayType

_DTYPES = {str(ArrayType((), dtype)).removesuffix("[]"): dtype for dtype in DTYPES}
_MODULE = "chainrule_compiled_file"  # its name is not __main__: what a script does when it is run is not wanted


def find_function(file: Path, name: str) -> Callable[..., Any]:
    """Run a Python file, and return what it calls `name`.

    Raises:
        ChainruleError: there is no such file or function, or running the file failed.
    """
    require_readable(file, "Python file", ArgumentError)
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    sys.path.insert(0, str(file.parent.absolute()))  # for what the file imports from beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ChainruleError(f"{file}: running it failed with {type(error).__name__}: {error}") from error
    function: Callable[..., Any] | None = getattr(module, name, None)
    if function is None or not callable(function):
        own = [n for n, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == _MODULE]
        known = f"it has {', '.join(own)}" if own else "it has none"
        raise ArgumentError(f"{file} has no function {name!r}; {known}")
    return function


def require_fitting(function: Callable[..., Any], name: str, examples: tuple[Tree, ...]) -> None:
    """Raise ArgumentError unless a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*examples)
    except TypeError as error:
        expected = f"{name}{inspect.signature(function)}"
        raise ArgumentError(
            f"{error}; {expected} needs --arg TYPE for each of its arguments, as in --arg f32[64,784]; "
            f"got {len(examples)}"
        ) from error


def example(text: str) -> Tree:
    """Arrays of the types that a text such as ``{'W': f32[10,784], 'b': f32[10]}`` names.

    Floats are standard normal, integers 0 and booleans false, so that every index is valid.

    Raises:
        ArgumentError: the text names no types.
    """
    try:
        tree = ast.parse(re.sub(r"\b(\w+)\[\s*\]", r"\1[()]", text).strip(), mode="eval")
        return _tree(tree.body, np.random.default_rng(0))
    except (SyntaxError, ValueError) as error:
        raise ArgumentError(
            f"--arg {text!r} names no type; write one of {', '.join(_DTYPES)} with lengths, as in f32[64,784], or a "
            "dict, list or tuple of such"
        ) from error


def _tree(part: ast.expr, random: np.random.Generator) -> Tree:
    match part:
        case ast.Dict(keys=keys, values=values):
            named = [ast.literal_eval(key) for key in keys if key is not None]
            return dict(zip(named, [_tree(value, random) for value in values], strict=True))
        case ast.List(elts=parts):
            return [_tree(inner, random) for inner in parts]
        case ast.Tuple(elts=parts):
            return tuple(_tree(inner, random) for inner in parts)
        case ast.Constant(value=None):
            return None
        case ast.Subscript(value=ast.Name(id=name), slice=lengths) if name in _DTYPES:
            shape = ast.literal_eval(lengths)
            return _array(shape if isinstance(shape, tuple) else (shape,), _DTYPES[name], random)
    raise ValueError("no type")


def _array(shape: tuple[Any, ...], dtype: np.dtype[Any], random: np.random.Generator) -> Any:
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError("no lengths")
    return random.normal(size=shape).astype(dtype) if dtype.kind == "f" else np.zeros(shape, dtype)
