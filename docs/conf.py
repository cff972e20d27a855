"""How Sphinx builds these pages. Their examples are executed by pytest, not here."""

import re
from importlib.metadata import version as installed_version

from sphinx.application import Sphinx

project = "chainrule"
author = "The chainrule developers"
version = release = installed_version("chainrule")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
default_role = "literal"  # in docstrings `x` is code
smartquotes_action = "D"  # dashes only: "W" is a string

html_theme = "furo"
html_title = "chainrule"
html_copy_source = False
html_show_copyright = False
html_theme_options = {"light_css_variables": {"code-font-size": "var(--font-size--small--2)"}}  # 100 columns

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types in words; the signatures stay short
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes in the text of their class, once
napoleon_attr_annotations = False
napoleon_use_rtype = False
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3


_CODE_OR_MARKUP = re.compile(r"(`[^`]*`)|([*|]|(?<=\w)_(?!\w))")
_HIDDEN_COLON = "\ue000"


def _read_as_plain_text(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Read a docstring as it was meant.

    Mathematics, such as |x| or a*b, is not markup; nor is a name that ends in an underscore. An indented block after an
    empty line is a formula, line by line. What stands before a colon in the first line of a property is not its type:
    the colon is hidden from napoleon, and `_show_colons` brings it back.
    """
    text = list(lines)
    lines.clear()
    in_formula = False
    for line in text:
        if line.startswith("    ") and lines and not lines[-1] and not in_formula:
            lines.extend(["::", ""])
            in_formula = True
        elif line and not line.startswith(" "):
            in_formula = False
        escaped = _CODE_OR_MARKUP.sub(lambda found: found[1] or "\\" + found[2], line)
        lines.append(line if in_formula else escaped)
    if what == "property":
        lines[0] = lines[0].replace(":", _HIDDEN_COLON)


def _show_colons(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = [line.replace(_HIDDEN_COLON, ":") for line in lines]


def _close_up(app: Sphinx, name: str, source: list[str]) -> None:
    """The empty line that ends an example for doctest is not shown."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", _read_as_plain_text, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", _show_colons, priority=600)  # after it
    app.connect("source-read", _close_up)
