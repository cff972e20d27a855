"""A module of LLVM IR, as text: functions, constants, and the declarations of what they call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.codegen.values import Val, constant


@dataclass
class Module:
    """A translation unit: functions, constants, and the intrinsics that they call.

    `fma` says whether the target has a·b + c as one instruction; without it `llvm.fma` would call the C library.
    """

    functions: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    declarations: dict[str, str] = field(default_factory=dict)
    fma: bool = True
    _bodies: dict[str, str] = field(default_factory=dict)

    def declare(self, name: str, result: str, parameters: Sequence[str]) -> None:
        """Declare an intrinsic, once."""
        self.declarations[name] = f"declare {result} @{name}({', '.join(parameters)})"

    def data(self, element_: str, numbers: Sequence[Any]) -> Val:
        """A private, 64-byte aligned constant array; equal ones exist once."""
        return self._constant(element_, [str(constant(element_, number)) for number in numbers])

    def _constant(self, element_: str, items: Sequence[str]) -> Val:
        definition = f"private unnamed_addr constant [{len(items)} x {element_}] [{', '.join(items)}], align 64"
        return Val(self.constants.setdefault(definition, f"@data{len(self.constants)}"), "ptr")

    def share(self, name: str) -> str:
        """The name of an earlier function with the same text as this one, which is forgotten; else its own name."""
        _, body = self.functions[name].split("{", 1)
        first = self._bodies.setdefault(body, name)
        if first != name:
            del self.functions[name]
        return first

    def table(self, tables: Sequence[Val]) -> Val:
        """A private constant array of addresses of data."""
        return self._constant("ptr", [str(table) for table in tables] or ["ptr null"])

    def variable(self, name: str, type_: str, start: str) -> Val:
        """A private variable that lives as long as the code; where it is."""
        return Val(self.constants.setdefault(f"internal global {type_} {start}, align 64", f"@{name}"), "ptr")

    def addresses(self, names: Sequence[str | None]) -> Val:
        """A private constant array of the addresses of functions of this module."""
        return self._constant("ptr", ["ptr null" if name is None else f"ptr @{name}" for name in names])

    def __str__(self) -> str:
        constants = (f"{name} = {definition}" for definition, name in self.constants.items())
        return "\n".join((*constants, *self.declarations.values(), *self.functions.values(), ""))
