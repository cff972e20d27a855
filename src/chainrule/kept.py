"""Results that are kept for the next time, the least recently used ones making room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Kept(Generic[Result]):
    """What was made for the keys that were used last. Several threads may ask at once."""

    def __init__(self, most: int) -> None:
        """Keep so many results."""
        self.most = most
        self._results: OrderedDict[Hashable, Result] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result for a key, made now if it is not kept."""
        with self._one_at_a_time:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = make()
        with self._one_at_a_time:
            self._results[key] = result
            while len(self._results) > self.most:
                self._results.popitem(last=False)
        return result

    def __len__(self) -> int:
        return len(self._results)

    def clear(self) -> None:
        """Forget all."""
        with self._one_at_a_time:
            self._results.clear()
