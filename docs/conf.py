"""How Sphinx builds these pages. Their examples are executed by pytest, not here."""

from importlib.metadata import version as installed_version

project = "chainrule"
author = "The chainrule developers"
version = release = installed_version("chainrule")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = False

html_theme = "furo"
html_title = "chainrule"
html_copy_source = False
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
myst_heading_anchors = 3
