"""Figures of the summary: what each finding is worth, with its interval."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from salesopt.plots import theme
from salesopt.summary import Summary

MOST = 12


def plot_summary(result: Summary, ax: Axes | None = None) -> Axes:
    """Bars of the money findings, best on top, with their intervals; pale where the interval reaches zero."""
    shown = result.table.head(MOST).iloc[::-1]
    ax = theme.axes(ax, height=theme.height_for(len(shown), each=0.55))
    if shown.empty:
        ax.text(0.5, 0.5, "No finding has an amount of money", ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    places = np.arange(len(shown))
    colours = [theme.GREEN if sure else theme.GREY for sure in shown["sure"]]
    ax.barh(places, shown["value"], color=colours, height=0.6)
    known = shown["low"].notna().to_numpy() & shown["high"].notna().to_numpy()
    ax.hlines(places[known], shown["low"][known], shown["high"][known], color=theme.INK, linewidth=1.6)
    ax.set_yticks(places, theme.wrap_labels(shown["what"].tolist(), lines=3))
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g} M" if abs(value) >= 1e6 else f"{value:,.0f}")
    ax.set_xlabel(f"{result.unit}; line = interval; grey = not sure to be above zero")
    ax.grid(axis="y", visible=False)
    sure = result.table[result.table["sure"]]
    if sure.empty or result.table["sure"].iloc[0]:
        return theme.title(ax, f"Worth most: {result.table['what'].iloc[0]}")
    return theme.title(ax, f"Worth most of what is sure: {sure['what'].iloc[0]}")
