"""Which rows are taken, and in what order: random numbers with a purpose, the order of an epoch, and splits."""

from chainrule.sampling.order import epoch_order
from chainrule.sampling.split import split_rows

__all__ = ["epoch_order", "split_rows"]
