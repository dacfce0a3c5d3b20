"""The tables of a price plan: one row per product, profit curves, price points, and what each limit costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.demand import Array, breakeven_share, profit_at
from salesopt.stats.price_points import LinearLimits
from salesopt.stats.price_search import Market, best_interval, choose_prices, optimism

SAME = 1e-6
SNAPPED = 0.005  # snapping by less than this fraction of the price is not worth a word


def plan_table(
    market: Market, prices: Array, smooth: Array, free: Array, side: LinearLimits, confidence: float
) -> tuple[pd.DataFrame, dict[str, float]]:
    """One row per product, and the totals of the list.

    Each product's interval holds its gain at the level asked for, since a gain is monotone in the elasticity; in a sum
    the optimism of many choices adds up, so it is taken off the total and off every point estimate.

    prices : the new prices; smooth : before snapping to a list; free : before the limits between products
    """
    now, units_now, cost = (market.array(column) for column in ("price", "units", "unit_cost"))
    units = market.units(prices)
    profit_now, profit = (now - cost) * units_now, (prices - cost) * units
    promised_too_much = np.where(prices == now, 0.0, optimism(market))
    gain = profit - profit_now - promised_too_much
    gains = (prices - cost) * market.units(prices, draws=True) - profit_now
    tail = (1 - confidence) / 2
    low, high = np.quantile(gains, [tail, 1 - tail], axis=0)
    table = market.items[["product", "line", "unit_cost", "elasticity"]].copy()
    table = table.assign(price_now=now, price=prices, price_change=prices / now - 1)
    table = table.join(best_interval(market, confidence))
    table = table.assign(
        units_now=units_now,
        units=units,
        units_change=units / units_now - 1,
        breakeven_change=breakeven_share(now, prices, cost),
        revenue_now=now * units_now,
        revenue=prices * units,
        profit_now=profit_now,
        profit=profit,
        gain=gain,
        gain_low=np.minimum(low, gain),
        gain_high=np.maximum(high, gain),
        optimism=promised_too_much,
        snap_cost=_snap_cost(market, prices, smooth),
        least=market.ranges["least"],
        most=market.ranges["most"],
        binding=_binding(market, prices, smooth, free, side),
    )
    table["sure"] = table["gain_low"] > 0
    total = gains.sum(axis=1) - promised_too_much.sum()
    point = float(gain.sum())
    ends = np.quantile(total, [tail, 1 - tail])
    totals = {
        "gain": point,
        "gain_low": float(min(ends[0], point)),
        "gain_high": float(max(ends[1], point)),
        "gain_low_together": float(table["gain_low"].sum()),
        "gain_high_together": float(table["gain_high"].sum()),
    }
    return table, totals


def _snap_cost(market: Market, prices: Array, smooth: Array) -> Array:
    """What the list of price points costs each product: objective before snapping less objective after."""
    worth = [(each - market.target_cost) * market.units(each) for each in (smooth, prices)]
    return worth[0] - worth[1]


def _binding(market: Market, prices: Array, smooth: Array, free: Array, side: LinearLimits) -> list[str]:
    """What holds each price: an end of its range, a limit between products, the list of points; "" for nothing."""
    slack = side.slack(prices) if side.names else np.zeros(0)
    held = []
    for row, (price, before) in enumerate(zip(prices, smooth, strict=True)):
        least, most = market.ranges["least"].iloc[row], market.ranges["most"].iloc[row]
        names = []
        if side.names and abs(before / free[row] - 1) > 1e-4:
            width = 0.01 * np.abs(side.matrix).max(axis=1) * price
            tight = [name for at, name in enumerate(side.names) if side.matrix[at, row] and slack[at] <= width[at]]
            names += tight or ["price limits"]
        elif abs(before / most - 1) < SAME:
            names.append(str(market.ranges["most_by"].iloc[row]))
        elif abs(before / least - 1) < SAME:
            names.append(str(market.ranges["least_by"].iloc[row]))
        if abs(price / before - 1) > SNAPPED:
            names.append("price points")
        held.append(", ".join(names))
    return held


def curves_table(market: Market, prices: Array, *, points: int = 61) -> pd.DataFrame:
    """Profit of each product against its price, with its interval; the other products stay at their new prices.

    Where products act on each other, what the price does to the profit of the others is counted in.
    """
    now, cost = market.array("price"), market.array("unit_cost")
    low = 0.95 * np.minimum(market.ranges["least"].to_numpy(float), now)
    high = 1.05 * np.maximum(market.ranges["most"].to_numpy(float), now)
    grid = np.linspace(low, high, points, axis=1)
    units = market.array("units")[:, None]
    profit, *ends = (
        profit_at(grid, now[:, None], units, cost[:, None], market.array(name)[:, None])
        for name in ("elasticity", "low", "high")
    )
    for group in market.joint():
        demand = market.part(group)
        for place, row in enumerate(group):
            tried = np.tile(prices[group], (points, 1))
            tried[:, place] = grid[row]
            together = demand.profits(tried).sum(axis=1) - np.delete(demand.profits(prices[group]), place).sum()
            ends[0][row] += together - profit[row]
            ends[1][row] += together - profit[row]
            profit[row] = together
    return pd.DataFrame(
        {
            "product": np.repeat(market.items["product"].to_numpy(), points),
            "price": grid.ravel(),
            "profit": profit.ravel(),
            "low": np.minimum(*ends).ravel(),
            "high": np.maximum(*ends).ravel(),
        }
    )


def points_table(market: Market, prices: Array, listed: list[Array] | None) -> pd.DataFrame:
    """The price points each product was chosen from, with the profit at each (others at their new prices)."""
    parts = []
    for row, choices in enumerate(listed or []):
        group = next((group for group in market.joint() if row in group), np.array([row]))
        demand, place = market.part(group), int(np.flatnonzero(group == row)[0])
        tried = np.tile(prices[group], (len(choices), 1))
        tried[:, place] = choices
        profits = demand.profits(tried).sum(axis=1) - np.delete(demand.profits(prices[group]), place).sum()
        name = market.items["product"].iloc[row]
        parts.append(
            pd.DataFrame({"product": name, "price": choices, "profit": profits, "chosen": choices == prices[row]})
        )
    if not parts:
        return pd.DataFrame(
            {"product": pd.Series(dtype=str), "price": [], "profit": [], "chosen": pd.Series(dtype=bool)}
        )
    return pd.concat(parts, ignore_index=True)


def limits_table(market: Market, side: LinearLimits, prices: Array, smooth: Array) -> pd.DataFrame:
    """Each limit with what it uses, its slack, and its cost: the objective gained were it dropped (solved anew).

    The cost is that of the prices before snapping to points, `smooth`, which meet the limits as well.
    """

    def worth(chosen: Array) -> float:
        return float(((chosen - market.target_cost) * market.units(chosen)).sum())

    rows = []
    for at, name in enumerate(side.names):
        tight = side.slack(smooth)[at] <= 1e-6 * max(1.0, abs(side.bounds[at]))
        cost = 0.0
        if tight:
            touched = side.matrix[at] != 0
            free, _ = choose_prices(market, None, side.without(name), start=smooth, only=touched)
            cost = max(worth(free) - worth(smooth), 0.0)
        fixed = 0.0 if side.fixed is None else float(side.fixed[at])
        used = float(side.matrix[at] @ prices) + fixed
        slack = float(side.slack(prices)[at])
        rows.append((name, side.senses[at], float(side.bounds[at]) + fixed, used, slack, cost))
    return pd.DataFrame(rows, columns=["limit", "sense", "bound", "used", "slack", "cost"])
