"""Version 1 of the JSON form, in which the rule of a line was a text that bore its names or its left side."""

from __future__ import annotations

import re
from typing import Any

from chainrule.explain.record import Rule

_APPLIED = {
    Rule.ELIMINATE: re.compile(r"eliminate (.+)", re.DOTALL),
    Rule.ROWS_ADD_UP: re.compile(r"rows of (.+) add up to 1", re.DOTALL),
}


def upgraded(derivation: dict[str, Any]) -> dict[str, Any]:
    """A derivation of version 1 as one of version 2; what does not fit version 1 stays, for the reader to refuse."""
    return derivation | {"lines": _lines(derivation["lines"])} if "lines" in derivation else derivation


def _lines(lines: Any) -> Any:
    return [_line(line) if isinstance(line, dict) else line for line in lines] if isinstance(lines, list) else lines


def _line(line: dict[str, Any]) -> dict[str, Any]:
    rule = line.get("rule")
    names: list[str] = []
    if line.get("left") is not None:
        rule = Rule.INTERMEDIATE.value
    elif isinstance(rule, str):
        for applied, pattern in _APPLIED.items():
            if found := pattern.fullmatch(rule):
                rule, names = applied.value, found[1].split(", ")
    known = {key: value for key, value in (("rule", rule), ("reason", _lines(line.get("reason")))) if key in line}
    return line | known | {"names": names}
