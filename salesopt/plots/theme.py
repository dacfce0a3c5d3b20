"""The look of every figure: size, colours, fonts; the answer as the title."""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#2b6cb0", "#dd8422", "#2f8f5b", "#c0392b", "#7b5ea7", "#8a94a3"
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, GREY)
GOOD, BAD, NEUTRAL = GREEN, RED, GREY
INK = "#1f2933"
UNDRAWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CHINESE = Path(__file__).parent / "fonts" / "NotoSansSC-Subset.ttf"


def use_theme() -> None:
    """Set the look for a notebook or a script; figures as SVG with fixed ids, so that runs are identical."""
    _add_chinese()
    sns.set_theme(
        style="whitegrid",
        palette=PALETTE,
        rc={
            "font.family": ["DejaVu Sans", "Noto Sans SC Subset"],
            "font.size": 10,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.edgecolor": "#cbd2d9",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.labelcolor": INK,
            "text.color": INK,
            "grid.color": "#e4e7eb",
            "figure.figsize": (8.0, 4.5),
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
            "svg.hashsalt": "salesopt",
            "svg.fonttype": "path",
        },
    )
    if "ipykernel" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def _add_chinese() -> None:
    """Make the Chinese font known, for bold text too: without a bold entry matplotlib complains at every title."""
    if "Noto Sans SC Subset" in font_manager.get_font_names():
        return
    font_manager.fontManager.addfont(CHINESE)
    regular = font_manager.fontManager.ttflist[-1]
    font_manager.fontManager.ttflist.append(dataclasses.replace(regular, weight=700))


def axes(ax: Axes | None = None, *, width: float = 8.0, height: float = 4.5) -> Axes:
    """`ax`, or the axes of a new figure of `width` x `height` inches."""
    return plt.subplots(figsize=(width, height))[1] if ax is None else ax


def height_for(rows: int, *, each: float = 0.26, least: float = 2.6, most: float = 14.0) -> float:
    """Height in inches of a figure with one line per row, such as a forest plot."""
    return min(max(1.3 + each * rows, least), most)


def title(ax: Axes, answer: str, *, width: int = 78) -> Axes:
    """Set the answer as the title, broken into lines of `width` characters."""
    ax.set_title(plain("\n".join(textwrap.wrap(answer, width))), loc="left")
    return ax


def empty(ax: Axes | None, why: str) -> Axes:
    """A figure without data that says why there is none."""
    ax = axes(ax, height=1.6)
    ax.set_axis_off()
    return title(ax, why)


def plain(text: object) -> str:
    """Text for a drawing as it stands: a dollar sign is a dollar sign, not the start of a formula.

    Characters that no font draws (control characters, and those that turn the direction of writing) become blanks.
    """
    drawn = "".join(" " if UNDRAWN.match(one) else one for one in str(text))
    return drawn.replace("$", r"\$")


def thin_labels(ax: Axes, labels: Sequence[str], most: int = 32) -> list[str]:
    """Labels cut to `most` characters with an ellipsis, so that a long name cannot push the drawing off the page."""
    lines = [" ".join(str(label).split()) for label in labels]
    cut = [label if len(label) <= most else label[: most - 1] + "\u2026" for label in lines]
    return [plain(label) for label in cut]
