"""Text with roles behaves as the string that it shows, and its roles stay with their characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.terminal.ascii import in_ascii
from chainrule.terminal.lines import BETWEEN, HANG, TIED, broken
from chainrule.terminal.styled import Role, joined, printed, styled

PARTS = st.lists(st.tuples(st.text("ab (){}\u00a0∂", max_size=9), st.sampled_from([None, *Role])), max_size=6)


def text_of(parts):
    return joined(styled(text, role) for text, role in parts)


def roles_of(text):
    """The characters that are seen, with their roles."""
    return [(character, role) for character, role in zip(text.text, text.roles, strict=True) if not character.isspace()]


@given(PARTS, st.integers(0, 60), st.integers(0, 60))
def test_slices_and_sums_are_those_of_the_string(parts, start, stop):
    text, plain = text_of(parts), "".join(part for part, _ in parts)
    assert (text.text, len(text)) == (plain, len(plain))
    assert text[start:stop].text == plain[start:stop]
    assert text[start:stop].roles == text.roles[start:stop]
    assert ("<" + text + ">").text == f"<{plain}>"
    assert text.lstrip().text == plain.lstrip()
    assert text.rstrip().text == plain.rstrip()


@given(PARTS)
def test_painting_adds_escapes_and_nothing_else(parts):
    text = text_of(parts)
    painted = text.painted()
    assert painted.count("\x1b[0m") * 2 == painted.count("\x1b")
    assert printed([text], ascii=False, colour=False) == text.text
    assert printed([text], ascii=False, colour=True) == painted


def test_every_role_has_a_style():
    assert all(styled("x", role).painted() != "x" for role in Role)
    assert styled("x").painted() == "x"


@given(st.lists(PARTS, max_size=5), st.integers(8, 40))
def test_lines_hold_their_width_and_lose_no_character_and_no_role(statements, width):
    texts = [text_of(parts) for parts in statements]
    lines = list(broken(texts, width))
    assert all(len(line) <= width for line in lines)
    assert [pair for line in lines for pair in roles_of(line)] == [pair for text in texts for pair in roles_of(text)]


def test_where_lines_are_broken():
    assert [line.text for line in broken(["a = 1", "b = 2", "c = 3"], 15)] == [f"a = 1{BETWEEN}b = 2", "c = 3"]
    assert [line.text for line in broken(["one two three"], 9)] == ["one two", f"{HANG}three"]
    assert [line.text for line in broken(["(0.25)(0.5)(0.125)"], 12)] == ["(0.25)(0.5)", f"{HANG}(0.125)"]
    assert [line.text for line in broken([f"one two{TIED}three"], 10)] == ["one", f"{HANG}two thre", f"{HANG}e"]


@given(st.text(max_size=20))
def test_ascii_is_ascii(text):
    assert in_ascii(text).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("∂ℒ/∂W¹[1,2]", "dL/dW1[1,2]"),
        ("z¹₁₂", "z1_12"),
        ("ŷ → m̂ ✓", "y_hat -> m_hat ok"),
        ("x = 東", "x = ?"),
    ],
)
def test_what_stands_for_a_sign_in_ascii(text, expected):
    assert in_ascii(text) == expected
