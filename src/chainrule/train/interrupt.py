"""Ctrl-C during training is a wish, not an accident: finish the step, keep the model, return."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether someone asked to stop; it is itself the handler of the signal."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Remember the request."""
        if self.requested:  # the second time it is meant at once
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def catching_interrupts() -> Iterator[Interrupt]:
    """Turn the first SIGINT inside the block into a request; a second one raises KeyboardInterrupt as always.

    A block inside another one shares its request, whenever that came. Only Python's main thread receives signals; in
    any other thread nothing changes.
    """
    present = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if isinstance(present, Interrupt) and in_main_thread:
        yield present
        return
    interrupt = Interrupt()
    if in_main_thread:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, present)
