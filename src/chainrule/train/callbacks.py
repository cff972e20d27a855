"""Looking on while a network trains.

A callback is a function, called with the training after every epoch, or an object that overrides methods of
`Callback`. It may look at everything and may call `training.stop()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.train.loop import Training


class Callback:
    """The moments at which a callback is told; override those that matter.

    Attributes:
        step_interval: `on_step` is called after every so many steps; None: from time to time, about ten times a second.
            Steps between two calls run without Python, so 1 makes small networks train slower.
    """

    step_interval: int | None = 1

    def on_start(self, training: Training) -> None:
        """Before the first step."""

    def on_step(self, training: Training) -> None:
        """After a step, or after several: see `step_interval`."""

    def on_epoch(self, training: Training) -> None:
        """After every epoch, its record being the last of `training.history`."""

    def on_end(self, training: Training) -> None:
        """After the last step, also when training failed or was interrupted."""


def hears_steps(callback: Callback) -> bool:
    """Whether a callback overrides `on_step`."""
    return type(callback).on_step is not Callback.on_step


class _AfterEpoch(Callback):
    def __init__(self, function: Callable[[Training], object]) -> None:
        self.function = function

    def on_epoch(self, training: Training) -> None:
        self.function(training)


def as_callbacks(callbacks: Any) -> list[Callback]:
    """Callback objects from a list of them and of functions, which are called after every epoch, or from a single one.

    Raises:
        ArgumentError: one of them is neither.
    """
    single = callable(callbacks) or not isinstance(callbacks, Iterable)
    listed: list[Any] = [callbacks] if single else list(callbacks)
    for callback in listed:
        if isinstance(callback, type) or not (isinstance(callback, Callback) or callable(callback)):
            raise ArgumentError(
                f"callbacks must be functions of the training or Callback objects, got {callback!r}; "
                "subclass chainrule.train.Callback"
            )
    return [callback if isinstance(callback, Callback) else _AfterEpoch(callback) for callback in listed]
