"""A derivation: how a derivative comes about, line by line, and every form in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chainrule.explain.record import DerivationRecord
from chainrule.explain.render import files, html, json, latex, picture, terminal
from chainrule.figures import counted


@dataclass(frozen=True, repr=False)
class Derivation(DerivationRecord):
    """The derivative of a function with respect to a variable, shown."""

    def text(self, width: int = 80, ascii: bool = False, colour: bool | None = None) -> str:  # noqa: A002
        """The board as text for a terminal, without a newline at its end.

        Args:
            width: the columns it may take, at least 24.
            ascii: write d for ∂ ("partial" where there are total derivatives too), * for ·, ^ for powers, sigma for σ.
            colour: whether to use ANSI colours; by default if the output is a terminal and NO_COLOR is not set.

        Raises:
            ArgumentError: `width` is less than 24.
        """
        return terminal.to_text(self, width, ascii, colour)

    def latex(self) -> str:
        """The board as an align* environment; it needs amsmath and no other package."""
        return latex.to_latex(self)

    def html(self) -> str:
        """The board as a fragment of HTML with native MathML; no script, nothing loaded from elsewhere."""
        return html.to_html(self)

    def json(self) -> str:
        """Everything as JSON, which `from_json` reads again; `render/derivation.schema.json` describes it."""
        return json.to_json(self)

    @staticmethod
    def from_json(text: str) -> Derivation:
        """The derivation that `json` wrote, equal to it.

        Raises:
            ArgumentError: The text is no JSON, is of another version, or does not fit the schema; names the place.
        """
        return Derivation(**vars(json.from_json(text)))

    def svg(self) -> str:
        """The graph, forward with the definitions and backward with the local derivatives, as a picture."""
        return picture.to_svg(self)

    def save(self, path: str | Path) -> None:
        """Write it to a file; the suffix says how: html (board and picture), svg, tex, json or txt.

        The file is replaced whole or not at all.

        Raises:
            ArgumentError: The suffix is another.
            OSError: The directory does not exist, is read-only or is full.
        """
        files.save(self, Path(path))

    def __repr__(self) -> str:
        return f"Derivation({self.function} by {self.wrt}, {counted(len(self.lines), 'line')})"

    def __str__(self) -> str:
        """The board as plain text, 80 columns wide."""
        return self.text(colour=False)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks, which choose the richest form that they can show."""
        return {"text/plain": self.text(colour=False), "text/latex": self.latex(), "text/html": self.html()}
