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
    cross_pooled  : True where the cross terms were drawn towards their mean
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
    cross_pooled: bool

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
    cross_pooled: bool,
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
    return Market(items, narrowed, ranges, target, own, groups, rows, columns, values, drawn, refused, cross_pooled)


def choose_prices(
    market: Market,
    listed: list[Array] | None,
    side: LinearLimits,
    *,
    start: Array | None = None,
    only: NDArray[np.bool_] | None = None,
) -> tuple[Array, bool]:
    """The prices with the highest objective, and whether that is proved; `listed` are the points allowed, if any.

    Products that cross effects or limits tie together are solved together, group by group. `start` holds good prices
    to begin from; with `only`, groups that hold none of these products keep them.
    """
    least, most = market.ranges["least"].to_numpy(float), market.ranges["most"].to_numpy(float)
    if listed is None:
        prices = np.clip(best_price(market.target_cost, market.array("elasticity")), least, most)
    else:
        prices = _at(listed, choose_points(listed, _separate_values(market, listed)))
    proved = True
    for group in linked_groups(len(prices), *_ties(market, side)):
        if only is not None and start is not None and not only[group].any():
            prices[group] = start[group]
            continue
        inside = side.part(group)
        if len(group) == 1 and not inside.names:
            continue
        points = None if listed is None else [listed[row] for row in group]
        prices[group], exact = _choose_group(market, group, points, inside, None if start is None else start[group])
        proved &= exact
    return prices, proved


def _ties(market: Market, side: LinearLimits) -> tuple[Places, Places]:
    """Pairs of products that a cross effect or a limit ties together."""
    rows, columns = [market.rows], [market.columns]
    for coefficients in side.matrix:
        members = np.flatnonzero(coefficients)
        rows.append(members[:-1])
        columns.append(members[1:])
    return np.concatenate(rows).astype(np.intp), np.concatenate(columns).astype(np.intp)


def _choose_group(
    market: Market, group: Places, points: list[Array] | None, side: LinearLimits, start: Array | None
) -> tuple[Array, bool]:
    """Choose the prices of one group together.

    From points by MILP, enumeration or search (see `price_points`); anywhere in their ranges by a gradient search from
    many starts for up to 120 products; beyond, or where that finds nothing, by MILP on a grid that is refined thrice.
    """
    demand = market.part(group, target=True)
    acting = bool(np.any(demand.matrix != np.diag(np.diag(demand.matrix))))
    if points is not None:
        return _choose_from(points, demand, side, acting, start)
    least, most = (market.ranges[column].to_numpy(float)[group] for column in ("least", "most"))
    if not side.names:
        return best_joint_prices(demand, least, most), False
    if len(group) <= MOST_SMOOTH:
        found = best_limited_prices(demand, least, most, side.matrix, side.senses, side.bounds)
        if found is not None:
            return found, False
    return _refine(demand, least, most, side, acting)


def _choose_from(
    points: list[Array], demand: Demand, side: LinearLimits, acting: bool, start: Array | None
) -> tuple[Array, bool]:
    if acting:
        at, exact = choose_jointly(points, demand, side, start)
        return _at(points, at), exact
    slopes = np.diag(demand.matrix)
    values = [
        profit_at(choices, demand.price_now[row], demand.units_now[row], demand.unit_cost[row], slopes[row])
        for row, choices in enumerate(points)
    ]
    return _at(points, choose_points(points, values, side)), True


def _refine(demand: Demand, least: Array, most: Array, side: LinearLimits, acting: bool) -> tuple[Array, bool]:
    """Choose from a grid over the ranges, then three times from a grid a tenth as wide around what was chosen."""
    prices, width = np.clip(demand.price_now, least, most), 2 * (most - least)
    for _ in range(4):
        lows, highs = np.maximum(least, prices - width / 2), np.minimum(most, prices + width / 2)
        grids = zip(lows, highs, prices, strict=True)
        points = [np.unique(np.append(np.linspace(low, high, GRID), here)) for low, high, here in grids]
        prices, width = _choose_from(points, demand, side, acting, prices)[0], width / 10
    return prices, False


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


def optimism(market: Market) -> Array:
    """How much the gain of each product is overstated, because its price was chosen on an estimate with errors.

    The best price of a noisy estimate looks better than it is (the optimiser's curse, Smith and Winkler 2006). The
    parametric bootstrap measures by how much: redraw the elasticities, choose anew within the ranges, and compare what
    that choice promises at the redrawn elasticities with what it brings at the estimate. Pooled elasticities are
    posterior means, free of it, and stay as they are. Price points and limits between products are left out of this.
    """
    pooled = market.items["pooled"].to_numpy(bool)
    own = np.where(pooled, market.array("elasticity"), market.own)
    drawn = np.broadcast_to(market.values, market.drawn.shape) if market.cross_pooled else market.drawn
    if pooled.all() and (market.cross_pooled or not len(market.values)):
        return np.zeros(len(pooled))
    redrawn = replace(market, own=own, drawn=drawn)
    least, most = market.ranges["least"].to_numpy(float), market.ranges["most"].to_numpy(float)
    chosen = np.clip(best_price(market.target_cost, own), least, most)
    columns = market.array("price"), market.array("units"), market.array("unit_cost")
    promised = profit_at(chosen, columns[0], columns[1], columns[2], own)
    brought = profit_at(chosen, columns[0], columns[1], columns[2], market.array("elasticity"))
    for group in market.joint():
        demand, truth = redrawn.part(group, target=True, draws=True), market.part(group)
        start = np.clip(market.array("price")[group], least[group], most[group])
        prices, _ = best_joint_draws(demand, least[group], most[group], start)
        promised[:, group] = replace(demand, unit_cost=truth.unit_cost).profits(prices)
        brought[:, group] = truth.profits(prices)
    return (promised - brought).mean(axis=0)
