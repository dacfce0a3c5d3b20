"""Figures of what people bring: elasticity measured against judged, and the curve of each unit over its history."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from salesopt.display import number, percent
from salesopt.effort import EffortFit
from salesopt.plots import theme

ACROSS = 4  # small pictures in a row


def plot_effort(result: EffortFit, ax: Axes | None = None, *, most: int = 30) -> Axes:
    """Each unit's elasticity of effort after the history, with its interval; before it; and what judges said."""
    table = result.table.sort_values("elasticity", kind="stable").tail(most)
    rows = np.arange(len(table))
    ax = theme.axes(ax, height=theme.height_for(len(table), each=0.42, least=3.2))
    level = f"{percent(result.confidence, 0)} interval"
    ax.hlines(rows - 0.14, table["prior_low"], table["prior_high"], color=theme.GREY, linewidth=1.6, alpha=0.7,
              label=f"before the history, {level}")  # fmt: skip
    ax.hlines(rows + 0.08, table["low"], table["high"], color=theme.BLUE, linewidth=3.0, label=f"with it, {level}")
    ax.scatter(table["elasticity"], rows + 0.08, color=theme.BLUE, s=34, zorder=4, label="estimate")
    if table["judged"].notna().any():
        ax.scatter(table["judged"], rows - 0.14, color=theme.ORANGE, marker="D", s=24, zorder=4, label="judged")
    ax.set_yticks(rows, theme.thin_labels(ax, table["unit"].tolist()))
    ax.set_xlim(left=0)
    ax.set_ylim(-0.7, len(table) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("% of sales that 1 % of heads brings, at today's heads")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=9)
    top, least = table.iloc[-1], table.iloc[0]
    return theme.title(
        ax,
        f"A head brings most on {top['unit']}: 1 % more heads, {number(top['elasticity'], 2)} % more sales; least on "
        f"{least['unit']} ({number(least['elasticity'], 2)} %)",
        width=66,
    )


def plot_effort_curves(result: EffortFit, ax: Axes | None = None, *, most: int = 8) -> Axes:
    """Sales over heads of each unit, the doubt around the curve, its history, and the judges' curve."""
    shown = result.table.sort_values("from_history", ascending=False, kind="stable")["unit"].tolist()[:most]
    down = -(-len(shown) // ACROSS)
    ax = theme.axes(ax, height=0.9 + 2.2 * down)
    ax.set_axis_off()
    wide, tall = 1 / ACROSS, 1 / down
    small = []
    for place, unit in enumerate(shown):
        left, bottom = (place % ACROSS) * wide, 1 - (place // ACROSS + 1) * tall
        small.append(ax.inset_axes((left + 0.16 * wide, bottom + 0.2 * tall, 0.8 * wide, 0.62 * tall)))
        _curve(result, unit, small[-1], first=place == 0)
    handles, labels = small[0].get_legend_handles_labels()
    ax.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4, fontsize=9)
    clear = int((result.table["from_history"] >= 0.5).sum())
    return theme.title(
        ax,
        f"The history halves the doubt on {clear} of {len(result.table)} units; the rest leans on "
        f"{'judgement' if result.table['judged'].notna().any() else 'what is usual elsewhere'}",
        width=70,
    )


def _curve(result: EffortFit, unit: str, ax: Axes, *, first: bool) -> None:
    heads = float(result.table["heads"][result.table["unit"] == unit].iloc[0])
    path = result.path[result.path["unit"] == unit]
    seen = result.periods[result.periods["unit"] == unit]
    at = path["effort"] * heads
    ax.fill_between(at, path["low"], path["high"], color=theme.BLUE, alpha=0.15, linewidth=0,
                    label=f"{percent(result.confidence, 0)} interval")  # fmt: skip
    ax.plot(at, path["answer"], color=theme.BLUE, linewidth=2, label="with the history")
    if path["judged"].notna().any():
        ax.plot(at, path["judged"], color=theme.ORANGE, linewidth=1.4, linestyle="--", label="judged")
    ax.scatter(seen["working"], seen["adjusted"], color=theme.INK, s=7, alpha=0.6, zorder=4, label="history, adjusted")
    ax.axvline(heads, color=theme.GREY, linewidth=0.8)
    ax.set_ylim(0, max(1.6, float(seen["adjusted"].max()) * 1.05 if len(seen) else 0.0))
    ax.set_xlim(0, 2.5 * heads)
    ax.yaxis.set_major_formatter(lambda value, _: percent(value, 0))
    for axis in (ax.xaxis, ax.yaxis):  # few ticks: the last of one panel stands beside the first of the next
        axis.set_major_locator(MaxNLocator(4, prune="upper" if axis is ax.xaxis else None))
    ax.tick_params(labelsize=8)
    ax.set_title(theme.thin_labels(ax, [unit], 22)[0], fontsize=9, loc="left")
    if first:
        ax.set_ylabel("Sales against today", fontsize=8)
        ax.set_xlabel("Heads", fontsize=8)
