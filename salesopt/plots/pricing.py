"""Figures of a price plan: what each move gains, profit against price, price points, where every price stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from salesopt.display import between, estimate, money, percent, plural, price
from salesopt.plots import theme
from salesopt.pricing import PricePlan, PromotionPlan, TailoredPrices


def plot_pricing(plan: PricePlan, ax: Axes | None = None, *, currency: str = "", most: int = 20) -> Axes:
    """The moves that gain most, each with its interval; green where the whole interval is above zero."""
    moved = plan.table[plan.table["price_change"].abs() >= 0.005].sort_values("gain", ascending=False).head(most)[::-1]
    ax = theme.axes(ax, height=theme.height_for(len(moved)))
    rows = np.arange(len(moved))
    colours = [theme.GOOD if sure else theme.NEUTRAL for sure in moved["sure"]]
    ax.hlines(rows, moved["gain_low"], moved["gain_high"], colors=colours, linewidth=2)
    ax.scatter(moved["gain"], rows, color=colours, zorder=3, s=28)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    names = theme.thin_labels(ax, list(moved["product"]))
    moves = [f"{price(now)} to {price(then)}" for now, then in zip(moved["price_now"], moved["price"], strict=True)]
    ax.set_yticks(rows, [f"{name}  {move}" for name, move in zip(names, moves, strict=True)])
    ax.set_xlabel(f"Gain of profit, {currency or 'currency'} a year (line: {percent(plan.confidence, 0)} interval)")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(lambda value, _: money(value))
    ax.margins(y=max(0.03, 0.5 / max(len(moved), 1)))
    worth = f"{estimate(plan.gain, currency)} a year ({between(plan.gain_low, plan.gain_high, 'estimate')})"
    return theme.title(ax, f"Moving {plural(plan.moves, 'price')} is worth {worth}", width=52)


def plot_profit(plan: PricePlan, product: str = "", ax: Axes | None = None, *, currency: str = "") -> Axes:
    """Profit of one product against its price, with today's price, the new price and the interval of the best price.

    Without `product` the one with the largest gain that has an inner optimum, or else the largest gain.
    """
    row = _row(plan, product)
    curve = plan.curves[plan.curves["product"] == row["product"]]
    ax = theme.axes(ax)
    low, high = curve["price"].min(), curve["price"].max()
    ax.fill_between(curve["price"], curve["low"], curve["high"], color=theme.BLUE, alpha=0.15, linewidth=0)
    ax.plot(curve["price"], curve["profit"], color=theme.BLUE, label="profit a year, and its interval")
    if row["best_low"] < high and row["best_high"] > low:
        ends = max(row["best_low"], low), min(row["best_high"], high)
        ax.axvspan(*ends, color=theme.GREEN, alpha=0.12, linewidth=0, label="interval of the best price")
    ax.axvline(row["price_now"], color=theme.NEUTRAL, linestyle="--", label=f"today {price(row['price_now'])}")
    ax.axvline(row["price"], color=theme.GREEN, label=f"new price {price(row['price'])}")
    ax.set_xlim(low, high)
    ax.set_xlabel(f"Price, {currency or 'currency'} per unit")
    ax.set_ylabel(f"Profit, {currency or 'currency'} a year")
    ax.yaxis.set_major_formatter(lambda value, _: money(value))
    ax.legend(loc="best")
    held = f"; held by {row['binding']}" if row["binding"] else ""
    change = (
        f"{row['product']}: {price(row['price_now'])} to {price(row['price'])} gains {estimate(row['gain'], currency)}"
    )
    return theme.title(
        ax, f"{change} a year ({between(row['gain_low'], row['gain_high'], 'estimate')}){held}", width=62
    )


def plot_moves(plan: PricePlan, ax: Axes | None = None, *, most: int = 40) -> Axes:
    """Every price against today's: the range it could move in, the interval of the best price, and where it goes."""
    largest = plan.table["price_change"].abs().sort_values(ascending=False).index[:most]
    table = plan.table.loc[largest].sort_values("price_change")
    ax = theme.axes(ax, height=theme.height_for(len(table)))
    rows, now = np.arange(len(table)), table["price_now"]
    least, most_change = table["least"] / now - 1, table["most"] / now - 1
    ax.hlines(rows, least, most_change, color=theme.NEUTRAL, linewidth=5, alpha=0.35, label="range allowed")
    left, right = min(least.min(), -0.05) - 0.02, max(most_change.max(), 0.05) + 0.02
    ends = [(table[column] / now - 1).clip(left, right) for column in ("best_low", "best_high")]
    ax.hlines(rows, ends[0], ends[1], color=theme.BLUE, linewidth=1.5, label="interval of the best price")
    held = table["binding"] != ""
    for which, marker, fill, word in (
        (~held, "o", theme.GREEN, "new price"),
        (held, "D", "white", "new price, held by a limit"),
    ):
        ax.scatter(
            table.loc[which, "price_change"], rows[which], marker=marker, facecolor=fill, edgecolor=theme.GREEN,
            linewidth=1.4, zorder=3, s=26, label=word,
        )  # fmt: skip
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.set_xlim(left, right)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda value, _: percent(value, 0))
    ax.set_yticks(rows, theme.thin_labels(ax, list(table["product"])))
    ax.set_xlabel("Price against today's")
    ax.margins(y=max(0.02, 0.5 / max(len(table), 1)))
    ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.0), borderaxespad=4.5, ncols=2, columnspacing=1.0)
    up, down = int((plan.table["price_change"] >= 0.005).sum()), int((plan.table["price_change"] <= -0.005).sum())
    stay = len(plan.table) - up - down
    stays = f"{stay} {'stays' if stay == 1 else 'stay'}"
    held_count = int((plan.table["binding"] != "").sum())
    return theme.title(
        ax,
        f"{up} {'price goes' if up == 1 else 'prices go'} up, {down} down, {stays}; {held_count} held by a limit",
        width=46,
    )


def plot_ladder(plan: PricePlan, product: str = "", ax: Axes | None = None, *, currency: str = "") -> Axes:
    """The price points of one product on its profit curve, the chosen one marked, with what snapping to them costs.

    Without `product` the one that snapping costs most, among those with at least three points.
    """
    if plan.points.empty:
        raise ValueError("the plan has no price points; give optimise_prices a ladder, endings or a step")
    count = plan.table["product"].map(plan.points["product"].value_counts()).fillna(0)
    listed = plan.table[count >= min(3, count.max())]
    name = product or str(listed["product"].iloc[int(listed["snap_cost"].argmax())])
    row = _row(plan, name)
    points, curve = plan.points[plan.points["product"] == name], plan.curves[plan.curves["product"] == name]
    ax = theme.axes(ax)
    ax.plot(curve["price"], curve["profit"], color=theme.BLUE, linewidth=1.2, label="profit a year")
    ax.vlines(points["price"], curve["profit"].min(), points["profit"], color=theme.NEUTRAL, linewidth=1)
    ax.scatter(points["price"], points["profit"], color=theme.NEUTRAL, s=24, zorder=3, label="price points allowed")
    chosen = points[points["chosen"]]
    ax.scatter(chosen["price"], chosen["profit"], color=theme.GREEN, s=70, zorder=4, label="chosen")
    ax.axvline(
        row["price_now"], color=theme.INK, linestyle="--", linewidth=0.9, label=f"today {price(row['price_now'])}"
    )
    ax.set_xlabel(f"Price, {currency or 'currency'} per unit")
    ax.set_ylabel(f"Profit, {currency or 'currency'} a year")
    ax.yaxis.set_major_formatter(lambda value, _: money(value))
    ax.legend(loc="best")
    cost = f"snapping costs {estimate(row['snap_cost'], currency)} a year"
    whole = f"all products {estimate(plan.snap_cost, currency)}"
    return theme.title(
        ax, f"{name}: {price(row['price'])} of {plural(len(points), 'price point')}; {cost} ({whole})", width=62
    )


def _row(plan: PricePlan, product: str) -> pd.Series:
    """The plan's row of `product`, or of the most telling product."""
    if product:
        found = plan.table[plan.table["product"] == product]
        if found.empty:
            raise ValueError(f"the plan has no product {product!r}")
        return found.iloc[0]
    inner = plan.table[np.isfinite(plan.table["best_high"]) & (plan.table["binding"] == "")]
    chosen = inner if len(inner) else plan.table
    return chosen.iloc[int(chosen["gain"].argmax())]


def plot_promotions(plan: PromotionPlan, ax: Axes | None = None, *, currency: str = "", most: int = 12) -> Axes:
    """The offers of the products that gain most, side by side, each with its interval."""
    if plan.table.empty:
        return theme.empty(ax, plan.cautions[0])
    order = plan.table.groupby("product")["gain"].max().sort_values(ascending=False).index[:most][::-1]
    ax = theme.axes(ax, height=theme.height_for(len(order), each=0.42))
    looks = {"price cut": (theme.BLUE, 0.2), "deal": (theme.ORANGE, 0.0), "bundle": (theme.PURPLE, -0.2)}
    for offer, (colour, shift) in looks.items():
        part = plan.table[(plan.table["offer"] == offer) & plan.table["product"].isin(order)]
        rows = [list(order).index(name) + shift for name in part["product"]]
        ax.hlines(rows, part["gain_low"], part["gain_high"], colors=colour, linewidth=2)
        ax.scatter(part["gain"], rows, color=colour, s=22, zorder=3, label=offer)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.set_yticks(range(len(order)), theme.thin_labels(ax, list(order)))
    ax.set_xlabel(f"Gain of profit over {plan.weeks:g} weeks, {currency or 'currency'}")
    ax.xaxis.set_major_formatter(lambda value, _: money(value))
    ax.legend(loc="best")
    paying = int(plan.table.groupby("product")["best"].any().sum())
    count = plan.table["product"].nunique()
    answer = (
        f"At the margin of a {percent(plan.depth, 0)} cut, an offer pays for {paying} of {plural(count, 'product')}"
    )
    return theme.title(ax, answer, width=56)


def plot_calendar(plan: TailoredPrices, ax: Axes | None = None, *, currency: str = "", most: int = 15) -> Axes:
    """What a price per season (or segment) earns over the best single price, product by product, with intervals."""
    if plan.products.empty:
        return theme.empty(ax, plan.cautions[0])
    part = plan.products.sort_values("extra", ascending=False).head(most)[::-1]
    ax = theme.axes(ax, height=theme.height_for(len(part)))
    rows = np.arange(len(part))
    colours = [theme.GOOD if low > 0 else theme.NEUTRAL for low in part["extra_low"]]
    ax.hlines(rows, part["extra_low"], part["extra_high"], colors=colours, linewidth=2)
    ax.scatter(part["extra"], rows, color=colours, s=26, zorder=3)
    ax.axvline(0, color=theme.INK, linewidth=0.8)
    ax.set_yticks(rows, theme.thin_labels(ax, list(part["product"])))
    ax.set_xlabel(f"Extra profit of a price per {plan.by}, {currency or 'currency'} a year")
    ax.xaxis.set_major_formatter(lambda value, _: money(value))
    worth = f"{estimate(plan.extra, currency)} a year ({between(plan.extra_low, plan.extra_high, 'estimate')})"
    return theme.title(ax, f"A price per {plan.by} earns {worth} over a single one", width=56)
