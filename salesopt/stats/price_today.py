"""Today's prices and yearly units, taken from the last months of sales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError
from salesopt.study.tables import require_table

ASIDE = 0.005  # share by which prices paid may differ from listed ones before it is said
STALE_PERIODS = 3


@dataclass(frozen=True, eq=False)
class CurrentPrices:
    """What `current_prices` found.

    table    : the products table with price (currency per unit), units (a year), both from sales in the window where
               they were blank, unit_cost filled alike, and sold_since (first period in the window)
    skipped  : item, reason
    cautions : plain sentences; the first names the window
    start, end : first and last day of the window
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp


def current_prices(products: pd.DataFrame, sales: pd.DataFrame, *, months: int = 12) -> CurrentPrices:
    """Fill price and units a year in `products` from the last `months` of `sales`.

    products : see `tables.PRODUCTS`; a price or units that stand there already are kept
    sales    : see `tables.SALES`
    Units are those of the window, scaled to a year by the days it covers; a product that came to market within the
    window is scaled by its own days. A product without a sale in the last three periods is taken as gone. Raises
    DataError for invalid tables, ParameterError if `months` is below 1.
    """
    if months < 1:
        raise ParameterError(f"months must be at least 1, not {months}")
    listed, sold = require_table("products", products), require_table("sales", sales)
    sold = sold[sold["units"] > 0]
    if sold.empty:
        raise DataError("sales: no row with units above 0, so there is no price of today")
    length = period_length(sold["period"])
    after = sold["period"].max() + length
    window = sold[sold["period"] >= after - pd.DateOffset(months=months)]
    figures = _figures(window, after)
    table = listed.merge(figures, on="product", how="left", suffixes=("", "_sold"))
    for column in ("price", "units", "unit_cost"):
        if f"{column}_sold" in table:
            table[column] = (
                table[column].fillna(table.pop(f"{column}_sold")) if column in listed else table.pop(f"{column}_sold")
            )
    skipped = _skipped(table, listed, after - STALE_PERIODS * length)
    kept = table[~table["product"].isin(skipped["item"])].drop(columns="last_sold").reset_index(drop=True)
    start, end = window["period"].min(), after - pd.Timedelta(days=1)
    return CurrentPrices(kept, skipped, _cautions(listed, kept, sold, figures, start, end), start, end)


def period_length(periods: pd.Series) -> pd.DateOffset:
    """The length of a period, told from the steps between periods: days, or whole months from 28 days on."""
    steps = pd.Series(np.sort(periods.unique())).diff().dropna().dt.days
    days = float(steps.median()) if len(steps) else 30.0
    return pd.DateOffset(months=round(days / 30.44)) if days >= 28 else pd.DateOffset(days=max(round(days), 1))


def _figures(window: pd.DataFrame, after: pd.Timestamp) -> pd.DataFrame:
    """Price, units a year, mean cost, first and last period of each product in the window."""
    weighed = window.assign(
        revenue=window["price"] * window["units"],
        spent=window["cost"] * window["units"] if "cost" in window else np.nan,
        costed=window["units"].where(window["cost"].notna()) if "cost" in window else np.nan,
    )
    sums = weighed.groupby("product", sort=False).agg(
        units=("units", "sum"),
        revenue=("revenue", "sum"),
        spent=("spent", "sum"),
        costed=("costed", "sum"),
        sold_since=("period", "min"),
        last_sold=("period", "max"),
    )
    years = (after - sums["sold_since"]).dt.days / 365.25
    whole = years.between(0.995, 1.005)  # 12 months are a year, be it a leap year or not
    figures = pd.DataFrame(
        {
            "price": sums["revenue"] / sums["units"],
            "units": sums["units"] / years.mask(whole, 1.0),
            "sold_since": sums["sold_since"],
            "last_sold": sums["last_sold"],
        }
    )
    if "cost" in window:
        figures["unit_cost"] = (sums["spent"] / sums["costed"].where(sums["costed"] > 0)).to_numpy()
    return figures.reset_index()


def _skipped(table: pd.DataFrame, listed: pd.DataFrame, stale: pd.Timestamp) -> pd.DataFrame:
    has_own = (
        listed["price"].notna() & listed["units"].notna()
        if {"price", "units"} <= set(listed)
        else pd.Series(False, index=listed.index)
    )
    never = table["last_sold"].isna() & ~has_own.to_numpy()
    gone = table["last_sold"].notna() & (table["last_sold"] < stale)
    reasons = [(name, "not sold in the window") for name in table.loc[never, "product"]]
    reasons += [
        (name, f"not sold since {last.date()}, taken as gone")
        for name, last in table.loc[gone, ["product", "last_sold"]].itertuples(index=False)
    ]
    return pd.DataFrame(reasons, columns=["item", "reason"])


def _source(given: int, count: int, sold: str) -> str:
    """Where a figure comes from: the table products, or sales where it is blank there."""
    if not given:
        return sold
    return "those of the table products" + ("" if given == count else f" ({given} of {count}), else {sold}")


def _cautions(
    listed: pd.DataFrame,
    kept: pd.DataFrame,
    sold: pd.DataFrame,
    figures: pd.DataFrame,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> tuple[str, ...]:
    span = f"from {start.date()} to {end.date()}"
    own = listed.set_index("product")["price"].dropna() if "price" in listed else pd.Series(dtype=float)
    told = int(listed["units"].notna().sum()) if "units" in listed else 0
    said = [
        f"Today's prices are {_source(len(own), len(listed), 'revenue over units')}; units a year are "
        f"{_source(told, len(listed), 'the units sold')}. Sales are those {span}."
    ]
    if len(own):
        both = figures.set_index("product").join(own.rename("list"), how="inner")
        paid = float((both["price"] * both["units"]).sum() / (both["list"] * both["units"]).sum())
        if abs(paid - 1) > ASIDE:
            said.append(
                f"Paid on average, offers included, was {abs(1 - paid):.1%} {'less' if paid < 1 else 'more'} than "
                "those prices: revenue, margin and gain are counted at the prices of the table."
            )
    young = kept["sold_since"] > start + pd.DateOffset(days=45)
    if young.any():
        said.append(
            f"{int(young.sum())} products came to market within that window; their units are scaled up to a year."
        )
    days = (end - start).days + 1
    if days < 360:
        said.append(f"The sales cover {days} days only; scaling them to a year ignores the season.")
    blank = listed["unit_cost"].isna() if "unit_cost" in listed else pd.Series(True, index=listed.index)
    if blank.any() and "cost" in sold:
        said.append("Unit cost, where products leave it blank, is the mean cost of the units sold in that window.")
    strangers = sorted(set(sold["product"]) - set(listed["product"]))
    if strangers:
        said.append(
            f"{len(strangers)} products have sales but are not in the products table, and get no price: "
            f"{', '.join(strangers[:5])}{' and others' if len(strangers) > 5 else ''}."
        )
    return tuple(said)
