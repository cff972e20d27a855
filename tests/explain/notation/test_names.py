"""Names taken apart: the scripts that mathematicians write, and those that Python knows."""

import pytest

from chainrule.explain.notation.names import Name, greek, parse, subscript, superscript


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("x", Name("x")),
        ("δ²", Name("δ", "2")),
        ("aˡ⁻¹ₖ", Name("a", "l−1", "k")),
        ("z¹₁", Name("z", "1", "1")),
        ("z₁¹", Name("z", "1", "1")),
        ("W¹[1, 2]", Name("W", "1", "1,2")),
        ("W1[i]", Name("W1", "", "i")),
        ("f′", Name("f", "′")),
        ("y\u0302", Name("ŷ")),
        ("learning_rate", Name("learning_rate")),
        ("²", Name("²")),
    ],
)
def test_parts(name, parts):
    assert parse(name) == parts


def test_single_letters_may_stand_side_by_side():
    assert [name for name in ("x", "ŷ", "δ", "x²", "x₁", "x1", "rate") if parse(name).plain] == ["x", "ŷ", "δ", "x₁"]


def test_greek():
    assert [greek(letter) for letter in "σΔλςx∂"] == ["sigma", "Delta", "lambda", "sigma", "", ""]


def test_small_characters():
    assert superscript("l−1") == "ˡ⁻¹"
    assert subscript("j") == "ⱼ"
    assert superscript("q") == subscript("b") == ""
