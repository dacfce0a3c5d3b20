"""Pictures of people who leave or join: who is hardest to lose, who takes over, where the next hire sits best."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from salesopt.display import about, integer, money, plural
from salesopt.plots.theme import BAD, BLUE, GOOD, GREY, INK, ORANGE, axes, empty, height_for, plain, thin_labels, title
from salesopt.rosters import RosterComparison

MOST = 25  # people drawn
WIDE = 62  # characters of a title's line beside long labels


def plot_leavers(result: RosterComparison, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """What becomes of the accounts of each person who leaves, hardest first: found a colleague, or nobody.

    In potential, by which the losses are ranked; where nothing is left, in the hours that colleagues take over.
    """
    table = result.table[result.table["kind"].isin(["leaver", "leavers"])].sort_values("rank").head(MOST)
    if table.empty:
        return empty(ax, "Nobody is asked to leave here")
    worst = table.iloc[0]
    table = table.iloc[::-1].reset_index(drop=True)
    ax = axes(ax, height=height_for(len(table), least=3.0))
    left = bool((table["potential_short"] > 0).any())
    measure = "potential" if left else "hours"
    unit = f"Potential{', ' + currency if currency else ''} a year" if left else "Hours a year"
    place, edge = np.arange(len(table)), np.zeros(len(table))
    for column, label, colour in (("moved", "finds a colleague", BLUE), ("short", "finds nobody", BAD)):
        width = table[f"{measure}_{column}"].to_numpy(float)
        ax.barh(place, width, left=edge, color=colour, height=0.62, label=label)
        edge = edge + width
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(lambda value, _: money(value))
    ax.set_yticks(place, thin_labels(ax, table["who"].tolist()))
    whose = "of the accounts of who leaves" if result.regime == "handover" else "of all accounts that change hands"
    ax.set_xlabel(plain(f"{unit}, {whose}" + ("" if left else " (calls and travel)")))
    ax.grid(visible=False, axis="y")
    _legend_below(ax, 2)
    start = f"{worst['who']} is hardest to lose" if len(table) > 1 else f"If {worst['scenario']}"
    if worst["accounts_short"] > 0:
        lost = plural(int(worst["accounts_short"]), "account")
        lost += f" with {money(worst['potential_short'], currency)} of potential a year" if left else ""
        return title(ax, f"{start}: {lost} would find nobody", width=WIDE)
    said = f"colleagues would take over {about(worst['hours_moved'])} hours a year"
    return title(ax, f"{start}: {said}", width=WIDE)


def _legend_below(ax: Axes, columns: int) -> None:
    """The legend below the label of the axis, at the same distance however high the figure is."""
    height = ax.get_window_extent().height / ax.figure.dpi
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.62 / height), ncols=columns, fontsize=9)


def plot_takeover(result: RosterComparison, scenario: str = "", ax: Axes | None = None) -> Axes:
    """Hours of those who take over in a scenario, before and after; the mark is the hours each has.

    `scenario` is one of the result's; empty means that of who is hardest to lose.
    """
    leavers = result.table[result.table["kind"].isin(["leaver", "leavers"])].sort_values("rank")
    named = scenario or (str(leavers["scenario"].iloc[0]) if len(leavers) else "")
    load = result.load[(result.load["scenario"] == named) & (result.load["gained"] > 0)]
    if load.empty:
        return empty(ax, f"{named or 'Nobody leaves here'}: no account finds a colleague")
    load = load.sort_values("gained", ignore_index=True)
    today = result.load[result.load["scenario"] == "today"].set_index("rep")["hours"]
    before = today.reindex(load["rep"]).fillna(0.0).to_numpy()
    ax = axes(ax, height=height_for(len(load), each=0.34, least=2.8))
    place = np.arange(len(load))
    ax.barh(place, np.minimum(before, load["hours"]), color=GREY, height=0.6, label="today")
    ax.barh(place, load["hours"] - before, left=before, color=BLUE, height=0.6, label="taken over, travel included")
    ax.vlines(load["capacity"], place - 0.4, place + 0.4, color=INK, linewidth=2, label="hours there are")
    reach = max(load["hours"].max(), load["capacity"].max())
    for at, row in enumerate(load.to_dict("records")):
        edge = max(row["hours"], row["capacity"])
        ax.text(edge + 0.015 * reach, at, plural(int(row["gained"]), "account"), va="center", fontsize=9)
    ax.set_xlim(0, 1.18 * reach)
    ax.xaxis.set_major_formatter(lambda value, _: integer(value))
    ax.set_yticks(place, thin_labels(ax, load["rep"].tolist()))
    ax.set_xlabel("Hours a year, travel included")
    ax.grid(visible=False, axis="y")
    _legend_below(ax, 3)
    all_of = result.table[result.table["scenario"] == named].iloc[0]
    people, accounts, over, short = (int(all_of[name]) for name in ("takers", "moved", "takers_over", "accounts_short"))
    taken = f"{plural(people, 'colleague')} {_take(people)} over {plural(accounts, 'account')}"
    more = f"; {integer(over)} then with more work than hours" if over else ""
    more += f"; {plural(short, 'account')} would find nobody" if short else ""
    return title(ax, f"{named}: {taken}{more}", width=WIDE)


def _take(count: int) -> str:
    return "takes" if count == 1 else "take"


def plot_places(result: RosterComparison, ax: Axes | None = None) -> Axes:
    """Map of the candidate places, the larger the better; lines go from the best to the accounts taken over there."""
    places = result.places
    if places.empty:
        return empty(ax, "Nobody is asked to join here")
    if not {"lat", "lon"} <= set(places.columns) & set(result.accounts.columns) or places["lat"].isna().any():
        return _place_bars(places, ax)
    ax = axes(ax, height=5.6)
    best = places.iloc[0]
    clients = result.accounts
    ax.scatter(clients["lon"], clients["lat"], s=7, color="#cbd2d9", rasterized=len(clients) > 1000, label="account")
    taken = result.moves[(result.moves["scenario"] == best["scenario"]) & _to_new(result, str(best["scenario"]))]
    ends = np.stack([np.tile(best[["lon", "lat"]].to_numpy(float), (len(taken), 1)), taken[["lon", "lat"]]], axis=1)
    ax.add_collection(LineCollection(list(ends), colors=BLUE, linewidths=0.7, alpha=0.6))
    ax.scatter(taken["lon"], taken["lat"], s=12, color=BLUE, zorder=3, label="account that the best hire takes over")
    bases = result.load[result.load["scenario"] == "today"]
    ax.scatter(bases["lon"], bases["lat"], marker="s", s=24, color=GREY, edgecolor=INK, zorder=4, label="base today")
    saved = -places["cost_change"].to_numpy()
    size = 25 + 150 * np.clip((saved - saved.min()) / max(np.ptp(saved), 1e-9), 0, 1)
    ax.scatter(places["lon"], places["lat"], s=size, facecolor="none", edgecolor=ORANGE, linewidth=1.5, zorder=5,
               label="candidate place, the larger the better")  # fmt: skip
    ax.scatter(best["lon"], best["lat"], marker="*", s=240, color=GOOD, edgecolor=INK, zorder=6, label="best place")
    ax.set_aspect(1 / max(np.cos(np.radians(clients["lat"].mean())), 0.1), adjustable="datalim")
    ax.set_xlabel("Longitude, degrees")
    ax.set_ylabel("Latitude, degrees")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, fontsize=8)
    return title(ax, _best_words(best))


def _to_new(result: RosterComparison, scenario: str) -> pd.Series:
    """Moves to people who are not there today."""
    today = set(result.load.loc[result.load["scenario"] == "today", "rep"])
    return ~result.moves["rep_to"].isin([*today, ""])


def _best_words(best: pd.Series) -> str:
    parts = []
    if best["short_change"] <= -0.5:
        parts.append(f"{integer(-best['short_change'])} hours of calls find room again")
    if abs(best["travel_change"]) >= 0.5:
        way = "less" if best["travel_change"] < 0 else "more"
        parts.append(f"about {about(abs(best['travel_change']))} hours of travel a year {way}")
    if best["over_change"] <= -0.5:
        parts.append(f"about {about(-best['over_change'])} fewer hours of overload")
    if not parts:
        return "No place tried for a hire saves travel or overload"
    return f"Best for a hire, if nothing else moves: {best['place']} ({', '.join(parts)})"


def _place_bars(places: pd.DataFrame, ax: Axes | None) -> Axes:
    """What each candidate saves, where there is no map."""
    shown = places.head(MOST).iloc[::-1].reset_index(drop=True)
    ax = axes(ax, height=height_for(len(shown), least=2.8))
    place = np.arange(len(shown))
    ax.barh(place, -shown["cost_change"], color=[*[BLUE] * (len(shown) - 1), GOOD], height=0.62)
    ax.set_yticks(place, thin_labels(ax, shown["place"].tolist()))
    ax.set_xlabel("Hours a year saved (travel, and overload at its price)")
    ax.grid(visible=False, axis="y")
    return title(ax, _best_words(places.iloc[0]), width=WIDE)
