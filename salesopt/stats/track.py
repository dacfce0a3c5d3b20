"""What sales did, quarter by quarter, under the names that a SWOT or PEST factor can point to."""

from __future__ import annotations

import pandas as pd


def track_sales(
    sales: pd.DataFrame | None, products: pd.DataFrame | None = None, *, quarters: int = 4
) -> dict[str, pd.Series]:
    """Metrics from the table sales: name -> series by quarter, each value the sum over the last `quarters` quarters.

    Sums over four quarters have no season in them, but they overlap: a run of rises or falls comes more easily by
    chance. Names: sales.units, sales.revenue, sales.price (revenue per unit); for each product and, where `products`
    has lines, each line: sales.units:NAME, sales.revenue:NAME, sales.share:NAME (fraction of revenue). The first
    `quarters` - 1 quarters have no value; with fewer quarters there are no metrics.
    """
    if sales is None:
        return {}
    table = sales.assign(
        revenue=sales["units"] * sales["price"], quarter=pd.DatetimeIndex(sales["period"]).to_period("Q")
    )
    whole = _rolling(table.groupby("quarter")[["units", "revenue"]].sum(), quarters)
    if whole.empty:
        return {}
    found = {
        "sales.units": whole["units"],
        "sales.revenue": whole["revenue"],
        "sales.price": whole["revenue"] / whole["units"],
    }
    names = [table["product"]]
    if products is not None and "line" in products.columns:
        names.append(table["product"].map(products.set_index("product")["line"]))
    for name in names:
        sums = table.groupby([name.rename("name"), "quarter"])[["units", "revenue"]].sum()
        for own, rows in sums.groupby(level="name"):
            part = _rolling(rows.droplevel("name"), quarters)
            found[f"sales.units:{own}"], found[f"sales.revenue:{own}"] = part["units"], part["revenue"]
            found[f"sales.share:{own}"] = (part["revenue"] / whole["revenue"]).dropna()
    return {key: series.rename(key) for key, series in found.items() if len(series)}


def _rolling(table: pd.DataFrame, quarters: int) -> pd.DataFrame:
    """Sums over `quarters` quarters in a row; quarters without a sale count 0."""
    every = table.reindex(pd.period_range(table.index.min(), table.index.max(), freq="Q"), fill_value=0.0)
    return every.rolling(quarters).sum().dropna()
