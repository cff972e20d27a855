"""Results that are kept for the next time, the least recently used ones making room."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Result = TypeVar("Result")

_lock = threading.RLock()  # a finaliser or a signal handler may ask too
if hasattr(os, "register_at_fork"):  # a child forked while another thread holds it would wait for ever
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class LruCache(Generic[Result]):
    """What was made for the keys that were used last. Several threads may ask at once."""

    def __init__(self, most: int) -> None:
        """Keep so many results."""
        self.most = most
        self._results: OrderedDict[Hashable, Result] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result for a key, made now if it is not kept."""
        with _lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = make()
        with _lock:
            self._results[key] = result
            while len(self._results) > self.most:
                self._results.popitem(last=False)
        return result

    def __len__(self) -> int:
        return len(self._results)

    def clear(self) -> None:
        """Forget all."""
        with _lock:
            self._results.clear()
