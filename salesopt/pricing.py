"""From elasticities and costs to a price list that can be printed, with what each move is worth and how sure that is.

Demand has constant elasticities (`salesopt.stats.demand`). Ranges, price points and joint optima are worked out in
`salesopt.stats.price_range`, `price_points`, `price_search` and `joint_price`; this module puts the list together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.demand import breakeven_share
from salesopt.stats.price_cautions import plan_cautions, row_cautions
from salesopt.stats.price_items import cross_terms, limits_of, point_lists, price_items
from salesopt.stats.price_levels import TailoredPrices, differentiate_prices, price_calendar, with_season
from salesopt.stats.price_promotions import PromotionPlan, compare_promotions, pair_products
from salesopt.stats.price_range import price_range
from salesopt.stats.price_search import build_market, choose_prices
from salesopt.stats.price_tables import curves_table, limits_table, plan_table, points_table
from salesopt.stats.price_today import CurrentPrices, current_prices
from salesopt.stats.result import Result

__all__ = [
    "BreakEven",
    "CurrentPrices",
    "PricePlan",
    "PromotionPlan",
    "TailoredPrices",
    "breakeven_change",
    "compare_promotions",
    "current_prices",
    "differentiate_prices",
    "limit_average_change",
    "limit_parity",
    "optimise_prices",
    "pair_products",
    "price_calendar",
    "with_season",
]

OBJECTIVES = ("profit", "revenue", "cautious")
MOVED = 0.005  # a price that changes by less than this fraction counts as staying


@dataclass(frozen=True, eq=False, repr=False)
class PricePlan(Result):
    """What `optimise_prices` found. Money is in the study's currency a year, units are units a year.

    table    : one row per product: product, line, unit_cost, elasticity, price_now, price, price_change (fraction),
               best, best_low, best_high (the price with most profit and its interval, held by nothing but demand:
               infinite where demand is not elastic; for products that act on each other the joint optimum within the
               plan's range), units_now, units, units_change (fraction), breakeven_change (change of units at which the
               move gains nothing), revenue_now, revenue, profit_now, profit, gain (profit less profit_now and
               optimism), gain_low, gain_high, optimism (what a price chosen on an unpooled estimate promises too
               much), snap_cost (what snapping to price points costs), least, most (range the price was chosen from),
               binding (what holds the price, "" where nothing does), sure (the whole interval of the gain is above
               zero), caution
    curves   : product, price, profit, low, high: profit of the product against its price, others at the new prices
    points   : product, price, profit, chosen: the price points chosen from; empty without ladder, endings or step
    limits   : limit, sense, bound, used, slack, cost (profit a year that the plan would gain without the limit, prices
               free of price points)
    skipped  : item, reason
    gain, gain_low, gain_high : of the whole list; errors of the products taken as independent
    gain_low_together, gain_high_together : the same, were the errors of all products to go the same way
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    points: pd.DataFrame
    limits: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    gain: float
    gain_low: float
    gain_high: float
    gain_low_together: float
    gain_high_together: float
    profit_now: float
    profit: float
    moves: int
    snap_cost: float
    confidence: float
    objective: str


@dataclass(frozen=True, eq=False, repr=False)
class BreakEven(Result):
    """What `breakeven_change` found.

    table    : product, price, new_price, unit_cost, new_unit_cost, price_change (fraction), margin_now, margin_then
               (fractions of the price), breakeven_change (fraction of units; infinite where no volume makes up for
               the move), breakeven_units (units a year, where units are known), breakeven_elasticity (a rise gains if
               demand is less elastic than this, a cut if it is more elastic)
    skipped  : item, reason
    cautions : plain sentences
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]


def optimise_prices(
    products: pd.DataFrame,
    elasticity: Any,
    *,
    objective: str = "profit",
    bounds: tuple[float, float] = (0.8, 1.2),
    ladder: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    endings: Sequence[float] | None = None,
    margin_floor: float = 0.0,
    cross: Any = None,
    limits: pd.DataFrame | None = None,
    draws: int = 1000,
    seed: int = 0,
    step: float | None = None,
    extrapolate: bool = False,
    assumed_margin: float | None = None,
) -> PricePlan:
    """Find the price of each product that earns most, what the move gains a year, and what holds it.

    products   : see `tables.PRODUCTS`; price (currency per unit) and units (a year) are needed: `current_prices` takes
                 them from sales. A product's own `ladder` comes before the argument.
    elasticity : a result with `.table`, or the table: product, elasticity, and std_error or low and high; price_low,
                 price_high (observed range) and caution where known
    objective  : "profit"; "revenue"; or "cautious": a price moves only as far as every elasticity of its interval gains
    bounds     : least and highest new price as a multiple of today's
    ladder     : prices allowed, for all products or by product line; endings: what a price may end in (0.49, 0.99);
                 step: prices are multiples of it (0.05). Prices stay continuous without any of these.
    margin_floor : least margin as a fraction of the price; a price below unit cost is never given
    cross      : a result with `.table`: product, price_of, elasticity, std_error; products it joins are priced together
    limits     : linear limits on prices: limit, sense (<=, >=, =), bound, product, coefficient (see
                 `limit_average_change`, `limit_parity`); prices are then chosen from points by a MILP
    draws, seed : simulation of the estimates' errors behind the intervals
    extrapolate : let prices leave the range ever observed (said in `caution`)
    assumed_margin : stands in, as a fraction of the price, where unit_cost is blank (said in `caution`)

    Where the elasticity or its interval is not below -1 there is no inner optimum: the price then moves only as far as
    gains at every elasticity of the interval, and `binding` and `caution` say what holds it. Raises DataError,
    ParameterError, InfeasibleError (limits that clash). Source of the mark-up rule: Lerner (1934).
    """
    _check_parameters(objective, bounds, margin_floor, draws, step, assumed_margin)
    confidence = float(getattr(elasticity, "confidence", 0.95))
    items, skipped, notes = price_items(products, elasticity, confidence, assumed_margin)
    ranges = price_range(items, bounds=bounds, margin_floor=margin_floor, extrapolate=extrapolate)
    items, ranges, skipped = _drop_impossible(items, ranges, skipped)
    pooled = bool(getattr(cross, "pooled", False))
    market = build_market(items, ranges, cross_terms(cross, items["product"]), objective, draws, seed, pooled)
    side = limits_of(limits, items, products)
    listed, no_point = point_lists(items, market.ranges, ladder, endings, step)
    nothing = limits_of(None, items, products)
    free, proved = choose_prices(market, None, nothing)
    smooth, proved_smooth = choose_prices(market, None, side) if side.names else (free, proved)
    prices, proved_list = (
        (smooth, proved_smooth) if listed is None else choose_prices(market, listed, side, start=smooth)
    )
    table, totals = plan_table(market, prices, smooth, free, side, confidence)
    table["caution"] = row_cautions(table, items, market.refused, extrapolate, no_point)
    return PricePlan(
        table=table,
        curves=curves_table(market, prices),
        points=points_table(market, prices, listed),
        limits=limits_table(market, side, prices, smooth),
        skipped=pd.DataFrame(skipped, columns=["item", "reason"]),
        cautions=notes + plan_cautions(table, market.refused, cross, proved_list, objective),
        **totals,
        profit_now=float(table["profit_now"].sum()),
        profit=float(table["profit"].sum()),
        moves=int((table["price_change"].abs() >= MOVED).sum()),
        snap_cost=float(table["snap_cost"].sum()),
        confidence=confidence,
        objective=objective,
    )


def breakeven_change(moves: pd.DataFrame, *, new_price: str = "new_price") -> BreakEven:
    """Find by how much units may change before a price move leaves profit lower than it was.

    moves : product, price, unit_cost, the column `new_price`; optional new_unit_cost (where the move also changes cost)
            and units (a year). Prices and costs in currency per unit.
    Raises DataError for a missing column or a price that is not above zero. Source: Nagle and Holden, The Strategy and
    Tactics of Pricing: change of units = -(dP - dC) / (CM + dP - dC).
    """
    needed = ["product", "price", "unit_cost", new_price]
    problems = [
        Problem("moves", column, None, "", "this column, which is absent") for column in needed if column not in moves
    ]
    if problems:
        raise DataError(problems)
    table = moves[["product", "price"]].copy()
    table["new_price"] = moves[new_price]
    table["unit_cost"] = moves["unit_cost"]
    table["new_unit_cost"] = (
        moves["new_unit_cost"].fillna(moves["unit_cost"]) if "new_unit_cost" in moves else moves["unit_cost"]
    )
    columns = ["price", "new_price", "unit_cost", "new_unit_cost"]
    table[columns] = table[columns].apply(pd.to_numeric, errors="coerce")
    for column in ("price", "new_price"):
        bad = table[column] <= 0
        if bad.any():
            problems.append(
                Problem(
                    "moves",
                    column,
                    int(bad.to_numpy().argmax()) + 2,
                    str(table.loc[bad, column].iloc[0]),
                    "a price above 0",
                )
            )
    if problems:
        raise DataError(problems)
    blank = table[columns].isna().any(axis=1)
    skipped = pd.DataFrame(
        {"item": table.loc[blank, "product"], "reason": "a price or the unit cost is blank"}
    ).reset_index(drop=True)
    units = pd.to_numeric(moves["units"], errors="coerce")[~blank] if "units" in moves else np.nan
    table = table[~blank].copy()
    table["price_change"] = table["new_price"] / table["price"] - 1
    table["margin_now"] = 1 - table["unit_cost"] / table["price"]
    table["margin_then"] = 1 - table["new_unit_cost"] / table["new_price"]
    table["breakeven_change"] = breakeven_share(*(table[column] for column in columns))
    table["breakeven_units"] = units * (1 + table["breakeven_change"])
    moved = table["price_change"].to_numpy() != 0
    ratio = (1 + table["breakeven_change"]).where((1 + table["breakeven_change"]) > 0)
    table["breakeven_elasticity"] = np.nan
    table.loc[moved, "breakeven_elasticity"] = np.log(ratio[moved]) / np.log1p(table.loc[moved, "price_change"])
    cautions = []
    if (table["margin_then"] <= 0).any():
        names = ", ".join(table.loc[table["margin_then"] <= 0, "product"].astype(str))
        cautions.append(f"At the new price nothing is earned per unit, so no volume makes up for the move: {names}.")
    if (table["margin_now"] <= 0).any():
        names = ", ".join(table.loc[table["margin_now"] <= 0, "product"].astype(str))
        cautions.append(f"Today's price does not cover unit cost; any move that does gains at any volume: {names}.")
    return BreakEven(table.reset_index(drop=True), skipped, tuple(cautions))


def limit_average_change(products: pd.DataFrame, *, most: float, by: str = "line") -> pd.DataFrame:
    """Limits (see `optimise_prices`) that hold the average price change of each line within +-`most` (a fraction).

    The average is weighted with today's revenue. products: product, price, units and the column `by` (without it, all
    products are one line).
    """
    if most < 0:
        raise ParameterError(f"most must be a fraction of at least 0, not {most}")
    rows = []
    usable = products.dropna(subset=["price", "units"])
    lines = pd.Series("all products", index=usable.index)
    if by in usable:
        lines = usable[by].astype(object).where(usable[by].notna(), "other products")
    for line, members in usable.groupby(lines, sort=True):
        revenue = members["price"] * members["units"]
        if revenue.sum() <= 0:
            continue
        coefficient = revenue / revenue.sum() / members["price"]
        for sense, bound, word in (("<=", 1 + most, "up"), (">=", 1 - most, "down")):
            name = f"{line}: average price {word} by at most {100 * most:g} %"
            rows += [
                {"limit": name, "sense": sense, "bound": bound, "product": product, "coefficient": value}
                for product, value in zip(members["product"], coefficient, strict=True)
            ]
    return pd.DataFrame(rows, columns=["limit", "sense", "bound", "product", "coefficient"])


def limit_parity(
    small: str, large: str, *, size_ratio: float, discount: tuple[float, float] = (0.0, 1.0)
) -> pd.DataFrame:
    """Limits (see `optimise_prices`) that keep two sizes of one product in line.

    A unit of `large` holds `size_ratio` times a unit of `small`; per quantity it is cheaper by a fraction within
    `discount`, and it never costs less than one unit of `small`.
    """
    if size_ratio <= 1 or not 0 <= discount[0] <= discount[1] <= 1:
        raise ParameterError("size_ratio must be above 1, and discount two fractions in ascending order")
    limits = [
        (f"{large} per quantity at least {100 * discount[0]:g} % below {small}", "<=", -size_ratio * (1 - discount[0])),
        (f"{large} not cheaper than {small}", ">=", -1.0),
    ]
    if discount[1] < 1:
        name = f"{large} per quantity at most {100 * discount[1]:g} % below {small}"
        limits.append((name, ">=", -size_ratio * (1 - discount[1])))
    return pd.DataFrame(
        [
            {"limit": name, "sense": sense, "bound": 0.0, "product": product, "coefficient": coefficient}
            for name, sense, weight in limits
            for product, coefficient in ((large, 1.0), (small, weight))
        ]
    )


def _check_parameters(
    objective: str,
    bounds: tuple[float, float],
    margin_floor: float,
    draws: int,
    step: float | None,
    assumed: float | None,
) -> None:
    wrong = []
    if objective not in OBJECTIVES:
        wrong.append(f"objective must be one of {', '.join(OBJECTIVES)}, not {objective!r}")
    if len(bounds) != 2 or not 0 < bounds[0] <= 1 <= bounds[1] < np.inf:
        wrong.append(f"bounds must be two multiples of today's price around 1, such as (0.8, 1.2), not {bounds!r}")
    if not 0 <= margin_floor < 1:
        wrong.append(f"margin_floor must be a fraction from 0 to below 1, not {margin_floor}")
    if draws < 100:
        wrong.append(f"draws must be at least 100 for an interval, not {draws}")
    if step is not None and step <= 0:
        wrong.append(f"step must be above 0, not {step}")
    if assumed is not None and not 0 <= assumed < 1:
        wrong.append(f"assumed_margin must be a fraction from 0 to below 1, not {assumed}")
    if wrong:
        raise ParameterError("; ".join(wrong))


def _drop_impossible(
    items: pd.DataFrame, ranges: pd.DataFrame, skipped: list[tuple[str, str]]
) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[str, str]]]:
    """Move the items that no price is allowed for to `skipped`."""
    impossible = ranges["least"] > ranges["most"] * (1 + 1e-12)
    reasons = [
        (
            str(name),
            f"no price is allowed: the highest allowed, {most:.4g}, is below the {by}, which asks for {least:.4g}",
        )
        for name, least, most, by in zip(
            items["product"][impossible],
            *(ranges[column][impossible] for column in ("least", "most", "least_by")),
            strict=True,
        )
    ]
    kept = ~impossible
    if not kept.any():
        raise DataError(
            "no product can be priced: " + "; ".join(f"{name}: {reason}" for name, reason in skipped + reasons)
        )
    return items[kept].reset_index(drop=True), ranges[kept].reset_index(drop=True), skipped + reasons
