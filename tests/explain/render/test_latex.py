"""LaTeX that plain pdflatex sets with amsmath: known commands, everything closed; set by it where it is installed."""

import re
import shutil
import subprocess

import pytest

from boards import BOARDS, every_form, reverse, xyz
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Symbol
from chainrule.explain.notation.latex import Latex, text
from chainrule.explain.record import Line, Rule
from chainrule.explain.render.latex import rows, to_document, to_latex
from patience import PATIENCE

KNOWN = {
    *("frac", "partial", "mathrm", "left", "right", "cdot", "odot", "to", "text", "begin", "end", "leq", "geq", "neq"),
    *("sum", "sqrt", "operatorname", "mathit", "mathcal", "mathsf", "infty", "prime", "ell", "nabla", "dots", "quad"),
    *("hat", "tilde", "bar", "dot", "ddot", "check", "acute", "grave", "breve"),
    *("varepsilon", "epsilon", "varphi", "phi", "vartheta", "varsigma"),
    *("alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi"),
    *("rho", "sigma", "tau", "upsilon", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "ln", "log", "max", "min"),
    *("times", "textbackslash", "textasciicircum", "textasciitilde"),
}
"""The commands of LaTeX with amsmath that may occur; none needs another package."""


def check(source):
    assert source.isascii()
    assert set(re.findall(r"\\([a-zA-Z]+)", source)) <= KNOWN
    assert not re.search(r"\\[^a-zA-Z\\,\s{}$&%#_|]", source)
    environments = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", source):
        if kind == "begin":
            environments.append(name)
        else:
            assert environments.pop() == name
    assert not environments
    plain = re.sub(r"\\[\\{}$&%#_|]", "x", source)
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert plain.count("$") % 2 == 0
    assert "$$" not in plain
    assert len(re.findall(r"\\left", source)) == len(re.findall(r"\\right", source))


@pytest.mark.parametrize("board", BOARDS)
def test_structure(board):
    check(to_latex(BOARDS[board]()))


def test_board():
    assert to_latex(xyz()) == (
        "\\begin{align*}\n"
        "f & = x \\cdot y \\cdot z && \\text{where} \\\\\n"
        "x & = r \\\\\n"
        "y & = r \\cdot s \\\\\n"
        "z & = s \\\\\n"
        " & s \\to y \\to f && \\text{paths from s to f} \\\\\n"
        " & s \\to z \\to f \\\\\n"
        "\\frac{\\partial f}{\\partial s} & = \\frac{\\partial f}{\\partial x} \\frac{\\partial x}{\\partial s}"
        " + \\frac{\\partial f}{\\partial y} \\frac{\\partial y}{\\partial s}"
        " + \\frac{\\partial f}{\\partial z} \\frac{\\partial z}{\\partial s} && \\text{chain rule} \\\\\n"
        " & = \\left(y z\\right) \\left(0\\right) + \\left(x z\\right) \\left(r\\right)"
        " + \\left(x y\\right) \\left(1\\right) && \\text{local derivatives} \\\\\n"
        " & = \\left(r s \\cdot s\\right) \\left(0\\right) + \\left(r \\cdot s\\right) \\left(r\\right)"
        " + \\left(r \\cdot r s\\right) \\left(1\\right) && \\text{eliminate x, y, z} \\\\\n"
        " & = r^{2} s + r^{2} s && \\text{drop zero terms} \\\\\n"
        " & = 2 r^{2} s && \\text{collect} \\\\\n"
        " & = 24 && \\text{at $r = 2,\\ s = 3$ (check: central difference 24.0000)}\n"
        "\\end{align*}\n\n"
        "s does not reach x: $\\partial$x/$\\partial$s = 0"
    )


def test_a_derivative_on_the_way_stands_on_the_left():
    rows = to_latex(reverse()).split("\n")
    assert r"\frac{\partial f}{\partial u} & = x + 1 \\" in rows
    assert any(row.startswith(r"\frac{\mathrm{d}f}{\mathrm{d}x} & = \left(u\right)") for row in rows)


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("δ²", r"\delta^{2}"),
        ("aˡ⁻¹ₖ", r"a_{k}^{l - 1}"),
        ("ŷ", r"\hat{y}"),
        ("ℒ", r"\mathcal{L}"),
        ("learning_rate", r"\mathit{learning\_rate}"),
        ("λ", r"\lambda"),
        ("Α", "A"),
        ("Ρ", "P"),
        ("Ω", r"\Omega"),
        ("ε", r"\varepsilon"),
        ("é", r"\acute{e}"),
        ("f′", r"f^{\prime}"),
        ("中", r"\mathrm{u4e2d}"),
    ],
)
def test_names(name, latex):
    assert Latex().write(Symbol(name)) == latex


def test_every_character_has_a_form():
    for character in filter(str.isprintable, map(chr, range(0x21, 0x2C00))):
        check(text(character))
        if character.isidentifier():
            check(Latex().write(Symbol(character)))


def mathtext(derivation: Derivation):
    """The rows as matplotlib reads them: it knows neither cases nor text mode."""
    for left, right, _ in rows(derivation):
        for part in (left, right):
            if part and "cases" not in part and r"\text" not in part:
                yield f"${part}$"


@pytest.mark.parametrize("board", BOARDS)
def test_matplotlib_reads_it(board):
    parser = pytest.importorskip("matplotlib.mathtext").MathTextParser("agg")
    for row in mathtext(BOARDS[board]()):
        parser.parse(row)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX is installed")
@pytest.mark.parametrize("board", BOARDS)
def test_latex_sets_it(board, tmp_path):
    (tmp_path / "board.tex").write_text(to_document(BOARDS[board]()), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "board.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout[-2000:]


def test_prose():
    assert text("50% of a_b^c & {#1} ≤ σ²") == r"50\% of a\_b\textasciicircum{}c \& \{\#1\} $\leq$ $\sigma ^{2}$"


def test_document_needs_nothing_but_amsmath():
    assert re.findall(r"\\usepackage\{(.*?)\}", to_document(every_form())) == ["amsmath"]


def test_rules_may_hold_any_character():
    lines = (Line(Rule.SOUGHT, Symbol("x")), Line(Rule.ELIMINATE, Symbol("x"), names=(r"50% & \rule_{#1}^~$",)))
    check(to_latex(Derivation("f", {}, "x", "paths", (), 0, (), lines, {})))
