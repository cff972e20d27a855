"""Host callbacks as compiled code calls them: by address, with a pointer and a count."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.graph import Node
from chainrule.ops.host_callback import SIGNATURE

_ELEMENTS: dict[Any, Any] = {
    np.dtype(np.float32): ctypes.c_float,
    np.dtype(np.float64): ctypes.c_double,
    np.dtype(np.int64): ctypes.c_int64,
}


class HostCallbacks:
    """The functions that a program calls, and the error of one that failed.

    Attributes:
        addresses: what the program calls, for each node.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._error: BaseException | None = None
        self._kept = [self._entry(node) for node in nodes]  # the program calls them by address: they must not go
        self.addresses = [
            entry if isinstance(entry, int) else int(ctypes.cast(entry, ctypes.c_void_p).value or 0)
            for entry in self._kept
        ]

    def _entry(self, node: Node) -> Any:
        function, element = node.keywords["function"], _ELEMENTS[node.type.dtype]
        if isinstance(function.function, int):
            return function.function

        def entry(pointer: int, count: int) -> int:
            try:
                function(np.frombuffer((element * count).from_address(pointer), node.type.dtype))
            except BaseException as error:  # it must not pass through machine code; see `check`
                self._error = error
                return 1
            return 0

        return SIGNATURE(entry)

    def check(self, failed: int) -> None:
        """Raise what a function raised, or that one failed; `failed` is what it returned, 0 if all is well."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        if failed:
            raise ChainruleError(f"host_callback: a C function failed: it returned {failed} instead of 0")
