"""Prices that differ by who buys or when: a price per product and level (segment, season) against a single one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.demand import Array, Places, best_price, profit_at, spread_draws
from salesopt.stats.panel import period_part
from salesopt.stats.price_items import price_items, table_of
from salesopt.stats.price_range import narrow_to_sure, price_range
from salesopt.stats.price_today import current_prices
from salesopt.study.tables import require_table

SEASONS = ("month", "quarter")
GRID = 401
JOIN = "\x1f"
TABLE = (
    *("product", "level", "elasticity", "low", "high", "price_now", "price_uniform", "price", "price_change"),
    *("best_low", "best_high", "units_now", "units", "profit_now", "profit_uniform", "profit", "gain", "gain_low"),
    *("gain_high", "binding", "caution"),
)
SUMMARY = (
    *("product", "levels", "profit_now", "profit_uniform", "profit", "gain_uniform", "gain", "extra", "extra_low"),
    *("extra_high", "leak", "same_p", "caution"),
)


@dataclass(frozen=True, eq=False)
class TailoredPrices:
    """What `differentiate_prices` or `price_calendar` found. Money in the study's currency a year, units a year.

    table    : product, level, elasticity, low, high, price_now, price_uniform (best single price), price, price_change
               (fraction), best_low, best_high, units_now, units, profit_now, profit_uniform, profit, gain (on today),
               gain_low, gain_high, binding, caution: one row per product and level
    products : product, levels, gain_uniform (of the best single price over today), gain (of a price per level over
               today), extra (of a price per level over a single one), extra_low, extra_high, leak (share of the units
               at higher prices that may move to the lowest price before `extra` is gone; infinite where all may),
               same_p (probability of estimates this far apart, were the elasticities of all levels equal), caution
    skipped  : item, reason
    extra, extra_low, extra_high : of all products
    by       : the column whose levels the prices differ by
    """

    table: pd.DataFrame
    products: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    extra: float
    extra_low: float
    extra_high: float
    by: str
    confidence: float


def with_season(sales: pd.DataFrame, season: str = "quarter") -> pd.DataFrame:
    """`sales` with a column `season`: the month ("01" to "12") or quarter ("Q1" to "Q4") of each period, of any year.

    Estimate by it: `estimate_elasticity(with_season(sales), by="season")`.
    """
    if season not in SEASONS:
        raise ParameterError(f"season must be one of {', '.join(SEASONS)}, not {season!r}")
    typed = require_table("sales", sales)
    part = period_part(typed["period"], season).astype(int)
    return typed.assign(season=part.map("{:02}".format) if season == "month" else part.map("Q{}".format))


def price_calendar(
    products: pd.DataFrame,
    elasticity: Any,
    sales: pd.DataFrame,
    *,
    season: str = "quarter",
    bounds: tuple[float, float] = (0.8, 1.2),
    margin_floor: float = 0.0,
    extrapolate: bool = False,
    assumed_margin: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> TailoredPrices:
    """Find a price for each season of the year, from how demand answers to price in that season.

    elasticity : one row per product and season, as from `estimate_elasticity(with_season(sales), by="season")`
    The other arguments are those of `differentiate_prices`. With constant elasticities the level of demand alone does
    not move the best price, only how it answers to price does: a season that just sells more keeps the price. Where no
    product has two seasons that can be priced the tables are empty, and `cautions` and `skipped` say why. Raises
    DataError, ParameterError.
    """
    seasonal = with_season(sales, season)
    try:
        plan = differentiate_prices(
            products,
            elasticity,
            seasonal,
            by="season",
            bounds=bounds,
            margin_floor=margin_floor,
            extrapolate=extrapolate,
            assumed_margin=assumed_margin,
            draws=draws,
            seed=seed,
        )
    except _NothingToTailor as nothing:
        return _no_calendar(elasticity, nothing.skipped)
    days = (seasonal["period"].max() - seasonal["period"].min()).days
    if days >= 690:  # first to last day of a period; 24 months begin 699 days apart
        return plan
    short = "The sales cover less than two years: what looks like a season may have happened only once."
    return replace(plan, cautions=(short, *plan.cautions))


class _NothingToTailor(DataError):
    """No product has two levels that can be priced; `skipped` says why."""

    def __init__(self, message: str, skipped: list[tuple[str, str]]) -> None:
        super().__init__(message)
        self.skipped = skipped


def _no_calendar(elasticity: Any, skipped: list[tuple[str, str]]) -> TailoredPrices:
    said = "There is no price calendar: no product has two seasons in which its answer to price could be estimated."
    return TailoredPrices(
        pd.DataFrame(columns=TABLE),
        pd.DataFrame(columns=SUMMARY),
        pd.DataFrame(skipped, columns=["item", "reason"]),
        (said,),
        0.0,
        np.nan,
        np.nan,
        "season",
        float(getattr(elasticity, "confidence", 0.95)),
    )


def differentiate_prices(
    products: pd.DataFrame,
    elasticity: Any,
    sales: pd.DataFrame,
    *,
    by: str = "segment",
    bounds: tuple[float, float] = (0.8, 1.2),
    margin_floor: float = 0.0,
    extrapolate: bool = False,
    assumed_margin: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> TailoredPrices:
    """Find a price per product and level of `by`, what it earns over the best single price, and the leakage it bears.

    products   : see `tables.PRODUCTS` (unit_cost in currency per unit; price and units are taken from sales)
    elasticity : a result with `.table`, or the table: product, `by`, elasticity, std_error or low and high; where
                 known own_elasticity, own_std_error (before pooling; for the test of equality), price_low, price_high
    sales      : see `tables.SALES`, with the column `by`; price and units of a level come from its last 12 months
    The rules are those of `optimise_prices`: no price below cost, beyond the bounds or the prices observed. A level
    whose elasticity or interval is not below -1 moves away from the best single price only as far as its interval
    gains. Raises DataError, ParameterError.
    """
    items, skipped, cautions, confidence = _items(products, elasticity, sales, by, assumed_margin)
    items[["name", "level"]] = items["product"].str.split(JOIN, n=1, expand=True)
    items = _with_product(items)
    ranges = price_range(_around(items), bounds=bounds, margin_floor=margin_floor, extrapolate=extrapolate)
    impossible = ranges["least"] > ranges["most"] * (1 + 1e-12)
    skipped += [
        (_shown(name), "no price is allowed: the highest is below cost") for name in items["product"][impossible]
    ]
    items, ranges = items[~impossible].reset_index(drop=True), ranges[~impossible].reset_index(drop=True)
    several = items.groupby("name")["level"].transform("size") > 1
    skipped += [(name, f"only one level of {by} can be priced") for name in items.loc[~several, "name"]]
    items, ranges = items[several].reset_index(drop=True), ranges[several].reset_index(drop=True)
    if items.empty:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:5])
        raise _NothingToTailor(f"no product has two levels of '{by}' that can be priced: {reasons}", skipped)
    table, summary, totals = _priced(items, ranges, confidence, draws, seed)
    unequal = _same(table_of(elasticity, "elasticity"), by)
    summary["same_p"] = summary["product"].map(unequal)
    doubtful = summary["same_p"] > 0.05
    summary["caution"] = np.where(doubtful, f"The data do not show that its elasticity differs by {by}.", "")
    if doubtful.any():
        cautions += (
            f"For {int(doubtful.sum())} of {len(summary)} products the data do not show that the elasticity differs by "
            f"{by}; their differences of price rest on noise.",
        )
    cautions += (
        f"Nobody is taken to change {by} because of the price; leak says how much of that each product bears.",
    )
    return TailoredPrices(
        table, summary, pd.DataFrame(skipped, columns=["item", "reason"]), cautions, *totals, by, confidence
    )  # fmt: skip


def _items(
    products: pd.DataFrame, elasticity: Any, sales: pd.DataFrame, by: str, assumed_margin: float | None
) -> tuple[pd.DataFrame, list[tuple[str, str]], tuple[str, ...], float]:
    """One item per product and level, named with both."""
    estimates = table_of(elasticity, "elasticity")
    if estimates.empty:
        told = getattr(elasticity, "skipped", pd.DataFrame(columns=["item", "reason"]))
        raise _NothingToTailor(
            f"no elasticity by '{by}' could be estimated", [*told.itertuples(index=False, name=None)]
        )
    problems = [Problem("elasticity", by, None, "", "this column, which is absent")] if by not in estimates else []
    problems += [Problem("sales", by, None, "", "this column, which is absent")] if by not in sales else []
    if problems:
        raise DataError(problems)
    listed = require_table("products", products)
    sold = require_table("sales", sales).dropna(subset=[by])
    levels = sold[["product", by]].drop_duplicates()
    crossed = listed.drop(columns=["price", "units"], errors="ignore").merge(levels, on="product")
    crossed["product"] = crossed["product"] + JOIN + crossed[by].astype(str)
    sold = sold.assign(product=sold["product"] + JOIN + sold[by].astype(str), segment=sold[by].astype(str))
    today = current_prices(crossed, sold) if by != "season" else _seasonal(crossed, sold)
    named = estimates.assign(product=estimates["product"].astype(str) + JOIN + estimates[by].astype(str))
    confidence = float(getattr(elasticity, "confidence", 0.95))
    items, skipped, notes = price_items(today.table, named, confidence, assumed_margin)
    gone = [(_shown(name), reason) for name, reason in today.skipped.itertuples(index=False)]
    missing = [
        (name, "in the products table, but without sales")
        for name in set(listed["product"]) - set(sold["product"].str.split(JOIN).str[0])
    ]
    return (
        items,
        [(_shown(name), why) for name, why in skipped] + gone + sorted(missing),
        notes + today.cautions[:1],
        confidence,
    )


def _seasonal(crossed: pd.DataFrame, sold: pd.DataFrame) -> Any:
    """Today's price and units of each season: those of the last 12 months, each season as long as it is in a year."""
    whole = current_prices(crossed[["product"]].assign(product=crossed["product"]), _as_one(sold))
    window = sold[sold["period"] >= whole.start]
    sums = window.assign(revenue=window["price"] * window["units"]).groupby("product").agg(
        units=("units", "sum"), revenue=("revenue", "sum")
    )  # fmt: skip
    sums = sums[sums["units"] > 0]
    figures = pd.DataFrame({"product": sums.index, "price": sums["revenue"] / sums["units"], "units": sums["units"]})
    table = crossed.merge(figures.reset_index(drop=True), on="product", how="left")
    lacking = table.loc[table["units"].isna(), "product"]
    skipped = pd.DataFrame({"item": lacking, "reason": "not sold in that season of the last 12 months"})
    kept = table[table["units"].notna()].reset_index(drop=True)
    return type(whole)(kept, skipped.reset_index(drop=True), whole.cautions, whole.start, whole.end)


def _as_one(sold: pd.DataFrame) -> pd.DataFrame:
    """The sales with every item present in the last period, so that the window is the same for all seasons."""
    last = sold.drop_duplicates("product").assign(period=sold["period"].max(), units=1.0)
    return pd.concat([sold, last]).drop_duplicates(["product", "market", "period", "segment"])


def _shown(name: str) -> str:
    return name.replace(JOIN, ", ")


def _priced(
    items: pd.DataFrame, ranges: pd.DataFrame, confidence: float, draws: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[float, float, float]]:
    """The price of each item, the best single price of each product, and what the difference is worth."""
    now, units, cost, slope = (
        items[column].to_numpy(float) for column in ("price", "units", "unit_cost", "elasticity")
    )
    refused = ((items["elasticity"] >= -1) | ~(items["high"] < -1)).to_numpy()
    uniform = _uniform(items, ranges, confidence)
    narrowed = narrow_to_sure(items.assign(price=uniform), ranges, cost, refused)
    price = np.clip(best_price(cost, slope), narrowed["least"].to_numpy(float), narrowed["most"].to_numpy(float))
    drawn = spread_draws(slope, items["spread"], draws, np.random.default_rng(seed))
    gains = profit_at(price, now, units, cost, drawn) - (now - cost) * units
    extras = gains - (profit_at(uniform, now, units, cost, drawn) - (now - cost) * units)
    tail = (1 - confidence) / 2
    profit, profit_uniform, profit_now = (profit_at(at, now, units, cost, slope) for at in (price, uniform, now))
    at_least, at_most = np.isclose(price, narrowed["least"]), np.isclose(price, narrowed["most"])
    table = pd.DataFrame(
        {
            "product": items["name"],
            "level": items["level"],
            **{column: items[column] for column in ("elasticity", "low", "high")},
            "price_now": now,
            "price_uniform": uniform,
            "price": price,
            "price_change": price / now - 1,
            "best_low": best_price(cost, items["low"]),
            "best_high": best_price(cost, items["high"]),
            "units_now": units,
            "units": units * (price / now) ** slope,
            "profit_now": profit_now,
            "profit_uniform": profit_uniform,
            "profit": profit,
            "gain": profit - profit_now,
            "gain_low": np.quantile(gains, tail, axis=0),
            "gain_high": np.quantile(gains, 1 - tail, axis=0),
            "binding": np.where(at_most, narrowed["most_by"], np.where(at_least, narrowed["least_by"], "")),
            "caution": np.where(refused, "No inner optimum: its elasticity or the interval is not below -1.", ""),
        }
    )
    summed = _by_product(items["name"], extras)
    summary = table.groupby("product", sort=False).agg(
        levels=("level", "size"),
        profit_now=("profit_now", "sum"),
        profit_uniform=("profit_uniform", "sum"),
        profit=("profit", "sum"),
    )
    summary["gain_uniform"] = summary["profit_uniform"] - summary["profit_now"]
    summary["gain"] = summary["profit"] - summary["profit_now"]
    summary["extra"] = summary["profit"] - summary["profit_uniform"]
    summary["extra_low"], summary["extra_high"] = np.quantile(summed, [tail, 1 - tail], axis=0)
    lowest = table.groupby("product")["price"].transform("min")
    exposed = ((table["price"] - lowest) * table["units"]).groupby(table["product"], sort=False).sum()
    share = summary["extra"] / exposed.where(exposed > 0)
    summary["leak"] = share.where(share <= 1, np.inf).where(share > 0, 0.0).where(exposed > 0)
    low, high = np.quantile(summed.sum(axis=1), [tail, 1 - tail])
    return table, summary.reset_index(), (float(summary["extra"].sum()), float(low), float(high))


def _with_product(items: pd.DataFrame) -> pd.DataFrame:
    """Add what holds for the whole product: its mean price today, and the lowest and highest price observed."""
    group = items["name"]
    revenue = (items["price"] * items["units"]).groupby(group).transform("sum")
    return items.assign(
        mean_price=revenue / items["units"].groupby(group).transform("sum"),
        lowest=items["price_low"].groupby(group).transform("min"),
        highest=items["price_high"].groupby(group).transform("max"),
    )


def _around(items: pd.DataFrame) -> pd.DataFrame:
    """Items whose range is that of the whole product, so that a single price can be compared with one per level."""
    return items.assign(price=items["mean_price"], price_low=items["lowest"], price_high=items["highest"])


def _uniform(items: pd.DataFrame, ranges: pd.DataFrame, confidence: float) -> Array:
    """The best single price of each product within its range, one value per item.

    The elasticity of the product is the mean of its levels', weighted by precision, with the smallest of their errors;
    where it, or its interval, is not below -1, the price moves only as far as all of that interval gains. The search
    runs over a grid, then twice over a grid as fine again around its best point.
    """
    whole, place = _whole(items, confidence)
    refused = ((whole["elasticity"] >= -1) | ~(whole["high"] < -1)).to_numpy()
    first = np.unique(place, return_index=True)[1]
    limits = narrow_to_sure(
        whole, ranges.iloc[first].reset_index(drop=True), whole["unit_cost"].to_numpy(float), refused
    )
    found = np.empty(len(items))
    for at in range(len(whole)):
        part = items[place == at]
        now, units, cost, slope = (
            part[column].to_numpy(float)[:, None] for column in ("price", "units", "unit_cost", "elasticity")
        )
        low, high = float(limits["least"].iloc[at]), float(limits["most"].iloc[at])
        for _ in range(3):
            grid = np.linspace(low, high, GRID)
            totals = profit_at(grid[None, :], now, units, cost, slope).sum(axis=0)
            best, step = int(totals.argmax()), (high - low) / (GRID - 1)
            low, high = max(low, grid[best] - step), min(high, grid[best] + step)
        found[place == at] = grid[best]
    return found


def _whole(items: pd.DataFrame, confidence: float) -> tuple[pd.DataFrame, Places]:
    """One row per product with the mean elasticity of its levels and its interval; and each item's row there."""
    place, names = pd.factorize(items["name"])
    weight = 1 / items["spread"].clip(lower=1e-9) ** 2
    mean = (weight * items["elasticity"]).groupby(place).sum() / weight.groupby(place).sum()
    reach = float(norm.ppf(0.5 + confidence / 2)) * items["spread"].groupby(place).min()
    first = items.groupby(place)[["mean_price", "unit_cost"]].first()
    whole = pd.DataFrame(
        {
            "product": names,
            "price": first["mean_price"],
            "unit_cost": first["unit_cost"],
            "elasticity": mean,
            "low": mean - reach,
            "high": mean + reach,
        }
    )
    return whole, place.astype(np.intp)


def _by_product(names: pd.Series, values: Array) -> Array:
    """Sum the columns of `values` (draws x items) over the items of each product, in the order of first appearance."""
    codes, unique = pd.factorize(names)
    return values @ np.eye(len(unique))[codes]


def _same(estimates: pd.DataFrame, by: str) -> dict[str, float]:
    """Per product the p-value of equal elasticities over the levels (chi-square of the estimates before pooling)."""
    value = "own_elasticity" if "own_elasticity" in estimates else "elasticity"
    error = "own_std_error" if "own_std_error" in estimates else "std_error"
    found: dict[str, float] = {}
    if error not in estimates:
        return found
    for product, part in estimates.dropna(subset=[value, error]).groupby("product"):
        weight = 1 / part[error].to_numpy(float).clip(1e-12) ** 2
        values = part[value].to_numpy(float)
        mean = weight @ values / weight.sum()
        found[str(product)] = float(chi2.sf(weight @ (values - mean) ** 2, max(len(values) - 1, 1)))
    return found
