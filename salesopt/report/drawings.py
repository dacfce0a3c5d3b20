"""The figures of a page with their words as text: printed in half the time, and found by a search in the PDF.

Matplotlib draws each letter as an outline, so that a browser needs no font. WeasyPrint takes a millisecond for each;
as text in the same fonts, each letter where matplotlib put it, they look the same and take a quarter of that.
"""

from __future__ import annotations

import base64
import html
import re
from functools import cache
from itertools import groupby
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font

from salesopt.plots.theme import CHINESE

FOLDER = Path(get_data_path()) / "fonts" / "ttf"
FONTS = {
    "DejaVuSans": FOLDER / "DejaVuSans.ttf",
    "DejaVuSans-Bold": FOLDER / "DejaVuSans-Bold.ttf",
    "NotoSansSCSubset-Regular": CHINESE,
}
# A quote in a study's own text is escaped on the page, so that text cannot pass for a figure.
DRAWING = re.compile(r'(?<=src="data:image/svg\+xml;base64,)[A-Za-z0-9+/=]+(?=")')
LINE = re.compile(
    r'<g style="(?P<style>[^"]*)" transform="(?P<place>[^"]*?) ?scale\((?P<size>[\d.]+) -(?P=size)\)">\s*'
    r"(?P<outlines><defs>.*?</defs>)?(?P<letters>(?:\s*<use [^>]*>)+)\s*</g>",
    re.DOTALL,
)
LETTER = re.compile(r'<use xlink:href="#(?P<font>[^"]*)-(?P<glyph>[0-9a-f]+)"(?: transform="translate\((\S+) 0\)")?/>')


def with_text(page: str) -> str:
    """`page` with the outlines of letters in its SVG figures as text, and with the fonts these need.

    Letters of other fonts, and formulas, whose letters stand at other heights and sizes, stay outlines.
    """
    used: set[str] = set()

    def line(found: re.Match[str]) -> str:
        letters = [(letter[1], letter[2], letter[3]) for letter in LETTER.finditer(found["letters"])]
        if len(letters) != found["letters"].count("<use ") or not all(
            _letter(font, glyph) for font, glyph, _ in letters
        ):
            return found[0]
        used.update(font for font, _, _ in letters)
        size = float(found["size"])
        runs = [list(run) for _, run in groupby(letters, key=lambda letter: letter[0])]
        # Outlines stay: a letter is drawn where it comes first, and a formula may use it later on.
        return (found["outlines"] or "") + "".join(_run(run, size, found["style"], found["place"]) for run in runs)

    def drawing(found: re.Match[str]) -> str:
        return base64.b64encode(LINE.sub(line, base64.b64decode(found[0]).decode()).encode()).decode()

    written = DRAWING.sub(drawing, page)
    faces = "".join(_face(font) for font in sorted(used))
    return written.replace("</head>", f"<style>{faces}</style></head>", 1)


def _run(letters: list[tuple[str, str, str]], size: float, style: str, place: str) -> str:
    """Letters of one font as SVG text, each at its own place; glyphs are drawn at 100 pixels, scaled by `size`."""
    font = letters[0][0]
    text = "".join(_letter(font, glyph) for _, glyph, _ in letters)
    places = " ".join(f"{size * float(at or 0):.3f}" for _, _, at in letters)
    return (
        f'<text xml:space="preserve" x="{places}" y="0" transform="{place}" '
        f'style="{style}; font-family: {font}; font-size: {100 * size:.6g}px">{html.escape(text)}</text>'
    )


def _letter(font: str, glyph: str) -> str:
    """The character that draws as a glyph (hexadecimal) of a font; "" where none does, or the font is not known."""
    return _letters(font).get(int(glyph, 16), "") if font in FONTS else ""


@cache
def _letters(font: str) -> dict[int, str]:
    """Characters by glyph; where several draw alike, that of the lowest code: a plain blank, a plain hyphen."""
    charmap = FT2Font(FONTS[font]).get_charmap()
    return {glyph: chr(code) for code, glyph in sorted(charmap.items(), reverse=True)}


def _face(font: str) -> str:
    data = base64.b64encode(FONTS[font].read_bytes()).decode()
    return f'@font-face {{ font-family: "{font}"; src: url(data:font/ttf;base64,{data}); }}'
