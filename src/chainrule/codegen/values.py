"""Typed values of LLVM IR, and literals; a type is its text, such as "<8 x float>"."""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple


class Val(NamedTuple):
    """An SSA value or a literal, and its LLVM type."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


def vector(element: str, lanes: int) -> str:
    """The type of `lanes` elements; one lane is a scalar."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


@cache
def lanes(type_: str) -> int:
    """How many elements a type holds."""
    return int(type_[1 : type_.index(" ")]) if type_[0] == "<" else 1


def element(type_: str) -> str:
    """The type of one element."""
    return type_[type_.index("x") + 2 : -1] if type_[0] == "<" else type_


def like(type_: str, element_: str) -> str:
    """A type with as many lanes and another element."""
    return vector(element_, lanes(type_))


def constant(type_: str, number: float | int | bool) -> Val:
    """A literal, the same in every lane."""
    scalar = element(type_)
    if scalar in ("float", "double"):
        value = struct.unpack("f", struct.pack("f", number))[0] if scalar == "float" else float(number)
        text = "0x" + struct.pack(">d", value).hex().upper()
    elif scalar == "i1":
        text = "true" if number else "false"
    else:
        text = str(int(number))
    return Val(text if lanes(type_) == 1 else f"splat ({scalar} {text})", type_)


def i64(number: int) -> Val:
    """A literal i64."""
    return Val(str(number), "i64")
