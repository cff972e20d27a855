"""JSON that gives back the same derivation, and that its schema describes."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from boards import BOARDS, arrays, every_form, xyz
from chainrule.errors import ArgumentError
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Number
from chainrule.explain.record import Line, Rule
from chainrule.explain.render.json import SCHEMA_FILE, from_json, to_json

VERSION_1 = Path(__file__).with_name("version_1")
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def fits(value, schema):
    """Whether a value is what a schema describes, for the words that ours uses."""
    unknown = schema.keys() - {
        *("$schema", "title", "description", "$defs", "$ref", "type", "properties", "required", "additionalProperties"),
        *("items", "minItems", "anyOf", "oneOf", "const", "enum", "pattern"),
    }
    assert not unknown
    kinds = schema.get("type", list(KINDS))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    properties, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
    return (
        any(isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds)
        and ("$ref" not in schema or fits(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]))
        and ("const" not in schema or value == schema["const"])
        and ("enum" not in schema or value in schema["enum"])
        and ("pattern" not in schema or bool(re.search(schema["pattern"], value)))
        and ("anyOf" not in schema or any(fits(value, choice) for choice in schema["anyOf"]))
        and ("oneOf" not in schema or sum(fits(value, choice) for choice in schema["oneOf"]) == 1)
        and (not isinstance(value, list) or len(value) >= schema.get("minItems", 0))
        and (not isinstance(value, list) or all(fits(item, schema.get("items", {})) for item in value))
        and (not isinstance(value, dict) or all(name in value for name in schema.get("required", [])))
        and (
            not isinstance(value, dict)
            or all(
                fits(item, properties[name]) if name in properties else rest is not False and fits(item, rest)
                for name, item in value.items()
            )
        )
    )


@pytest.mark.parametrize("board", BOARDS)
def test_round_trip(board):
    derivation = BOARDS[board]()
    text = to_json(derivation)
    assert Derivation.from_json(derivation.json()) == derivation
    assert to_json(from_json(text)) == text
    assert list(from_json(text).definitions) == list(derivation.definitions)


@pytest.mark.parametrize("number", [2, 2.0, Fraction(2), Fraction(-1, 3), 1e-300, 0.1, -0.0, 10**30, float("inf")])
def test_numbers_stay_what_they_are(number):
    read = from_json(to_json(replace(xyz(), lines=(Line(Rule.SOUGHT, Number(number)),)))).lines[0].expression.value
    assert (type(read), repr(read)) == (type(number), repr(number))


def test_not_a_number():
    assert repr(from_json(to_json(replace(xyz(), value=float("nan")))).value) == "nan"


def test_arrays_stay_what_they_are():
    for line, read in zip(arrays().lines, from_json(to_json(arrays())).lines, strict=True):
        if line.value is None:
            assert read.value is None
        else:
            assert read.value.dtype == line.value.dtype
            np.testing.assert_array_equal(read.value, line.value)
    empty = replace(xyz(), lines=(Line(Rule.SOUGHT, Number(1), value=np.zeros((3, 0))),))
    assert from_json(to_json(empty)).lines[0].value.shape == (3, 0)


@pytest.mark.parametrize(("old", "new"), [("float32", "object"), ('"shape": [', '"shape": [7, ')])
def test_arrays_that_do_not_fit_are_refused(old, new):
    text = to_json(arrays())
    assert old in text
    with pytest.raises(ArgumentError, match="as many numbers as the shape has"):
        from_json(text.replace(old, new, 1))


@pytest.mark.parametrize("board", BOARDS)
def test_schema_describes_it(board):
    assert fits(json.loads(to_json(BOARDS[board]())), SCHEMA)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"schema": 2', '"schema": 3'),
        ('"kind": "Sum"', '"kind": "sum"'),
        ('"kind": "Sum"', '"kind": ["Sum"]'),
        ('"kind": "Symbol"', '"kind": "Path"'),
        ('"terms"', '"term"'),
        ('"wrt": "s"', '"wrt": 3'),
        ('"style": "paths"', '"style": "sideways"'),
        ('"path_count": 2', '"path_count": true'),
        ('"apart": true', '"apart": 1'),
        ('"rule": "collect"', '"rule": "eliminate x"'),
        ('"points": 7', '"points": 7.5'),
        ('"value": 24.0', '"value": "24"'),
        ('"value": 24.0,', ""),
        ('"value": 24.0', '"value": 24.0, "colour": "red"'),
        ('"notes": [', '"notes": ["", {}, '),
        ('"function": "f"', '"function": "f" oops'),
    ],
)
def test_what_does_not_fit_is_refused(old, new):
    text = to_json(xyz())
    assert old in text
    broken = text.replace(old, new, 1)
    with pytest.raises(ArgumentError, match="text: "):
        from_json(broken)
    if "oops" not in new:
        assert not fits(json.loads(broken), SCHEMA)


@pytest.mark.parametrize(
    "text", ["", "3", "[]", "{}", '{"schema": 1}', '{"schema": 2}', "[" * 100_000, '{"schema": ' + "9" * 5000 + "}"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ArgumentError, match=r"Derivation\.json|expected"):
        from_json(text)


def test_the_version_is_named():
    with pytest.raises(ArgumentError, match="version 7 of the form, and this chainrule reads versions 1 and 2"):
        from_json(to_json(xyz()).replace('"schema": 2', '"schema": 7'))


@pytest.mark.parametrize("board", ["reverse", "arrays"])
def test_a_document_of_version_1_is_read(board):
    assert Derivation.from_json((VERSION_1 / f"{board}.json").read_text(encoding="utf-8")) == BOARDS[board]()


def test_the_names_in_the_rules_of_version_1_are_told_apart():
    lines = from_json((VERSION_1 / "rows.json").read_text(encoding="utf-8")).lines
    assert [(line.rule, line.names) for line in lines] == [
        (Rule.SOUGHT, ()),
        (Rule.INTERMEDIATE, ()),
        (Rule.ROWS_ADD_UP, ("y",)),
        (Rule.INTERMEDIATE, ()),
    ]
    assert {reason.rule for reason in lines[-1].reason} == {Rule.INTERMEDIATE}


@pytest.mark.parametrize("lines", ["3", "[3]", '[{"rule": "recall"}]', '[{"rule": 3, "reason": 3}]'])
def test_a_broken_document_of_version_1_is_refused(lines):
    document = json.loads((VERSION_1 / "reverse.json").read_text(encoding="utf-8")) | {"lines": json.loads(lines)}
    with pytest.raises(ArgumentError, match=r"derivation\.lines"):
        from_json(json.dumps(document))


def test_the_place_is_named():
    with pytest.raises(ArgumentError, match=r"derivation\.lines\[1\]\.expression"):
        from_json(to_json(xyz()).replace('"kind": "Sum"', '"kind": "Some"', 1))


def test_bad_fractions_are_refused():
    text = to_json(every_form())
    assert '"-2/7"' in text
    for bad in ('"-2/0"', '"two/7"', '"2"'):
        with pytest.raises(ArgumentError, match="a number"):
            from_json(text.replace('"-2/7"', bad))
