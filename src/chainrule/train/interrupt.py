"""Ctrl-C during training is a wish, not an accident: finish the step, keep the model, return."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether someone asked to stop."""

    def __init__(self) -> None:
        self.requested = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:  # the second time it is meant at once
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def catching_interrupts() -> Iterator[Interrupt]:
    """Turn the first SIGINT inside the block into a request; a second one raises KeyboardInterrupt as always.

    Only Python's main thread receives signals; in any other thread nothing changes.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    previous = signal.signal(signal.SIGINT, interrupt._handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
