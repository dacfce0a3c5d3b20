"""Pictures of the structures, of when the answer flips, of the team and of its duties."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from salesopt.display import capital, integer, listed, number, percent, points
from salesopt.plots.theme import (
    BAD,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    PURPLE,
    axes,
    height_for,
    thin_labels,
    title,
)
from salesopt.stats.comparison import tabulate_unserved
from salesopt.structure import CRITERION, NAMES, NOUNS, DutyCheck, Structures, TeamMakeup

COLOURS = {"territory": BLUE, "product": ORANGE, "customer": GREEN, "matrix": PURPLE}
DOING = {"managing": "leading", "support": "in support"}
HOURS = {
    "customer_hours": ("with customers", GREEN),
    "travel_hours": ("on the road", ORANGE),
    "agreeing_hours": ("agreeing with colleagues", PURPLE),
    "idle_hours": ("not used", "#d5d9df"),
}


def plot_structures(result: Structures, ax: Axes | None = None) -> Axes:
    """Score of each structure, put together from what each criterion adds; the whisker is the interval."""
    ax = axes(ax, height=3.6)
    scores = result.scores.sort_values("score", ignore_index=True)
    place = np.arange(len(scores))
    left = np.zeros(len(scores))
    for colour, (criterion, weight) in zip(PALETTE, result.weights.items(), strict=False):
        part = weight * scores[criterion].to_numpy()
        ax.barh(
            place, part, left=left, color=colour, height=0.62, label=f"{CRITERION[criterion]} ({percent(weight, 0)})"
        )
        left += part
    if scores["low"].notna().all():
        below, above = scores["score"] - scores["low"], scores["high"] - scores["score"]
        error = np.maximum(np.vstack([below, above]), 0)
        ax.errorbar(scores["score"], place, xerr=error, fmt="none", ecolor=INK, capsize=3, linewidth=1.2)
    for at, row in enumerate(scores.to_dict("records")):
        edge = row["high"] if math.isfinite(row["high"]) else row["score"]
        ax.text(max(edge, row["score"]) + 0.012, at, points(row["score"]), va="center", fontsize=9)
    ax.set_yticks(place, [NAMES[name] for name in scores["structure"]])
    ax.set_xlim(0, 1.12)
    ax.set_xlabel("Weighted points, 0 to 1 (in brackets: weight of the criterion)")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3, fontsize=8)
    return title(
        ax, f"Best organised {NAMES[result.best]}, {points(result.lead)} points ahead of {NOUNS[result.second]}"
    )


def plot_flips(result: Structures, ax: Axes | None = None) -> Axes:
    """Who wins as the weight of one criterion goes from 0 to 100 %; the mark is the weight given, figures the flips."""
    criteria = list(dict.fromkeys(result.flips["criterion"]))
    ax = axes(ax, height=height_for(len(criteria), each=0.4))
    for at, criterion in enumerate(reversed(criteria)):
        for row in result.flips[result.flips["criterion"] == criterion].to_dict("records"):
            ax.barh(
                at, 100 * (row["to"] - row["from"]), left=100 * row["from"], color=COLOURS[row["winner"]], height=0.55
            )
            if row["from"] > 0:
                ax.text(100 * row["from"], at + 0.3, percent(row["from"]), ha="center", va="bottom", fontsize=8)
        weight = 100 * result.weights[criterion]
        ax.plot([weight, weight], [at - 0.36, at + 0.36], color=INK, linewidth=2.4)
    ax.set_yticks(range(len(criteria)), [CRITERION[criterion] for criterion in reversed(criteria)])
    ax.set_ylim(-0.6, len(criteria) - 0.3)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Weight of the criterion, % (black: the weight given)")
    ax.grid(axis="y", visible=False)
    winners = list(dict.fromkeys(result.flips["winner"]))
    handles = [Patch(color=COLOURS[name], label=NAMES[name]) for name in winners]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=4, fontsize=8)
    found = list(dict.fromkeys(_flip(row) for row in result.flips.to_dict("records") if row["winner"] != result.best))
    if found:
        best, more = NOUNS[result.best], ", or of others beside" if len(found) > 2 else ""
        return title(ax, f"{capital(best)} wins unless the weight of {' or of '.join(found[:2])}{more}", width=56)
    return title(ax, f"No weight of one criterion alone unseats {NOUNS[result.best]}", width=56)


def _flip(row: Mapping[Any, Any]) -> str:
    """From what weight of a criterion on another structure wins: "fit of skills is over 96 %"."""
    over = row["from"] > row["weight"]
    edge = percent(row["from"] if over else row["to"], 0)
    return f"{CRITERION[row['criterion']]} is {'over' if over else 'under'} {edge}"


def plot_hours(result: Structures, ax: Axes | None = None) -> Axes:
    """Where the paid hours of each structure go, and how many representatives it needs."""
    ax = axes(ax, height=3.4)
    table = result.table.iloc[::-1].reset_index(drop=True)
    place, left = np.arange(len(table)), np.zeros(len(table))
    for name, (label, colour) in HOURS.items():
        part = table[name].fillna(0.0).to_numpy() / 1000  # travel that is not known
        ax.barh(place, part, left=left, color=colour, height=0.62, label=label)
        left += part
    for at, reps in enumerate(table["reps"]):
        ax.text(left[at] + left.max() * 0.01, at, f"{integer(reps)} people", va="center", fontsize=9)
    ax.set_yticks(place, [NAMES[name] for name in table["structure"]])
    ax.set_xlim(0, left.max() * 1.16)
    ax.set_xlabel("Thousand hours a year")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=4, fontsize=8)
    least = table.iloc[int(table["reps"].argmin())]
    people, most = integer(least["reps"]), integer(table["reps"].max())
    said = f"The same calls take {people} people {NAMES[least['structure']]}, up to {most} otherwise"
    return title(ax, f"{said}; today there are {integer(result.reps_now)}")


def plot_makeup(result: TeamMakeup, ax: Axes | None = None) -> Axes:
    """Heads per team by what they do; beside each bar how many others there are to one who leads."""
    teams = result.teams[result.teams["team"] != "all"].iloc[::-1].reset_index(drop=True)
    ax = axes(ax, height=height_for(len(teams), each=0.45))
    place, left = np.arange(len(teams)), np.zeros(len(teams))
    other = teams["heads"] - teams[["selling", "managing", "support"]].sum(axis=1)
    groups = {"selling": BLUE, "managing": ORANGE, "support": GREEN, "other": GREY}
    for name, colour in groups.items():
        part = (other if name == "other" else teams[name]).to_numpy(float)
        if part.any():
            ax.barh(place, part, left=left, color=colour, height=0.6, label=DOING.get(name, name))
            left += part
    for at, led in enumerate(teams["span"]):
        span = f"{number(led, 2)} others per leader" if math.isfinite(led) else "nobody leads"
        ax.text(left[at] + left.max() * 0.01, at, span, va="center", fontsize=9)
    ax.set_yticks(place, thin_labels(ax, list(teams["team"])))
    ax.set_xlim(0, left.max() * 1.3)
    ax.set_xlabel(f"Heads on {result.on.date()}")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.26), ncols=4, fontsize=8)
    turnover = result.last_year["turnover"]
    leaders = int(result.teams.loc[result.teams["team"] == "all", "managing"].iloc[0])
    lead = f", {leaders} of them leading, one to {number(result.span, 2)} others" if leaders else ", nobody leading"
    return title(ax, f"{result.heads} people{lead}; turnover {percent(turnover)} a year")


def plot_duties(result: DutyCheck, ax: Axes | None = None) -> Axes:
    """Who has which part in which duty; the rows of duties that are not sound are marked in red."""
    matrix = result.matrix.set_index("duty").reindex(result.table["duty"])
    ax = axes(ax, height=height_for(len(matrix), each=0.34, least=3.2))
    faulty = (result.table["faults"] > 0).to_numpy()
    shades = {"A": BLUE, "R": GREEN, "C": "#c7ccd4", "I": "#e4e7eb"}
    for row, (_, parts) in enumerate(matrix.iterrows()):
        if faulty[row]:
            ax.axhspan(row - 0.5, row + 0.5, color=BAD, alpha=0.12, linewidth=0)
        for column, part in enumerate(parts):
            if part:
                dark = part[0] in "AR"
                box = {"boxstyle": "round,pad=0.28", "facecolor": shades[part[0]], "edgecolor": "none"}
                ax.text(
                    column, row, part, ha="center", va="center", fontsize=8, bbox=box, color="white" if dark else INK
                )
    ax.set_xlim(-0.6, matrix.shape[1] - 0.4)
    ax.set_ylim(len(matrix) - 0.5, -0.5)
    ax.set_xticks(
        range(matrix.shape[1]), thin_labels(ax, list(matrix.columns), 18), rotation=45, ha="right", fontsize=8
    )
    ax.set_yticks(range(len(matrix)), thin_labels(ax, list(matrix.index), 36), fontsize=8)
    for label, fault in zip(ax.get_yticklabels(), faulty, strict=True):
        label.set_color(BAD if fault else INK)
    ax.grid(visible=False)
    wrong = int(faulty.sum())
    answer = f"{wrong} of {len(matrix)} duties are not sound (red)" if wrong else "Every duty has one owner and a doer"
    ax.set_xlabel("A accountable, R responsible, C consulted, I informed")
    return title(ax, answer)


def plot_shifts(result: Structures, ax: Axes | None = None) -> Axes:
    """Share of the extra hours that stays unserved when a line, a segment or a region grows, and their average.

    The average counts each kind once, as the criterion agility does; a whisker spans the groups of a kind.
    """
    ax = axes(ax, height=3.8)
    table = tabulate_unserved(result.shifts)
    kinds = list(dict.fromkeys(table["kind"]))
    names = list(dict.fromkeys(table["structure"]))
    step = 0.8 / max(len(names), 1)
    for at, name in enumerate(names):
        mine = table[table["structure"] == name].set_index("kind").reindex(kinds)
        where = np.arange(len(kinds)) - 0.4 + step * (at + 0.5)
        ax.bar(where, 100 * mine["mean"], step * 0.9, color=COLOURS[name], label=NAMES[name])
        error = 100 * np.vstack([mine["mean"] - mine["least"], mine["most"] - mine["mean"]])
        ax.errorbar(where, 100 * mine["mean"], yerr=error, fmt="none", ecolor=INK, capsize=2, linewidth=1)
        for place, (mean, most) in enumerate(zip(mine["mean"], mine["most"], strict=True)):
            top = 100 * (mean if math.isnan(most) else most)
            ax.text(where[place], top + 1, percent(mean, 0), ha="center", va="bottom", fontsize=7)
    ax.set_xticks(range(len(kinds)), [GROWS.get(kind, f"one {kind} grows") for kind in kinds])
    ax.set_ylim(0, 1.12 * max(100 * float(table[["mean", "most"]].max().max()), 1.0))
    ax.set_ylabel("Extra hours unserved, %")
    ax.set_xlabel(
        "Bar and figure: mean over the lines, segments or regions; whisker: least to most of them", fontsize=9
    )
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=4, fontsize=8)
    said = f"When one place grows by {percent(result.shift, 0)}, {growth_words(result)}"
    return title(ax, said, width=78)


GROWS = {"average": "average of these"}


def growth_words(result: Structures) -> str:
    """Which structure leaves least undone on average, and the kinds of growth in which another one does."""
    table = tabulate_unserved(result.shifts).dropna(subset=["mean"])
    if table.empty or table["mean"].max() == 0:
        return "no structure leaves anything undone" if len(table) else "what stays undone is not known"
    least = {
        row["kind"]: row for row in table[::-1].sort_values("mean", ascending=False, kind="stable").to_dict("records")
    }
    overall = least.pop("average")
    text = f"{NOUNS[overall['structure']]} leaves least undone on average ({percent(overall['mean'], 0)})"
    others: dict[str, list[str]] = {}
    for kind in [kind for kind in dict.fromkeys(table["kind"]) if kind in least]:
        row = least[kind]
        if row["structure"] != overall["structure"]:
            others.setdefault(row["structure"], []).append(f"one {kind} grows ({percent(row['mean'], 0)})")
    parts = [f"{NOUNS[name]} where {listed(places)}" for name, places in others.items()]
    return f"{text}, {listed(parts)}" if parts else text
