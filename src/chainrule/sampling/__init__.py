"""Sampling of rows: random streams, the order of the examples in an epoch, and splits."""

from chainrule.sampling.order import epoch_order
from chainrule.sampling.split import split_rows

__all__ = ["epoch_order", "split_rows"]
