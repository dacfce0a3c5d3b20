"""Pictures of people who leave or join: who is hardest to lose, who takes over, where the next hire sits best."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from salesopt.display import integer, money, plural
from salesopt.plots.theme import BAD, BLUE, GOOD, GREY, INK, ORANGE, axes, empty, height_for, thin_labels, title
from salesopt.rosters import RosterComparison

MOST = 25  # people drawn
WIDE = 62  # characters of a title's line beside long labels
BURDEN = {
    "travel_change": ("travel added", BLUE),
    "over_change": ("above the hours of those who stay", ORANGE),
    "hours_short": ("nobody has room for", BAD),
}


def plot_leavers(result: RosterComparison, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """What the loss of each person asks of the others, hardest first: travel, hours above theirs, hours unserved."""
    table = result.table[result.table["kind"] == "leaver"].sort_values("rank").head(MOST)
    if table.empty:
        return empty(ax, "Nobody is asked to leave here")
    worst = table.iloc[0]
    table = table.iloc[::-1].reset_index(drop=True)
    ax = axes(ax, height=height_for(len(table), least=3.0))
    place = np.arange(len(table))
    up, down = np.zeros(len(table)), np.zeros(len(table))
    for column, (label, colour) in BURDEN.items():
        hours = table[column].to_numpy(float)
        ax.barh(place, hours, left=np.where(hours >= 0, up, down), color=colour, height=0.62, label=label)
        up, down = up + np.maximum(hours, 0), down + np.minimum(hours, 0)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(place, thin_labels(ax, table["who"].tolist()))
    by = ", ranked by the potential left without room" if worst["accounts_short"] > 0 else ""
    ax.set_xlabel(f"Hours a year if this person leaves{by}")
    ax.grid(visible=False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.09 if len(table) > 12 else -0.22), ncols=3, fontsize=8)
    if worst["accounts_short"] > 0:
        lost = f"{plural(int(worst['accounts_short']), 'account')} with {money(worst['potential_short'], currency)}"
        return title(ax, f"{worst['who']} is hardest to lose: nobody has room for {lost} of potential", width=WIDE)
    more = f"{integer(max(worst['travel_change'], 0))} hours of travel a year more"
    over = f", {integer(worst['over_change'])} above colleagues' hours" if worst["over_change"] >= 0.5 else ""
    return title(ax, f"{worst['who']} is hardest to lose: {more}{over}", width=WIDE)


def plot_takeover(result: RosterComparison, scenario: str = "", ax: Axes | None = None) -> Axes:
    """Hours of those who take over in a scenario, before and after; the mark is the hours each has.

    `scenario` is one of the result's; empty means that of who is hardest to lose.
    """
    leavers = result.table[result.table["kind"].isin(["leaver", "leavers"])].sort_values("rank")
    named = scenario or (str(leavers["scenario"].iloc[0]) if len(leavers) else "")
    load = result.load[(result.load["scenario"] == named) & (result.load["gained"] > 0)]
    if load.empty:
        return empty(ax, f"{named or 'Nobody leaves here'}: no account finds somebody with room to take it over")
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
    ax.set_yticks(place, thin_labels(ax, load["rep"].tolist()))
    ax.set_xlabel("Hours a year, travel included")
    ax.grid(visible=False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.17 if len(load) > 6 else -0.28), ncols=3, fontsize=8)
    over = int((load["over_change"] > 1e-6).sum())
    said = f"; {integer(over)} of them above the hours there are" if over else "; none above the hours there are"
    taken = plural(int(load["gained"].sum()), "account")
    return title(ax, f"{named}: {plural(len(load), 'colleague')} {_take(len(load))} over {taken}{said}", width=WIDE)


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
    less = "less" if best["travel_change"] <= 0 else "more"
    travel = f"{integer(abs(best['travel_change']))} hours of travel a year {less}"
    over = best["over_change"]
    relief = f", {integer(-over)} hours above people's hours relieved" if over <= -0.5 else ""
    short = best["short_change"]
    relief = f", {integer(-short)} hours find room again" if short <= -0.5 else relief
    return f"The next hire sits best {best['place']}: {travel}{relief}"


def _place_bars(places: pd.DataFrame, ax: Axes | None) -> Axes:
    """What each candidate saves, where there is no map."""
    shown = places.head(MOST).iloc[::-1].reset_index(drop=True)
    ax = axes(ax, height=height_for(len(shown), least=2.8))
    place = np.arange(len(shown))
    ax.barh(place, -shown["cost_change"], color=[*[BLUE] * (len(shown) - 1), GOOD], height=0.62)
    ax.set_yticks(place, thin_labels(ax, shown["place"].tolist()))
    ax.set_xlabel("Hours a year saved (travel, and hours above people's hours at their price)")
    ax.grid(visible=False, axis="y")
    return title(ax, _best_words(places.iloc[0]), width=WIDE)
