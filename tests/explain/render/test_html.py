"""HTML that browsers read without repair, that loads nothing and runs nothing."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from boards import BOARDS, every_form, xyz
from chainrule.explain.record import Rule
from chainrule.explain.render.html import to_page
from chainrule.explain.render.picture import to_svg
from html_reader import read

ALLOWED = {
    *("section", "style", "p", "ul", "ol", "li", "span", "details", "summary", "pre", "div", "br"),
    *("math", "mrow", "mfrac", "msup", "msub", "msubsup", "mover", "munder", "msqrt", "mtable", "mtr", "mtd"),
    *("mi", "mn", "mo", "mtext"),
}
PAGE = {"html", "head", "meta", "title", "body", "main", "h1", "figure", "svg", "desc", "g", "rect", "path", "text"}


@pytest.mark.parametrize("board", BOARDS)
def test_fragment(board):
    html = BOARDS[board]().html()
    read(html, ALLOWED)
    ElementTree.fromstring(html)  # it is also well-formed XML


@pytest.mark.parametrize("board", BOARDS)
def test_page(board):
    page = to_page(BOARDS[board](), to_svg(BOARDS[board]()))
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    seen = read(page.removeprefix("<!DOCTYPE html>"), ALLOWED | PAGE).seen
    assert [seen.count(tag) for tag in ("main", "h1", "svg")] == [1, 1, 1]
    assert "prefers-color-scheme: dark" in page
    assert "color-scheme: light dark" in page


def test_words_are_escaped():
    rule = replace(xyz(), lines=(xyz().lines[0], replace(xyz().lines[1], rule=Rule.ELIMINATE, names=("<b> & c",))))
    assert '<span class="rule">eliminate &lt;b&gt; &amp; c</span>' in rule.html()
    assert "&lt;tags&gt; &amp;" in every_form().html()
    assert "<tags>" not in every_form().html()


def test_local_derivatives_are_folded_away():
    details = re.search(r'<details class="paths">(.*?)</details>', xyz().html(), re.DOTALL)[1]
    assert "paths from s to f: s→y→f, s→z→f" in details
    assert details.count("<li>") == 4


def test_every_style_counts_inside_the_board_alone():
    style = re.search(r"<style>(.*?)</style>", xyz().html(), re.DOTALL)[1]
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"@media[^{]*\{", "", style))
    assert selectors
    assert all(part.strip().startswith(".chainrule") for selector in selectors for part in selector.split(","))
