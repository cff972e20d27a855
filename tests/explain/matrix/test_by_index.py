"""Why the transpose: the sums by index that a lecture writes, and a rule that is wrong."""

import pytest

from chainrule.errors import DerivationError
from chainrule.explain.expression import Derivative, Symbol, Transpose
from chainrule.explain.matrix import by_index as module
from chainrule.explain.matrix.by_index import by_index
from chainrule.explain.notation.infix import write

A, B, C = Symbol("A"), Symbol("B"), Symbol("C")


def shown(left, right, wrt, vectors=()):
    duals = Symbol("G"), Derivative("L", wrt.name)
    lines = by_index(C, left, right, wrt, duals, frozenset(vectors))
    return [f"{write(line.left)} = {write(line.expression)}" for line in lines]


def test_the_left_factor():
    assert shown(A, B, A) == ["Cᵢⱼ = Σₖ AᵢₖBₖⱼ", "(∂L/∂A)ᵢₖ = Σⱼ GᵢⱼBₖⱼ", "(∂L/∂A)ᵢₖ = (G Bᵀ)ᵢₖ"]


def test_the_right_factor():
    assert shown(A, B, B) == ["Cᵢⱼ = Σₖ AᵢₖBₖⱼ", "(∂L/∂B)ₖⱼ = Σᵢ GᵢⱼAᵢₖ", "(∂L/∂B)ₖⱼ = (Aᵀ G)ₖⱼ"]


def test_a_transposed_factor():
    assert shown(A, Transpose(B), B)[1:] == ["(∂L/∂B)ⱼₖ = Σᵢ GᵢⱼAᵢₖ", "(∂L/∂B)ⱼₖ = (Gᵀ A)ⱼₖ"]
    assert shown(Transpose(A), B, A)[1:] == ["(∂L/∂A)ₖᵢ = Σⱼ GᵢⱼBₖⱼ", "(∂L/∂A)ₖᵢ = (B Gᵀ)ₖᵢ"]


def test_a_matrix_times_a_column():
    assert shown(A, B, A, [B, C]) == ["Cᵢ = Σₖ AᵢₖBₖ", "(∂L/∂A)ᵢₖ = GᵢBₖ", "(∂L/∂A)ᵢₖ = (G Bᵀ)ᵢₖ"]
    assert shown(A, B, B, [B, C])[1:] == ["(∂L/∂B)ₖ = Σᵢ GᵢAᵢₖ", "(∂L/∂B)ₖ = (Aᵀ G)ₖ"]


def test_two_columns():
    assert shown(Transpose(A), B, A, [A, B]) == ["C = Σₖ AₖBₖ", "(∂L/∂A)ₖ = GBₖ", "(∂L/∂A)ₖ = (B Gᵀ)ₖ"]


def test_a_column_takes_an_index_from_the_others():
    assert shown(A, Transpose(B), B, [C])[0] == "Cᵢ = Σₖ AᵢₖBₖ"


def test_a_missing_transpose_is_found(monkeypatch):
    monkeypatch.setattr(module, "transposed", lambda e: e)
    with pytest.raises((DerivationError, ValueError)):
        shown(A, B, A)


def test_a_wrong_order_is_found(monkeypatch):
    monkeypatch.setattr(module, "_LENGTHS", dict.fromkeys("ijk", 3))
    monkeypatch.setattr(module, "transposed", lambda e: e)
    with pytest.raises(DerivationError, match="they differ by"):
        shown(A, B, A)
