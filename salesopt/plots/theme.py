"""The look of every figure: size, colours, fonts; the answer as the title."""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke

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
            "axes.titlepad": 9,  # room for the upper half of a tick label where a phone cuts the title off
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


def height_for(rows: int, *, each: float = 0.22, least: float = 2.6, most: float = 14.0) -> float:
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


def wrap_labels(labels: Sequence[str], width: int = 34, lines: int = 2) -> list[str]:
    """Labels broken into lines of `width` characters; what goes beyond `lines` of them ends in an ellipsis."""
    return [plain(textwrap.fill(str(label), width, max_lines=lines, placeholder=" \u2026")) for label in labels]


def name_points(ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str], size: float = 7) -> None:
    """Write the name of each point where it covers neither another name nor a point, with a line to a point far off.

    Call it last: where there is room depends on the axes as they are drawn. A name that finds no room stands nearest
    to its point. `names` are as `thin_labels` makes them.
    """
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    scale = 72 / ax.figure.dpi
    points = ax.transData.transform(np.column_stack([x, y])) * scale
    frame = np.array(ax.get_window_extent().extents) * scale
    taken = [(at[0] - 3, at[1] - 3, at[0] + 3, at[1] + 3) for at in points]
    for at, (point, name) in enumerate(zip(points, names, strict=True)):
        wide, high = 0.62 * size * len(str(name)) + 3, 1.15 * size
        others = [*taken[:at], *taken[at + 1 :]]
        box = next((one for one in _around(point, wide, high) if _free(one, others, frame)), None)
        box = box or next(_around(point, wide, high))
        taken.append(box)
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        far = abs(middle[0] - point[0]) > wide / 2 + 8 or abs(middle[1] - point[1]) > high + 6
        drawn = ax.annotate(
            name, (x[at], y[at]), xytext=(middle[0] - point[0], middle[1] - point[1]),
            textcoords="offset points", ha="center", va="center", fontsize=size, zorder=7,
            path_effects=[Stroke(linewidth=2, foreground="white"), Normal()],
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5, "shrinkA": 0} if far else None,
        )  # fmt: skip
        drawn.set_in_layout(False)  # or the axes would shrink for it, and the names no longer stand where there is room


def _around(point: np.ndarray, wide: float, high: float) -> Iterator[tuple[float, float, float, float]]:
    """Boxes for a name around `point`, nearest first: to its right and left, above and below, then in wider rings."""
    for ring in range(14):
        for turn in (0, 8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15):
            angle = np.pi * turn / 8
            reach = 5 + 6 * ring
            x = point[0] + np.cos(angle) * (wide / 2 + reach)
            y = point[1] + np.sin(angle) * (high / 2 + reach)
            yield (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def _free(box: Sequence[float], taken: Sequence[Sequence[float]], frame: np.ndarray) -> bool:
    inside = box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
    return bool(inside) and not any(
        box[0] < one[2] and one[0] < box[2] and box[1] < one[3] and one[1] < box[3] for one in taken
    )
