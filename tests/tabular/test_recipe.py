"""How a table is trained, as far as it follows from numbers."""

import pytest

from chainrule.tabular.recipe import Recipe


@pytest.mark.parametrize(("epochs", "patience"), [(1, 3), (7, 3), (16, 8), (100, 50), (10_000_000, 50)])
def test_the_patience_has_limits(epochs, patience):
    assert Recipe.choose(1000, epochs=epochs).patience == patience
