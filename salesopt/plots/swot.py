"""Figures of the SWOT: the page of four boxes that people expect, and beside it how sure each number is."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from salesopt.display import chance, percent, points
from salesopt.plots import theme
from salesopt.swot import SwotTally
from salesopt.tows import Qspm, Tows

NAMES = {"S": "Strengths", "W": "Weaknesses", "O": "Opportunities", "T": "Threats"}
COLOURS = {"S": theme.GREEN, "W": theme.ORANGE, "O": theme.BLUE, "T": theme.RED}
CORNERS = {"S": (0.0, 0.5), "W": (0.5, 0.5), "O": (0.0, 0.0), "T": (0.5, 0.0)}
MOST = 8


def plot_swot(result: SwotTally, ax: Axes | None = None) -> Axes:
    """The classical page: four boxes, in each the factors by rank with their score; at most 8 a box, the rest is
    counted."""
    boxes = {quadrant: result.factors[result.factors["quadrant"] == quadrant] for quadrant in CORNERS}
    most = max(_lines(factors) for factors in boxes.values())
    ax = theme.axes(ax, width=10.0, height=min(max(2.0 + 0.45 * most, 3.6), 7.2))  # no box stands half empty
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    for quadrant, corner in CORNERS.items():
        factors = boxes[quadrant]
        _box(ax, quadrant, corner, factors, "pull" if quadrant == "W" and result.rule == "strength" else "score")
    totals = ", ".join(
        f"{name} {points(total)}"
        for name, total in zip(result.matrices["matrix"], result.matrices["total"], strict=True)
    )
    when = f", {result.date}" if result.date else ""
    note = "; a weakness shows what it takes off the midpoint" if result.rule == "strength" else ""
    return theme.title(ax, f"SWOT{when}: {totals} (midpoint 2.5). Figures are scores{note}", width=94)


def _wrapped(factors: pd.DataFrame) -> list[list[str]]:
    return [textwrap.wrap(factor, 54)[:2] for factor in factors["factor"].head(MOST)]


def _lines(factors: pd.DataFrame) -> float:
    """Lines that a box needs, with the space between its factors."""
    wrapped = _wrapped(factors)
    return sum(map(len, wrapped)) + 0.55 * len(wrapped) + (len(factors) > MOST)


def _box(ax: Axes, quadrant: str, corner: tuple[float, float], factors: pd.DataFrame, figure: str) -> None:
    left, bottom = corner
    ax.add_patch(
        Rectangle((left + 0.005, bottom + 0.008), 0.49, 0.484, facecolor=COLOURS[quadrant], alpha=0.09, linewidth=0)
    )
    ax.add_patch(Rectangle((left + 0.005, bottom + 0.442), 0.49, 0.05, facecolor=COLOURS[quadrant], linewidth=0))
    ax.text(left + 0.018, bottom + 0.467, NAMES[quadrant], color="white", weight="bold", fontsize=12, va="center")
    shown = factors.head(MOST)
    if shown.empty:
        ax.text(left + 0.018, bottom + 0.40, "no factor was scored", color=theme.GREY, va="center")
        return
    wrapped = _wrapped(factors)
    step = min(0.42 / _lines(factors), 0.055)
    size = 9 if step > 0.022 else 8
    height = bottom + 0.425
    for words, score in zip(wrapped, shown[figure], strict=True):
        ax.text(
            left + 0.062,
            height,
            points(score),
            ha="right",
            fontsize=size,
            weight="bold",
            color=COLOURS[quadrant],
            va="top",
        )
        ax.text(left + 0.074, height, theme.plain("\n".join(words)), fontsize=size, va="top", linespacing=1.15)
        height -= step * (len(words) + 0.55)
    if len(factors) > MOST:
        ax.text(
            left + 0.074, height, f"and {len(factors) - MOST} more in the table", fontsize=9, color=theme.GREY, va="top"
        )


def plot_scores(result: SwotTally, ax: Axes | None = None) -> Axes:
    """Forest plot: the score of each factor with its interval, by quadrant and rank."""
    factors = result.factors
    ax = theme.axes(ax, width=9.0, height=theme.height_for(len(factors)))
    places = np.arange(len(factors))[::-1]
    colours = [COLOURS[quadrant] for quadrant in factors["quadrant"]]
    known = factors["low"].notna().to_numpy()
    ax.hlines(places[known], factors["low"][known], factors["high"][known], color=np.array(colours)[known], linewidth=2)
    ax.scatter(factors["score"], places, color=colours, s=28, zorder=3)
    labels = [f"{quadrant}  {factor}" for quadrant, factor in zip(factors["quadrant"], factors["factor"], strict=True)]
    ax.set_yticks(places, theme.thin_labels(ax, labels, 44))
    ax.tick_params(axis="y", labelsize=9)
    ax.set_xlabel(f"Score, points (weight x rating)\nline = {percent(result.confidence, 0)} interval over raters")
    ax.grid(axis="y", visible=False)
    return theme.title(ax, _overlap_in_words(factors), width=50)


def _overlap_in_words(factors: pd.DataFrame) -> str:
    """What the intervals say about the first ranks."""
    first = factors[factors["rank"] == 1]
    if first["rank_probability"].isna().all():
        return "Scores of one rater: no interval"
    sure = first[first["rank_probability"] >= 0.8]
    if sure.empty:
        return "No quadrant has a first factor that another panel would surely put first"
    *others, last = [NAMES[quadrant].lower() for quadrant in sure["quadrant"]]
    names = f"{', '.join(others)} and {last}" if others else last
    return f"The first place is safe among {names}" + ("" if len(sure) == len(first) else "; elsewhere ranks overlap")


def plot_ranks(result: SwotTally, ax: Axes | None = None) -> Axes:
    """How likely each factor is to hold each rank in its quadrant before another panel of raters."""
    factors, ranks = result.factors, result.ranks
    most = int(ranks["rank"].max())
    ax = theme.axes(ax, width=9.0, height=theme.height_for(len(factors), each=0.3))
    sheet = ranks.pivot_table(index=["quadrant", "factor"], columns="rank", values="probability", dropna=False)
    order = pd.MultiIndex.from_frame(factors[["quadrant", "factor"]])
    shares = sheet.reindex(index=order, columns=range(1, most + 1)).to_numpy(dtype=float)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in zip(*np.nonzero(np.nan_to_num(shares) >= 0.05), strict=True):
        share = shares[row, column]
        colour = "white" if share > 0.55 else theme.INK
        ax.text(column, row, percent(share, 0), ha="center", va="center", fontsize=8, color=colour)
    labels = [f"{quadrant}  {factor}" for quadrant, factor in order]
    ax.set_yticks(range(len(order)), theme.thin_labels(ax, labels, 44))
    ax.set_xticks(range(most), [str(rank + 1) for rank in range(most)])
    ax.tick_params(axis="y", labelsize=9)
    ax.set_xlabel("Rank within its quadrant (1 = largest)\nprobability, blank below 5 %")
    ax.grid(visible=False)
    sure = int((factors["rank_probability"] >= 0.8).sum())
    return theme.title(
        ax, f"{sure} of {len(factors)} factors would keep their rank with another panel (80 % sure or more)", width=50
    )


def plot_position(result: SwotTally, ax: Axes | None = None) -> Axes:
    """The internal-external grid with the two totals, their intervals, and the probability of each cell."""
    ax = theme.axes(ax, width=6.4, height=5.4)
    if result.position.empty:
        ax.text(0.5, 0.5, "One of the two matrices has no factors", ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    cells = result.position[result.position["kind"] == "cell"].reset_index(drop=True)
    for at, row in cells.iterrows():
        down, across = divmod(int(str(at)), 3)
        left, bottom = 3.0 - across, 3.0 - down
        share = 0.0 if np.isnan(row["probability"]) else float(row["probability"])
        ax.add_patch(
            Rectangle(
                (left, bottom), 1, 1, facecolor=theme.BLUE, alpha=0.08 + 0.4 * share, edgecolor="white", linewidth=2
            )
        )
        told = f"\n{percent(share, 0)}" if share >= 0.005 else ""
        ax.text(left + 0.94, bottom + 0.92, f"{row['name']}{told}", va="top", fontsize=9, color=theme.INK)
    inner, outer = (result.matrices.set_index("matrix").loc[name] for name in ("IFE", "EFE"))
    if not np.isnan(inner["low"]):
        ax.hlines(outer["total"], inner["low"], inner["high"], color=theme.INK, linewidth=2)
        ax.vlines(inner["total"], outer["low"], outer["high"], color=theme.INK, linewidth=2)
    ax.scatter(inner["total"], outer["total"], color=theme.RED, s=50, zorder=4)
    ax.axvline(2.5, color=theme.GREY, linestyle="--", linewidth=1)
    ax.axhline(2.5, color=theme.GREY, linestyle="--", linewidth=1)
    ax.set(
        xlim=(4, 1),
        ylim=(1, 4),
        xlabel="Internal total (IFE), points: strong on the left",
        ylabel="External total (EFE), points",
    )
    ax.grid(visible=False)
    way = result.position[(result.position["kind"] == "direction") & result.position["chosen"]].iloc[0]
    sure = "" if np.isnan(way["probability"]) else f" ({chance(way['probability'])} of panels)"
    return theme.title(ax, f"{way['name']}{sure}: {way['advice']}", width=56)


def plot_strategies(result: Tows | Qspm, ax: Axes | None = None) -> Axes:
    """Candidate strategies by score with their intervals."""
    column = "score" if isinstance(result, Tows) else "total"
    shown = result.strategies.iloc[::-1]
    if shown.empty:
        ax = theme.axes(ax, height=1.2)
        ax.text(0.5, 0.5, "The study names no strategies to compare", ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    ax = theme.axes(ax, width=9.0, height=theme.height_for(len(shown), each=0.42))
    places = np.arange(len(shown))
    ax.barh(places, shown[column], color=theme.BLUE, alpha=0.8, height=0.6)
    known = shown["low"].notna().to_numpy()
    ax.hlines(places[known], shown["low"][known], shown["high"][known], color=theme.INK, linewidth=1.8)
    ax.set_yticks(places, theme.thin_labels(ax, shown["strategy"].tolist(), 44))
    what = (
        "Score, points (weights of the linked factors x fit)" if column == "score" else "Total attractiveness, points"
    )
    ax.set_xlabel(f"{what}\nline = interval over raters")
    ax.grid(axis="y", visible=False)
    best = result.strategies.iloc[0]
    sure = "" if np.isnan(best["first_probability"]) else f" ({chance(best['first_probability'])} of panels)"
    return theme.title(ax, f"First: {best['strategy']}{sure}", width=50)
