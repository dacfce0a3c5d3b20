"""Pictures of the way to the best size: heads by unit over the years, and profit against staying and the jump."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesopt.display import estimate, heads_of, money, percent, plural
from salesopt.headcount import HeadcountPlan
from salesopt.plots.theme import BLUE, GOOD, GREY, INK, ORANGE, axes, height_for, thin_labels, title

SHOWN = 24  # units with a row of their own; those that change least are counted together
FEWER, MORE = ORANGE, BLUE
WIDE = 66  # characters of a title's line


def plot_path(result: HeadcountPlan, ax: Axes | None = None) -> Axes:
    """Heads of each unit in each year, coloured by the change against today; the team in the last row."""
    heads = result.table.pivot(index="unit", columns="year", values="reps")
    change = heads.sub(heads[0], axis=0)
    order = change.iloc[:, -1].sort_values(kind="stable").index
    shown = change.loc[order].abs().max(axis=1).nlargest(SHOWN).index
    rows = heads.loc[[unit for unit in order if unit in set(shown)]]
    rest = len(heads) - len(rows)
    labels = rows.index.tolist()
    values = rows.to_numpy()
    if rest:
        values = np.vstack([values, heads.drop(index=rows.index).sum().to_numpy()])
        labels.append(f"{plural(rest, 'other unit')}")
    values = np.vstack([values, heads.sum().to_numpy()])
    labels.append("Team")
    ax = axes(ax, height=height_for(len(values), each=0.36, least=2.8))
    moved = values - values[:, :1]
    scale = moved / np.maximum(np.abs(moved[:-1]).max(initial=0.0), 1.0)
    scale[-1] = 0.0
    colours = LinearSegmentedColormap.from_list("change", [FEWER, "#ffffff", MORE])
    ax.imshow(scale, cmap=colours, vmin=-1.3, vmax=1.3, aspect="auto")
    for (row, year), number in np.ndenumerate(values):
        step = "" if year == 0 or abs(moved[row, year] - moved[row, year - 1]) < 1e-9 else "bold"
        ax.text(
            year, row, heads_of(number), ha="center", va="center", color=INK,
            fontweight=step or "normal", fontsize=10,
        )  # fmt: skip
    ax.axhline(len(values) - 1.5, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(labels)), thin_labels(ax, labels))
    ax.set_xticks(range(heads.shape[1]), ["Today", *(f"Year {year}" for year in heads.columns[1:])])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set_xlabel("Heads (orange: fewer than today, blue: more; bold: changes that year)")
    last = float(values[-1, -1])
    distance = (
        "that is the best size" if abs(last - result.best) < 1e-6 else f"the best size is {heads_of(result.best)}"
    )
    return title(
        ax,
        f"From {heads_of(result.today)} heads to {heads_of(last)} in {plural(heads.shape[1] - 1, 'year')}; {distance}",
        width=WIDE - 10,
    )


def plot_path_profit(result: HeadcountPlan, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Profit of each year on the way, with its interval, against staying, moving people only and the jump at once."""
    ax = axes(ax)
    years = result.years
    lines = (
        ("profit_staying", "staying", GREY, "-", 1.6),
        ("profit_same_heads", "moving people only", ORANGE, "--", 1.6),
        ("profit_jump", "best size at once", GOOD, ":", 2.0),
        ("profit", "the way", BLUE, "-", 2.6),
    )
    for column, label, colour, style, width in lines:
        if years[column].notna().all():
            ax.plot(years["year"], years[column], color=colour, linestyle=style, linewidth=width, label=label, zorder=3)
    if result.years["gain_low"].notna().all():
        low, high = (years["profit_staying"] + years[name] for name in ("gain_low", "gain_high"))
        ax.fill_between(
            years["year"], low, high, color=BLUE, alpha=0.13, linewidth=0,
            label=f"the way, {percent(result.confidence, 0)} interval of its gain",
        )  # fmt: skip
    ax.scatter(years["year"], years["profit"], color=BLUE, s=26, zorder=4)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("Year (0 is today)")
    start = "" if ax.get_ylim()[0] <= 0 else "\n(the axis does not start at 0)"
    ax.set_ylabel(f"Profit after all costs, {currency + ' ' if currency else ''}a year{start}")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, fontsize=9)
    span = plural(len(years) - 1, "year")
    share = ""
    if result.jump_gain > 0 and 0 <= result.gain <= result.jump_gain:
        share = f", {percent(result.gain / result.jump_gain, 0)} of what the best size at once would"
    sign = "more" if result.gain >= 0 else "less"
    return title(
        ax, f"The way earns {estimate(abs(result.gain), currency)} {sign} than staying in {span}{share}", width=WIDE
    )
