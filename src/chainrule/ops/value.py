"""A `Value` is a node with manners: it behaves like an array, and records what is done to it.

NumPy's own protocols are the only door. An operator calls a ufunc (`x + y` is `np.add(x, y)`), a method calls a
function (`x.sum()` is `np.sum(x)`), and NumPy hands both to `__array_ufunc__` and `__array_function__`, which look
up how chainrule writes them. So user functions, derivative rules, layers and optimisers are all plain NumPy code.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from chainrule.errors import ArgumentError, ChainruleError, TraceAttributeError, TraceError
from chainrule.graph import CONSTANT, INPUT, Node, Op, current_origin, make_constant, make_node
from chainrule.ops.advice import advice
from chainrule.types import Array, ArrayType, Shape, as_array

ArrayLike: TypeAlias = Any  # a Value, an ndarray, a number, or nested lists of numbers
_Function = TypeVar("_Function", bound=Callable[..., Any])

# NumPy function -> the function that records it
IMPLEMENTATIONS: dict[Callable[..., Any], Callable[..., Any]] = {}


def implements(*numpy_functions: Callable[..., Any]) -> Callable[[_Function], _Function]:
    """Declare that the decorated function is what these NumPy functions mean for traced values."""

    def declare(function: _Function) -> _Function:
        IMPLEMENTATIONS.update(dict.fromkeys(numpy_functions, function))
        return function

    return declare


_BY_NAME: dict[str, Callable[..., Any]] = {}  # ufuncs of other libraries, such as SciPy's erf and expit


def implements_named(*names: str) -> Callable[[_Function], _Function]:
    """Declare that the decorated function is what any ufunc of this name means for traced values."""

    def declare(function: _Function) -> _Function:
        _BY_NAME.update(dict.fromkeys(names, function))
        return function

    return declare


def apply(op: Op, *operands: ArrayLike, **attributes: Any) -> Any:
    """Apply a primitive: record it if any operand is traced, compute it at once otherwise.

    Raises:
        ArgumentError: the types of the operands do not fit the operation.
    """
    if any(isinstance(operand, Value) for operand in operands):
        return Value(make_node(op, tuple(lift(operand).node for operand in operands), **attributes))
    arrays = [as_array(operand) for operand in operands]
    op.infer(*(ArrayType(array.shape, array.dtype) for array in arrays), **attributes)
    with np.errstate(all="ignore"):
        return op.numpy(*arrays, **attributes)


def lift(value: ArrayLike) -> Value:
    """The value itself if it is traced, else a constant."""
    return value if isinstance(value, Value) else Value(make_constant(value))


def known_number(value: Value) -> float | None:
    """The number that every element of `value` is known to be while recording, if there is one."""
    node = value.node
    while node.op.repeats:
        (node,) = node.operands
    return float(node.keywords["value"].array.item()) if node.op is CONSTANT and node.type.size == 1 else None


def refuse(what: str, fix: str, error: type[TraceError] = TraceError) -> NoReturn:
    """Raise a TraceError that names the user's line."""
    origin = current_origin()
    where = f"{origin.file}:{origin.line}, in {origin.function}: " if origin else ""
    raise error(f"{where}{what}; {fix}")


def _name_line(error: ArgumentError) -> ArgumentError:
    """The error with the user's line in front, once."""
    where = f"{current_origin()}: "
    return error if str(error).startswith(where) else ArgumentError(where + str(error))


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Value, *arguments: Any, **keywords: Any) -> Any:
        return function(self, *arguments, **keywords)

    method.__doc__ = f"As np.{function.__name__}."
    return method


class Value(NDArrayOperatorsMixin):
    """A traced array. Its shape and dtype are known, its numbers are not."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __repr__(self) -> str:
        return f"<traced {self.node.type} from {self.node.op.name}>"

    # What is known: the type.

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        return self.node.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self.node.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.node.type.size

    def __len__(self) -> int:
        if not self.shape:
            refuse("a single number has no length and no elements", "use np.atleast_1d, or the number itself")
        return self.shape[0]

    def __iter__(self) -> Iterator[Value]:
        return (self[index] for index in range(len(self)))

    # What is recorded: NumPy's protocols, operators (from the mixin), indexing and methods.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if keywords.get("out") is not None:
            _refuse_to_change()
        name = f"{'np.' if getattr(np, ufunc.__name__, None) is ufunc else ''}{ufunc.__name__}"
        if method != "__call__":
            refuse(f"{name}.{method} cannot be traced", "use np.sum, np.prod, np.max or np.min along an axis")
        return _record(IMPLEMENTATIONS.get(ufunc, _BY_NAME.get(ufunc.__name__)), name, inputs, keywords)

    def __array_function__(self, function: Callable[..., Any], types: Any, arguments: Any, keywords: Any) -> Any:
        module = function.__module__.removeprefix("numpy")
        return _record(IMPLEMENTATIONS.get(function), f"np{module}.{function.__name__}", arguments, keywords)

    def __getitem__(self, index: Any) -> Any:
        return _record(IMPLEMENTATIONS[operator.getitem], "indexing", (self, index), {})

    def __pow__(self, exponent: Any) -> Any:
        """As NumPy's operator, for which a square is np.square: of truths it has another dtype than np.power."""
        return np.square(self) if type(exponent) is int and exponent == 2 else np.power(self, exponent)

    sum = _method(np.sum)
    mean = _method(np.mean)
    prod = _method(np.prod)
    var = _method(np.var)
    std = _method(np.std)
    max = _method(np.max)
    min = _method(np.min)
    argmax = _method(np.argmax)
    argmin = _method(np.argmin)
    dot = _method(np.dot)
    clip = _method(np.clip)
    take = _method(np.take)
    squeeze = _method(np.squeeze)
    swapaxes = _method(np.swapaxes)
    ravel = flatten = _method(np.ravel)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The array with its axes reversed."""
        return np.transpose(self)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """As np.reshape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        """As np.transpose."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def astype(self, dtype: Any, *arguments: Any, **options: Any) -> Any:
        """The array with its elements converted; `copy` changes nothing, as a value never changes."""
        return _record(IMPLEMENTATIONS[np.astype], "x.astype", (self, dtype, *arguments), options)

    def copy(self, order: str = "C") -> Value:
        """The value itself: it never changes."""
        return self

    # What cannot be recorded: anything that needs the numbers, or changes them.

    def __bool__(self) -> bool:
        refuse(
            "a Python condition depends on a traced value, whose numbers are not known while the graph is recorded",
            "choose elementwise with np.where(condition, a, b) instead of if, and, or, not, while",
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        refuse(
            "a traced value cannot be turned into a NumPy array",
            "build arrays of traced values with np.stack or np.concatenate, and keep other code and masked arrays out "
            "of the function",
        )

    def _as_python_number(self) -> NoReturn:
        refuse(
            "a traced value cannot be turned into a Python number",
            "use NumPy's function instead of math's (np.sin, not math.sin), and np.stack instead of filling an array",
        )

    def __float__(self) -> float:
        self._as_python_number()

    def __int__(self) -> int:
        self._as_python_number()

    def __complex__(self) -> complex:
        self._as_python_number()

    def __index__(self) -> int:
        refuse(
            "a traced value cannot be a Python index or length",
            "index with arrays (np.take) or pass it as a Python int",
        )

    def item(self) -> NoReturn:
        """A traced value has no number to give."""
        self._as_python_number()

    def tolist(self) -> NoReturn:
        """A traced value has no numbers to give."""
        self._as_python_number()

    def __round__(self, digits: int = 0) -> NoReturn:
        self._as_python_number()

    def __format__(self, specification: str) -> str:
        if specification:
            self._as_python_number()
        return repr(self)

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            refuse(f"x.{name} cannot be traced", advice(name), TraceAttributeError)
        raise AttributeError(f"a traced value has no attribute {name!r}")

    def __setitem__(self, index: Any, value: Any) -> None:
        refuse(
            "a traced value cannot be changed in place",
            "build a new array: np.where(mask, new, old), np.concatenate, or chainrule.ops.scatter_add",
        )


def _refuse_to_change() -> NoReturn:
    refuse("an array would be changed in place", "write x = x + y instead of x += y, and leave out=… away")


def _augmented(operation: Callable[[Any, Any], Any]) -> Callable[[Value, Any], Any]:
    """What `total += x` does: it gives single numbers that were computed a new name, as in NumPy.

    An argument may be an array even if it holds a single number, and NumPy would change it for all of its names.
    """

    def operate(self: Value, other: Any) -> Any:
        if self.ndim or self.node.op is INPUT:
            _refuse_to_change()
        return operation(self, other)

    return operate


_AUGMENTED = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift", "and", "or", "xor",
)  # fmt: skip
for _name in _AUGMENTED:
    setattr(Value, f"__i{_name}__", _augmented(getattr(operator, f"__{_name}__")))


def _record(function: Callable[..., Any] | None, name: str, arguments: Any, keywords: dict[str, Any]) -> Any:
    said = {key: value for key, value in keywords.items() if not _says_nothing(key, value)}
    if function is None:
        refuse(f"{name} cannot be traced", advice(name.removeprefix("np."), arguments, said))
    try:
        return function(*arguments, **said)
    except ArgumentError as error:
        raise _name_line(error) from error.__cause__
    except ChainruleError:
        raise
    except (TypeError, ValueError) as error:
        _require_options(function, name, arguments, keywords)
        raise _name_line(ArgumentError(f"{name} got an argument that it cannot use: {error}")) from error


_NOTHING = {
    "out": None, "where": True, "dtype": None, "device": None, "order": "K", "subok": True, "casting": "same_kind",
    "mode": "raise",
}  # fmt: skip


def _says_nothing(option: str, value: Any) -> bool:
    """Whether an option of NumPy's functions asks for what is done anyway."""
    return option in _NOTHING and value is _NOTHING[option]


def _require_options(
    function: Callable[..., Any], name: str, arguments: Sequence[Any], keywords: dict[str, Any]
) -> None:
    """Raise TraceError if the function that records does not take so many arguments, or some by these names."""
    taken = signature(function)
    try:
        taken.bind(*arguments, **keywords)
    except TypeError:
        unknown = ", ".join(f"{option}=" for option in keywords if option not in taken.parameters)
        refuse(
            f"{name} with {unknown or 'so many arguments'} cannot be traced", f"it takes {', '.join(taken.parameters)}"
        )
