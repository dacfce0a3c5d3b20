"""Pictures of a team: what moving and hiring is worth, the frontier, the deployment, the load, who serves whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter

from salesopt.display import estimate, heads_of, integer, money, percent, plural
from salesopt.plots.theme import (
    BAD,
    BLUE,
    GOOD,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    axes,
    height_for,
    name_points,
    thin_labels,
    title,
)
from salesopt.team import TeamAssignment, TeamSize

NAMED = 40  # bases up to which a map has room for their names
WIDE = 62  # characters of a title's line beside long labels
STEPS = {"today": "Today", "redeployed": "Redeployed", "asked": "Within\nthe cap", "best": "Best size"}


def plot_bridge(result: TeamSize, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Profit today, what redeploying the same heads adds, and what the best size adds; whiskers are intervals."""
    ax = axes(ax, height=4.0)
    bridge = result.bridge
    place = np.arange(len(bridge))
    before = bridge["profit"] - bridge["gain"]
    colours = [GREY, *(GOOD if gain >= 0 else BAD for gain in bridge["gain"].iloc[1:])]
    bottom = np.where(place == 0, 0.0, np.minimum(before, bridge["profit"]))
    height = np.where(place == 0, bridge["profit"], bridge["gain"].abs())
    ax.bar(place, height, bottom=bottom, color=colours, width=0.62)
    known = bridge["low"].notna().to_numpy() & (place > 0)
    if known.any():
        gains = bridge[known]
        spans = np.abs(np.vstack([gains["total_gain"] - gains["low"], gains["high"] - gains["total_gain"]]))
        ax.errorbar(place[known], gains["profit"], yerr=spans, fmt="none", ecolor=INK, capsize=4, linewidth=1.2)
    floor = min(bridge["profit"].min(), before.iloc[1:].min())
    top = max(bridge["profit"].max(), (bridge["profit"].iloc[0] + bridge["high"]).max())
    reach = max(top - floor, 1e-9)
    for at, row in enumerate(bridge.to_dict("records")):
        said = money(row["profit"], currency) if at == 0 else ("+" if row["gain"] >= 0 else "") + estimate(row["gain"])
        edge = max(row["profit"], bridge["profit"].iloc[0] + row["high"] if known[at] else row["profit"])
        ax.text(at, edge + 0.03 * reach, said, ha="center", va="bottom")
    ax.set_xticks(
        place,
        [f"{STEPS[step]}\n{heads_of(reps)} heads" for step, reps in zip(bridge["step"], bridge["reps"], strict=True)],
    )
    ax.set_ylim(max(floor - 0.6 * reach, 0.0) if floor > 0 else None, top + 0.15 * reach)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    start = "" if ax.get_ylim()[0] <= 0 else "\n(the axis does not start at 0)"
    ax.set_ylabel(f"Profit after the heads' cost, {currency + ' ' if currency else ''}a year{start}")
    ax.grid(False, axis="x")
    redeployed, best = bridge["total_gain"].iloc[1], _aim(result)["total_gain"]
    whose = "the best size's gain" if result.reps is None else "the gain within the cap"
    share = f", {percent(redeployed / best, 0)} of {whose}" if best > 0 and redeployed >= 0 else ""
    same = abs(bridge["reps"].iloc[1] - bridge["reps"].iloc[0]) < 1
    what = "Moving the same heads" if same else f"Placing {heads_of(bridge['reps'].iloc[1])} heads best"
    return title(ax, f"{what} is worth {estimate(redeployed, currency)} a year{share}", width=WIDE)


def plot_frontier(result: TeamSize, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Profit of every head count divided in the best way; dots where service of a unit starts, today and the best."""
    ax = axes(ax)
    frontier, bridge = result.frontier, result.bridge.set_index("step")
    ax.plot(frontier["reps"], frontier["profit"], color=BLUE, linewidth=2, rasterized=len(frontier) > 1000)
    kinks = frontier[(frontier["switched_on"] != "") & (frontier["reps"] > frontier["reps"].min())]
    ax.scatter(kinks["reps"], kinks["profit"], s=26, color=ORANGE, zorder=3, label="service of a unit starts")
    ax.scatter(bridge["reps"]["today"], bridge["profit"]["today"], s=60, color=BAD, zorder=4, label="today")
    capped = result.reps is not None
    ax.scatter(bridge["reps"]["best"], bridge["profit"]["best"], s=60, facecolor="none" if capped else GOOD,
               edgecolor=GOOD, zorder=4, label="best size without the cap" if capped else "best size")  # fmt: skip
    best = (_aim(result)["reps"], _aim(result)["profit"])
    if result.reps is not None:
        ax.axvline(result.reps, color=INK, linewidth=1.2, linestyle="--", label="cap")
        ax.scatter(*best, s=60, color=GOOD, zorder=5, label="best within the cap")
    if np.isfinite(bridge["reps_low"]["best"]):
        ax.axvspan(bridge["reps_low"]["best"], bridge["reps_high"]["best"], color=GOOD, alpha=0.1, linewidth=0)
    ax.set_xlabel("Heads (shaded: interval of the best size)")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    ax.set_ylabel(f"Best profit, {currency + ' ' if currency else ''}a year")
    ax.legend(loc="lower right")
    return title(
        ax,
        f"Profit {'within the cap ' if capped else ''}is greatest at {heads_of(best[0])} heads; "
        f"today there are {heads_of(bridge['reps']['today'])}",
        width=WIDE,
    )


def _aim(result: TeamSize) -> pd.Series:
    """The step to go to: the best size, or the best within the cap where there is one."""
    return result.bridge[result.bridge["step"] == ("best" if result.reps is None else "asked")].iloc[0]


def plot_deployment(result: TeamSize, ax: Axes | None = None) -> Axes:
    """Heads of each unit today, with the same heads redeployed, and at the best size with its interval."""
    table = result.table.sort_values("reps_now", ignore_index=True)
    ax = axes(ax, height=height_for(len(table), each=0.42, least=3.0))
    place = np.arange(len(table))
    ax.hlines(place, table["reps_now"], table["reps_same_heads"], color="#cbd2d9", linewidth=3, zorder=1)
    ax.scatter(table["reps_now"], place, s=48, color=GREY, label="today", zorder=3)
    ax.scatter(table["reps_same_heads"], place, s=48, color=BLUE, label="same heads, redeployed", zorder=4)
    aim, said = ("reps_best", "best size") if result.reps is None else ("reps_asked", "best within the cap")
    ax.scatter(table[aim], place, s=58, marker="D", facecolor="none", edgecolor=GOOD, label=said, zorder=5)
    ax.hlines(place, table["reps_best_low"], table["reps_best_high"], color=GOOD, linewidth=1.2, zorder=2)
    ax.set_yticks(place, thin_labels(ax, table["unit"].tolist()))
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlabel("Heads (green line: interval of the best size)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16 if len(table) > 5 else -0.25), ncols=3)
    moved = (table["reps_same_heads"] - table["reps_now"]).clip(lower=0).sum()
    return title(
        ax, f"{heads_of(moved)} of {heads_of(table['reps_now'].sum())} heads change what they work on", width=WIDE
    )


def plot_load(result: TeamAssignment, ax: Axes | None = None) -> Axes:
    """Hours of each representative after the plan, against what he has and what today's accounts would take."""
    load = result.load.sort_values("hours", ignore_index=True)
    tall = height_for(len(load), each=0.25, least=3.0)
    ax = axes(ax, height=tall)
    place = np.arange(len(load))
    ax.barh(place, load["hours"] - load["travel"], color=BLUE, height=0.6, label="with customers")
    ax.barh(place, load["travel"], left=load["hours"] - load["travel"], color=ORANGE, height=0.6, label="on the road")
    ax.scatter(load["capacity"], place, marker="|", s=130, color=INK, linewidth=2, label="hours available", zorder=4)
    ax.scatter(load["hours_now"], place, s=34, marker="D", color=BAD, edgecolor="white", linewidth=1,
               label="with today's accounts", zorder=5)  # fmt: skip
    ax.set_yticks(place, thin_labels(ax, load["rep"].tolist(), 24))
    ax.set_ylim(-0.6, len(load) - 0.4)
    ax.set_xlabel("Hours a year")
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -1.05 / tall if tall < 5 else -0.09), ncols=4, fontsize=9)
    over = int((load["hours_now"] > load["capacity"]).sum())
    return title(
        ax,
        f"At the calls planned, the plan fills {percent(load['hours'].sum() / load['capacity'].sum(), 0)} of all "
        f"hours; with today's accounts {integer(over)} of {plural(len(load), 'representative')} lack hours",
        width=WIDE - 12,
    )


def plot_map(result: TeamAssignment, ax: Axes | None = None) -> Axes:
    """Accounts by place, each joined to the base of who serves it; accounts that change hands are ringed."""
    placed = {"lat", "lon"} <= set(result.table.columns)
    ax = axes(ax, height=6.0 if placed else 0.8)
    if not placed:
        ax.set_axis_off()
        return title(ax, "The accounts have no coordinates, so there is no map")
    table = result.table.merge(result.load[["rep", "lat", "lon"]], on="rep", suffixes=("", "_base"))
    colour = dict(zip(result.load["rep"], np.resize(np.array(PALETTE, dtype=object), len(result.load)), strict=True))
    colours = table["rep"].map(colour).tolist()
    ends = np.stack([table[["lon_base", "lat_base"]].to_numpy(), table[["lon", "lat"]].to_numpy()], axis=1)
    many = len(table) > 1000
    ax.add_collection(LineCollection(list(ends), colors=colours, linewidths=0.6, alpha=0.45, rasterized=many))
    ax.scatter(table["lon"], table["lat"], c=colours, s=9, zorder=3, rasterized=many)
    moved = table[table["moved"]]
    ax.scatter(
        moved["lon"], moved["lat"], s=30, facecolor="none", edgecolor=INK, linewidth=0.7, zorder=4, label="moved"
    )
    bases = result.load
    ax.scatter(
        bases["lon"], bases["lat"], marker="s", s=30, c=list(colour.values()), edgecolor=INK, zorder=5, label="base"
    )
    ax.set_aspect(1 / max(np.cos(np.radians(table["lat"].mean())), 0.1), adjustable="datalim")
    ax.set_xlabel("Longitude, degrees")
    ax.set_ylabel("Latitude, degrees")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    travel, more = (result.bridge.set_index("step")[name] for name in ("travel", "travel_unserved"))
    newly = f", and {integer(more['assigned'])} for accounts that nobody here serves today" if more["assigned"] else ""
    title(
        ax,
        f"{plural(int(table['moved'].sum()), 'account')} of {integer(len(table))} change hands; "
        f"travel for the calls planned is {integer(travel['assigned'])} hours a year, with today's owners "
        f"{integer(travel['today'])}{newly}",
        width=WIDE,
    )
    if len(bases) <= NAMED:
        name_points(ax, bases["lon"].tolist(), bases["lat"].tolist(), thin_labels(ax, bases["rep"].tolist(), 24))
    return ax
