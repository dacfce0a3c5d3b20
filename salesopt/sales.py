"""The quarter's own sales: how much was sold, and how that compares with the quarter before and the year before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import AbsentError
from salesopt.stats.result import Result
from salesopt.study.periods import period_length, previous_quarter, quarter_last_year
from salesopt.study.tables import require_table

STEPS = {"day": 1, "week": 7, "month": 31, "quarter": 92}  # days from a period's first day to the next one's, at most
CLOSED = 4  # days in a row on which a firm with daily sales may be closed
AMOUNTS = ["sales", "units", "margin"]


@dataclass(frozen=True, eq=False, repr=False)
class QuarterSales(Result):
    """What `summarise_sales` found. A period belongs to the quarter in which it begins.

    table    : against ("" for the quarter itself), quarter, periods, sales and margin (currency), units;
               and what the quarter is compared by, over the part of it that both quarters cover: compared (periods of
               the quarter), compared_before (periods of the other), sales_change, units_change, margin_change
               (fractions), each nan where there is nothing to compare with
    lines    : line (or product, where `by` says so), sales, share (of the quarter's sales, a fraction), units,
               sales_before (a year before, in the part compared) and sales_change (a fraction); most sales first
    quarters : quarter, periods, sales, units, whole (whether periods cover it) - every quarter with sales, in order
    skipped  : item, reason - what could not be told
    cautions : plain sentences about when not to trust it
    by       : "line" or "product"
    length   : length of a period, "day", "week", "month" or "quarter"
    """

    table: pd.DataFrame
    lines: pd.DataFrame
    quarters: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    by: str
    length: str


def summarise_sales(
    sales: pd.DataFrame,
    *,
    quarter: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    products: pd.DataFrame | None = None,
) -> QuarterSales:
    """How much did `quarter` ("2026Q3", from the day `start` to the day `end`) sell, against earlier quarters?

    sales    : see `tables.SALES`; sales are units x price
    products : see `tables.PRODUCTS`; its unit costs stand in where `sales` has no cost, its lines make up `lines`
    A quarter that periods cover in part is compared with the same part of the other. A margin is given only where the
    cost of everything sold is known. Raises DataError if a table is not valid, AbsentError where the periods are too
    long to tell quarters, or none begins in the quarter.
    """
    sales = require_table("sales", sales)
    length = period_length(sales["period"])
    if length not in STEPS:
        raise AbsentError("the periods of table sales are longer than a quarter or unclear, so no quarter can be told")
    rows, costed = _rows(sales, products, start)
    if not (rows["back"] == 0).any():
        last = rows["period"].max().date().isoformat()
        raise AbsentError(f"table sales has no period that begins in {quarter}; the last begins on {last}")
    others = {1: ("the quarter before", previous_quarter(quarter)), 4: ("a year before", quarter_last_year(quarter))}
    table = pd.DataFrame([_row(rows, quarter), *(_row(rows, name, back, why) for back, (why, name) in others.items())])
    by = "line" if "line" in rows.columns else "product"
    quarters = _quarters(rows, quarter, start, length)
    absent = table[table["compared"].isna() & (table["against"] != "")]
    return QuarterSales(
        table=table,
        lines=_lines(rows, by),
        quarters=quarters,
        skipped=pd.DataFrame(
            [(f"Change against {row.against}", f"no sales of {row.quarter}") for row in absent.itertuples()]
            + ([] if costed else [("Margin", "the cost of some or all that was sold is not known")]),
            columns=["item", "reason"],
        ),
        cautions=_cautions(rows, quarters, length, end, today=costed and not _own_costs(sales)),
        by=by,
        length=length,
    )


def _rows(sales: pd.DataFrame, products: pd.DataFrame | None, start: pd.Timestamp) -> tuple[pd.DataFrame, bool]:
    """The sales with how many quarters `back` they lie and on which `day` of theirs; whether every cost is known."""
    days = sales["period"].dt
    back = np.ceil(((start.year - days.year) * 12 + start.month - days.month) / 3).astype(int)
    first = back.map({int(one): _first_day(start, int(one)) for one in back.unique()})
    rows = sales.assign(sales=sales["units"] * sales["price"], back=back, day=(sales["period"] - first).dt.days)
    known = products.set_index("product") if products is not None else pd.DataFrame()
    cost = sales.get("cost", pd.Series(np.nan, index=sales.index))
    if "unit_cost" in known.columns:
        cost = cost.fillna(sales["product"].map(known["unit_cost"]))
    costed = bool(cost[(back == 0) & (sales["units"] > 0)].notna().all())
    rows["margin"] = rows["sales"] - (sales["units"] * cost).where(sales["units"] > 0, 0.0) if costed else np.nan
    if "line" in known.columns and known["line"].notna().any():
        rows["line"] = sales["product"].map(known["line"]).fillna("without a line")
    return rows, costed


def _first_day(start: pd.Timestamp, back: int) -> pd.Timestamp:
    """First day of the quarter `back` quarters before the one that begins on `start`."""
    return start - pd.DateOffset(months=3 * back)


def _own_costs(sales: pd.DataFrame) -> bool:
    return "cost" in sales.columns and bool(sales["cost"].notna().all())


def _row(rows: pd.DataFrame, quarter: str, back: int = 0, against: str = "") -> dict[str, object]:
    own, other = _like(rows, back)
    whole = rows[rows["back"] == back]
    nothing = pd.Series(np.nan, index=AMOUNTS)
    compared = back > 0 and len(other) > 0
    change = own[AMOUNTS].sum(skipna=False) / other[AMOUNTS].sum(skipna=False) - 1 if compared else nothing
    return {
        "against": against,
        "quarter": quarter,
        "periods": whole["period"].nunique(),
        **dict(whole[AMOUNTS].sum(skipna=False) if len(whole) else nothing),
        "compared": own["period"].nunique() if compared else np.nan,
        "compared_before": other["period"].nunique() if compared else np.nan,
        **dict(change.add_suffix("_change")),
    }


def _like(rows: pd.DataFrame, back: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The quarter and the one `back` quarters before it, cut to the part that periods of both cover.

    A period is as far into its quarter as it begins; a week may begin six days earlier or later than its like.
    """
    own, other = rows[rows["back"] == 0], rows[rows["back"] == back]
    step = int(pd.Series(rows["period"].unique()).sort_values().diff().dt.days.mode().iloc[0])
    slack = step - 1 if step <= STEPS["week"] else CLOSED  # months have 28 to 31 days, so their likes begin apart
    first, last = max(own["day"].min(), other["day"].min()), min(own["day"].max(), other["day"].max())
    cut = [one[one["day"].between(first - slack, last + slack)] for one in (own, other)]
    fewest = min(one["period"].nunique() for one in cut)
    if step == STEPS["week"]:  # 13 weeks begin in one quarter, 14 in another: as many of both
        cut = [one[one["period"].isin(sorted(one["period"].unique())[:fewest])] for one in cut]
    return cut[0], cut[1]


def _lines(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    own, other = _like(rows, 4)
    sums = rows[rows["back"] == 0].groupby(by)[["sales", "units"]].sum()
    before = other[other["sales"] > 0].groupby(by)["sales"].sum().reindex(sums.index)
    found = sums.assign(
        share=sums["sales"] / sums["sales"].sum(),
        sales_before=before,
        sales_change=own.groupby(by)["sales"].sum().reindex(sums.index) / before - 1,
    ).sort_values("sales", ascending=False, kind="stable")
    return found.reset_index()[[by, "sales", "share", "units", "sales_before", "sales_change"]]


def _quarters(rows: pd.DataFrame, quarter: str, start: pd.Timestamp, length: str) -> pd.DataFrame:
    """Every quarter with sales; whole where no further period fits before its first or after its last."""
    slack = STEPS[length] if length != "day" else CLOSED
    found = []
    for back in sorted(rows.loc[rows["back"] >= 0, "back"].unique().tolist(), reverse=True):
        part = rows[rows["back"] == back]
        days = (_first_day(start, back - 1) - _first_day(start, back)).days
        whole = part["day"].min() < slack and part["day"].max() + slack >= days
        name = previous_quarter(quarter, back=back)
        found.append((name, part["period"].nunique(), part["sales"].sum(), part["units"].sum(), bool(whole)))
    return pd.DataFrame(found, columns=["quarter", "periods", "sales", "units", "whole"])


def _cautions(
    rows: pd.DataFrame, quarters: pd.DataFrame, length: str, end: pd.Timestamp, *, today: bool
) -> tuple[str, ...]:
    cautions = []
    own = rows[rows["back"] == 0]
    if not quarters["whole"].iloc[-1]:
        first, last = own["period"].min().date(), own["period"].max().date()
        cautions.append(
            f"The quarter is not complete: its {length}s with sales begin from {first} to {last}, the quarter ends on "
            f"{end.date()}. Changes compare the same part of the other quarter."
        )
    if today:
        cautions.append(
            "The margin of every quarter is counted at the unit costs of table products, which are today's: a change "
            "of it shows prices and units, not costs."
        )
    cautions.append("A change against the quarter before holds the season; that against a year before does not.")
    return tuple(cautions)
