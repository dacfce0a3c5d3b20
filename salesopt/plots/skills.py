"""Pictures of the skills: the team against its needs, coverage by skill, what training buys."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from salesopt.display import integer, money, number, percent, plural
from salesopt.plots.theme import BAD, BLUE, GREY, INK, ORANGE, axes, height_for, thin_labels, title
from salesopt.skills import SkillMatch

LEVELS = LinearSegmentedColormap.from_list("levels", ["#f4f6f8", "#bcd3ea", BLUE])


def plot_skills(result: SkillMatch, ax: Axes | None = None, *, most: int = 30) -> Axes:
    """Level of each person in each skill; a red frame marks a level below the highest that his own accounts need.

    The thick frames are the widest gaps, which together make half of all level-hours missing. The `most` people with
    the widest gaps are shown, the widest on top.
    """
    matrix = result.matrix
    order = matrix.groupby("rep")["gap_hours"].sum().sort_values(ascending=False, kind="stable")
    people, skills = list(order.index[:most]), list(result.table["skill"])
    ax = axes(ax, width=8.0, height=height_for(len(people), each=0.27, least=3.4))
    level = matrix.pivot_table(index="rep", columns="skill", values="level").reindex(index=people, columns=skills)
    need = matrix.pivot_table(index="rep", columns="skill", values="need").reindex(index=people, columns=skills)
    gap = matrix.pivot_table(index="rep", columns="skill", values="gap_hours").reindex(index=people, columns=skills)
    levels, needs, gaps = level.to_numpy(float), need.to_numpy(float), gap.to_numpy(float)
    half = _half_of(matrix["gap_hours"].to_numpy(float))
    ax.imshow(levels, cmap=LEVELS, vmin=0, vmax=4, aspect="auto")
    for row in range(len(people)):
        for column in range(len(skills)):
            has, wants = levels[row, column], needs[row, column]
            short = wants > has + 1e-9
            text = f"{_level(has)} < {_level(wants)}" if short else _level(has)
            ax.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if has > 3 else INK)
            if short:
                wide = 2.4 if gaps[row, column] >= half else 0.6
                frame = Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, fill=False, edgecolor=BAD, linewidth=wide)
                ax.add_patch(frame)
    ax.set_xticks(range(len(skills)), thin_labels(ax, skills, 24), rotation=30, ha="right", fontsize=8)
    ax.set_yticks(range(len(people)), thin_labels(ax, people, 24), fontsize=8)
    ax.grid(visible=False)
    rest = len(order) - len(people)
    more = f"; {rest} more people not shown" if rest else ""
    ax.set_xlabel(f"Level 0 to 4; red: below what own accounts need, thick: half of all gaps{more}", fontsize=9)
    worst = result.table.iloc[0]
    answer = f"{percent(result.coverage, 0)} of the skill needed is there; most is missing in {worst['skill']}"
    return title(ax, answer, width=64)


def _level(value: float) -> str:
    return integer(value) if value == round(value) else number(value, 2)


def _half_of(gaps: np.ndarray) -> float:
    """The least of the widest gaps that together make half of all."""
    wide = np.sort(gaps)[::-1]
    return float(wide[int(np.searchsorted(wide.cumsum(), wide.sum() / 2))]) if wide.sum() > 0 else np.inf


def plot_coverage(result: SkillMatch, ax: Axes | None = None) -> Axes:
    """Share of the needed level-hours that is there, skill by skill, with its interval."""
    table = result.table[result.table["coverage"].notna()].sort_values("coverage", ascending=False, ignore_index=True)
    ax = axes(ax, height=height_for(len(table), each=0.34))
    place = np.arange(len(table))
    colours = [ORANGE if points else BLUE for points in table["single_points"] + table["unfilled"]]
    ax.barh(place, 100 * table["coverage"], color=colours, height=0.6)
    if table["low"].notna().all():
        below, above = table["coverage"] - table["low"], table["high"] - table["coverage"]
        error = 100 * np.maximum(np.vstack([below, above]), 0)
        ax.errorbar(100 * table["coverage"], place, xerr=error, fmt="none", ecolor=INK, capsize=3, linewidth=1.2)
    for at, row in enumerate(table.to_dict("records")):
        ax.text(
            101,
            at,
            f"{percent(row['coverage'], 0)}, {plural(row['short'], 'person', 'people')} short",
            va="center",
            fontsize=8,
        )
    ax.set_yticks(place, thin_labels(ax, list(table["skill"]), 28))
    ax.set_xlim(0, 128)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel(
        "Share of the needed skill levels that is there, by hours, % (orange: a need rests on one person or none)",
        fontsize=9,
    )
    ax.grid(axis="y", visible=False)
    most, least = result.table.dropna(subset=["coverage"]).iloc[0], table.iloc[-1]
    answer = f"Most is missing in {most['skill']} ({percent(most['coverage'], 0)} covered)"
    if least["coverage"] < most["coverage"]:
        answer += (
            f"; the lowest share is that of {least['skill']} ({percent(least['coverage'], 0)}), where less is needed"
        )
    return title(ax, answer, width=64)


def plot_training(result: SkillMatch, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """The most that each training budget can cover; the mark is the budget given."""
    ax = axes(ax, height=3.8)
    frontier = result.frontier
    ax.plot(frontier["budget"] / 1000, 100 * frontier["coverage"], color=BLUE, linewidth=2, marker="o", markersize=4)
    chosen = frontier[frontier["budget"] == result.budget]
    if len(chosen):
        coverage = 100 * chosen["coverage"].iloc[0]
        ax.plot(result.budget / 1000, coverage, marker="o", markersize=10, color=ORANGE)
        closed = f"{number(1000 * result.shadow_price, 2)} level-hours\nper {money(1000, currency)} more"
        text = f"{money(result.budget, currency)}\n{closed}"
        ax.annotate(text, (result.budget / 1000, coverage), (10, -14), textcoords="offset points", va="top", fontsize=8)
    if np.isfinite(result.after_low):
        error = [
            [100 * (result.coverage_after - result.after_low)],
            [100 * (result.after_high - result.coverage_after)],
        ]
        ax.errorbar(result.budget / 1000, 100 * result.coverage_after, yerr=error, color=ORANGE, capsize=4, fmt="none")
    ax.axhline(100 * result.coverage, color=GREY, linewidth=1, linestyle="--")
    ax.set_xlabel(f"Training budget, thousand {currency}".rstrip(" ,"))
    ax.set_ylabel("Needed skill levels there, by hours, %")
    cost = money(result.cost, currency)
    answer = (
        f"{cost} of training lifts coverage from {percent(result.coverage, 0)} to {percent(result.coverage_after, 0)}"
    )
    return title(ax, answer if len(result.training) else "No training can be bought", width=70)
