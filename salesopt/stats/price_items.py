"""What goes into a price list: products joined with their elasticities, cross terms and limits; nothing lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.demand import Array, Places
from salesopt.stats.price_points import LinearLimits, price_points
from salesopt.study.tables import require_table

Skipped = list[tuple[str, str]]
NUMBERS = ("unit_cost", "price", "units", "min_price", "max_price", "price_low", "price_high")


def table_of(result: Any, name: str) -> pd.DataFrame:
    """`result.table`, or `result` itself where it is a table already."""
    table = result if isinstance(result, pd.DataFrame) else getattr(result, "table", None)
    if not isinstance(table, pd.DataFrame):
        raise ParameterError(f"{name} must be a result with a table, or a table, not {type(result).__name__}")
    return table


def price_items(
    products: pd.DataFrame, elasticity: Any, confidence: float, assumed_margin: float | None
) -> tuple[pd.DataFrame, Skipped, tuple[str, ...]]:
    """Products with all that pricing needs; what was left out and why; and sentences about what was assumed.

    Columns: product, line, unit_cost, price, units, min_price, max_price, ladder, elasticity, low, high, spread
    (standard deviation of the draws), pooled (True where the elasticity was drawn towards others), price_low,
    price_high, assumed (True where the cost was), caution.
    """
    listed = require_table("products", products, columns=["price", "units"]).reset_index(drop=True)
    estimates = table_of(elasticity, "elasticity")
    if len(estimates) or not isinstance(getattr(elasticity, "skipped", None), pd.DataFrame):
        estimates = require_table("elasticities", estimates).reset_index(drop=True)
    listed["assumed"] = listed["unit_cost"].isna() if "unit_cost" in listed else True
    if assumed_margin is not None:
        stand_in = listed["price"] * (1 - assumed_margin)
        listed["unit_cost"] = listed["unit_cost"].fillna(stand_in) if "unit_cost" in listed else stand_in
    wanted = ["product", "elasticity", "std_error", "low", "high", "own_weight", "price_low", "price_high", "caution"]
    numbers = ("elasticity", "std_error", "low", "high", "own_weight")
    estimates = estimates.reindex(columns=wanted).astype(dict.fromkeys(numbers, float))
    given = listed.reindex(
        columns=["product", "line", "unit_cost", "price", "units", "min_price", "max_price", "ladder", "assumed"]
    )
    items = given.merge(estimates, on="product", how="left")
    items[list(NUMBERS)] = items[list(NUMBERS)].astype(float)
    items = _with_interval(items, confidence)
    skipped = _reasons(items, elasticity)
    left_out = {name for name, _ in skipped}
    extra = [
        (name, "has an elasticity, but is not in the products table")
        for name in estimates["product"]
        if name not in set(items["product"])
    ]
    kept = items[~items["product"].isin(left_out)].reset_index(drop=True)
    if kept.empty:
        raise DataError(
            "no product can be priced: " + "; ".join(f"{name}: {reason}" for name, reason in (skipped + extra)[:10])
        )
    return kept, skipped + extra, _assumptions(kept, assumed_margin)


def _with_interval(items: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Fill low, high and spread from each other; the spread follows the interval, which knows of few clusters."""
    width = float(norm.ppf(0.5 + confidence / 2))
    low, high = items["low"].astype(float), items["high"].astype(float)
    error = items["std_error"].astype(float)
    items["spread"] = ((high - low) / (2 * width)).where(np.isfinite(high - low), error)
    items["low"] = low.fillna(items["elasticity"] - width * error)
    items["high"] = high.fillna(items["elasticity"] + width * error)
    items["pooled"] = items.pop("own_weight").astype(float) < 1
    items["caution"] = items["caution"].astype(object).where(items["caution"].notna(), "").astype(str)
    return items


def _reasons(items: pd.DataFrame, elasticity: Any) -> Skipped:
    """Why a product cannot be priced, for those that cannot."""
    told = getattr(elasticity, "skipped", None)
    known = dict(zip(told["item"].astype(str), told["reason"], strict=True)) if isinstance(told, pd.DataFrame) else {}
    skipped = []
    for row in items.to_dict("records"):
        name = str(row["product"])
        if pd.isna(row["elasticity"]):
            skipped.append((name, f"no elasticity: {known[name]}" if name in known else "no elasticity was estimated"))
        elif pd.isna(row["spread"]):
            skipped.append((name, "its elasticity has neither a standard error nor an interval"))
        elif pd.isna(row["price"]) or pd.isna(row["units"]):
            skipped.append((name, "today's price or units a year are not known"))
        elif not row["units"] > 0:
            skipped.append((name, "no units are sold at today's price"))
        elif pd.isna(row["unit_cost"]):
            skipped.append((name, "unit cost is not known (assumed_margin would stand in)"))
    return skipped


def _assumptions(items: pd.DataFrame, assumed_margin: float | None) -> tuple[str, ...]:
    count = int(items["assumed"].sum())
    if not count or assumed_margin is None:
        return ()
    return (
        f"UNIT COST IS ASSUMED, NOT KNOWN, for {count} of {len(items)} products: {100 * (1 - assumed_margin):.0f} % "
        f"of today's price (a margin of {100 * assumed_margin:.0f} %). Their prices and gains stand or fall with it.",
    )


def cross_terms(cross: Any, products: pd.Series) -> tuple[Places, Places, Array, Array]:
    """Cross elasticities within a plan: rows (whose units), columns (whose price), values, standard errors.

    Terms of products outside of the plan are left out: their prices stay as they are.
    """
    nothing = np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0), np.zeros(0)
    if cross is None:
        return nothing
    table = table_of(cross, "cross")
    needed = ("product", "price_of", "elasticity", "std_error")
    problems = [
        Problem("cross", column, None, "", "this column, which is absent") for column in needed if column not in table
    ]
    if problems:
        raise DataError(problems)
    place = {name: at for at, name in enumerate(products)}
    terms = table[
        table["product"].isin(place) & table["price_of"].isin(place) & (table["product"] != table["price_of"])
    ]
    terms = terms.dropna(subset=["elasticity"])
    if terms.duplicated(["product", "price_of"]).any():
        raise DataError("cross: expected one row per product and price_of")
    return (
        terms["product"].map(place).to_numpy(int),
        terms["price_of"].map(place).to_numpy(int),
        terms["elasticity"].to_numpy(float),
        terms["std_error"].fillna(0.0).to_numpy(float),
    )


def linked_groups(count: int, rows: Places, columns: Places) -> tuple[Places, ...]:
    """Products 0..count-1 in groups that act on each other, each as an array of positions; alone where nothing acts."""
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    return (
        tuple(np.flatnonzero(label == one) for one in range(label.max() + 1))
        if len(rows)
        else tuple(np.arange(count)[:, None])
    )


def limits_of(limits: pd.DataFrame | None, items: pd.DataFrame, products: pd.DataFrame) -> LinearLimits:
    """The limits table as matrices over the items of the plan.

    A product that is not being priced keeps today's price in its limits. Raises DataError for one that is not in the
    products table, or has no price.
    """
    count = len(items)
    if limits is None or limits.empty:
        return LinearLimits((), (), np.zeros(0), np.zeros((0, count)), np.zeros(0))
    table = require_table("price_limits", limits)
    place = {name: at for at, name in enumerate(items["product"])}
    today = products.dropna(subset=["price"]).assign(product=lambda frame: frame["product"].astype(str))
    prices = dict(zip(today["product"], today["price"].astype(float), strict=True))
    names = tuple(dict.fromkeys(table["limit"]))
    problems = [
        Problem("price_limits", "product", int(row) + 2, repr(name), "a product with a price")
        for row, name in enumerate(table["product"])
        if name not in prices
    ]
    for name in names:
        rows = table[table["limit"] == name]
        if len(rows[["sense", "bound"]].drop_duplicates()) > 1:
            problems.append(Problem("price_limits", "bound", None, repr(name), "one sense and one bound per limit"))
    if problems:
        raise DataError(problems)
    first = table.groupby("limit", sort=False).first()
    matrix, fixed = np.zeros((len(names), count)), np.zeros(len(names))
    for limit, product, coefficient in table[["limit", "product", "coefficient"]].itertuples(index=False):
        if product in place:
            matrix[names.index(limit), place[product]] += coefficient
        else:
            fixed[names.index(limit)] += coefficient * prices[product]
    return LinearLimits(names, tuple(first["sense"]), first["bound"].to_numpy(float) - fixed, matrix, fixed)


def point_lists(
    items: pd.DataFrame,
    ranges: pd.DataFrame,
    ladder: Sequence[float] | Mapping[str, Sequence[float]] | None,
    endings: Sequence[float] | None,
    step: float | None,
) -> tuple[list[Array] | None, Array]:
    """The price points of each item, and where its range holds none (its only point is then the nearest to today's).

    A product's own ladder comes first, then `ladder` (by line where it is a mapping), then endings, then step; an
    item that none of these covers keeps a fine grid of its range. None where no item has a list.
    """
    ladders = _ladders(items, ladder)
    if not any(ladders) and not endings and step is None:
        return None, np.zeros(len(items), dtype=bool)
    lists, empty = [], []
    for own, low, high, now in zip(ladders, ranges["least"], ranges["most"], items["price"], strict=True):
        if own or endings or step is not None:
            points = price_points(low, high, ladder=own, endings=endings or (), step=step)
        else:
            points = np.unique(np.append(np.linspace(low, high, 201), np.clip(now, low, high)))
        empty.append(not len(points))
        lists.append(points if len(points) else np.clip([now], low, high))
    return lists, np.array(empty)


def _ladders(
    items: pd.DataFrame, ladder: Sequence[float] | Mapping[str, Sequence[float]] | None
) -> list[tuple[float, ...]]:
    """The ladder of each item, empty where it has none."""
    lines = set(items["line"].dropna())
    if isinstance(ladder, Mapping) and not set(ladder) <= lines:
        raise ParameterError(
            f"ladder names lines that no product has: {', '.join(sorted(set(map(str, ladder)) - set(map(str, lines))))}"
        )
    found, problems = [], []
    for row, (own, line) in enumerate(zip(items["ladder"], items["line"], strict=True)):
        if isinstance(own, str) and own.strip():
            try:
                found.append(tuple(sorted(float(part) for part in own.replace(";", " ").split())))
            except ValueError:
                problems.append(
                    Problem(
                        "products", "ladder", row + 2, repr(own), "price points separated by spaces: 1.99 2.49 2.99"
                    )
                )
        elif isinstance(ladder, Mapping):
            found.append(tuple(float(point) for point in ladder.get(line, ())))
        else:
            found.append(tuple(float(point) for point in ladder or ()))
    if problems:
        raise DataError(problems)
    return found
