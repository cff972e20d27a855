"""How many steps run without Python between them."""

from __future__ import annotations

_SLICE_SECONDS = 0.05


class Pace:
    """How many steps make a slice of about 50 ms: short enough for Ctrl-C and a progress bar, long enough for speed."""

    def __init__(self) -> None:
        self.steps = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a slice; the next one is at most eight times as long."""
        wanted = _SLICE_SECONDS / max(seconds / max(steps, 1), 1e-7)
        self.steps = int(min(max(wanted, 1), 8 * self.steps))
