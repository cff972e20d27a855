"""Text from data: readable, on one line, and without power over the terminal that it is printed on."""

import unicodedata

import pytest

from chainrule.printable import printable


@pytest.mark.parametrize("text", ["", "body mass (g)", "Größe", "体重", "δ¹₂ − ×", 'it\'s 5 % of "all" \\ back'])
def test_what_people_write_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("two\r\nlines\tand a tab", r"two\r\nlines\tand a tab"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\x9b31m", r"\x9b31m"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text, written):
    assert printable(text) == written


def test_no_character_that_controls_is_left():
    everything = printable("".join(map(chr, range(0x110000))))
    assert not {unicodedata.category(character) for character in everything} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(everything.splitlines()) == 1
