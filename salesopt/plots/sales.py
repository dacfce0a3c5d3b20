"""The figure of the quarter's sales: every quarter's, the one reported on and the same of earlier years set off."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from salesopt.display import money, signed
from salesopt.plots import theme
from salesopt.sales import QuarterSales

MOST = 13  # three years and the quarter they lead up to
PALE, MIDDLE = "#c3d5ea", "#7ea6d3"


def plot_sales(result: QuarterSales, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Bars of the sales of every quarter; dark: the quarter reported on, middle: the same quarter of earlier years."""
    shown = result.quarters.tail(MOST)
    ax = theme.axes(ax, height=3.2)
    own = shown["quarter"].iloc[-1]
    same = shown["quarter"].str[-2:] == own[-2:]
    colours = np.where(shown["quarter"] == own, theme.BLUE, np.where(same, MIDDLE, PALE))
    places = np.arange(len(shown))
    hatches = ["" if whole else "//" for whole in shown["whole"]]
    bars = ax.bar(places, shown["sales"], color=colours, width=0.72, hatch=hatches, edgecolor="white")
    ax.bar_label(bars, [money(value).replace(" million", " M") for value in shown["sales"]], fontsize=8, padding=2)
    ax.set_ylim(top=1.12 * float(shown["sales"].max()) or 1.0)  # room for the labels below the title
    ax.set_xticks(places, shown["quarter"].str[:4] + "\n" + shown["quarter"].str[4:], fontsize=9)
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(lambda value, _: money(value) if value else "0")
    part = "; hatched = in part only" if not shown["whole"].all() else ""
    ax.set_ylabel(f"Sales of the quarter, {currency}" if currency else "Sales of the quarter")
    ax.set_xlabel(f"Dark = {own}; middle = the same quarter of earlier years{part}")
    ax.grid(axis="x", visible=False)
    change = result.table["sales_change"].iloc[2]
    said = f", {signed(change)} against a year before" if np.isfinite(change) else ""
    return theme.title(ax, f"{own}: sales of {money(shown['sales'].iloc[-1], currency)}{said}")
