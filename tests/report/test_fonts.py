"""Chinese names in a study are drawn in figures and carried by the page, whatever fonts the machine has."""

from __future__ import annotations

import base64
import io
import re
import warnings

import matplotlib.pyplot as plt
from fontTools.ttLib import TTFont

from salesopt.plots.theme import use_theme
from salesopt.report.fonts import font_face

WORDS = "企业销售团队管理与策略优化"


def test_figures_have_the_glyphs_of_chinese_words(caplog):
    use_theme()
    _, ax = plt.subplots()
    ax.set_title(f"Sales team {WORDS}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each glyph it has to draw as a box
        ax.figure.canvas.draw()
    assert caplog.text == ""  # findfont complains in the log where a weight is missing


def test_the_page_carries_just_the_characters_it_uses():
    face = font_face(f"<p>{WORDS}</p>")
    data = base64.b64decode(re.search(r"base64,([^)]+)\)", face)[1])
    held = set(map(chr, TTFont(io.BytesIO(data)).getBestCmap()))
    assert held == set(WORDS) and face == font_face(WORDS[::-1])
    assert font_face("only Western text — and signs") == ""
