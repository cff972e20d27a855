"""Names of a package that are imported when they are first used, so that a script pays only for its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_import(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package (PEP 562).

    Args:
        package: its name.
        homes: for each name the module, below the package, in which it lives; a name that is its own home is a module.
    """
    space = vars(sys.modules[package])

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{homes[name]}")
        space[name] = module if homes[name] == name else getattr(module, name)
        return space[name]

    return get, lambda: sorted({*space["__all__"], *(name for name in space if name.startswith("__"))})
