"""What every format must show of a derivation: rules and expressions of its steps, read back from what was written."""

import json
import re
import xml.etree.ElementTree as ElementTree

from boards import label
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Number
from chainrule.explain.notation.infix import write
from chainrule.explain.notation.latex import Latex
from chainrule.explain.notation.latex import text as latex_text
from chainrule.explain.notation.mathml import to_mathml
from chainrule.explain.record import Rule


def steps(derivation):
    """Rule, left side and expression of every line below the first, and the value; and whether factors have dots."""
    rows = [(label(line), line.left, line.expression, line.rule is Rule.ELIMINATE) for line in derivation.lines[1:]]
    if derivation.value is not None:
        rows.append(("at" if derivation.point else "value", None, Number(derivation.value), False))
    return rows


def in_json(derivation):
    """Assert that the json shows all steps."""
    assert steps(Derivation.from_json(derivation.json())) == steps(derivation)
    assert [(line["rule"], line["names"]) for line in json.loads(derivation.json())["lines"][1:]] == [
        (line.rule, list(line.names)) for line in derivation.lines[1:]
    ]


def in_text(derivation):
    """Assert that the text shows all steps."""
    rest = derivation.text(100_000, colour=False).replace("\n     ", " ")  # a long rule has a row of its own
    for rule, _, expression, dots in steps(derivation):
        words = " +".join(map(re.escape, rule.split(" ")))
        row = rf"^  {words}\b.* = {re.escape(write(expression, dots=dots))}( {{4}}.*| = .*)?$"
        found = re.search(row, rest, re.MULTILINE)
        assert found, rule
        rest = rest[found.end() :]
    assert "\n" not in rest or derivation.value is None


def in_latex(derivation):
    """Assert that the latex shows all steps."""
    body = derivation.latex().split("\\end{align*}")[0].split("\n")
    rows = [row.removesuffix(" \\\\") for row in body if " & = " in row and "& = \\text" not in row]
    rows = rows[len(derivation.definitions) :]
    for row, (rule, own, expression, dots) in zip(rows, steps(derivation), strict=True):
        left, right = row.split(" & = ", 1)
        shown, *words = right.split(" && \\text{")
        assert shown == Latex(dots).write(expression)
        if own:
            assert left == Latex().write(own)
        else:
            assert words[0].startswith(latex_text(rule))


def in_html(derivation):
    """Assert that the html shows all steps."""
    listed = re.search(r'<ol class="steps">.*?</ol>', derivation.html(), re.DOTALL)[0]
    items = list(ElementTree.fromstring(listed))
    sources = [ElementTree.tostring(item[1], encoding="unicode") for item in items]
    for item, source, (rule, own, expression, dots) in zip(items, sources, steps(derivation), strict=True):
        wanted = ElementTree.fromstring(to_mathml(expression, dots))
        assert ElementTree.tostring(wanted, encoding="unicode").split(">", 1)[1].removesuffix("</ns0:math>") in source
        shown = "".join(item[0].itertext())
        said = "".join(ElementTree.fromstring(to_mathml(own)).itertext()) if own else rule
        assert shown.startswith(said)


FORMATS = {"json": in_json, "text": in_text, "latex": in_latex, "html": in_html}
