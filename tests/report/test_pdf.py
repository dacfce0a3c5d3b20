"""Where the printed report breaks into pages."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from salesopt.report.page import ChapterPage, build_page

FACTS = {"currency": "USD", "end": "", "commit": "", "version": "", "left_out": [], "notes": [], "inputs": []}


def chapter(word: str, lines: int) -> ChapterPage:
    """A chapter with an answer, a figure 70 mm high and `lines` lines of doubt after it."""
    figure = '<figure><div style="height: 70mm"></div></figure>'
    body = f'<p class="answer first">So.</p><ul class="answer"><li>More.</li></ul>{figure}'
    body += f"<ul>{'<li>Doubt.</li>' * lines}</ul>"
    heading = f'<h2>{word}</h2><p class="question">Is it?</p>'
    return ChapterPage(word, word, "Team", Markup(heading), Markup(body), Markup("<pre></pre>"), [])


def pages_of(*chapters: ChapterPage) -> dict[str, int]:
    """The page, from 0, on which each greater heading of the printed report stands."""
    try:
        from weasyprint import HTML
    except OSError:
        pytest.skip("needs Pango")
    printed = HTML(string=build_page(chapters, title="Firm", quarter="2026Q3", versions=[], **FACTS)).render()
    pages, marks = {}, list(printed.make_bookmark_tree())
    while marks:
        label, (page, *_), children, _ = marks.pop()
        pages[label] = page
        marks += children
    return pages


def test_no_page_holds_the_last_lines_of_a_chapter_alone():
    pages = pages_of(chapter("size", 40), chapter("skills", 2))
    assert [pages[name] for name in ("Contents", "size", "skills", "How this report was made")] == [0, 1, 2, 2]


def test_what_opens_a_chapter_stays_in_one_piece_up_to_its_figure():
    pages = pages_of(chapter("size", 20), chapter("skills", 2))
    assert pages["size"] == 1 and pages["skills"] == 2
