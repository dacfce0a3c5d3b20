"""Chooses the prices of a list: product by product, group by group where prices act on each other, or under limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.stats.demand import Array, Places, best_price, profit_at, spread_draws
from salesopt.stats.joint_price import Demand, best_joint_draws, best_joint_prices, best_limited_prices
from salesopt.stats.price_items import linked_groups
from salesopt.stats.price_points import LinearLimits, choose_jointly, choose_points
from salesopt.stats.price_range import narrow_to_sure

GRID = 41
MOST_SMOOTH = 120  # products whose prices are searched for together by gradient

Terms = tuple[Places, Places, Array, Array]


@dataclass(frozen=True, eq=False)
class Market:
    """All that the choice of prices needs; rows are products.

    items, whole  : see `price_items` and `price_range`
    ranges        : `whole`, narrowed for what is refused an inner optimum (see `narrow_to_sure`)
    target_cost   : the unit cost that the objective counts: nothing where revenue is maximised
    own           : draws x n own elasticities
    groups        : positions of the products that act on each other
    rows, columns : of the cross terms; values (m) and drawn (draws x m)
    refused       : True where the elasticity or its interval is not below -1
    """

    items: pd.DataFrame
    ranges: pd.DataFrame
    whole: pd.DataFrame
    target_cost: Array
    own: Array
    groups: tuple[Places, ...]
    rows: Places
    columns: Places
    values: Array
    drawn: Array
    refused: NDArray[np.bool_]

    def array(self, column: str) -> Array:
        """A column of items as numbers."""
        return self.items[column].to_numpy(float)

    def part(self, group: Places, *, target: bool = False, draws: bool = False) -> Demand:
        """Demand of the products of a group, at the estimate or at every draw; `target` takes the objective's cost."""
        place = np.full(len(self.items), -1)
        place[group] = np.arange(len(group))
        inside = (place[self.rows] >= 0) & (place[self.columns] >= 0)
        at = place[self.rows[inside]], place[self.columns[inside]]
        middle = np.arange(len(group))
        if draws:
            matrix = np.zeros((len(self.own), len(group), len(group)))
            matrix[:, at[0], at[1]], matrix[:, middle, middle] = self.drawn[:, inside], self.own[:, group]
        else:
            matrix = np.zeros((len(group), len(group)))
            matrix[at], matrix[middle, middle] = self.values[inside], self.array("elasticity")[group]
        cost = self.target_cost if target else self.array("unit_cost")
        return Demand(self.array("price")[group], self.array("units")[group], cost[group], matrix)

    def joint(self) -> list[Places]:
        """The groups of more than one product."""
        return [group for group in self.groups if len(group) > 1]

    def units(self, prices: Array, *, draws: bool = False) -> Array:
        """Units of every product at `prices` (n), at the estimate (n) or at every draw (draws x n)."""
        own = self.own if draws else self.array("elasticity")
        found = self.array("units") * (prices / self.array("price")) ** own
        for group in self.joint():
            found[..., group] = self.part(group, draws=draws).units(prices[group])
        return found


def build_market(
    items: pd.DataFrame,
    ranges: pd.DataFrame,
    terms: Terms,
    objective: str,
    draws: int,
    seed: int,
) -> Market:
    """Draw the elasticities and narrow the ranges of what has no inner optimum (of everything, if "cautious")."""
    random = np.random.default_rng(seed)
    rows, columns, values, errors = terms
    own = spread_draws(items["elasticity"], items["spread"], draws, random)
    drawn = spread_draws(values, errors, draws, random) if len(values) else np.zeros((draws, 0))
    cost = items["unit_cost"].to_numpy(float)
    target = np.zeros_like(cost) if objective == "revenue" else cost
    refused = ((items["elasticity"] >= -1) | ~(items["high"] < -1)).to_numpy()
    narrowed = narrow_to_sure(items, ranges, target, np.ones_like(refused) if objective == "cautious" else refused)
    groups = linked_groups(len(items), rows, columns)
    return Market(items, narrowed, ranges, target, own, groups, rows, columns, values, drawn, refused)


def choose_prices(market: Market, listed: list[Array] | None, side: LinearLimits) -> tuple[Array, bool]:
    """The prices with the highest objective, and whether that is proved; `listed` are the points allowed, if any."""
    if side.names:
        return _choose_limited(market, listed, side)
    least, most = market.ranges["least"].to_numpy(float), market.ranges["most"].to_numpy(float)
    proved = True
    if listed is None:
        prices = np.clip(best_price(market.target_cost, market.array("elasticity")), least, most)
    else:
        at = choose_points(listed, _separate_values(market, listed))
        prices = _at(listed, at)
    for group in market.joint():
        demand = market.part(group, target=True)
        if listed is None:
            prices[group] = best_joint_prices(demand, least[group], most[group])
        else:
            points = [listed[row] for row in group]
            at, exact = choose_jointly(points, demand)
            prices[group], proved = _at(points, at), proved and exact
    return prices, proved


def _choose_limited(market: Market, listed: list[Array] | None, side: LinearLimits) -> tuple[Array, bool]:
    """Choose all prices together under linear limits: from the list (a MILP), or anywhere in their ranges.

    Free prices of a list of up to 120 products go to a gradient search from many starts; where that finds nothing, and
    for longer lists, to the MILP on a grid that is refined three times.
    """
    if listed is not None:
        return _solve_limited(market, listed, side)
    if len(market.items) <= MOST_SMOOTH:
        everything = market.part(np.arange(len(market.items)), target=True)
        ends = market.ranges["least"].to_numpy(float), market.ranges["most"].to_numpy(float)
        found = best_limited_prices(everything, ends[0], ends[1], side.matrix, side.senses, side.bounds)
        if found is not None:
            return found, False
    least, most = market.ranges["least"].to_numpy(float), market.ranges["most"].to_numpy(float)
    now = np.clip(market.array("price"), least, most)
    width = most - least
    points = [
        np.unique(np.append(np.linspace(low, high, GRID), here))
        for low, high, here in zip(least, most, now, strict=True)
    ]
    prices, exact = _solve_limited(market, points, side)
    for _ in range(3):
        width = width / 10
        points = [
            np.unique(np.append(np.linspace(max(low, here - reach), min(high, here + reach), GRID), here))
            for low, high, here, reach in zip(least, most, prices, width, strict=True)
        ]
        prices, exact = _solve_limited(market, points, side)
    return prices, exact


def _solve_limited(market: Market, points: list[Array], side: LinearLimits) -> tuple[Array, bool]:
    if not market.joint():
        return _at(points, choose_points(points, _separate_values(market, points), side)), True
    at, exact = choose_jointly(points, market.part(np.arange(len(points)), target=True), side)
    return _at(points, at), exact


def _separate_values(market: Market, points: list[Array]) -> list[Array]:
    now, units, slope = (market.array(column) for column in ("price", "units", "elasticity"))
    return [
        profit_at(choices, now[row], units[row], market.target_cost[row], slope[row])
        for row, choices in enumerate(points)
    ]


def _at(points: list[Array], at: Array) -> Array:
    return np.array([choices[here] for choices, here in zip(points, at, strict=True)])


def best_interval(market: Market, confidence: float) -> pd.DataFrame:
    """The price with most profit held by nothing but demand and cost: best, best_low, best_high, and share_settled.

    Where products act on each other it is the joint optimum of the group within the plan's range of prices, its
    interval from the draws. (Held by nothing it need not exist: with constant elasticities a small product can be
    priced away for the sake of a large one.)
    """
    cost = market.target_cost
    found = pd.DataFrame(
        {
            "best": best_price(cost, market.array("elasticity")),
            "best_low": best_price(cost, market.array("low")),
            "best_high": best_price(cost, market.array("high")),
        }
    )
    tail = (1 - confidence) / 2
    for group in market.joint():
        demand = market.part(group, target=True)
        least, most = (market.whole[column].to_numpy(float)[group] for column in ("least", "most"))
        best = best_joint_prices(demand, least, most)
        drawn, _ = best_joint_draws(replace(demand, matrix=market.part(group, draws=True).matrix), least, most, best)
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        for column, values in (("best", best), ("best_low", low), ("best_high", high)):
            found.loc[group, column] = values
    return found
