"""Figures of the channel mix: response curves, marginal returns, the frontier, shadow prices, fit and funnel."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from salesopt.channels import ChannelMix, ChannelResponse, OnlineFunnel
from salesopt.display import estimate, listed, money, number, percent
from salesopt.plots import theme

COLUMNS = 4


def plot_curves(result: ChannelMix, *, currency: str = "", most: int = 12) -> Figure:
    """A small response curve per channel with today's and the planned spend; the `most` with the largest change."""
    order = result.table["change"].abs().sort_values(ascending=False).index[:most]
    names = [name for name in dict.fromkeys(result.curves["channel"]) if name in set(_names(result, order))]
    rows = -(-len(names) // COLUMNS)
    width = min(COLUMNS, len(names))
    figure, grid = plt.subplots(rows, width, figsize=(2.45 * max(width, 2), 2.1 * rows + 0.9), squeeze=False)
    for ax in grid.flat[len(names) :]:
        ax.set_visible(False)
    for ax, name in zip(grid.flat, names, strict=False):
        _draw_curve(ax, result, name)
    grid.flat[0].legend(loc="lower right", fontsize=8)
    largest = result.table.sort_values("change", key=abs, ascending=False, kind="stable")
    up, down = (largest[largest["change"] * sign > 0] for sign in (1, -1))
    text = f"Money moves to {listed(_names(result, up.index), 3) or 'no channel'}"
    text += f", away from {listed(_names(result, down.index), 3)}" if len(down) else ""
    figure.suptitle("\n".join(textwrap.wrap(text, 76)), x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(f"Spend a period{_unit(currency)}", fontsize=9)
    figure.supylabel("Response a period", fontsize=9)
    return figure


def _names(result: ChannelMix, rows: pd.Index) -> list[str]:
    part = result.table.loc[rows, ["channel", "segment"]]
    return [f"{channel}, {segment}" if segment else channel for channel, segment in part.itertuples(index=False)]


def _unit(currency: str) -> str:
    return f", {currency}" if currency else ""


def _short(value: float, _: object = None) -> str:
    for size, word in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{word}"
    return f"{value:.3g}"


def _draw_curve(ax: Axes, result: ChannelMix, name: str) -> None:
    points = result.curves[result.curves["channel"] == name]
    line, now, plan = (points[points["point"] == label] for label in ("", "now", "plan"))
    ax.plot(line["spend"], line["response"], color=theme.GREY, linewidth=1.6)
    ax.plot(now["spend"], now["response"], "o", color=theme.INK, markersize=6, label="today", markerfacecolor="white")
    ax.plot(plan["spend"], plan["response"], "o", color=theme.ORANGE, markersize=6, label="plan")
    ax.set_title(theme.thin_labels(ax, [name], 24)[0], fontsize=9, fontweight="normal")
    ax.set_ylim(bottom=0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(_short))
        axis.set_major_locator(plt.MaxNLocator(3))
    ax.tick_params(labelsize=8)


def plot_marginal_returns(result: ChannelMix, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """What the next unit of money brings in each channel, today and in the plan."""
    table = result.table.sort_values("marginal_return_now")
    ax = theme.axes(ax, height=theme.height_for(len(table), each=0.34))
    labels = theme.thin_labels(ax, _names(result, table.index))
    places = np.arange(len(table))
    ax.hlines(places, table["marginal_return_now"], table["marginal_return"], color="#cbd2d9", linewidth=2, zorder=1)
    ax.scatter(table["marginal_return_now"], places, color="white", edgecolor=theme.INK, s=42, label="today", zorder=2)
    ax.scatter(table["marginal_return"], places, color=theme.ORANGE, s=42, label="plan", zorder=3)
    ax.set_yticks(places, labels)
    unit = currency or "unit of spend"
    if result.objective_name == "profit":
        ax.axvline(1, color=theme.RED, linewidth=1, linestyle="--")
        ax.annotate("pays for itself", (1, 0), xytext=(4, -2), textcoords="offset points", color=theme.RED, fontsize=8)
    ax.set_xlabel(f"{'Margin' if result.objective_name == 'profit' else 'Response'} from one more {unit} of spend")
    ax.legend(loc="lower right")
    low, high = table["marginal_return_now"].min(), table["marginal_return_now"].max()
    return theme.title(
        ax, f"Today the next {unit} brings between {number(low, 2)} and {number(high, 2)} by channel", width=62
    )


def plot_frontier(result: ChannelMix, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Best profit (or response) at each budget, today's point, the plan and the profit-best budget."""
    ax = theme.axes(ax)
    table, column = result.frontier, "profit" if result.objective_name == "profit" else "response"
    ax.plot(table["budget"], table[column], color=theme.BLUE, label="best plan at each budget")
    now, plan = (result.profit_now, result.profit) if column == "profit" else (result.response_now, result.response)
    ax.plot(result.spend_now, now, "o", color=theme.INK, markerfacecolor="white", markersize=8, label="today")
    best = table[table["point"] == "profit-best"]
    ax.plot(best["budget"], best[column], "D", color=theme.GREEN, markersize=7, label="profit-best budget")
    ax.plot(result.spend, plan, "o", color=theme.ORANGE, markersize=11, markerfacecolor="none", mew=2, label="plan")
    ax.set_xlabel(f"Budget of the plan {_span(result)}{_unit(currency)}")
    ax.set_ylabel(f"{column.capitalize()} of the plan {_span(result)}{_unit(currency) if column == 'profit' else ''}")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(_short))
    ax.legend(loc="lower left")
    if column == "profit" and np.isfinite(result.best_budget):
        text = f"The plan earns {estimate(plan - now, currency)} {_span(result)} more than today; "
        text += f"beyond {estimate(result.best_budget, currency)} {_span(result)} more spend loses money"
    else:
        text = f"The best split brings {number(plan, 4)}, today's {number(now, 4)}"
    return theme.title(ax, text, width=62)


def _span(result: ChannelMix) -> str:
    return "a period" if result.periods == 1 else f"in {result.periods} periods"


def plot_decomposition(response: ChannelResponse, ax: Axes | None = None) -> Axes:
    """Fitted response by part over the periods, with the outcome as dots."""
    ax = theme.axes(ax)
    wide = response.decomposition.pivot_table(index="period", columns="part", values="response", sort=False)
    shown = wide.loc[:, wide.abs().sum() > 0]
    shades = sns.color_palette("husl", len(shown.columns))
    ax.stackplot(shown.index, shown.to_numpy().T, labels=theme.thin_labels(ax, list(shown.columns)), colors=shades)
    ax.plot(response.periods_table["period"], response.periods_table["outcome"], ".", color=theme.INK, label="outcome")
    ax.yaxis.set_major_formatter(FuncFormatter(_short))
    ax.xaxis.set_major_locator(plt.MaxNLocator(6))
    ax.xaxis.set_major_formatter(DateFormatter("%Y-%m"))
    ax.set_ylabel("Response a period")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    part = shown.sum().drop("baseline", errors="ignore")
    share = part.max() / shown.to_numpy().sum()
    return theme.title(ax, f"{part.idxmax()} brings most: {percent(share, 0)} of the fitted response", width=62)


def plot_funnel(funnel: OnlineFunnel, ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Cost per order and per served order of each online channel."""
    table = funnel.table.sort_values("cost_per_served", ascending=False)
    ax = theme.axes(ax, height=theme.height_for(len(table), each=0.45))
    places = np.arange(len(table))
    ax.barh(places, table["cost_per_served"], color=theme.BLUE, height=0.6, label="per order served well")
    ax.barh(places, table["cost_per_order"], color=theme.ORANGE, height=0.3, label="per order placed")
    ax.set_yticks(places, theme.thin_labels(ax, table["channel"].tolist()))
    ax.set_xlabel(f"Spend per order{_unit(currency)}")
    ax.legend(loc="upper right")
    best, worst = table.iloc[-1], table.iloc[0]
    text = f"An order served well costs {money(best['cost_per_served'], currency)} through {best['channel']}, "
    return theme.title(ax, text + f"{money(worst['cost_per_served'], currency)} through {worst['channel']}", width=62)
