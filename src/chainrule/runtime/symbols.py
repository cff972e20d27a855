"""The undefined symbols of an object file.

The JIT would look them up in the whole process and take whatever has the name. Formats, 64-bit little-endian:
ELF (System V ABI, chapter 4), Mach-O (Apple's <mach-o/loader.h> and <mach-o/nlist.h>), COFF (Microsoft's PE format).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chainrule.errors import ChainruleError

_ELF, _MACH_O = b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe"
_COFF_MACHINES = (b"\x64\x86", b"\x64\xaa")
_ELF_SYMBOL_TABLE, _MACH_SYMBOL_TABLE, _COFF_EXTERNAL = 2, 2, 2


def undefined(code: bytes) -> set[str]:
    """The names that an object file refers to and does not define, without the underscore that Mach-O puts before.

    Raises:
        ChainruleError: this is no object file of a kind that is known here.
    """
    try:
        if code.startswith(_ELF):
            return set(_elf(code))
        if code.startswith(_MACH_O):
            return {name.removeprefix("_") for name in _mach_o(code)}
        if code.startswith(_COFF_MACHINES):
            return set(_coff(code))
    except (struct.error, ValueError, ZeroDivisionError) as error:
        raise ChainruleError(f"the object file is damaged: {error}") from error
    raise ChainruleError(f"this is neither an ELF, a Mach-O nor a COFF object file: it begins with {code[:6]!r}")


def _elf(code: bytes) -> Iterator[str]:
    (sections,) = struct.unpack_from("<Q", code, 0x28)
    size, count = struct.unpack_from("<HH", code, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", code, sections + i * size) for i in range(count)]
    for _, kind, _, _, offset, length, link, _, _, entry in headers:
        if kind == _ELF_SYMBOL_TABLE:
            strings = headers[link][4]
            for place in range(offset + entry, offset + length, entry):  # the first symbol is a null one
                name, _, _, section = struct.unpack_from("<IBBH", code, place)
                if section == 0:
                    yield _text(code, strings + name)


def _mach_o(code: bytes) -> Iterator[str]:
    (commands,) = struct.unpack_from("<I", code, 16)
    place = 32
    for _ in range(commands):
        kind, size = struct.unpack_from("<II", code, place)
        if kind == _MACH_SYMBOL_TABLE:
            symbols, count, strings = struct.unpack_from("<III", code, place + 8)
            for i in range(count):
                name, type_ = struct.unpack_from("<IB", code, symbols + 16 * i)
                if type_ & 0x0E == 0:  # N_TYPE is N_UNDF
                    yield _text(code, strings + name)
        place += size


def _coff(code: bytes) -> Iterator[str]:
    symbols, count = struct.unpack_from("<II", code, 8)
    strings, i = symbols + 18 * count, 0
    while i < count:
        name, value, section, _, class_, more = struct.unpack_from("<8sIhHBB", code, symbols + 18 * i)
        if section == 0 and value == 0 and class_ == _COFF_EXTERNAL:
            long = struct.unpack("<II", name)
            yield name.rstrip(b"\0").decode("ascii") if long[0] else _text(code, strings + long[1])
        i += 1 + more


def _text(code: bytes, start: int) -> str:
    return code[start : code.index(b"\0", start)].decode("ascii")
