"""What a figure is called on the page."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.figure import Figure

from salesopt.plots.theme import plain, title, use_theme
from salesopt.report.page import _title_of


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
