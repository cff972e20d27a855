"""How a table is trained: the choices that measurement made, and those that the caller makes.

Embeddings start small and decay: a level that occurs in a handful of rows then hardly differs from an unknown one
until the rows speak for it. β₂ = 0.95 has the same reason, since Adam's usual 0.999 turns the rare gradients of such
a level into steps an order of magnitude too long. β₂ and decoupled decay follow RealMLP (Holzmüller, Grinsztajn,
Steinwart 2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Integral

from chainrule.constraints import COUNT, Constraint
from chainrule.data.record import Record
from chainrule.errors import ArgumentError
from chainrule.optim import AdamW
from chainrule.optim.schedules import Cosine

HIDDEN = (256, 256)
ENOUGH_STEPS = 1000
"""Tables are gone through until there were so many steps, within the limits of `EPOCHS`."""
EPOCHS = (16, 100)
PATIENCE = (3, 50)
"""Epochs without a better validation loss that are waited for: half of all epochs, within these limits."""
BATCH_SIZES = (32, 256)
LARGEST_LAYER = 2**16
_UNITS = Constraint(Integral, lambda x: 0 < x <= LARGEST_LAYER, f"be made of whole numbers from 1 to {LARGEST_LAYER}")


@dataclass(frozen=True)
class Recipe:
    """The choices of a training.

    Attributes:
        hidden: units of each hidden layer; none for a linear model.
        epochs: how many times the training part is gone through.
        batch_size: rows in a step.
        learning_rate: the first one, from which half a cosine wave leads to 0.
        dropout: the share of hidden units that is switched off in a step.
        weight_decay: of weights and embeddings; multiplied by the learning rate.
        seed: of the division of the rows, the initial weights, the order of the rows, and dropout.
    """

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float = 3e-3
    dropout: float = 0.1
    weight_decay: float = 2.0
    seed: int = 0

    @classmethod
    def choose(
        cls,
        rows: int,
        hidden: tuple[int, ...] = HIDDEN,
        epochs: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> Recipe:
        """The recipe for so many training rows; what is not given follows from their number.

        Raises:
            ArgumentError: a number is out of range; names it.
        """
        if not isinstance(hidden, tuple | list):
            raise ArgumentError(f"hidden must be a tuple with the units of each layer, as (64, 64), got {hidden!r}")
        for units in hidden:
            _UNITS.require(units, "hidden")
        if batch_size is None:
            batch_size = min(max(2 ** round(math.log2(max(rows, 1) / 16)), BATCH_SIZES[0]), BATCH_SIZES[1])
        COUNT.require(batch_size, "batch_size")
        if epochs is None:
            steps = math.ceil(rows / batch_size)
            epochs = min(max(math.ceil(ENOUGH_STEPS / steps), EPOCHS[0]), EPOCHS[1])
        COUNT.require(epochs, "epochs")
        return cls(tuple(map(int, hidden)), int(epochs), int(batch_size), seed=seed)

    def linear(self) -> Recipe:
        """The recipe of the linear model beside it: no hidden layer, and the longer steps that such a model bears."""
        return replace(self, hidden=(), dropout=0.0, learning_rate=3e-2, weight_decay=0.02)

    @property
    def patience(self) -> int:
        """After how many epochs without a better score on the validation part training ends."""
        return min(max(self.epochs // 2, PATIENCE[0]), PATIENCE[1])

    @property
    def optimizer(self) -> AdamW:
        """AdamW as measured; see the module's text."""
        decayed = ("W", "tables")
        return AdamW(Cosine(self.learning_rate), beta2=0.95, weight_decay=self.weight_decay, decayed=decayed)

    @classmethod
    def from_record(cls, record: Record) -> Recipe:
        """The recipe that a model file's record holds; ModelFileError if it holds none."""
        hidden = tuple(record.items("hidden"))
        if not all(type(units) is int and 0 < units <= LARGEST_LAYER for units in hidden):
            raise record.refuse("field 'hidden' should hold whole numbers above 0")
        recipe = cls(
            hidden,
            record.whole("epochs"),
            record.whole("batch_size"),
            record.number("learning_rate"),
            record.number("dropout"),
            record.number("weight_decay"),
            record.whole("seed"),
        )
        record.finish()
        return recipe
