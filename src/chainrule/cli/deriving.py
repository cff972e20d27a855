"""`chainrule derive`: the derivative of a function, line by line as on a board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.atomic import replacing
from chainrule.cli.options import FILE, Whole, numbers
from chainrule.cli.outputs import require_writable
from chainrule.cli.text import print_text, text_width

if TYPE_CHECKING:
    from chainrule.explain import Derivation

STYLES = ("paths", "reverse", "forward")
SUFFIXES = {"latex": ".tex", "html": ".html", "json": ".json", "svg": ".svg", "text": ".txt"}
"""The formats, and how a file of each is called."""
WIDTHS = (24, 120)
"""The narrowest and the widest board."""


@click.command(short_help="Show how a derivative comes about.")
@click.argument("what", metavar="DEFINITIONS|FILE.py:FUNCTION")
@click.option("--wrt", metavar="NAME", help="The variable; x,y for ∂²/∂x∂y.  [default: the only input]")
@click.option(
    "--at", callback=numbers, metavar="NAME=NUMBER,…", help="A point, also of arrays: show the numbers there."
)
@click.option("--style", type=click.Choice(STYLES), default=STYLES[0], show_default=True, help="The way to walk.")
@click.option("--order", type=Whole(1), default=1, show_default=True, help="How often to differentiate.")
@click.option("--latex", "form", flag_value="latex", help="Print an align* environment.")
@click.option("--html", "form", flag_value="html", help="Print a part of a page, with MathML.")
@click.option("--json", "form", flag_value="json", help="Print everything as JSON.")
@click.option("--svg", "form", flag_value="svg", help="Print a picture of the graph.")
@click.option("--ascii", "plain", is_flag=True, help="Do without ∂, σ and raised digits.")
@click.option("-o", "--output", type=FILE, help="Write a file instead, whole: .html, .svg, .tex, .json or .txt.")
def derive(
    what: str,
    wrt: str | None,
    at: dict[str, Any] | None,
    style: str,
    order: int,
    form: str | None,
    plain: bool,
    output: Path | None,
) -> int:
    """Show the derivative of a function line by line, as on a board; every line is checked numerically.

    DEFINITIONS are parsed, never executed; the first one is the function. A FILE is run to find the FUNCTION in it,
    which may be one of arrays.

    \b
    chainrule derive "f = x*y*z; x = r; y = r*s; z = s" --wrt s --at r=2,s=3
    chainrule derive "f = x*exp(x)" --order 2 --latex
    chainrule derive neuron.py:loss --wrt w --at w=.5,b=1 --output loss.html
    chainrule derive layer.py:loss --at "W=[[1,2],[3,4]],x=[1,0]"
    """
    file, separator, name = what.rpartition(":")
    in_file = bool(separator) and file.endswith(".py")
    if what.endswith(".py"):
        raise click.UsageError(f"which function of {what}? write {what}:NAME")
    if output is not None:
        suffixes = tuple(SUFFIXES.values()) if form is None else (SUFFIXES[form],)
        require_writable(output, suffixes, *([Path(file)] if in_file else []))
    if plain and (form or (output and output.suffix.lower() != ".txt")):
        raise click.UsageError("--ascii is for text; the other formats have signs of their own")
    options = {"wrt": wrt, "at": at, "style": style, "order": order}
    derivation = derived_function(Path(file), name, options) if in_file else derived_text(what, options)
    if output is None:
        print_text(shown(derivation, form, plain))
    elif plain:
        with replacing(output) as beside:
            beside.write_text(derivation.text(ascii=True, colour=False) + "\n", encoding="utf-8")
    else:
        derivation.save(output)
    return 0


def shown(derivation: Derivation, form: str | None, plain: bool) -> str:
    """What is printed; text in ASCII also where the terminal knows no more."""
    if form is not None:
        return str(getattr(derivation, form)())
    width = text_width(*WIDTHS)
    text = derivation.text(width, plain)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = derivation.text(width, ascii=True)
    return text


def derived_text(text: str, options: dict[str, Any]) -> Derivation:
    """The derivation of definitions; `options` are those of `chainrule.derive`."""
    from chainrule.explain.deriving import derive

    return derive(text, **options)


def derived_function(file: Path, name: str, options: dict[str, Any]) -> Derivation:
    """The derivation of a function of a file; `options` are those of `chainrule.derive`."""
    from chainrule.cli.user_code import find_function
    from chainrule.compiling import Compiled
    from chainrule.errors import ChainruleError
    from chainrule.explain.deriving import derive

    function = find_function(file, name)
    try:
        return derive(function.function if isinstance(function, Compiled) else function, **options)
    except ChainruleError:
        raise
    except Exception as error:
        raise ChainruleError(f"{file}: {name} failed with {type(error).__name__}: {error}") from error
