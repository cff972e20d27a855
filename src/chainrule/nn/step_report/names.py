"""How quantities of a step are called: z¹₂, W¹[1,2], and W¹⁽²⁾ in a block."""

from __future__ import annotations

from chainrule.explain.expression import Expression, Indexed, Symbol
from chainrule.explain.notation.names import subscript, superscript
from chainrule.tree import KeyPath


def name(letter: str, layer: int, *units: int) -> str:
    """A quantity of a layer, or an element of it; units count from 0 here and from 1 in print. a⁰ is x.

    Input and target, x and y, have no layer.
    """
    if letter == "a" and layer == 0:
        letter = "x"
    number_of_layer = "" if letter in "xy" else superscript(str(layer))
    index = subscript(str(units[0] + 1)) if len(units) == 1 else indices(*units) if units else ""
    return f"{letter}{number_of_layer}{index}"


def quantity(letter: str, layer: int, *units: int) -> Expression:
    """The same as an expression."""
    symbol = Symbol(name(letter, layer))
    return Indexed(symbol, tuple(unit + 1 for unit in units)) if units else symbol


def parameter_name(path: KeyPath) -> str:
    """The leaf of `network.parameters` at a path: W¹, scale², and W¹⁽²⁾ in the second layer of a block."""
    letter = next((key for key in reversed(path.keys) if isinstance(key, str)), "parameter")
    layer, *inner = [key + 1 for key in path.keys if isinstance(key, int)]
    return f"{name(letter, layer)}{''.join(f'⁽{superscript(str(i))}⁾' for i in inner)}"


def indices(*units: int) -> str:
    """[i,j], counted from 1."""
    return f"[{','.join(str(unit + 1) for unit in units)}]"
