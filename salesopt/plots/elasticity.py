"""Figures of price elasticities: forest plot, demand curves, and where the revenue sits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from salesopt.display import percent
from salesopt.elasticity import Elasticity
from salesopt.plots import theme

CLASSES = ("clearly sensitive", "unclear", "clearly insensitive")


def plot_elasticity(result: Elasticity, ax: Axes | None = None, *, most: int = 40) -> Axes:
    """Forest plot: each product's elasticity with its interval, pooled against own; the `most` with most revenue."""
    if not len(result.table):
        return _nothing(ax)
    table = result.table.nlargest(most, "revenue").sort_values("elasticity", ascending=False)
    rows = np.arange(len(table))
    ax = theme.axes(ax, height=theme.height_for(len(table)))
    pooled = bool((table["own_weight"] < 1).any())
    sure = {name: sensitivity(table) == name for name in CLASSES}
    for name, color in zip(CLASSES, (theme.BLUE, theme.GREY, theme.ORANGE), strict=True):
        part, place = table[sure[name]], rows[sure[name].to_numpy()]
        if len(part):
            ax.hlines(place, part["low"], part["high"], color=color, linewidth=2.2, zorder=3)
            ax.scatter(part["elasticity"], place, color=color, s=26, zorder=4, label=name)
    if pooled:
        ax.scatter(
            table["own_elasticity"],
            rows,
            s=22,
            facecolor="none",
            edgecolor=theme.INK,
            linewidth=0.7,
            zorder=2,
            label="by itself, before pooling",
        )
    ax.axvline(-1, color=theme.INK, linewidth=1, linestyle="--", zorder=1)
    ax.axvline(0, color=theme.INK, linewidth=0.8, zorder=1)
    ax.set_xlim(*_limits(table, pooled))
    ax.set_ylim(-0.7, len(table) - 0.3)
    ax.set_yticks(rows, theme.thin_labels(ax, _names(table, result)))
    ax.tick_params(axis="y", labelsize=8)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"Change of units in % when the price rises by 1 % ({percent(result.confidence, 0)} interval)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), borderaxespad=5.5, ncols=4, fontsize=8)
    elastic, inelastic = int((table["high"] < -1).sum()), int((table["low"] > -1).sum())
    shown = "" if len(table) == len(result.table) else f" ({len(table)} with most revenue of {len(result.table)})"
    return theme.title(
        ax,
        f"A price rise clearly loses revenue for {elastic} of {len(table)} products{shown}, and clearly gains it for "
        f"{inelastic}",
        width=58,
    )


def sensitivity(table: pd.DataFrame) -> pd.Series:
    """Each product's class by its interval: all below -1, all above -1, or neither."""
    names = np.select([table["high"] < -1, table["low"] > -1], [CLASSES[0], CLASSES[2]], CLASSES[1])
    return pd.Series(names, index=table.index)


def plot_demand(result: Elasticity, ax: Axes | None = None, *, rank: int = 1, currency: str = "") -> Axes:
    """Demand curve of the product with the `rank`-th most revenue (1 to 4), with its data and interval."""
    if not len(result.table):
        return _nothing(ax)
    names = [name for name in result.demand.columns if name not in ("kind", "price", "units", "low", "high")]
    chosen = result.demand[names].drop_duplicates().iloc[rank - 1]
    part = result.demand[(result.demand[names] == chosen).all(axis=1)]
    data, curve = part[part["kind"] == "data"], part[part["kind"] == "curve"]
    row = result.table[(result.table[names] == chosen).all(axis=1)].iloc[0]
    ax = theme.axes(ax)
    ax.scatter(
        data["price"],
        data["units"],
        s=12,
        alpha=0.35,
        color=theme.GREY,
        linewidth=0,
        rasterized=len(data) > 1000,
        label="sales, moved to average season, place and promotion",
    )
    ax.fill_between(curve["price"], curve["low"], curve["high"], color=theme.BLUE, alpha=0.2, linewidth=0)
    ax.plot(
        curve["price"],
        curve["units"],
        color=theme.BLUE,
        label=f"demand, with its {percent(result.confidence, 0)} interval",
    )
    ax.set_ylim(0, float(data["units"].quantile(0.99)) * 1.25)
    ax.set_xlabel(f"Price, {currency or 'currency'} per unit")
    ax.set_ylabel("Units per market and period")
    ax.legend(fontsize=8)
    item = " | ".join(chosen.astype(str))
    return theme.title(
        ax,
        f"{item}: 1 % more price, {abs(row['elasticity']):.2f} % {'fewer' if row['elasticity'] < 0 else 'more'} units "
        f"({row['low']:.2f} to {row['high']:.2f})".replace("-", "\u2212"),
        width=66,
    )


def plot_sensitivity(result: Elasticity, ax: Axes | None = None) -> Axes:
    """Share of revenue in products that are clearly sensitive to price, clearly not, and in between."""
    if not len(result.table):
        return _nothing(ax)
    share = result.table.groupby(sensitivity(result.table))["revenue"].sum().reindex(CLASSES, fill_value=0.0)
    count = sensitivity(result.table).value_counts().reindex(CLASSES, fill_value=0)
    share = share / share.sum()
    ax = theme.axes(ax, height=2.4)
    bars = ax.barh(
        [f"{name}\n({count[name]} {'product' if count[name] == 1 else 'products'})" for name in CLASSES],
        share.to_numpy(),
        color=[theme.BLUE, theme.GREY, theme.ORANGE],
    )
    ax.bar_label(bars, [percent(value, 0) for value in share], padding=4)
    ax.invert_yaxis()
    ax.set_xlim(0, max(1.12 * float(share.max()), 0.1))
    ax.xaxis.set_major_formatter(lambda value, _: percent(value, 0))
    ax.set_xlabel("Share of revenue")
    ax.grid(axis="y", visible=False)
    return theme.title(
        ax, f"{percent(share[CLASSES[0]], 0)} of revenue is in products that are clearly price-sensitive", width=66
    )


def _nothing(ax: Axes | None) -> Axes:
    """Axes that say that there is nothing to draw."""
    ax = theme.axes(ax, height=1.2)
    ax.set_axis_off()
    return theme.title(ax, "No product's elasticity could be estimated; see what was left out, and why", width=66)


def _limits(table: pd.DataFrame, pooled: bool) -> tuple[float, float]:
    """Range that holds all intervals and most of the own estimates: one wild estimate must not squeeze the rest."""
    low, high = float(table["low"].min()), max(float(table["high"].max()), 0.0)
    if pooled:
        low = min(low, float(table["own_elasticity"].quantile(0.05)))
        high = max(high, float(table["own_elasticity"].quantile(0.95)))
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _names(table: pd.DataFrame, result: Elasticity) -> list[str]:
    extra = [name for name in result.demand.columns if name not in ("kind", "price", "units", "low", "high")]
    return list(table[extra].astype(str).agg(" | ".join, axis=1))
