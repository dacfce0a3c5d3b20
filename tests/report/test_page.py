"""What a figure is called on the page."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from salesopt.plots.theme import plain, title, use_theme
from salesopt.report.chapters import default_notebooks, find_chapters
from salesopt.report.page import BELOW, TEMPLATES, _paper_width, _title_height, _title_of, build_page, chapter_page


def test_a_figure_is_called_by_the_whole_of_its_title():
    with mpl.rc_context():
        use_theme()
        ax = Figure(figsize=(4, 3)).subplots()
        title(ax, "Tea < coffee & both earn USD 5 more than milk alone in the north", width=30)
        ax.set_xlabel(plain("An axis whose name is much longer than any single line of the title above it"))
        saved = io.BytesIO()
        ax.figure.savefig(saved, format="svg")
    assert _title_of(saved.getvalue().decode()) == "Tea < coffee & both earn USD 5 more than milk alone in the north"
    assert _title_of("<svg></svg>") == ""


def test_a_phone_knows_how_far_down_the_only_title_of_a_drawing_reaches():
    def height(*titles, over=""):
        with mpl.rc_context():
            use_theme()
            figure = Figure(figsize=(4, 3))
            for ax, said in zip(figure.subplots(1, len(titles), squeeze=False)[0], titles, strict=True):
                title(ax, said, width=20)
            figure.suptitle(over, weight="bold")
            saved = io.BytesIO()
            figure.savefig(saved, format="svg")
        return _title_height(saved.getvalue().decode())

    one, three = height("Tea sells"), height("Tea and coffee sell better than milk does anywhere")
    assert 0 < one < three < 0.3 and three - one == pytest.approx(2 * 14.4 / 288, rel=0.1)
    assert one * 288 > BELOW
    assert 0 < height("Tea", "Coffee", over="Tea sells") < 0.2
    assert height("Tea", "Coffee") == 0 and height("") == 0 == _title_height("<svg></svg>")


def test_what_a_phone_cuts_off_with_the_title_leaves_the_topmost_tick_label_whole():
    with mpl.rc_context():
        use_theme()
        figure = Figure(figsize=(4, 3))
        ax = figure.subplots()
        title(ax, "Tea sells, gently")
        ax.set_yticks([0, 1], ["few", "16,000"])
        ax.set_ylim(0, 1)
        saved = io.BytesIO()
        figure.savefig(saved, format="svg")
        label = ax.get_yticklabels()[1].get_window_extent()
    cut = _title_height(saved.getvalue().decode()) * 288
    assert 12 < cut <= 216 - label.y1 * 72 / figure.dpi


def test_the_words_of_all_drawings_have_one_size_on_paper():
    wide, narrow = (_paper_width(f'<svg viewBox="0 0 {width} 300">') for width in (720, 360.5))
    assert wide == pytest.approx(0.72 * 254) and narrow == pytest.approx(wide * 360.5 / 720)
    assert _paper_width("<svg></svg>") == 0
    assert "width: var(--paper)" in (TEMPLATES / "page.css").read_text(encoding="utf-8")


def test_a_report_without_a_quarter_is_called_by_its_study_alone():
    facts = {"currency": "", "end": "", "commit": "", "version": "", "left_out": [], "notes": [], "inputs": []}
    page = build_page([], title="Tea", quarter="", versions=[], **facts)
    assert "<title>Tea</title>" in page and '<p class="quarter">' not in page


def test_the_printed_page_says_what_each_chapter_assumes_and_who_set_it():
    (chapter,) = [one for one in find_chapters(default_notebooks()) if one.word == "team"]
    page = chapter_page(chapter, Path("absent"), {"speed": 50.0, "out": "somewhere"})
    origin = {row["name"]: (row["value"], row["origin"]) for row in page.parameters}
    assert origin["speed"] == ("50.0", "the user") and origin["calls_per_trip"] == ("4.0", "default")
    assert origin["out"] == ("somewhere", "the run")
    facts = dict.fromkeys(("currency", "end", "commit", "version"), "") | {"left_out": [], "notes": [], "inputs": []}
    built = build_page([page], title="T", quarter="", versions=[], **facts)
    printed = built[built.index('<div class="printed">') : built.index("<h3>Input files</h3>")]
    assert (
        "speed on the road, km an hour" in printed.replace("Speed", "speed")
        and '<td class="text">the user</td>' in printed
    )
    assert "Amounts in" not in built
