"""Figures of the PEST: the heat map of probability and impact, the balance by dimension, and what moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from salesopt.display import number, percent
from salesopt.pest import PestTally
from salesopt.plots import theme

NAMES = {"P": "political", "E": "economic", "S": "social", "T": "technological", "En": "environmental", "L": "legal"}
COLOURS = {"opportunity": theme.GREEN, "threat": theme.RED}
MOST = 24


def plot_pest(result: PestTally, ax: Axes | None = None) -> Axes:
    """Heat map: probability against impact, one number per factor (its rank), named beside the map."""
    factors = result.factors.head(MOST)
    ax = theme.axes(ax, width=10.0, height=max(5.0, 0.24 * len(factors) + 1.4))
    across, up = np.meshgrid(np.linspace(0, 1, 60), np.linspace(0.5, 5.5, 60))
    ax.imshow(across * up, origin="lower", extent=(0, 1, 0.5, 5.5), aspect="auto", cmap="YlOrRd", alpha=0.35, zorder=0)
    colours = [COLOURS[direction] for direction in factors["direction"]]
    if factors["probability_low"].notna().all():
        sides, heights = factors["probability"], factors["impact"]
        ax.hlines(
            heights, factors["probability_low"], factors["probability_high"], color=colours, alpha=0.4, linewidth=1
        )
        ax.vlines(sides, factors["impact_low"], factors["impact_high"], color=colours, alpha=0.4, linewidth=1)
    where = factors[["probability", "impact"]].to_numpy()
    for (x, y), (own_x, own_y), colour, rank in zip(_apart(factors), where, colours, factors["rank"], strict=True):
        ax.plot([own_x, x], [own_y, y], color=colour, linewidth=0.8)
        ax.scatter(x, y, s=190, color=colour, edgecolor="white", zorder=3)
        ax.text(x, y, str(rank), color="white", fontsize=8, weight="bold", ha="center", va="center", zorder=4)
    lines = [f"{row.rank}  {row.dimension}  {row.factor}" for row in factors.itertuples()]
    labels = theme.thin_labels(ax, lines, 58)
    for at, (label, direction) in enumerate(zip(labels, factors["direction"], strict=True)):
        ax.text(1.03, 1 - (at + 0.5) / max(len(labels), 12), label, transform=ax.transAxes, fontsize=9,
                color=COLOURS[direction], va="center")  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0.5, 5.5), xlabel="Probability", ylabel="Impact, points (1 to 5)")
    ax.xaxis.set_major_formatter(lambda value, _: percent(value, 0))
    ax.grid(visible=False)
    more = f"; {len(result.factors) - MOST} more in the table" if len(result.factors) > MOST else ""
    first = result.factors.iloc[0]
    answer = f"Largest: {first['factor']} ({first['direction']}); green = opportunity, red = threat{more}"
    return theme.title(ax, answer, width=96)


def _apart(factors: pd.DataFrame) -> list[tuple[float, float]]:
    """Places of the numbers: at the factor, or the nearest free place beside it, so that none hides another."""
    taken: list[tuple[float, float]] = []
    turns = [(0.0, 0.0)] + [
        (0.012 * ring * np.cos(angle), 0.06 * ring * np.sin(angle))
        for ring in range(1, 30)
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ]
    for x, y in zip(factors["probability"], factors["impact"], strict=True):
        free = [
            (x + right, y + up)
            for right, up in turns
            if all(((x + right - a) / 0.034) ** 2 + ((y + up - b) / 0.24) ** 2 >= 1 for a, b in taken)
        ]
        taken.append(free[0] if free else (x, y))
    return taken


def plot_balance(result: PestTally, ax: Axes | None = None) -> Axes:
    """Opportunity and threat of each dimension, and the balance with its interval."""
    shown = result.totals.iloc[::-1]
    ax = theme.axes(ax, height=theme.height_for(len(shown), each=0.42))
    places = np.arange(len(shown))
    ax.barh(places, shown["opportunity"], color=theme.GREEN, alpha=0.75, height=0.55, label="opportunity")
    ax.barh(places, -shown["threat"], color=theme.RED, alpha=0.75, height=0.55, label="threat")
    known = shown["low"].notna().to_numpy()
    ax.hlines(places[known], shown["low"][known], shown["high"][known], color=theme.INK, linewidth=2)
    ax.scatter(shown["net"], places, color=theme.INK, s=30, zorder=3, label="balance, with interval")
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.set_yticks(places, [NAMES.get(one, "all together").capitalize() for one in shown["dimension"]])
    ax.set_xlabel("Expected points (probability x impact), threats below 0")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    ax.grid(axis="y", visible=False)
    whole = result.totals[result.totals["dimension"] == "all"].iloc[0]
    words = {"opportunity": "Opportunities outweigh threats", "threat": "Threats outweigh opportunities"}
    answer = words.get(whole["verdict"], "Opportunities and threats balance, as far as these raters can tell")
    return theme.title(ax, f"{answer} (net {number(whole['net'])} points)", width=70)


def plot_moves(result: PestTally, ax: Axes | None = None) -> Axes:
    """What moved since the round before: change of each factor's score with its interval, grey where it may be
    noise."""
    shown = result.moves.head(MOST).iloc[::-1]
    ax = theme.axes(ax, width=9.0, height=theme.height_for(len(shown)))
    if shown.empty:
        ax.text(0.5, 0.5, "There is no round before to compare with", ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    places = np.arange(len(shown))
    sure = shown["beyond_noise"].to_numpy(dtype=bool)
    better = (shown["change"] > 0).to_numpy()
    colours = np.where(sure, np.where(better, theme.GREEN, theme.RED), theme.GREY)
    ax.hlines(places, shown["low"], shown["high"], color=colours, linewidth=2)
    ax.scatter(shown["change"], places, color=colours, s=28, zorder=3)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    labels = [f"{row.dimension}  {row.factor}" for row in shown.itertuples()]
    ax.set_yticks(places, theme.thin_labels(ax, labels, 44))
    ax.tick_params(axis="y", labelsize=9)
    ax.set_xlabel(
        f"Change of score, points (above 0 = better for the firm)\nline = {percent(result.confidence, 0)} interval"
    )
    ax.grid(axis="y", visible=False)
    moved = int(result.moves["beyond_noise"].sum())
    answer = f"{moved} of {len(result.moves)} factors moved beyond what raters' noise explains" if moved else (
        f"None of {len(result.moves)} factors moved beyond what raters' noise explains")  # fmt: skip
    return theme.title(ax, answer, width=50)
