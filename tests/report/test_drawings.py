"""The words of a figure in the PDF are text that stands where matplotlib drew it."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from salesopt.plots.theme import use_theme
from salesopt.report.drawings import with_text

XLINK = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture
def drawn():
    """A page with one figure that holds `label`, as the page's builder writes it."""

    def draw(label: str) -> str:
        with mpl.rc_context():
            use_theme()
            figure = Figure(figsize=(4, 2))
            figure.text(0.1, 0.5, label)
            saved = io.BytesIO()
            figure.savefig(saved, format="svg")
        data = base64.b64encode(saved.getvalue()).decode()
        return f'<html><head></head><body><img src="data:image/svg+xml;base64,{data}"></body></html>'

    return draw


def figure_of(page: str) -> ElementTree.Element:
    found = re.search(r"base64,([^\"]+)\">", page)
    assert found
    return ElementTree.fromstring(base64.b64decode(found[1]))


def named(figure: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return figure.findall(f".//{{http://www.w3.org/2000/svg}}{name}")


def test_a_label_is_text_at_the_places_of_its_outlines(drawn):
    page = drawn("Café < 5 % & more")
    figure = figure_of(page)
    group = next(group for group in named(figure, "g") if group.find("{http://www.w3.org/2000/svg}use") is not None)
    size = float(re.search(r"scale\((\S+)", group.get("transform", ""))[1])
    places = [re.search(r"translate\((\S+)", use.get("transform", "translate(0 0)"))[1] for use in named(figure, "use")]
    (text,) = named(figure_of(with_text(page)), "text")
    assert text.text == "Café < 5 % & more"
    assert [float(at) for at in text.get("x", "").split()] == pytest.approx(
        [size * float(at) for at in places], abs=6e-4
    )
    assert group.get("transform", "").startswith(text.get("transform", "?"))
    assert "font-size: 10px" in text.get("style", "")


def test_chinese_and_latin_letters_keep_their_own_fonts(drawn):
    page = with_text(drawn("苹果 juice"))
    assert [text.text for text in named(figure_of(page), "text")] == ["苹果", " juice"]
    assert page.count("@font-face") == 2
    assert "NotoSansSCSubset-Regular" in page


def test_a_turned_label_stays_turned():
    line = (
        '<g style="fill: #000" transform="translate(12 190) rotate(-90) scale(0.12 -0.12)">'
        '<use xlink:href="#DejaVuSans-24"/></g>'
    )
    data = base64.b64encode(line.encode()).decode()
    written = with_text(f'<head></head><img src="data:image/svg+xml;base64,{data}">')
    drawn = base64.b64decode(re.search(r"base64,([^\"]+)\">", written)[1]).decode()
    assert 'transform="translate(12 190) rotate(-90)"' in drawn
    assert ">A</text>" in drawn


def test_a_formula_stays_drawn_with_the_outlines_it_shares(drawn):
    figure = figure_of(with_text(drawn("ab$a^b$")))
    assert not named(figure, "text")
    outlines = {f"#{path.get('id')}" for path in named(figure, "path") if path.get("id")}
    assert {use.get(XLINK) for use in named(figure, "use")} <= outlines


def test_letters_of_an_unknown_font_stay_drawn(drawn, monkeypatch):
    monkeypatch.setattr("salesopt.report.drawings.FONTS", {})
    page = drawn("apple")
    assert len(named(figure_of(with_text(page)), "use")) == len("apple")


@pytest.mark.parametrize(
    "text", ["scale(0.1 -0.1)", "data:image/svg+xml;base64,hello", "data:image/svg+xml;base64,/w=="]
)
def test_nothing_else_of_the_page_changes(text):
    page = f'<html><head></head><body><td title="x">{text}</td><p title="src=&quot;{text}">{text}</p></body></html>'
    assert with_text(page) == page.replace("</head>", "<style></style></head>")
