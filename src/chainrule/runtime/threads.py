"""Native functions run in several threads at once."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import TYPE_CHECKING

from chainrule.errors import ArgumentError
from chainrule.runtime.cores import available

if TYPE_CHECKING:
    from chainrule.runtime.workers import Pool

__all__ = ["available", "run", "yield_address"]

_Slice = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_pool: Pool | None = None
_making = threading.Lock()


def run(address: int, context: int, threads: int) -> None:
    """Call the native function `void f(ptr context, i64 thread, i64 threads)` once in each of so many threads.

    Thread 0 is the caller. All calls run at the same time, so they may wait at barriers, and all have returned when
    this returns, whatever happens: Ctrl-C takes effect afterwards. The interpreter's lock is released meanwhile. Calls
    from several Python threads have workers of their own. What the addresses point to must live during the call.

    Raises:
        ArgumentError: `threads` is not a number from 1 on.
        ChainruleError: the system gives no more threads.
    """
    if not isinstance(threads, int) or threads < 1:
        raise ArgumentError(f"threads must be a whole number from 1 on, not {threads!r}")
    if threads == 1:
        _Slice(address)(context, 0, 1)
    else:
        (_pool or _make_pool()).run(address, context, threads)


def yield_address() -> int:
    """The address of a native function without arguments that lets another thread run; for barriers that spin."""
    from chainrule.runtime.workers import yield_address

    return yield_address()


def _make_pool() -> Pool:
    global _pool
    from chainrule.runtime.workers import Pool

    with _making:
        _pool = _pool or Pool()
        return _pool


def _forget_workers() -> None:
    """A child of a fork has only the thread that forked."""
    global _pool, _making
    _pool, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
