"""Ctrl-C and SIGTERM: raised at once where nothing is lost by it, and a wish where something is worth finishing."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_NOT_CUT_SHORT = ("importlib._bootstrap.", "llvmlite.")
"""Modules inside of which nothing is raised: half a module stays broken, what is half released is released again."""
_ASKING = (signal.SIGINT, signal.SIGTERM)
_SECONDS = 0.02  # until a signal that waits is looked at again


class Interrupt:
    """Whether someone asked to stop; it is itself the handler of the signals.

    A first signal inside of `patiently` is remembered, all others raise KeyboardInterrupt. One that comes during an
    import, or inside of llvmlite, waits for its end; a second one does not wait.

    Attributes:
        requested: the first signal that came, 0 if none did.
        raised: the signal that KeyboardInterrupt was raised for, 0 if there was none.
    """

    def __init__(self) -> None:
        self.requested = self.raised = 0
        self._patient = self._again = False
        self._waiting = 0  # a signal that came inside of what is not cut short

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Remember the request, or raise KeyboardInterrupt."""
        is_second = self._waiting and not self._again
        self._again = False
        if _is_not_cut_short(frame) and not is_second:
            self._waiting = number
            self._look_again()
        elif self._patient and not self.requested:
            self.requested, self._waiting = number, 0
        else:
            self._raise(number)

    @property
    def status(self) -> int:
        """What a program exits with that a signal has ended, as shells count: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + (self.requested or signal.SIGINT)

    @contextmanager
    def patiently(self) -> Iterator[Interrupt]:
        """Finish what is done inside the block after a first signal."""
        if self._waiting and not self._patient:
            self._raise(self._waiting)  # it came before there was anything to finish
        before, self._patient = self._patient, True
        try:
            yield self
        finally:
            self._patient = before

    def _raise(self, number: int) -> NoReturn:
        self.requested = self.requested or number
        self.raised, self._waiting = number, 0
        raise KeyboardInterrupt

    def _look_again(self) -> None:
        main = threading.get_ident()  # handlers run in no other thread

        def repeat() -> None:
            if self._waiting:
                self._again = True
                if hasattr(signal, "pthread_kill"):  # a signal that wakes whoever waits for input
                    signal.pthread_kill(main, self._waiting)
                else:
                    _thread.interrupt_main(signal.Signals(self._waiting))

        timer = threading.Timer(_SECONDS, repeat)
        timer.daemon = True
        timer.start()


def handle_signals() -> Interrupt:
    """Let an `Interrupt` handle SIGINT and SIGTERM from now on, unless they are ignored."""
    interrupt = Interrupt()
    for number in _ASKING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    return interrupt


def ignore_signals() -> None:
    """Let SIGINT and SIGTERM do nothing from now on: there is nothing left to be stopped."""
    for number in _ASKING:
        signal.signal(number, signal.SIG_IGN)


def _is_not_cut_short(frame: FrameType | None) -> bool:
    while frame is not None:
        if f"{frame.f_globals.get('__name__')}.".startswith(_NOT_CUT_SHORT):
            return True
        frame = frame.f_back
    return False


@contextmanager
def catching_interrupts() -> Iterator[Interrupt]:
    """Turn the first SIGINT inside the block into a request; a second one raises KeyboardInterrupt as always.

    Where an `Interrupt` handles signals already, as in a block inside another one and on the command line, the block
    shares its request, whenever that came. Nothing changes where SIGINT is ignored, as in the background of a script,
    or handled by another language, and outside of Python's main thread, which alone receives signals.
    """
    present = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or present in (signal.SIG_IGN, None):
        yield Interrupt()
        return
    interrupt = present if isinstance(present, Interrupt) else Interrupt()
    signal.signal(signal.SIGINT, interrupt)
    try:
        with interrupt.patiently():
            yield interrupt
    finally:
        signal.signal(signal.SIGINT, present)
