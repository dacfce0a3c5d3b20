"""The rows behind a system of demand equations: a group wide by product, prices filled where none was sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.demand import Array
from salesopt.stats.panel import period_part
from salesopt.stats.system import Equation
from salesopt.study.tables import require_table

PARTS = ("week", "month", "quarter", "year", "period")
MOST_FILLED = 0.3


@dataclass(frozen=True, eq=False)
class Panel:
    """A group ready for estimation: products, equations and revenue in the same order; clusters; share filled in."""

    products: tuple[str, ...]
    equations: tuple[Equation, ...]
    revenue: Array
    clusters: int
    filled: float


def product_groups(sales: pd.DataFrame, group: str | Mapping[str, str] | pd.DataFrame) -> dict[str, str]:
    """The group of each product, from a column of `sales`, a mapping or the products table."""
    if isinstance(group, str):
        if group not in sales:
            raise DataError([Problem("sales", group, None, "", "this column, which names the product group")])
        pairs = sales[["product", group]].drop_duplicates()
        twice = pairs.loc[pairs["product"].duplicated(), "product"]
        if len(twice):
            raise DataError(
                [Problem("sales", group, None, repr(str(twice.iloc[0])), "one group per product", count=len(twice))]
            )
        return dict(zip(pairs["product"], pairs[group], strict=True))
    if isinstance(group, pd.DataFrame):
        listed = require_table("products", group)
        lines = listed["line"] if "line" in listed else pd.Series("all products", listed.index)
        return dict(zip(listed["product"], lines, strict=True))
    if isinstance(group, Mapping):
        return {str(product): name for product, name in group.items()}
    raise ParameterError(
        f"group must be a column of sales, a mapping or the products table, not {type(group).__name__}"
    )


def group_of(
    sales: pd.DataFrame, mapping: Mapping[str, str], most: int
) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Products by group, largest revenue first, cut to `most`; and what was left out."""
    revenue = (sales["units"] * sales["price"]).groupby(sales["product"]).sum().sort_values(ascending=False)
    groups: dict[str, list[str]] = {}
    skipped = []
    for product in revenue.index:
        name = mapping.get(product)
        if name is None or pd.isna(name):
            skipped.append((str(product), "it belongs to no group"))
        elif len(groups.setdefault(str(name), [])) >= most:
            skipped.append(
                (str(product), f"group {name} has more than {most} products; this one is not among the largest")
            )
        else:
            groups[str(name)].append(str(product))
    return {name: sorted(members) for name, members in sorted(groups.items())}, skipped


def build_panel(
    sales: pd.DataFrame,
    members: Sequence[str],
    controls: Sequence[str],
    effects: tuple[str, ...],
    cluster: str,
    deal: bool,
    min_rows: int,
) -> tuple[Panel | None, list[tuple[str, str]]]:
    """The group's equations, None where fewer than two products are left; and the products dropped, with why."""
    keys = list(dict.fromkeys(["market", "period", *[name for name in (*effects, cluster) if name in sales]]))
    rows = sales[sales["product"].isin(members)]
    long = _one_row_each(rows, keys, [*controls, *(["base_price"] if deal else [])])
    prices: pd.DataFrame = long.set_index([*keys, "product"])["price"].map(np.log).unstack("product")  # noqa: PD010
    filled, share = _filled(prices)
    kept, dropped = _usable(long, filled, share, members, min_rows)
    if len(kept) < 2:
        return None, dropped
    filled = filled[kept].dropna()
    log_prices = np.asarray(filled, dtype=float)
    frame = filled.index.to_frame(index=False)
    codes, names = pd.factorize(_level(frame, cluster), sort=True)
    if len(names) < 2:
        raise ParameterError(f"cluster '{cluster}' has one level only; errors cannot be estimated from it")
    dummies = _dummies(frame, effects)
    equations, revenue = [], []
    for product in kept:
        own = long[(long["product"] == product) & (long["units"] > 0)].set_index(keys).reindex(filled.index)
        extra = [np.asarray(own[name], dtype=float) for name in controls]
        extra += [np.asarray(np.log(own["price"] / own["base_price"]), dtype=float)] if deal else []
        usable = own["units"].notna().to_numpy() & np.all(np.isfinite([np.zeros(len(own)), *extra]), axis=0)
        others = np.column_stack([dummies, *extra])[usable]
        outcome = np.log(own["units"].to_numpy(float)[usable])
        equations.append(Equation(outcome, log_prices[usable], others, codes[usable]))
        revenue.append(float((own["units"] * own["price"]).sum()))
    return Panel(tuple(kept), tuple(equations), np.array(revenue), len(names), float(share[kept].mean())), dropped


def _one_row_each(rows: pd.DataFrame, keys: list[str], means: list[str]) -> pd.DataFrame:
    """One row per product and key: units summed over segments, prices and other columns weighted by units."""
    by = ["product", *keys]
    if not rows.duplicated(by).any():
        return rows[[*by, "units", "price", *means]]
    weight = rows["units"].where(rows["units"] > 0, 1e-9)
    weighed = rows[by].assign(weight=weight, units=rows["units"])
    for name in ("price", *means):
        weighed[name] = rows[name] * weight
    sums = weighed.groupby(by, as_index=False).sum()
    for name in ("price", *means):
        sums[name] = sums[name] / sums["weight"]
    return sums.drop(columns="weight")


def _filled(prices: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Log prices with gaps filled: the same period's median over markets plus the market's usual distance from it."""
    period = prices.index.get_level_values("period")
    market = prices.index.get_level_values("market")
    middle = prices.groupby(period).transform("median")
    distance = (prices - middle).groupby(market).transform("median").fillna(0.0)
    return prices.fillna(middle + distance), prices.isna().mean()


def _usable(
    long: pd.DataFrame, filled: pd.DataFrame, share: pd.Series, members: Sequence[str], min_rows: int
) -> tuple[list[str], list[tuple[str, str]]]:
    sold = long[long["units"] > 0].groupby("product").size()
    kept, dropped = [], []
    for product in members:
        if product not in filled or sold.get(product, 0) < min_rows:
            dropped.append((product, f"{int(sold.get(product, 0))} rows with sales, fewer than {min_rows}"))
        elif share[product] > MOST_FILLED:
            dropped.append(
                (product, f"no price in {100 * share[product]:.0f} % of the markets and periods of its group")
            )
        elif filled[product].std() < 1e-9:
            dropped.append((product, "its price never changes"))
        else:
            kept.append(product)
    return kept, dropped


def _level(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame:
        return frame[name]
    if name in PARTS:
        return period_part(frame["period"], name)
    raise DataError([Problem("sales", name, None, "", f"this column, which is absent (or one of {', '.join(PARTS)})")])


def _dummies(frame: pd.DataFrame, effects: tuple[str, ...]) -> Array:
    """An intercept and one column per level of each effect but the first."""
    parts = [np.ones((len(frame), 1))]
    for name in effects:
        codes, names = pd.factorize(_level(frame, name), sort=True)
        parts.append((codes[:, None] == np.arange(1, len(names))).astype(float))
    return np.column_stack(parts)
