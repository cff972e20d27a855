"""How a table is trained, as far as it follows from numbers."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.tabular.recipe import Recipe


@pytest.mark.parametrize(("epochs", "patience"), [(1, 3), (7, 3), (16, 8), (100, 50), (10_000_000, 50)])
def test_the_patience_has_limits(epochs, patience):
    assert Recipe.choose(1000, epochs=epochs).patience == patience


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"hidden": (64, 0)}, "hidden must be made of whole numbers from 1 to 65536, got 0"),
        ({"hidden": (2**16 + 1,)}, "hidden must be made of whole numbers from 1 to 65536, got 65537"),
        ({"epochs": 1.5}, "epochs must be a whole number above 0, got 1.5"),
        ({"batch_size": True}, "batch_size must be a whole number above 0, got True"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(choices, message):
    with pytest.raises(ArgumentError, match=message):
        Recipe.choose(100, **choices)


def test_numbers_of_numpy_become_python_numbers_which_a_file_can_hold():
    recipe = Recipe.choose(100, (np.int64(8),), np.int64(3), np.int32(16))
    assert {type(number) for number in (*recipe.hidden, recipe.epochs, recipe.batch_size)} == {int}
