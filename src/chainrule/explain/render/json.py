"""A derivation as JSON, for programs: the data model field by field, numbers exactly.

`derivation.schema.json`, beside this file, describes the form. An expression names its class as its "kind". Whole
numbers and floats are JSON numbers, told apart by their point; a fraction is a text such as "1/2"; the numbers that
JSON lacks are "inf", "-inf" and "nan".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.explain import expression as forms
from chainrule.explain.expression import Expression
from chainrule.explain.record import SCHEMA, Check, DerivationRecord, Edge, Line, Path, Rule
from chainrule.explain.render.schema_1 import upgraded
from chainrule.types import Array

SCHEMA_FILE = FilePath(__file__).with_name("derivation.schema.json")
"""The JSON schema of the form."""

DTYPES = ("float32", "float64")
"""Those of the arrays."""

Reader: TypeAlias = Callable[[Any, str], Any]
"""Makes a value of what was read; the text says where it stands, for errors."""


def to_json(derivation: DerivationRecord) -> str:
    """The whole derivation, indented; names keep their letters, so write it as UTF-8."""
    return json.dumps({"schema": SCHEMA, **_plain(derivation)}, ensure_ascii=False, indent=2, allow_nan=False)


def from_json(text: str) -> DerivationRecord:
    """The derivation that `to_json` wrote; equal to the one it was given.

    Raises:
        ArgumentError: The text is no JSON, is of another version, or lacks or adds something; names the place.
    """
    try:
        read = json.loads(text)
        if not isinstance(read, dict) or "schema" not in read:
            raise ArgumentError('text: expected a JSON object with "schema", as Derivation.json() writes it')
        version = read.pop("schema")
        if version not in (1, SCHEMA):
            raise ArgumentError(
                f"text: has version {version!r} of the form, and this chainrule reads versions 1 and {SCHEMA}; "
                "write it anew with Derivation.json(), or read it with the chainrule that wrote it"
            )
        derivation: DerivationRecord = _record(DerivationRecord)(upgraded(read) if version == 1 else read, "derivation")
    except ArgumentError:
        raise
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"text: not JSON ({error}); expected what Derivation.json() writes") from None
    return derivation


def _plain(value: Any) -> Any:
    """What the JSON writer knows, for any part of the data model."""
    match value:
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case float() if not math.isfinite(value):
            return str(float(value))
        case np.ndarray():
            return {
                "dtype": value.dtype.name,
                "shape": list(value.shape),
                "numbers": _plain(tuple(value.ravel().tolist())),
            }
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
    if not is_dataclass(value):
        return value
    kind = type(value).__name__
    return ({"kind": kind} if kind in FORMS else {}) | {
        field.name: _plain(getattr(value, field.name)) for field in fields(value)
    }


def _refused(where: str, expected: str, value: Any) -> ArgumentError:
    return ArgumentError(f"text: {where}: expected {expected}, not {str(value)[:60]!r}")


def _a(kind: type, expected: str) -> Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise _refused(where, expected, value)
        return value

    return read


def _exact(value: Any, where: str) -> int | float | Fraction:
    if type(value) is int:
        return value
    try:
        return Fraction(value) if isinstance(value, str) and "/" in value else _float(value, where)
    except (ValueError, ZeroDivisionError):
        raise _refused(where, "a number", value) from None


def _float(value: Any, where: str) -> float:
    if type(value) in (int, float) or value in ("inf", "-inf", "nan"):
        return float(value)
    raise _refused(where, 'a number, "inf", "-inf" or "nan"', value)


def _index(value: Any, where: str) -> int | str:
    if type(value) not in (int, str):
        raise _refused(where, "a number or a letter", value)
    return value  # type: ignore[no-any-return]


def _style(value: Any, where: str) -> str:
    if value not in ("paths", "reverse", "forward"):
        raise _refused(where, '"paths", "reverse" or "forward"', value)
    return str(value)


def _rule(value: Any, where: str) -> Rule:
    if value not in list(Rule):
        raise _refused(where, f"one of {', '.join(Rule)}", value)
    return Rule(value)


def _or_none(reader: Reader) -> Reader:
    return lambda value, where: None if value is None else reader(value, where)


def _all(reader: Reader) -> Reader:
    listed = _a(list, "a list")
    return lambda value, where: tuple(reader(item, f"{where}[{n}]") for n, item in enumerate(listed(value, where)))


def _named(reader: Reader) -> Reader:
    entries = _a(dict, "an object")
    return lambda value, where: {
        name: reader(item, f"{where}[{name!r}]") for name, item in entries(value, where).items()
    }


def _fields(value: Any, where: str, wanted: Mapping[str, Reader]) -> dict[str, Any]:
    if _a(dict, "an object")(value, where).keys() != wanted.keys():
        raise _refused(where, f"an object with {', '.join(wanted)}", ", ".join(value))
    return {name: reader(value[name], f"{where}.{name}") for name, reader in wanted.items()}


def _record(kind: type) -> Reader:
    return lambda value, where: kind(**_fields(value, where, READERS[kind]))


def _expression(value: Any, where: str) -> Expression:
    kind = FORMS.get(str(value.get("kind"))) if isinstance(value, dict) else None
    if kind is None:
        raise _refused(where, f"an object with a kind out of {', '.join(FORMS)}", value)
    form: Expression = _record(kind)({name: field for name, field in value.items() if name != "kind"}, where)
    return form


def _array(value: Any, where: str) -> Array:
    read = _fields(value, where, {"dtype": _text, "shape": _all(_count), "numbers": _all(_float)})
    if read["dtype"] not in DTYPES or len(read["numbers"]) != math.prod(read["shape"]):
        raise _refused(where, f"a dtype out of {', '.join(DTYPES)}, and as many numbers as the shape has", value)
    return np.array(read["numbers"], read["dtype"]).reshape(read["shape"])


def _lines(value: Any, where: str) -> tuple[Line, ...]:
    read: tuple[Line, ...] = _all(_record(Line))(value, where)
    return read


_text, _flag, _count = _a(str, "a text"), _a(bool, "true or false"), _a(int, "a whole number")
_expressions = _all(_expression)

READERS: dict[type, dict[str, Reader]] = {
    forms.Number: {"value": _exact},
    forms.Symbol: {"name": _text},
    forms.Sum: {"terms": _expressions},
    forms.Product: {"factors": _expressions, "apart": _flag},
    forms.Quotient: {"over": _expression, "under": _expression},
    forms.Power: {"base": _expression, "exponent": _expression},
    forms.Negative: {"operand": _expression},
    forms.Call: {"function": _text, "arguments": _expressions},
    forms.Derivative: {"of": _text, "by": _text, "total": _flag},
    forms.MatrixProduct: {"factors": _expressions},
    forms.ElementwiseProduct: {"factors": _expressions},
    forms.Transpose: {"operand": _expression},
    forms.Indexed: {"base": _expression, "indices": _all(_index)},
    forms.Summation: {"index": _text, "body": _expression},
    forms.Choice: {"condition": _expression, "yes": _expression, "no": _expression},
    forms.Relation: {"symbol": _text, "left": _expression, "right": _expression},
    Edge: {"source": _text, "target": _text, "local": _expression, "value": _or_none(_float), "alone": _flag},
    Path: {"edges": _all(_record(Edge))},
    Check: {"points": _count, "worst": _float},
    Line: {
        "rule": _rule,
        "expression": _expression,
        "note": _text,
        "check": _or_none(_record(Check)),
        "value": _or_none(_array),
        "reason": _lines,
        "left": _or_none(_expression),
        "names": _all(_text),
    },
    DerivationRecord: {
        "function": _text,
        "definitions": _named(_expression),
        "wrt": _text,
        "style": _style,
        "paths": _all(_record(Path)),
        "path_count": _count,
        "notes": _all(_text),
        "lines": _lines,
        "point": _named(_float),
        "value": _or_none(_float),
        "difference": _or_none(_float),
    },
}
"""How the fields of every class of the data model are read."""

FORMS: dict[str, type] = {kind.__name__: kind for kind in READERS if kind.__module__ == forms.__name__}
"""The kinds of expression by name."""
