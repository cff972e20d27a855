"""One spelling for what every source may spell in another way."""

import pytest

from chainrule.data.canonical import canonical_text, canonical_texts


@pytest.mark.parametrize("text", ["", "  ", "?", "NA", "n/a", "NaN", "null", " NULL\r\n"])
def test_words_for_missing(text):
    assert canonical_text(text) is None


@pytest.mark.parametrize(
    ("text", "form"), [("true", "true"), (" TRUE ", "true"), (str(True), "true"), ("FaLSE", "false")]
)
def test_true_and_false_have_one_spelling(text, form):
    assert canonical_text(text) == form


def test_all_other_text_stays_as_it_stands():
    assert canonical_texts(["007", " Trueman", None, "?", "FALSE", "nano"]).tolist() == [
        "007",
        "Trueman",
        None,
        None,
        "false",
        "nano",
    ]
